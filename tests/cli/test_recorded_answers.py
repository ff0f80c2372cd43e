"""What was recorded, asked for without naming a profile: topics of a past moment, and books held to best prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.shared
THEN = ("--offline", "--at", "2023-08-10T00:00Z", "--format", "json")


def test_a_past_moment_is_answered_from_what_was_recorded_although_the_demo_is_the_default(
    run: Run, shared: Path
) -> None:
    before = run("vol", "show", "BTCUSDT", *THEN)
    assert before.code == 6 and "data import" in before.json["error"]["hint"]
    file = shared / "data" / "ohlcv" / "binance_perp_BTCUSDT_1m.parquet"
    assert run("data", "import", str(file), "--quiet").code == 0
    answer = run("vol", "show", "BTCUSDT", *THEN)
    assert answer.code == 0 and answer.json["mode"] == "replay"
    (row,) = answer.data
    assert row["instrument"] == "BTCUSDT@binance" and row["composite"] > 0
    of_demo = run("vol", "show", "BTCUSDT", "--format", "json")
    assert of_demo.code == 0 and of_demo.json["mode"] == "demo"
    (alone,) = of_demo.data
    assert alone["instrument"] == "BTCUSDT@binance"
    lvx = next(each for each in alone["measures"] if each["name"] == "lxvx")
    assert lvx["value"] is not None, "the basket is of the watched coins, not only of the one asked about"


def test_books_are_verified_by_the_name_that_the_venue_gives_or_all_at_once(run: Run, shared: Path) -> None:
    books = shared / "data" / "books"
    for name in ("usdm_btcusdt_20240808", "coinm_btcusd_perp_20240808", "spot_btcusdt_20240808"):
        for part in ("depth", "bbo"):
            assert run("data", "import", str(books / f"binance_{name}_{part}.parquet"), "--quiet").code == 0
    of = ("data", "verify", "--venue", "binance", "--kind", "depth", "--format", "json")
    named = run(*of, "--symbol", "BTCUSDT")
    assert named.code == 0
    assert [(row["instrument"], row["compared"], row["matches"], row["gaps"]) for row in named.data] == [
        ("BTCUSDT@binance", 629, 629, 0),
        ("BTCUSDT.spot@binance", 564, 564, 0),
    ]
    every = run(*of).data
    (coins,) = [row for row in every if row["instrument"] == "BTCUSD.inverse@binance"]
    assert (coins["compared"], coins["matches"], coins["gaps"], coins["sound"]) == (1_125, 1_125, 0, True)
    assert [row for row in every if row is not coins] == named.data
    assert [row["compared"] for row in run(*of, "--symbol", "BTCUSDT.spot").data] == [564]
    assert run(*of, "--symbol", "ETHUSDT").code == 6
