"""Rates of different intervals on common terms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import funding


def test_rates_are_annualised_by_their_own_interval(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("funding_annualisation")
    cases = vector.inputs["cases"]
    vector.check(
        {
            "per_8h": [funding.per_8h(*case) for case in cases],
            "apr": [funding.apr(*case) for case in cases],
            "apy": [funding.apy(*case) for case in cases],
        }
    )


def test_the_settled_rate_follows_the_premium_beyond_the_dead_band(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("funding_rate_formula")
    i = vector.inputs
    terms = {"interest": i["I"], "cap": i["cap"], "floor": i["floor"]}
    vector.check({"rate": [funding.rate(case["P"], case["N"], **terms) for case in i["cases"]]})


def test_longs_pay_shorts_when_the_rate_is_positive() -> None:
    assert funding.payment(2.0, 50_000.0, 0.0001) == pytest.approx(-10.0)
    assert funding.payment(-2.0, 50_000.0, 0.0001) == pytest.approx(10.0)
    assert funding.payment(2.0, 50_000.0, -0.0001) == pytest.approx(10.0)
    assert funding.payment_inverse(100_000.0, 50_000.0, 0.0001) == pytest.approx(-0.0002)


def test_only_what_is_held_at_the_stamp_pays() -> None:
    hour = 3_600_000
    assert funding.settlements(8 * hour, 8 * hour + 59 * 60_000, 8.0) == 0
    assert funding.settlements(8 * hour - 1, 8 * hour, 8.0) == 1
    assert funding.settlements(8 * hour, 16 * hour, 8.0) == 1
    assert funding.settlements(0, 24 * hour, 8.0) == 3
    assert funding.settlements(0, 24 * hour, 1.0) == 24
    assert funding.settlements(0, 24 * hour, 8.0, phase_ms=4 * hour) == 3
    assert funding.settlements(5 * hour, 4 * hour, 8.0) == 0
    assert funding.next_settlement(8 * hour, 8.0) == 16 * hour
    assert funding.next_settlement(8 * hour - 1, 8.0) == 8 * hour
    assert funding.next_settlement(0, 8.0, phase_ms=4 * hour) == 4 * hour


@given(st.integers(0, 10**12), st.integers(0, 10**8), st.integers(0, 10**8), st.sampled_from([1.0, 4.0, 8.0]))
def test_settlements_of_two_holds_one_after_the_other_add_up(
    start: int, first: int, second: int, hours: float
) -> None:
    middle, end = start + first, start + first + second
    parts = funding.settlements(start, middle, hours) + funding.settlements(middle, end, hours)
    assert parts == funding.settlements(start, end, hours)
