"""The demo without a screen: a function of seed, tape and configuration, through the real engine, venue and ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tradecli import codec
from tradecli.engine.summary import RunSummary
from tradecli.store.reader import LedgerReader
from tradecli.wiring import run_demo_headless

SPAN_MS = 150_000


@pytest.fixture(scope="module", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder / name))
        patch.delenv("TRADECLI_CONFIG", raising=False)
        yield


def demo(db: Path, seed: int = 42, flags: Mapping[str, Any] | None = None) -> RunSummary:
    summary: RunSummary = run_demo_headless(db=str(db), seed=seed, for_ms=SPAN_MS, flags=flags).summary
    return summary


@pytest.fixture(scope="module")
def usual(_own_folders: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSummary]:
    """Where the run of the usual seed is kept, and what it came to."""
    path = tmp_path_factory.mktemp("usual") / "a" / "l.db"
    return path, demo(path)


def test_the_same_seed_gives_the_same_run_wherever_it_is_kept(
    usual: tuple[Path, RunSummary], tmp_path: Path
) -> None:
    _, one = usual
    assert codec.encode(one) == codec.encode(demo(tmp_path / "b" / "l.db"))
    assert one.fills > 0
    assert one.pnl_residual == 0
    assert one.market_events_per_sim_s >= 300


def test_another_seed_or_one_changed_key_gives_another_hash(
    usual: tuple[Path, RunSummary], tmp_path: Path
) -> None:
    _, one = usual
    assert demo(tmp_path / "b.db", seed=43).audit_hash != one.audit_hash
    assert demo(tmp_path / "c.db", flags={"hedge.hard_band_pct": 6.0}).audit_hash != one.audit_hash


def test_what_the_run_came_to_is_what_its_ledger_says(usual: tuple[Path, RunSummary]) -> None:
    path, summary = usual
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
