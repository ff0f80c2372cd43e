"""The paper account over live markets lives in its ledger: it goes on after a kill, with one audit chain for life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.limits import limits
from tests.fakes.paper_engine import BTC, until
from tradecli.config import folders
from tradecli.domain.enums import OrderStatus
from tradecli.errors import LockHeld
from tradecli.store.reader import LedgerReader
from tradecli.wiring import live_session
from tradecli.wiring.rehearsal import rehearsing

CONFIG = f"""
[run]
venues = ["binance"]
symbols = ["BTCUSDT"]
strategies = []
{limits(5_000)}"""


@pytest.fixture
def venues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    path = folders.made(tmp_path / "config" / "tradecli") / "config.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    with rehearsing("rehearsal", seed=5) as running:
        yield running


def account() -> dict[str, Any]:
    """Return what the ledger says of the newest account."""
    with LedgerReader(folders.ledger_file("rehearsal")) as reader:
        return {
            "run": reader.run().run_id,
            "runs": len(reader.runs()),
            "chain": reader.verify().ok,
            "fills": len(reader.fills()),
            "balances": reader.balances(),
            "open": sorted(order.client_id for order in reader.orders() if order.status is OrderStatus.OPEN),
        }


def test_p07_p09_a_paper_engine_that_is_killed_after_fills_goes_on_with_the_same_account(venues: Any) -> None:
    command = [sys.executable, "-m", "tests.fakes.paper_engine"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"traded\n"
        with pytest.raises(LockHeld, match=str(first.pid)):
            live_session(profile="rehearsal")
        first.send_signal(signal.SIGKILL)
        first.wait()
    left = account()
    assert left["fills"] > 0 and len(left["open"]) == 1 and left["chain"]

    second = live_session(profile="rehearsal")
    try:
        shot = until(second, lambda s: s.equity is not None and BTC in s.quotes and any(s.orders))
        assert shot.run_id == left["run"]
        held = {position.instrument: position for position in shot.positions}
        assert str(held[BTC].qty) == "0.020"
        assert [each.client_id for each in shot.orders if each.status is OrderStatus.OPEN] == left["open"]
        assert len(shot.fills) == left["fills"]
        assert shot.latches == ()
        told = [each.text for each in shot.told]
        assert "binance equals our books (start)" in told
        assert "engine starts after 1 cut-off runs" in told
    finally:
        second.stop("leave")
    now = account()
    assert now["runs"] == 1 and now["chain"]
    assert {key: now[key] for key in ("run", "fills", "balances", "open")} == {
        key: left[key] for key in ("run", "fills", "balances", "open")
    }
    assert venues.asked().signed_requests == 0
