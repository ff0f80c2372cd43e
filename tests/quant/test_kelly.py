"""Kelly sizes: published values, shrunk by what is not known, and never for an edge that may not be there."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import kelly


def test_the_cases_of_the_vector_are_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("kelly_single")
    i = vector.inputs
    thorp, edge = i["thorp"], i["shrunk"]
    sized = kelly.size(
        edge["mean"], edge["sd"], edge["n"], multiplier=edge["multiplier"], cap=edge["cap"], proven=True
    )
    assert sized is not None
    vector.check(
        {
            "binary_f": kelly.binary_kelly(p=i["binary"]["p"], payoff=i["binary"]["b"]),
            "thorp_f": kelly.kelly(thorp["m"], thorp["s"], thorp["r"]),
            "thorp_g": kelly.growth(thorp["m"], thorp["s"], thorp["r"]),
            "t_stat": sized.t,
            "shrink": sized.shrink,
            "raw_f": sized.raw,
            "sized_uncapped": sized.uncapped,
            "sized": sized.fraction,
            "no_edge_f": kelly.binary_kelly(i["no_edge"]["p"], i["no_edge"]["b"]),
        }
    )
    assert "capped" in str(sized.reason)


def test_an_edge_that_may_not_be_there_gets_nothing() -> None:
    weak = kelly.size(0.0018, 0.021, 120)
    assert weak is not None
    assert weak.fraction == 0.0
    assert "95 %" in str(weak.reason)
    recorded = kelly.size(0.0018, 0.021, 120, has_record=True)
    assert recorded is not None
    assert (recorded.fraction, recorded.reason) == (0.0, "t of the live record is below 1")
    proven = kelly.size(0.0018, 0.021, 2_000)
    assert proven is not None
    assert proven.fraction == 0.10
    assert kelly.size(0.001, 0.0, 100) is None
    assert kelly.size(0.001, 0.02, 0) is None


@given(st.floats(-0.01, 0.01), st.floats(0.001, 0.1), st.integers(1, 5_000), st.floats(0.01, 1.0))
def test_a_size_never_passes_its_cap_nor_full_kelly_and_has_the_sign_of_the_edge(
    mean: float, sd: float, n: int, cap: float
) -> None:
    found = kelly.size(mean, sd, n, cap=cap, proven=True)
    assert found is not None
    assert abs(found.fraction) <= cap
    assert abs(found.fraction) <= 0.25 * abs(found.raw) + 1e-15
    assert found.fraction * mean >= 0


def test_a_few_wins_prove_little() -> None:
    assert kelly.win_probability(5, 5) == 0.6
    assert kelly.win_probability(0, 0) == 0.5
    assert kelly.binary_kelly(0.6, 0.0) == 0.0


def test_a_quarter_of_kelly_rarely_halves_and_twice_kelly_always_does() -> None:
    assert kelly.fall_probability(0.5, 1.0) == 0.5
    assert kelly.fall_probability(0.5, 0.25) == pytest.approx(0.5**7)
    assert kelly.fall_probability(0.5, 2.5) == 1.0
    assert kelly.fall_probability(0.5, 0.0) == 0.0


def test_volatility_and_fat_tails_only_ever_make_a_size_smaller() -> None:
    assert kelly.volatility_scale(0.3, 0.6) == 0.5
    assert kelly.volatility_scale(0.6, 0.3) == 1.0
    assert kelly.volatility_scale(0.3, 0.0) == 0.0
    assert kelly.shock_cap(0.05) == pytest.approx(0.5)
    assert kelly.shock_cap(0.0) == math.inf
    assert kelly.growth(0.1, 0.0) is None
