"""``vol backfill``: one record a chain, beside recorded DVOL readings, and never a value that was not there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.cli import recorded_books as books
from tests.cli import recorded_chains as chains
from tests.cli.conftest import Run
from tradecli.config import folders
from tradecli.domain.enums import Mode

CHAINS = "data/options/deribit_btc_chain_2026_even_weeks.parquet"
DVOL = "data/options/deribit_btc_dvol_2026_even_weeks.parquet"
WITHIN_MS = 45 * 60_000


@pytest.fixture
def recorded(run: Run, tmp_path: Path) -> Run:
    chains.write(tmp_path / "chains.parquet", chains.two_chains())
    assert run("data", "import", str(tmp_path / "chains.parquet"), "--venue", "deribit").code == 0
    return run


def test_every_chain_has_a_record_and_a_dead_one_has_none_of_the_values_before_it(recorded: Run) -> None:
    result = recorded("vol", "backfill", "--wings", "5d", "--format", "ndjson")
    good, dead = (json.loads(line) for line in result.out.splitlines())
    assert result.code == 0
    assert (good["at"], good["quality"], good["method"]) == (chains.T0, "ok", "bvx 5d, two expiries")
    assert good["value"] == good["five_delta"] == pytest.approx(0.50, abs=0.02)
    assert (dead["at"], dead["value"], dead["quality"]) == (chains.T0 + chains.HOUR, None, "unavailable")
    assert "no expiry" in dead["reason"]


def test_the_values_are_kept_as_a_series_once_and_a_dry_run_keeps_nothing(recorded: Run) -> None:
    recorded("vol", "backfill", "--dry-run")
    assert recorded("data", "list", "--kind", "vol_index", "--format", "json").data == []
    first, again = recorded("vol", "backfill"), recorded("vol", "backfill")
    assert "1 new values kept as BVX-BTC" in first.err + first.out
    assert "new values" not in again.err + again.out
    (series,) = recorded("data", "list", "--kind", "vol_index", "--format", "json").data
    assert (series["instrument"], series["rows"], series["first"]) == ("BVX-BTC", 1, chains.T0)


def test_the_time_asked_for_bounds_the_records(recorded: Run) -> None:
    one = recorded("vol", "backfill", "--until", "2026-05-28T20:30Z", "--format", "json")
    assert [each["at"] for each in one.data] == [chains.T0]
    nothing = recorded("vol", "backfill", "--since", "2027-01-01T00:00Z")
    assert nothing.code == 6 and "no option chain of BTC" in nothing.err


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--method", "garch"], 2),
        (["--wings", "10d"], 2),
        (["--symbol", "btc"], 2),
        (["--symbol", "BTC@okx"], 2),
        (["--symbol", ""], 2),
        (["--symbol", "SOL"], 6),
        (["--method", "dvol"], 6),
        (["--method", "import"], 6),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_its_reason(
    recorded: Run, flags: list[str], code: int
) -> None:
    result = recorded("vol", "backfill", *flags)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("E-")


@pytest.fixture
def followed(run: Run) -> Run:
    """Give commands a market store that holds the books of an hour and ten minutes."""
    path = folders.market_file(Mode.REPLAY, "replay")
    folders.made(path.parent)
    books.write(path)
    return run


def test_recorded_books_become_hours_of_spread_and_depth_and_a_part_of_one_is_not_kept(followed: Run) -> None:
    asked = ("vol", "backfill", "--method", "illiquidity", "--symbol", "BTCUSDT", "--format", "json")
    result = followed(*asked)
    whole, part = result.data
    near = sum(0.1 * ticks for ticks in (*range(9_991, 10_001), *range(10_001, 10_011)))
    assert result.code == 0 and (whole["at"], whole["samples"]) == (books.T0 + books.HOUR_MS, 60)
    assert whole["value"] == whole["spread_bps"] == pytest.approx(0.1 / 1_000.05 * 10_000)
    assert whole["depth"] == pytest.approx(near) and whole["quality"] == "ok"
    assert (part["value"], part["samples"], part["quality"]) == (None, 10, "unavailable")
    assert part["reason"] == "10 of 60 minutes of books, 30 are needed"
    assert result.json["units"] == {"value": "bp", "spread_bps": "bp", "depth": "quote currency"}
    kept = followed("data", "list", "--kind", "vol_index", "--format", "json").data
    assert [(each["instrument"], each["rows"]) for each in kept] == [
        ("DEPTH10-BTCUSDT@binance", 1),
        ("SPREAD-BTCUSDT@binance", 1),
    ]
    assert "new values" not in followed(*asked[:-2]).out, "written again, nothing is new"
    assert "hour to" in followed(*asked[:-2], "--dry-run").out


@pytest.mark.parametrize(
    ("symbol", "code", "words"),
    [
        ("ETHUSDT", 6, "no book of ETHUSDT@binance"),
        ("BTCUSD.inverse", 6, "no book of BTCUSD.inverse@binance"),
    ],
)
def test_books_that_cannot_be_measured_are_refused(followed: Run, symbol: str, code: int, words: str) -> None:
    result = followed("vol", "backfill", "--method", "illiquidity", "--symbol", symbol)
    assert (result.code, result.out) == (code, "") and words in result.err


def test_books_of_coin_margined_contracts_are_measured_in_dollars_where_they_are_kept_in_coins(
    followed: Run,
) -> None:
    books.write_coin_margined(folders.market_file(Mode.REPLAY, "replay"), 50.0, coins=True)
    asked = ("vol", "backfill", "--method", "illiquidity", "--symbol", "BTCUSD.inverse", "--format", "json")
    (hour,) = followed(*asked).data
    assert hour["depth"] == pytest.approx(20 * 50 * 100.0) and hour["samples"] == 60
    assert hour["spread_bps"] == pytest.approx(0.1 / 1_000.05 * 10_000)
    listed = followed("data", "list", "--format", "json").json
    assert listed["warnings"] == []


def test_books_that_an_earlier_version_kept_in_contracts_are_named_and_not_measured(followed: Run) -> None:
    books.write_coin_margined(folders.market_file(Mode.REPLAY, "replay"), 50.0, coins=False)
    result = followed("vol", "backfill", "--method", "illiquidity", "--symbol", "BTCUSD.inverse")
    assert (result.code, result.out) == (6, "") and "are in contracts" in result.err
    listed = followed("data", "list", "--format", "json").json
    assert listed["warnings"] == [
        "depth of BTCUSD.inverse@binance are in contracts, as earlier versions kept them"
    ]


def test_on_recorded_chains_five_delta_meets_dvol(shared: Path, run: Run, tmp_path: Path) -> None:
    table = pq.read_table(shared / CHAINS)
    times = np.unique(table["snapshot_ts"].to_numpy())
    picked = times[times > 1_782_900_000_000][::12]
    pq.write_table(
        table.filter(pc.is_in(table["snapshot_ts"], pc.cast(picked, "int64"))), tmp_path / "some.parquet"
    )
    assert run("data", "import", str(tmp_path / "some.parquet")).code == 0
    assert run("data", "import", str(shared / DVOL)).code == 0
    asked = ("vol", "backfill", "--symbol", "BTC", "--format", "json")
    found = run(*asked, "--wings", "5d").data
    readings = run(*asked, "--method", "dvol").data
    at = np.array([each["at"] for each in readings])
    errors = []
    for each in found:
        nearest = int(np.argmin(np.abs(at - each["at"])))
        if abs(at[nearest] - each["at"]) <= WITHIN_MS:
            errors.append(100.0 * abs(each["value"] - readings[nearest]["value"]))
    assert len(errors) >= 6
    assert np.median(errors) <= 0.12 and max(errors) < 1.0
