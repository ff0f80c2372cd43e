"""The kept weights give what the indicators give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.view import walk
from tradecli.components.signals.lines import lines_of
from tradecli.quant.indicators import atr, ema, macd, newest


@given(st.integers(0, 10_000), st.integers(100, 220))
def test_weighted_sums_are_the_indicators_of_the_newest_bar(seed: int, n: int) -> None:
    bars = walk(n, 0.8, 3_600_000, seed=seed)
    found = lines_of(bars.high, bars.low, bars.close, 150)
    high, low, close = bars.high[-150:], bars.low[-150:], bars.close[-150:]
    lines = macd(close)
    expected = (ema(close, 12), ema(close, 26), lines.line, lines.signal, lines.histogram)
    for ours, theirs in zip(found, (*expected, atr(high, low, close, 14)), strict=True):
        assert ours == pytest.approx(newest(theirs), rel=1e-9, abs=1e-6)


def test_a_window_that_is_too_short_has_no_lines() -> None:
    bars = walk(20, 0.8, 3_600_000)
    found = lines_of(bars.high, bars.low, bars.close, 150)
    assert found.fast is not None and found.reach is not None
    assert found.slow is None and found.histogram is None
