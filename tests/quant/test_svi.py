"""Raw SVI: published parameters and their arbitrage, recovery of a known slice, and fits that must be judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import svi
from tradecli.quant.svi import RawSvi

K = np.linspace(-0.5, 0.5, 21)


def test_vogts_smile_has_its_published_parameters_and_its_butterfly(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("svi_vogt_butterfly")
    i = vector.inputs
    smile = RawSvi(i["a"], i["b"], i["rho"], i["m"], i["sigma"])
    assert i["k_grid"] == [-svi.GRID_REACH, svi.GRID_REACH, svi.GRID_STEP]
    g_min, at = smile.butterfly()
    vector.check(
        {
            "jw": smile.jump_wings(i["t"]),
            "w_at": {k: smile.at(float(k)) for k in ("-1", "0", "0.5", "1")},
            "g_min": g_min,
            "k_at_g_min": at,
            "arbitrage_free": g_min >= svi.TOLERATED,
            "wing_condition_b_1_abs_rho": smile.steepest_wing(),
        }
    )


@pytest.mark.parametrize("machine_code", [False, True])
def test_a_slice_is_recovered_from_its_own_variances(
    vectors: Callable[[str], Vector], machine_code: bool
) -> None:
    vector = vectors("svi_fit_recovery")
    i = vector.inputs
    k = np.array(i["k"])
    found = svi.fit(k, np.array(i["total_variance"]), i["t"], compiled=machine_code)
    assert found is not None and found.converged and not found.bounds and found.is_free_of_butterflies
    model = found.model
    vector.check(
        {
            "params": {"a": model.a, "b": model.b, "rho": model.rho, "m": model.m, "sigma": model.s},
            "w_test": {text: model.at(float(text)) for text in vector.expected["w_test"]},
            "atm_vol": (model.at(0.0) / i["t"]) ** 0.5,
            "g_min_on_quotes": float(model.durrleman(k).min()),
        }
    )


@given(st.floats(0.01, 0.3), st.floats(-0.7, 0.7), st.floats(-0.1, 0.1), st.floats(0.08, 0.4))
@settings(max_examples=20)
def test_known_slices_come_back_within_a_thousandth_of_a_point(
    b: float, rho: float, m: float, s: float
) -> None:
    true = RawSvi(0.01, b, rho, m, s)
    found = svi.fit(K, true.total_variance(K), 0.1)
    assert found is not None
    assert found.error < 1e-5
    again = svi.fit(K, true.total_variance(K), 0.1, known=found.model)
    assert again is not None and again.error < 1e-5


def test_one_wild_quote_does_not_bend_the_slice() -> None:
    true = RawSvi(0.012, 0.085, -0.25, 0.01, 0.16)
    w = true.total_variance(K) * np.exp(np.random.default_rng(1).normal(0.0, 0.002, len(K)))
    w[4] *= 3.0
    found = svi.fit(K, w, 0.1)
    assert found is not None
    assert found.model.at(0.0) == pytest.approx(true.at(0.0), rel=0.02)
    assert found.model.at(0.4) == pytest.approx(true.at(0.4), rel=0.02)


def test_a_fit_under_penalty_has_no_butterfly_where_the_free_one_has() -> None:
    vogt = RawSvi(-0.041, 0.1331, 0.306, 0.3586, 0.4153)
    k = np.linspace(-1.0, 1.2, 30)
    free = svi.fit(k, vogt.total_variance(k), 1.0)
    assert free is not None and not free.is_free_of_butterflies
    held = svi.fit(k, vogt.total_variance(k), 1.0, penalised=True, known=free.model)
    assert held is not None and held.is_free_of_butterflies
    assert free.error < held.error < 0.02


def test_fewer_than_five_strikes_and_no_numbers_are_no_slice() -> None:
    assert svi.fit(K[:4], np.full(4, 0.03), 0.1) is None
    assert svi.fit(np.zeros(9), np.full(9, 0.03), 0.1) is None
    assert svi.fit(K, np.full(len(K), np.nan), 0.1) is None


def test_a_flat_slice_is_flat_and_says_that_its_slope_is_at_a_bound() -> None:
    found = svi.fit(K, np.full(len(K), 0.03), 0.1)
    assert found is not None
    assert found.model.at(0.3) == pytest.approx(0.03, rel=1e-6)
    assert found.is_free_of_butterflies


def test_a_fit_under_penalty_is_the_same_in_python_and_as_machine_code() -> None:
    vogt = RawSvi(-0.041, 0.1331, 0.306, 0.3586, 0.4153)
    k = np.linspace(-1.0, 1.2, 30)
    plain, fast = (
        svi.fit(k, vogt.total_variance(k), 1.0, penalised=True, known=vogt, compiled=each)
        for each in (False, True)
    )
    assert plain is not None and fast is not None and fast.is_free_of_butterflies
    assert fast.error == pytest.approx(plain.error, abs=1e-4)
    np.testing.assert_allclose(fast.model.total_variance(k), plain.model.total_variance(k), rtol=1e-2)
