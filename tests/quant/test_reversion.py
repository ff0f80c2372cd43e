"""The variance ratio tells a random walk from reverting and trending returns, and agrees with arch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tradecli.quant.reversion import variance_ratio


def test_the_variance_ratio_is_one_for_a_random_walk_below_one_for_reverting_and_above_for_trending() -> None:
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 0.01, 20_000)
    walk = variance_ratio(noise, 10)
    reverting = variance_ratio(noise[1:] - 0.5 * noise[:-1], 10)
    trending = variance_ratio(noise[1:] + 0.5 * noise[:-1], 10)
    assert walk is not None
    assert reverting is not None
    assert trending is not None
    assert abs(walk.ratio - 1) < 0.05
    assert walk.p_two_sided > 0.05
    assert reverting.ratio < 0.6
    assert reverting.p_reverting < 0.001
    assert trending.ratio > 1.4
    assert trending.p_reverting > 0.999


def test_the_variance_ratio_agrees_with_arch() -> None:
    from arch.unitroot import VarianceRatio

    returns = np.random.default_rng(2).standard_t(4, 3_000) * 0.01
    ours = variance_ratio(returns, 8)
    theirs = VarianceRatio(np.concatenate([[0.0], np.cumsum(returns)]), lags=8, robust=True)
    assert ours is not None
    assert ours.ratio == pytest.approx(theirs.vr, rel=1e-9)
    assert ours.z == pytest.approx(theirs.stat, rel=1e-2)
    assert ours.p_two_sided == pytest.approx(theirs.pvalue, abs=1e-2)


@pytest.mark.parametrize("returns", [np.zeros(100), np.full(100, 0.1), np.full(100, np.nan), np.ones(7)])
def test_the_variance_ratio_of_flat_broken_or_few_returns_is_unknown(returns: Any) -> None:
    assert variance_ratio(returns, 4) is None
