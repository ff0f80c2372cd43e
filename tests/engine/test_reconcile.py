"""Ours against the venue's: idempotent, never guessing, never trading to make numbers agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.fakes.desk import BTC, T0, engine, enter, fill, request
from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import OrderAccepted, OrderAmbiguous, OrderSending, OrderVoided
from tradecli.domain.order import Order
from tradecli.domain.position import Position
from tradecli.engine.core import Engine
from tradecli.engine.reconcile import Reconciled, reconcile
from tradecli.ports import AccountSnapshot


def theirs(**changes: Any) -> AccountSnapshot:
    values: dict[str, Any] = {
        "venue": "binance",
        "ts": T0,
        "balances": {"USDT": "100000"},
        "positions": (),
        "open_orders": (),
        "fills": (),
    }
    return AccountSnapshot(**(values | changes))


def compare(made: Engine, snapshot: AccountSnapshot) -> Reconciled:
    return reconcile(made.state.account, snapshot, "t", T0)


def settle(made: Engine, snapshot: AccountSnapshot) -> Reconciled:
    """Apply what reconciliation says until it says nothing more."""
    for _ in range(5):
        found = compare(made, snapshot)
        if not found.events:
            return found
        for event in found.events:
            made.process(event, T0)
    raise AssertionError("reconciliation does not come to rest")


def order(made: Engine, client_id: str) -> Order:
    found = made.state.account.order(client_id)
    assert found is not None
    return found


def test_equal_books_need_nothing() -> None:
    found = compare(engine(), theirs())
    assert (found.events, found.mismatches, found.foreign) == ((), (), ())


def test_an_intent_that_was_never_marked_is_void_and_a_marked_one_is_unknown() -> None:
    made = engine()
    enter(made, request(), "t1", live=False)
    enter(made, request(price="59000"), "t2", live=False)
    made.process(OrderSending(client_id="t2", ts=T0), T0)
    found = compare(made, theirs())
    assert [type(event) for event in found.events] == [OrderVoided, OrderAmbiguous]
    settle(made, theirs())
    assert (order(made, "t1").status, order(made, "t2").status) == (OrderStatus.VOID, OrderStatus.UNKNOWN)


def test_an_unknown_order_that_the_venue_lists_is_adopted() -> None:
    made = engine()
    enter(made, request(), "t1", live=False)
    made.process(OrderSending(client_id="t1", ts=T0), T0)
    listed = theirs(open_orders=(order(made, "t1"),))
    assert isinstance(compare(made, listed).events[0], OrderAccepted)
    settle(made, listed)
    assert order(made, "t1").status is OrderStatus.OPEN


def test_absence_from_one_list_closes_nothing() -> None:
    made = engine()
    enter(made, request(), "t1")
    settle(made, theirs())
    assert order(made, "t1").status is OrderStatus.UNKNOWN
    assert order(made, "t1").remaining == Decimal("0.1")


def test_missed_fills_are_applied_in_venue_order_and_once() -> None:
    made = engine()
    enter(made, request(), "t1")
    fills = (fill("t1", qty="0.06", trade_id="2", ts=T0 + 2), fill("t1", qty="0.04", trade_id="1", ts=T0 + 1))
    snapshot = theirs(positions=(Position(instrument=BTC, qty=Decimal("0.1")),), fills=fills)
    assert [event.trade_id for event in compare(made, snapshot).events if hasattr(event, "trade_id")] == [
        "1",
        "2",
    ]
    found = settle(made, snapshot)
    assert found.mismatches == ()
    assert made.state.account.fill_count == 2


def test_what_nothing_explains_is_shown_with_both_sides_and_left_alone() -> None:
    made = engine()
    snapshot = theirs(balances={"USDT": "99999"}, positions=(Position(instrument=BTC, qty=Decimal("0.5")),))
    found = settle(made, snapshot)
    assert {(each.what, each.ours, each.theirs) for each in found.mismatches} == {
        (f"position {BTC}", "0", "0.5"),
        ("balance USDT@binance", "100000", "99999"),
    }


def test_orders_of_others_are_named_and_not_touched() -> None:
    made, other = engine(), engine()
    enter(other, request(), "x9")
    found = compare(made, theirs(open_orders=(order(other, "x9"),)))
    assert [each.client_id for each in found.foreign] == ["x9"]
    assert found.events == ()


def test_orders_at_other_venues_are_none_of_this_snapshots_business() -> None:
    made = engine()
    enter(made, request(), "t1")
    assert compare(made, theirs(venue="okx", balances={})).events == ()
