"""A diagnosis names what is wrong with a fit and is silent about a good one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quant.garch_samples import TRUE, simulated
from tradecli.quant.garch import Garch
from tradecli.quant.garch_check import bounds_hit, diagnose, ljung_box_p


def test_the_model_that_made_the_returns_has_nothing_against_it() -> None:
    found = diagnose(TRUE, simulated(1_000))
    assert found.notes == ()
    assert found.ljung_box_p is not None
    assert found.ljung_box_p > 0.01
    assert 2.5 < found.largest_z < 5.0


def test_a_model_without_dynamics_leaves_dependence_in_the_residuals() -> None:
    returns = simulated(2_000)
    flat = Garch(0.0, float(np.var(returns)), 1e-9, 1e-9)
    notes = diagnose(flat, returns).notes
    assert any("independent" in note for note in notes)
    assert any("alpha on its bound" in note for note in notes)


def test_one_absurd_day_is_kept_and_named() -> None:
    returns = simulated(1_000)
    returns[500] = 60.0
    found = diagnose(TRUE, returns)
    assert any("standard deviations" in note for note in found.notes)
    assert not any("standard deviations" in fault for fault in found.faults)


def test_bounds_are_named() -> None:
    assert bounds_hit(Garch(0.0, 0.1, 0.0, 0.9996, nu=2.05)) == ("alpha", "nu", "persistence")
    assert bounds_hit(Garch(0.0, 0.1, 0.1, 0.8, nu=49.9)) == ("nu",)
    assert bounds_hit(TRUE) == ()


def test_the_portmanteau_agrees_with_statsmodels_and_says_nothing_of_a_flat_series() -> None:
    from statsmodels.stats.diagnostic import acorr_ljungbox

    rng = np.random.default_rng(7)
    for values in (rng.normal(size=500) ** 2, np.cumsum(rng.normal(size=500))):
        theirs = acorr_ljungbox(values, lags=[10])["lb_pvalue"].iloc[0]
        assert ljung_box_p(values) == pytest.approx(theirs, rel=1e-9, abs=1e-300)
    assert ljung_box_p(np.full(100, 0.1)) is None
    assert ljung_box_p(values[:8]) is None
    with pytest.raises(ValueError, match="even"):
        ljung_box_p(values, 5)
