"""``orders new``, ``orders cancel`` and ``paper reset``: real processes and clients, venues that this machine plays."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.fakes.limits import limits
from tradecli.config import folders
from tradecli.store.lock import ProcessLock
from tradecli.store.reader import LedgerReader
from tradecli.wiring.rehearsal import rehearsing

CONFIG = f"""
[run]
venues = ["binance"]
symbols = ["BTCUSDT"]
{limits(10_000)}"""
HERE = ("--profile", "rehearsal", "--format", "json")


@pytest.fixture
def configured(home: Path) -> Path:
    path = folders.made(home / "config" / "tradecli") / "config.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    return home


@pytest.fixture
def venues(configured: Path) -> Iterator[Any]:
    with rehearsing("rehearsal", seed=5) as running:
        yield running


@pytest.mark.parametrize(
    "words",
    [
        "BTCUSDT buy 0.01",
        "BTCUSDT buy 0.01 --market --price 60000",
        "BTCUSDT buy 0.01 --price 60000 --stop 60000",
        "BTCUSDT buy 0.01 --market --post-only",
        "BTCUSDT buy 0.01 --price 60000 --post-only --tif ioc",
        "BTCUSDT buy 0.01 --stop 60000 --tif ioc",
        "BTCUSDT buy 0 --market",
        "BTCUSDT buy -1 --market",
        "BTCUSDT buy nan --market",
        "BTCUSDT buy 1e400 --market",
        "BTCUSDT buy 1_000 --market",
        "BTCUSDT hold 0.01 --market",
        "btcusdt buy 0.01 --market",
        "BTCUSDT@nowhere buy 0.01 --market",
        "BTCUSDT@okx buy 0.01 --market",
        "BTCUSDT@okx buy 0.01 --market --venue binance",
        "BTCUSDT buy 0.01 --price -5",
        "BTCUSDT buy 0.01 --price 0",
        "BTCUSDT buy 0.01 --market --offline",
        "BTCUSDT buy 0.01 --market --idempotency-key ../x",
    ],
)
def test_i03_i11_what_can_be_no_order_is_refused_before_a_network_a_lock_or_a_store(
    run: Run, configured: Path, words: str
) -> None:
    answer = run("orders", "new", *words.split(), "--yes", *HERE)
    assert answer.code == 2, answer
    assert not folders.ledger_file("rehearsal").exists()


def test_i08_an_order_without_a_person_to_confirm_it_needs_yes(run: Run, configured: Path) -> None:
    for words in (["orders", "new", "BTCUSDT", "buy", "0.01", "--market"], ["orders", "cancel", "--all"]):
        assert run(*words, *HERE).code == 2
    assert run("paper", "reset", *HERE).code == 2
    assert not folders.ledger_file("rehearsal").exists()


@pytest.mark.parametrize("profile", ["demo", "replay"])
def test_a_profile_without_an_account_of_its_own_says_so(run: Run, configured: Path, profile: str) -> None:
    for words in (
        ["orders", "new", "BTCUSDT", "buy", "0.01", "--market"],
        ["orders", "cancel", "--all"],
        ["paper", "reset"],
    ):
        answer = run(*words, "--yes", "--profile", profile)
        assert answer.code == 2 and "account" in answer.err


def test_m06_while_another_process_holds_the_account_the_engine_is_named(
    run: Run, venues: Any, configured: Path
) -> None:
    """An engine's sign of life makes the difference between waiting and giving up at once."""
    assert run("orders", "new", "BTCUSDT", "buy", "0.01", "--market", "--yes", *HERE).code == 0
    lock = ProcessLock(folders.ledger_file("rehearsal").with_suffix(".lock"))
    lock.acquire()
    try:
        import os
        import sqlite3

        with contextlib.closing(
            sqlite3.connect(folders.ledger_file("rehearsal"), isolation_level=None)
        ) as db:
            run_id = db.execute("SELECT run_id FROM runs").fetchone()[0]
            beat = (run_id, 1, 1, os.getpid(), json.dumps({"running": True}))
            db.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, ?, ?, ?, ?, ?)", beat)
        for words in (
            ["orders", "new", "BTCUSDT", "buy", "0.02", "--market"],
            ["orders", "cancel", "--all"],
            ["paper", "reset"],
        ):
            answer = run(*words, "--yes", *HERE)
            assert answer.code == 9 and f"process {os.getpid()}" in answer.json["error"]["message"]
    finally:
        lock.release()


def test_one_order_goes_the_whole_road_and_the_account_goes_on_until_it_is_begun_anew(
    run: Run, venues: Any
) -> None:
    bought = run("orders", "new", "BTCUSDT", "buy", "0.0123456", "--market", "--yes", *HERE)
    assert bought.code == 0 and bought.data[0]["status"] == "FILLED"
    assert bought.data[0]["qty"] == "0.012" and "rounded to 0.012" in bought.json["warnings"][0]
    price = str(round(Decimal(bought.data[0]["average_price"]) * Decimal("1.03")))
    rests = ["orders", "new", "BTCUSDT", "sell", "0.01", "--price", price, "--post-only"]
    resting = run(*rests, "--idempotency-key", "k1", "--yes", *HERE)
    assert resting.code == 0 and resting.data[0]["status"] == "OPEN"
    assert run(*rests, "--yes", *HERE).code == 7  # o03: the same order again
    twice = run(*rests, "--again", "--idempotency-key", "k1", "--yes", *HERE)
    assert twice.code == 7 and "k1" in twice.json["error"]["message"]
    fat = run("orders", "new", "BTCUSDT", "buy", "0.01", "--price", "999999", "--yes", *HERE)
    assert (fat.code, fat.json["error"]["code"]) == (7, "E-RISK-106")
    dear = run("orders", "new", "BTCUSDT", "buy", "5", "--market", "--yes", *HERE)
    assert (dear.code, dear.json["error"]["code"]) == (7, "E-RISK-104")
    assert run("orders", "cancel", "tc99999999", "--yes", *HERE).code == 15
    gone = run("orders", "cancel", "--all", "--yes", *HERE)
    assert [(row["client_id"], row["status"]) for row in gone.data] == [
        (resting.data[0]["client_id"], "CANCELED")
    ]
    over = run("orders", "cancel", gone.data[0]["client_id"], "--yes", *HERE)
    assert over.code == 0 and over.data[0]["status"] == "CANCELED"

    assert run("kill", "halt", "--reason", "drill", "--profile", "rehearsal").code == 0
    assert run("orders", "new", "BTCUSDT", "sell", "0.01", "--market", "--yes", *HERE).code == 13
    begun = run("paper", "reset", "--yes", *HERE)
    assert begun.code == 0 and "kill levels stay in force" in begun.json["warnings"][0]
    assert run("kill", "release", "--reason", "over", "--profile", "rehearsal").code == 0
    again = run("orders", "new", "BTCUSDT", "buy", "0.01", "--market", "--yes", *HERE)
    assert again.code == 0
    with LedgerReader(folders.ledger_file("rehearsal")) as reader:
        old, new = begun.data[0]["before"], begun.data[0]["run_id"]
        assert [row.run_id for row in reader.runs()] == [new, old]
        bought_in = [sum(fill.qty for fill in reader.fills(each)) for each in (old, new)]
        assert bought_in == [Decimal("0.012"), Decimal("0.01")], "however many levels a market order took"
        assert reader.verify(old).ok and reader.verify(new).ok
    assert venues.asked().signed_requests == 0


def _place(qty: str) -> tuple[int, str]:
    from tradecli.cli.main import main

    out = io.StringIO()
    words = ["orders", "new", "BTCUSDT", "buy", qty, "--market", "--yes", "--again", *HERE]
    with contextlib.redirect_stdout(out):
        code = main(words)
    return code, out.getvalue()


def test_m07_ten_concurrent_orders_that_each_fit_a_limit_alone_never_pass_it_in_sum(venues: Any) -> None:
    """10 % of 100,000 USDT is room for four or five orders of about 2,000: none is sent that would not fit."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tradecli.cli.main", "tradecli.wiring.ordering", "ccxt.pro"])
    with context.Pool(10, maxtasksperchild=1) as pool:
        answers = pool.map(_place, ["0.022"] * 10, chunksize=1)
    codes = sorted(code for code, _ in answers)
    placed = [json.loads(out)["data"][0] for code, out in answers if code == 0]
    refused = {json.loads(out)["error"]["code"] for code, out in answers if code == 7}
    assert codes == [0] * len(placed) + [7] * (10 - len(placed)), answers
    assert 3 <= len(placed) <= 5 and refused == {"E-RISK-103"}
    spent = sum(Decimal(row["filled"]) * Decimal(row["average_price"]) for row in placed)
    assert spent <= 10_050  # the limit is of the equity of that moment, at the prices of that moment
    with LedgerReader(folders.ledger_file("rehearsal")) as reader:
        names = {row["client_id"] for row in placed}
        assert len(names) == len(placed) and {fill.client_id for fill in reader.fills()} == names
        assert reader.verify().ok
