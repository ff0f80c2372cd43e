"""Order flow from the best quotes, in the form of the vector, and in the cases that are easily forgotten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import book
from tradecli.quant.book_flow import flow_events, order_flow_imbalance


def test_the_events_of_the_vector_are_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("order_flow_imbalance")
    assert vector.inputs["columns"] == ["bid", "bid_size", "ask", "ask_size"]
    bid, bid_qty, ask, ask_qty = np.array(vector.inputs["quotes"], dtype=float).T
    events = flow_events(bid, bid_qty, ask, ask_qty)
    rows = [tuple(np.array([value]) for value in row) for row in zip(bid, bid_qty, ask, ask_qty, strict=True)]
    vector.check(
        {
            "e": events,
            "ofi": np.sum(events),
            "microprice": [book.weighted_mid(*row) for row in rows],
            "imbalance": [book.imbalance(row[1], row[3]) for row in rows],
        }
    )
    depth = float(np.mean(bid_qty) + np.mean(ask_qty)) / 2
    assert order_flow_imbalance(bid, bid_qty, ask, ask_qty) == pytest.approx(2.5 / depth)


def test_only_the_change_of_size_counts_while_prices_stand_still() -> None:
    price = np.array([100.0, 100.0])
    assert flow_events(price, np.array([5.0, 8.0]), price + 1, np.array([4.0, 4.0])).tolist() == [3.0]
    assert flow_events(price, np.array([5.0, 5.0]), price + 1, np.array([4.0, 6.0])).tolist() == [-2.0]


def test_several_levels_are_counted_each_against_itself() -> None:
    bid = np.array([[100.0, 99.0], [100.0, 99.0]])
    qty = np.array([[1.0, 2.0], [4.0, 1.0]])
    ask = bid + 5
    same = np.ones_like(qty)
    assert flow_events(bid, qty, ask, same).tolist() == [[3.0, -1.0]]


def test_one_state_has_no_flow_and_an_empty_book_no_measure() -> None:
    one = np.array([1.0])
    assert order_flow_imbalance(one, one, one, one) is None
    zero = np.zeros(3)
    assert order_flow_imbalance(zero, zero, zero, zero) is None
