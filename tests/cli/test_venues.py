"""``venues`` and ``data pull`` as far as they need no network: what is listed, what is stored, what is refused."""

from __future__ import annotations

import time

import pytest

from tests.cli.conftest import Run
from tradecli.domain.budget import Priority
from tradecli.domain.enums import Mode
from tradecli.store.budget import SharedBudget
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.wiring.live import budget_file


@pytest.mark.usefixtures("home")
def test_every_venue_with_a_profile_is_listed_with_what_it_lacks_and_why(run: Run) -> None:
    rows = run("venues", "list", "--format", "json").json["data"]
    assert [row["venue"] for row in rows] == list(PROFILES)
    for row in rows:
        assert row["hosts"] and not set(row["offers"]) & set(row["lacks"])
        assert all(profile_of(row["venue"]).absent.values())


@pytest.mark.usefixtures("home")
def test_the_budget_that_any_process_used_is_shown_and_a_stop_is_said_with_five(run: Run) -> None:
    assert run("venues", "status").code == 0
    now = time.time_ns() // 1_000_000
    budget = SharedBudget(budget_file(Mode.PAPER))
    budget.take("bybit", profile_of("bybit").allowance, 7, Priority.LIVE, now)
    budget.stop("binance", now + 60_000, "asked to slow down (418)")
    budget.close()
    rows = {row["venue"]: row for row in run("venues", "limits", "--format", "json").json["data"]}
    assert rows["binance"]["stopped_until"] == now + 60_000
    assert rows["bybit"]["reserve_for_cancels"] == 50
    status = run("venues", "status", "--format", "json")
    assert status.code == 5
    assert [row["state"] for row in status.json["data"]] == ["stopped", "ready", "ready", "ready"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["venues", "list", "--venue", "nowhere"], 15),
        (["venues", "list", "--venue", "okx,okx"], 2),
        (["venues", "test"], 2),
        (["venues", "test", "Binance"], 2),
        (["venues", "test", "nowhere"], 15),
        (["venues", "test", "binance", "--offline"], 2),
        (["venues", "test", "binance", "--symbol", "BTC'; DROP"], 2),
        (["venues", "clock", "--offline"], 2),
        (["venues", "clock", "--profile", "demo"], 2),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--offline"], 2),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--kind", "gossip"], 2),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--kind", "candles,candles"], 2),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--interval", "7m"], 2),
        (
            [
                "data",
                "pull",
                "--symbols",
                "BTCUSDT",
                "--venue",
                "binance",
                "--since",
                "-1d",
                "--until",
                "-2d",
            ],
            2,
        ),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--since", "1990-01-01T00:00Z"], 2),
        (["data", "pull", "--symbols", "BTCUSDT", "--venue", "binance", "--profile", "demo"], 2),
        (["data", "gaps", "--symbol", "BTCUSDT", "--venue", "binance,okx"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
@pytest.mark.usefixtures("home")
def test_what_cannot_be_asked_is_refused_before_anything_leaves(run: Run, argv: list[str], code: int) -> None:
    result = run(*argv)
    assert result.code == code, result
    assert "Traceback" not in result.err
