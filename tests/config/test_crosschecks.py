"""Contradictions between keys, and which of two limits binds (G04)."""

from __future__ import annotations

import pytest

from tests.config.conftest import RISK, Load, Wrong


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("[vol.weights]\nbitvol = 0.5", "vol.weights"),
        ("[signals.weights]\ntrend = 0.31", "signals.weights"),
        ("[signals.timeframes]\nd1 = 0.0", "signals.timeframes"),
        ('[vol]\ninterval = "2h"', "vol.interval"),
        ("[vol]\ngarch_bars = 300\ngarch_min_bars = 400", "vol.garch_min_bars"),
        ('[run]\non_exit = "stay"', "run.on_exit"),
        ('[run]\nsymbols = ["BTCUSDT", "BTCUSDT"]', "run.symbols"),
        ("[run]\nsymbols = []", "run.symbols"),
        ('[run]\nsymbols = ["btcusdt"]', "run.symbols"),
        ('[run]\nvenues = ["Binance"]', "run.venues"),
        ('[run]\nstrategies = ["grid"]\nobserve = ["grid"]', "run.observe"),
    ],
)
def test_what_cannot_be_right_together_is_refused(wrong: Wrong, change: str, key: str) -> None:
    problems = wrong(RISK + change + "\n")
    assert [problem.key for problem in problems] == [key]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("max_drawdown_pct = 15", "max_drawdown_pct = 9", "risk.reduce_drawdown_pct"),
        ("max_drawdown_pct = 15", "max_drawdown_pct = 15\nwarn_drawdown_pct = 9", "risk.warn_drawdown_pct"),
        ("max_daily_loss_pct = 4", "max_daily_loss_pct = 1", "risk.warn_daily_loss_pct"),
        ("max_daily_loss_pct = 4", "max_daily_loss_pct = 16", "risk.max_daily_loss_pct"),
        ("max_gross_pct = 300", "max_gross_pct = 20", "risk.max_net_pct"),
        ("max_symbol_pct = 10", "max_symbol_pct = 400", "risk.max_symbol_pct"),
        ("max_symbol_pct = 10", "max_symbol_pct = 0.1", "risk.max_symbol_pct"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(wrong: Wrong, old: str, new: str, key: str) -> None:
    problems = wrong(RISK.replace(old, new))
    assert [problem.key for problem in problems] == [key]


def test_a_fraction_typed_into_a_percent_key_is_told_what_it_means(wrong: Wrong) -> None:
    (problem,) = [p for p in wrong(RISK.replace("max_net_pct = 30", "max_net_pct = 0.3")) if p.number == 146]
    assert "0.3 %" in problem.message and "write 30 if 30 % is meant" in problem.hint


@pytest.mark.parametrize(
    ("symbols", "words"),
    [
        ('["BTCUSDT", "ETHUSDT", "BNBUSDT"]', "both bind together"),
        ('["BTCUSDT"]', "the symbol limit binds, never the ratio"),
        ('["A1", "B1", "C1", "D1"]', "the ratio binds first"),
    ],
)
def test_it_says_which_of_the_symbol_limit_and_the_inventory_ratio_binds(
    loaded: Load, symbols: str, words: str
) -> None:
    (note,) = loaded(RISK + f"[run]\nsymbols = {symbols}\n").notes
    assert note.endswith(words)
