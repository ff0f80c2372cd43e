"""What lies beyond the last strikes of a strip: the closed forms against plain integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.quant import truncation
from tradecli.quant.options import black76_price

F, T, VOL = 60_000.0, 30.0 / 365.0, 0.6


@pytest.mark.parametrize("strike", [40_000.0, 52_000.0, 60_000.0, 75_000.0])
def test_the_wings_are_the_integrals_of_their_options(strike: float) -> None:
    deviation = VOL * math.sqrt(T)
    low, high = np.linspace(1.0, strike, 200_001), np.geomspace(strike, 40.0 * strike, 200_001)
    puts = np.trapezoid(black76_price(F, low, T, VOL, -1.0) / low**2, low)
    calls = np.trapezoid(black76_price(F, high, T, VOL, 1.0) / high**2, high)
    assert truncation.below(F, strike, deviation) == pytest.approx(puts, rel=1e-5)
    assert truncation.above(F, strike, deviation) == pytest.approx(calls, rel=1e-5)


@given(st.floats(0.05, 3.0), st.floats(0.01, 2.0))
def test_both_wings_from_the_forward_are_the_whole_variance(vol: float, years: float) -> None:
    deviation = vol * math.sqrt(years)
    both = truncation.below(F, F, deviation) + truncation.above(F, F, deviation)
    assert 2.0 / years * both == pytest.approx(vol**2, rel=1e-9)


def test_without_volatility_nothing_is_left_out() -> None:
    assert truncation.below(F, 50_000.0, 0.0) == truncation.above(F, 70_000.0, 0.0) == 0.0
    assert truncation.above(F, 70_000.0, math.nan) == 0.0
