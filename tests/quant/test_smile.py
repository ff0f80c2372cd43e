"""25 delta in both conventions, against the vector and against the delta it was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant.smile import DeltaRule, delta_of, skew, strike_of_delta
from tradecli.quant.svi import RawSvi


def test_risk_reversal_and_butterfly_have_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("risk_reversal_25d")
    i = vector.inputs
    smile = RawSvi(i["a"], i["b"], i["rho"], i["m"], i["sigma"])
    found = {}
    for name, rule in (("forward_delta", DeltaRule.FORWARD), ("premium_adjusted", DeltaRule.PREMIUM)):
        one = skew(smile, i["t"], rule)
        assert one is not None
        found[name] = {
            "K_call": i["forward"] * math.exp(one.call_k),
            "K_put": i["forward"] * math.exp(one.put_k),
            "iv_call": one.call_vol,
            "iv_put": one.put_vol,
            "RR25": one.rr,
            "BF25": one.bf,
        }
    vector.check(found | {"atm_vol": one.atm})


@given(
    st.floats(0.001, 0.3), st.floats(0.0, 0.3), st.floats(-0.9, 0.9), st.floats(0.05, 0.5),
    st.sampled_from([0.05, 0.1, 0.25]), st.sampled_from([1.0, -1.0]), st.sampled_from(list(DeltaRule)),
)  # fmt: skip
def test_the_strike_found_has_the_delta_that_was_asked_for(
    a: float, b: float, rho: float, s: float, delta: float, cp: float, rule: DeltaRule
) -> None:
    smile = RawSvi(a, b, rho, 0.0, s)
    k = strike_of_delta(smile, delta, cp, rule)
    if k is None:
        return
    assert delta_of(smile, k, cp, rule) == pytest.approx(delta, abs=1e-6)


def test_the_premium_adjusted_call_is_on_the_out_of_the_money_branch() -> None:
    smile = RawSvi(0.09, 0.0, 0.0, 0.0, 1.0)
    k = strike_of_delta(smile, 0.25, 1.0, DeltaRule.PREMIUM)
    assert k is not None and k > 0
    assert (
        delta_of(smile, k + 0.01, 1.0, DeltaRule.PREMIUM)
        < 0.25
        < delta_of(smile, k - 0.01, 1.0, DeltaRule.PREMIUM)
    )


def test_a_smile_without_variance_or_without_such_a_delta_has_no_skew() -> None:
    assert skew(RawSvi(0.0, 0.0, 0.0, 0.0, 1.0), 0.1) is None
    assert strike_of_delta(RawSvi(16.0, 0.0, 0.0, 0.0, 1.0), 0.25, 1.0, DeltaRule.PREMIUM) is None


def test_a_flat_smile_has_no_skew_at_all() -> None:
    found = skew(RawSvi(0.03, 0.0, 0.0, 0.0, 1.0), 0.1)
    assert found is not None
    assert found.rr == found.bf == found.slope == 0.0
