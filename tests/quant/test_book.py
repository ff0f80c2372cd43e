"""Book measures, and books that must not be measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import book


def test_the_five_level_book_has_the_stated_measures(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("book_depth_metrics")
    bid, bid_qty = np.array(vector.inputs["bids"]).T
    ask, ask_qty = np.array(vector.inputs["asks"]).T
    mid = book.mid(bid, ask)
    average = [book.walk(ask, ask_qty, qty) for qty in vector.inputs["buy_qty"]]
    crossed = {name: np.array([value]) for name, value in vector.inputs["crossed"].items()}
    one = np.array([1.0])
    vector.check(
        {
            "mid": mid,
            "spread_bps": book.spread_bps(bid, ask),
            "mli": book.weighted_imbalance(bid_qty, ask_qty, decay=vector.inputs["decay"]),
            "avg_price": average,
            "slippage_bps": book.slippage_bps(ask, ask_qty, mid, vector.inputs["buy_qty"][0]),
            "depth_bid_half_bp": book.depth(bid, bid_qty, mid, 0.5),
            "depth_ask_half_bp": book.depth(ask, ask_qty, mid, 0.5),
            "depth_bid_1bp": book.depth(bid, bid_qty, mid, 1.0),
            "depth_ask_1bp": book.depth(ask, ask_qty, mid, 1.0),
            "crossed_valid": book.is_sound(crossed["best_bid"], one, crossed["best_ask"], one) is None,
        }
    )


def test_a_larger_bid_pushes_the_weighted_mid_towards_the_ask() -> None:
    bid, ask = np.array([100.0]), np.array([101.0])
    assert book.weighted_mid(bid, np.array([9.0]), ask, np.array([1.0])) == pytest.approx(100.9)


@pytest.mark.parametrize(
    ("bid", "bid_qty", "ask", "ask_qty", "word"),
    [
        ([], [], [101.0], [1.0], "empty"),
        ([102.0], [1.0], [101.0], [1.0], "crossed"),
        ([101.0], [1.0], [101.0], [1.0], "locked"),
        ([100.0], [0.0], [101.0], [1.0], "above zero"),
        ([100.0], [1.0], [float("nan")], [1.0], "finite"),
    ],
)
def test_a_broken_book_is_named_and_not_measured(
    bid: list[float], bid_qty: list[float], ask: list[float], ask_qty: list[float], word: str
) -> None:
    arrays = [np.array(side) for side in (bid, bid_qty, ask, ask_qty)]
    assert word in (book.is_sound(*arrays) or "")


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=20), st.lists(st.floats(0.001, 1e6), min_size=1))
def test_imbalances_stay_between_minus_one_and_one(bids: list[float], asks: list[float]) -> None:
    b, a = np.array(bids), np.array(asks)
    for value in (book.imbalance(b, a), book.imbalance(b, a, 5), book.weighted_imbalance(b, a)):
        assert -1.0 <= value <= 1.0
    assert book.imbalance(b, a, 5) == pytest.approx(-book.imbalance(a, b, 5))


def test_taking_a_notional_and_taking_its_quantity_cost_the_same() -> None:
    ask, qty = np.array([100.0, 101.0, 103.0]), np.array([1.0, 2.0, 1.0])
    average = book.walk_notional(ask, qty, 100.0 + 101.0)
    assert average == pytest.approx(book.walk(ask, qty, 2.0))
    assert book.walk_notional(ask, qty, 100.0 + 202.0 + 103.0) == pytest.approx(book.walk(ask, qty, 4.0))
    assert book.walk_notional(ask, qty, 406.0) is None
    assert book.walk_notional(ask, qty, 0.0) is None
    assert book.slippage_bps(ask, qty, 99.0, 5.0) is None


@given(st.floats(0.01, 3.99), st.floats(0.01, 3.99))
def test_a_larger_take_never_has_a_better_average(one: float, two: float) -> None:
    ask, qty = np.array([100.0, 101.0, 103.0]), np.array([1.0, 2.0, 1.0])
    small, large = (book.walk(ask, qty, size) for size in sorted((one, two)))
    assert small is not None and large is not None
    assert small <= large + 1e-9


def test_bands_of_basis_points_are_compared_each_alone() -> None:
    bid, ask = np.array([99.99, 99.93, 99.8]), np.array([100.01, 100.04, 100.2])
    found = book.banded_imbalance(bid, np.array([3.0, 5.0, 9.0]), ask, np.array([1.0, 1.0, 9.0]))
    assert found == (pytest.approx(0.2), 1.0, 0.0)
    assert book.banded_imbalance(bid, bid, ask, ask, (0.5, 200.0))[0] is None
