"""``tradecli rehearse``, and other commands against its venues: only the profile changes, and nothing is signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.fakes.limits import limits
from tradecli.config import folders
from tradecli.venues.loopback.faults import Fault, Kind
from tradecli.wiring.rehearsal import rehearsing

CONFIG = f"""
[run]
venues = ["binance", "okx", "bybit", "deribit"]
symbols = ["BTCUSDT"]
{limits(5_000)}"""


@pytest.fixture
def configured(home: Path) -> Path:
    folder = folders.made(home / "config" / "tradecli")
    (folder / "config.toml").write_text(CONFIG)
    return home


def test_a_rehearsal_wants_its_own_mode_a_terminal_or_headless_and_the_users_limits(
    run: Run, configured: Path
) -> None:
    assert run("rehearse", "--headless", "--profile", "paper").code == 2
    assert "paper" in run("rehearse", "--headless", "--profile", "paper").err
    assert run("rehearse").code == 2
    assert run("rehearse", "nonsense", "--headless").code == 2
    assert run("rehearse", "--serve", "--headless").code == 2
    (configured / "config" / "tradecli" / "config.toml").unlink()
    no_limits = run("rehearse", "--headless", "--for", "1s")
    assert no_limits.code == 3 and "max_drawdown_pct" in no_limits.err


def test_without_running_venues_a_rehearsal_profile_asks_nobody(run: Run, configured: Path) -> None:
    answer = run("funding", "rates", "--profile", "rehearsal")
    assert answer.code == 2 and "tradecli rehearse" in answer.err


def test_with_only_the_profile_changed_every_command_asks_the_venues_of_this_machine(
    run: Run, configured: Path
) -> None:
    with rehearsing("rehearsal", seed=5) as rehearsal:
        for line in (
            "funding rates BTCUSDT --venue binance,okx,bybit",
            "vol index --method dvol",
            "flow imbalance BTCUSDT",
            "vol show BTCUSDT",
            "data pull --kind candles --symbols BTCUSDT --venue bybit --interval 1h --since -2d",
        ):
            answer = run(*line.split(), "--profile", "rehearsal", "--format", "json")
            assert answer.code == 0, (line, answer.err)
            assert answer.json["mode"] == "rehearsal" and answer.data
        table = run("funding", "rates", "BTCUSDT", "--venue", "binance,okx,bybit", "--profile", "rehearsal")
        assert table.out.count("╭") == 1 and all(venue in table.out for venue in ("binance", "okx", "bybit"))
        pull = ("data", "pull", "--symbols", "BTCUSDT", "--since", "-2d", "--profile", "rehearsal")
        everywhere = run(*pull)
        assert everywhere.code == 0 and "not listed there" in everywhere.out, "deribit has another symbol"
        assert run(*pull, "--venue", "deribit").code == 11
        pair = ("flow", "imbalance", "BTC/USDT", "--profile", "rehearsal", "--format", "json")
        spot = run(*pair, "--venue", "binance")
        assert spot.code == 0 and spot.data[0]["instrument"] == "BTCUSDT.spot@binance"
        nowhere = run(*pair, "--venue", "deribit")
        assert nowhere.code == 15 and "and no spot pairs" in nowhere.out
        headless = run("run", "--headless", "--for", "2s", "--profile", "rehearsal", "--format", "json")
        assert headless.code == 0 and headless.data[0]["mode"] == "rehearsal"
        assert headless.data[0]["feeds"] >= 1
        asked = rehearsal.asked()
    assert asked.signed_requests == 0 and asked.requests > 20
    assert not (configured / "state" / "tradecli" / "rehearsal" / "loopback.port").exists()


def test_a_rehearsal_runs_the_engine_and_says_so_everywhere(run: Run, configured: Path) -> None:
    answer = run("rehearse", "--headless", "--for", "1s", "--venue", "binance", "--format", "json")
    assert answer.code == 0, answer.err
    body = answer.json
    assert body["mode"] == "rehearsal" and body["schema"] == "tradecli.rehearse/1"
    assert body["data"][0]["run_id"].startswith("rehearsal-")
    assert body["loopback"]["signed_requests"] == 0 and body["loopback"]["requests"] > 2


def test_a_venue_that_cannot_be_reached_is_said_wherever_it_was_meant_and_closes_no_other(
    run: Run, configured: Path
) -> None:
    with rehearsing("rehearsal", seed=5) as rehearsal:
        rehearsal.strike(Fault(kind=Kind.UNAVAILABLE, venue="okx", times=0))
        asked = ("funding", "rates", "BTCUSDT", "--venue", "binance,okx", "--profile", "rehearsal")
        partly = run(*asked)
        assert partly.code == 11 and "okx cannot be asked" in partly.out and "<" not in partly.out
        assert run(*asked, "--max-age", "1m").code == 6, "what is missing is of no age"
        one = run("flow", "imbalance", "BTCUSDT@okx", "--profile", "rehearsal")
        assert one.code == 5 and "okx cannot be reached" in one.err
        assert run("flow", "imbalance", "BTCUSDT@binance", "--profile", "rehearsal").code == 0
        headless = run("run", "--headless", "--for", "2s", "--profile", "rehearsal", "--format", "json")
        assert headless.code == 0
        assert headless.data[0]["feeds"] > headless.data[0]["feeds_up"], "the one that is missing is counted"
