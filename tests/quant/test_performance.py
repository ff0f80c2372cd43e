"""What a path of equity is worth, deposits left out, and what it cannot say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.quant import performance


def test_growth_over_the_largest_fall_needs_a_year() -> None:
    equity = np.array([100.0, 120.0, 90.0, 110.0])
    assert performance.growth_rate(equity, 1.0) == pytest.approx(0.10)
    assert performance.calmar(equity, 1.0) == pytest.approx(0.10 / 0.25)
    assert performance.calmar(equity, 0.9) is None
    assert performance.calmar(np.array([100.0, 110.0]), 1.0) is None
    assert performance.growth_rate(np.array([100.0, -1.0]), 1.0) is None
    assert performance.growth_rate(equity, 0.0) is None


def test_only_losses_count_below_the_target() -> None:
    returns = np.array([0.02, -0.01, 0.03, -0.02])
    downside = math.sqrt((0.01**2 + 0.02**2) / 4)
    assert performance.sortino(returns) == pytest.approx(0.005 / downside * math.sqrt(365))
    assert performance.sortino(np.array([0.01, 0.02])) is None
    assert performance.sortino(np.array([0.01, np.nan])) is None


def test_the_drawdown_of_a_coin_toss_is_near_its_reference() -> None:
    rng = np.random.default_rng(5)
    paths = np.cumsum(rng.normal(0, 0.01, (2_000, 500)), axis=1)
    falls = np.maximum.accumulate(np.maximum(paths, 0), axis=1) - paths
    assert float(np.mean(falls.max(axis=1))) == pytest.approx(
        performance.expected_drawdown(0.01, 500), rel=0.10
    )


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=30),
    st.lists(st.floats(0, 1e4), min_size=30, max_size=30),
)
def test_a_deposit_is_no_performance(returns: list[float], flows: list[float]) -> None:
    equity, plain = [1_000.0], [1_000.0]
    for change, flow in zip(returns, flows, strict=False):
        equity.append(equity[-1] * (1 + change) + flow)
        plain.append(plain[-1] * (1 + change))
    came = np.array([0.0, *flows[: len(returns)]])
    np.testing.assert_allclose(
        performance.unitised(np.array(equity), came), np.array(plain) / 1_000.0, rtol=1e-9
    )
