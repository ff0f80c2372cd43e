"""The loops that clean an expiry: each rule on its own, and the same answers in Python and as machine code."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.quant.chains import flat
from tests.quant.test_slices import spoiled
from tradecli.quant import slices_kernel as kernel
from tradecli.quant.slices import ChainArrays, slices


@pytest.mark.parametrize(
    ("bid", "ask", "least", "unfit"),
    [
        (0.10, 0.11, 0.0, False),
        (0.10, 0.10, 0.0, True),
        (0.01, 0.05, 0.0, True),
        (0.10, 0.11, 0.2, True),
        (0.00, 0.01, 0.0, False),
        (0.99, 1.01, 0.0, True),
        (0.10, math.nan, 0.0, False),
    ],
)
def test_what_may_not_be_used_is_crossed_wide_below_intrinsic_or_the_coin_itself(
    bid: float, ask: float, least: float, unfit: bool
) -> None:
    assert kernel.is_unfit(bid, ask, 1.0, least, 1.0) is unfit


def test_the_forward_of_three_strikes_is_the_median_of_those_closest_in_price() -> None:
    strike = np.array([90.0, 100.0, 110.0, 120.0])
    call, put = np.array([14.0, 4.0, 2.0, 1.0]), np.array([1.0, 3.0, 9.0, 20.0])
    terms = 4, strike, call, call, put, put, False, 1.0
    assert kernel.parity(*terms, 1) == 101.0
    assert kernel.parity(*terms, 3) == 103.0
    assert math.isnan(kernel.parity(0, *terms[1:], 3))


def same(chain: ChainArrays) -> bool:
    plain, machine_code = slices(chain), slices(chain, compiled=True)
    assert plain[1] == machine_code[1]
    for one, other in zip(plain[0], machine_code[0], strict=True):
        assert (one.years, one.forward_replaced, one.flags) == (
            other.years,
            other.forward_replaced,
            other.flags,
        )
        assert other.forward == pytest.approx(one.forward, rel=1e-14)
        for left, right in zip(one.quotes.columns, other.quotes.columns, strict=True):
            np.testing.assert_array_equal(left, right)
    return bool(plain[0])


def test_chains_are_cleaned_alike_in_python_and_as_machine_code() -> None:
    assert same(flat())
    rng = np.random.default_rng(4)
    with np.errstate(all="ignore"):
        assert sum(same(spoiled(rng)) for _ in range(40)) > 20
