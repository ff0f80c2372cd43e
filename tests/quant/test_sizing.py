"""Concentration, turnover and drawdown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import performance, sizing


def test_concentration_has_the_stated_measures(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("concentration")
    weights, vol = np.array(vector.inputs["weights"]), np.array(vector.inputs["vol"])
    covariance = np.array(vector.inputs["corr"]) * np.outer(vol, vol)
    vector.check(
        {
            "hhi": sizing.hhi(weights),
            "effective_n": sizing.effective_n(weights),
            "diversification_ratio": sizing.diversification_ratio(weights, covariance),
            "risk_contribution": sizing.risk_contributions(weights, covariance),
            "enb": sizing.effective_bets(weights, covariance),
            "portfolio_vol": sizing.portfolio_vol(weights, covariance),
            "one_way_turnover": sizing.one_way_turnover(np.array(vector.inputs["w0"]), weights),
        }
    )


def test_long_and_short_of_the_same_size_do_not_cancel_in_the_concentration() -> None:
    assert sizing.hhi(np.array([5.0, -5.0])) == pytest.approx(0.5)
    assert sizing.hhi(np.array([0.0, 0.0])) is None
    assert sizing.effective_n(np.empty(0)) is None


def test_drawdown_and_its_latch_follow_the_path(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("drawdown_breaker")
    path = performance.drawdown_path(np.array(vector.inputs["equity"], dtype=float))
    found = performance.drawdown(np.array(vector.inputs["equity"], dtype=float))
    assert found is not None
    tripped = performance.latched(path, vector.inputs["limit"])
    vector.check(
        {
            "drawdown": path,
            "latched": tripped,
            "first_trip_index": int(np.argmax(tripped)),
            "max_drawdown": found.largest,
            "max_dd_index": found.largest_index,
            "trips": 1,
        }
    )
    assert found.under_water == 3


def test_a_path_that_is_empty_or_ruined_has_no_drawdown() -> None:
    assert performance.drawdown(np.empty(0)) is None
    assert performance.drawdown(np.array([100.0, 0.0])) is None


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=50))
def test_a_drawdown_is_a_fraction_and_zero_at_a_new_high(equity: list[float]) -> None:
    found = performance.drawdown(np.array([*equity, max(equity)]))
    assert found is not None
    assert 0 <= found.now <= found.largest < 1
    assert found.now == 0
