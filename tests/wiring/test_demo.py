"""The demo without a screen: a function of seed, tape and configuration, through the real engine, venue and ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tradecli import codec
from tradecli.engine.summary import RunSummary
from tradecli.store.reader import LedgerReader
from tradecli.wiring import run_demo_headless

SPAN_MS = 150_000


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("TRADECLI_CONFIG", raising=False)


def demo(db: Path, seed: int = 42, flags: Mapping[str, Any] | None = None) -> RunSummary:
    summary: RunSummary = run_demo_headless(db=str(db), seed=seed, for_ms=SPAN_MS, flags=flags).summary
    return summary


def test_the_same_seed_gives_the_same_run_wherever_it_is_kept(tmp_path: Path) -> None:
    one, again = demo(tmp_path / "a" / "l.db"), demo(tmp_path / "b" / "l.db")
    assert codec.encode(one) == codec.encode(again)
    assert one.fills > 0
    assert one.pnl_residual == 0
    assert one.market_events_per_sim_s >= 300


def test_another_seed_or_one_changed_key_gives_another_hash(tmp_path: Path) -> None:
    usual = demo(tmp_path / "a.db")
    assert demo(tmp_path / "b.db", seed=43).audit_hash != usual.audit_hash
    assert demo(tmp_path / "c.db", flags={"hedge.hard_band_pct": 6.0}).audit_hash != usual.audit_hash


def test_what_the_run_came_to_is_what_its_ledger_says(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    summary = demo(path)
    with LedgerReader(path) as reader:
        verdict = reader.verify()
        assert (verdict.ok, verdict.head) == (True, summary.audit_hash)
        built = reader.rebuild()
        assert (built.before, built.difference) == (0, None) and all(built.compared.values())
        assert len(reader.fills()) == summary.fills
        kept = {each.name for each in reader.inputs("forecast ")}
        assert {
            f"forecast {model} {days}d" for model in ("garch", "ewma", "har") for days in (1, 7, 30)
        } <= kept
        for topic in ("vol.index", "vol.term", "vol.skew"):
            assert reader.report(topic, "BTCUSDT@binance") is not None and reader.report(
                topic, "ETHUSDT@binance"
            )
            assert reader.report(topic, "BNBUSDT@binance") is None, "it has no options"
        held = {each.instrument: each.qty for each in reader.positions()}
    assert held == {each.instrument: each.qty for each in summary.positions}
