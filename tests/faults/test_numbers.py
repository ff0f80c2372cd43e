"""D05: numbers of absurd size or length are refused, and refused quickly."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tradecli.domain.number import parse_decimal


@pytest.mark.parametrize("text", ["1e308", "1e-30", "1" * 5_000, "0." + "0" * 4_000 + "1", "1e999", "-1e308"])
def test_d05_magnitudes_and_digit_counts_have_bounds(text: str) -> None:
    begun = time.thread_time()
    with pytest.raises(ValueError, match="number") as refused:
        parse_decimal(text)
    assert time.thread_time() - begun < 0.01
    assert len(str(refused.value)) < 200


def test_d05_the_largest_and_smallest_that_can_be_meant_still_pass() -> None:
    assert parse_decimal("1e15") == Decimal("1e15")
    assert parse_decimal("1e-18") == Decimal("1e-18")
