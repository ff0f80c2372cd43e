"""What a venue's answer about one order makes of it: found in any state, found twice, not found (N01, V03)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.engine.test_reconcile import order, settle, theirs
from tests.fakes.desk import BTC, T0, engine, enter, fill, linear, request
from tradecli.domain.enums import OrderStatus, Side
from tradecli.domain.events import (
    CancelFailed,
    CancelRequested,
    FundingPaid,
    OrderAbsent,
    OrderAccepted,
    OrderAdopted,
    OrderAmbiguous,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSending,
    OrderVoided,
    Transferred,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order
from tradecli.engine.core import Engine
from tradecli.engine.reconcile import CANCEL_PATIENCE_MS, reconcile, restarted, settle_found

S = OrderStatus


def sent(status: OrderStatus) -> tuple[Engine, Order]:
    """Return a desk with one order in ``status``: INTENT, SENDING, UNKNOWN or OPEN."""
    made = engine()
    enter(made, request(), "t1", live=status is S.OPEN)
    if status in (S.SENDING, S.UNKNOWN):
        made.process(OrderSending(client_id="t1", ts=T0), T0)
    if status is S.UNKNOWN:
        made.process(OrderAmbiguous(client_id="t1", ts=T0, reason="timeout"), T0)
    return made, order(made, "t1")


def seen(ours: Order, status: OrderStatus, **changes: Any) -> Order:
    return msgspec.structs.replace(ours, status=status, **changes)


@pytest.mark.parametrize("before", [S.SENDING, S.UNKNOWN])
@pytest.mark.parametrize("at_venue", [S.OPEN, S.FILLED])
def test_n01_an_order_that_is_found_working_or_filled_was_accepted(before: S, at_venue: S) -> None:
    _, ours = sent(before)
    (event,) = settle_found(ours, (seen(ours, at_venue, venue_id="v"),), T0)
    assert isinstance(event, OrderAccepted) and event.venue_id == "v"


@pytest.mark.parametrize(
    ("at_venue", "kind", "words"),
    [
        (S.CANCELED, OrderCanceled, "found canceled"),
        (S.EXPIRED, OrderExpired, "found expired"),
        (S.REJECTED, OrderRejected, "found rejected"),
    ],
)
@pytest.mark.parametrize("why", ["", "self-trade"])
def test_v14_an_end_at_the_venue_is_taken_over_with_its_cause_and_its_cumulative_fill(
    at_venue: S, kind: type, words: str, why: str
) -> None:
    _, ours = sent(S.OPEN)
    (event,) = settle_found(ours, (seen(ours, at_venue, filled=Decimal("0.04"), reason=why),), T0)
    assert isinstance(event, kind) and event.reason == (why or words)
    assert getattr(event, "cum_filled", Decimal("0.04")) == Decimal("0.04")


def test_v23_a_state_that_says_nothing_settles_nothing() -> None:
    _, ours = sent(S.OPEN)
    assert list(settle_found(ours, (seen(ours, S.UNKNOWN),), T0)) == []
    assert list(settle_found(ours, (seen(ours, S.OPEN),), T0)) == []


@pytest.mark.parametrize(("before", "asks"), [(S.SENDING, True), (S.OPEN, True), (S.UNKNOWN, False)])
def test_v03_not_found_makes_an_order_unknown_and_never_ends_it(before: S, asks: bool) -> None:
    _, ours = sent(before)
    events = list(settle_found(ours, (), T0))
    assert [type(event) for event in events] == ([OrderAmbiguous] if asks else [])


@pytest.mark.parametrize(("later", "fails"), [(CANCEL_PATIENCE_MS - 1, False), (CANCEL_PATIENCE_MS, True)])
def test_n14_a_cancel_whose_order_still_works_after_a_while_has_failed_and_can_be_asked_again(
    later: int, fails: bool
) -> None:
    made, _ = sent(S.OPEN)
    made.process(CancelRequested(client_id="t1", ts=T0), T0)
    ours = order(made, "t1")
    events = list(settle_found(ours, (seen(ours, S.OPEN),), T0 + later))
    assert [type(event) for event in events] == ([CancelFailed] if fails else [])


def test_where_ids_are_not_unique_every_order_of_the_id_is_adopted() -> None:
    made, ours = sent(S.UNKNOWN)
    twin = seen(ours, S.OPEN, venue_id="second")
    events = list(settle_found(ours, (seen(ours, S.OPEN, venue_id="first"), twin), T0))
    assert [type(event) for event in events] == [OrderAccepted, OrderAdopted]
    for event in events:
        made.process(event, T0)
    assert order(made, "t1n2").venue_id == "second"


def test_an_order_of_ours_that_only_the_venue_knows_is_adopted() -> None:
    made, other = engine(), engine()
    enter(other, request(), "t7")
    settle(made, theirs(open_orders=(order(other, "t7"),)))
    assert order(made, "t7").status is S.OPEN and order(made, "t7").filled == 0


@pytest.mark.parametrize("end", [OrderVoided, OrderAbsent])
def test_an_order_that_we_took_for_never_placed_and_the_venue_lists_lives_again(end: type) -> None:
    made, ours = sent(S.INTENT if end is OrderVoided else S.UNKNOWN)
    detail = {"reason": "gate"} if end is OrderVoided else {"evidence": "three look-ups"}
    made.process(end(client_id="t1", ts=T0, **detail), T0)
    settle(made, theirs(open_orders=(seen(ours, S.OPEN),)))
    assert order(made, "t1").status is S.OPEN


def test_an_order_that_ended_here_by_fills_and_is_listed_there_is_a_mismatch_with_both_sides() -> None:
    made, ours = sent(S.OPEN)
    made.process(fill("t1", qty="0.1"), T0)
    listed = theirs(open_orders=(ours,), positions=tuple(made.state.account.positions.values()))
    found = settle(made, listed)
    assert ("order t1", "FILLED", "OPEN") in {
        (each.what, each.ours, each.theirs) for each in found.mismatches
    }


def test_an_order_whose_request_is_running_is_left_alone_and_one_that_was_asked_about_is_settled() -> None:
    made, ours = sent(S.SENDING)
    account, nothing = made.state.account, theirs()
    assert reconcile(account, nothing, "t", T0, in_flight={"t1"}).events == ()
    (event,) = reconcile(account, nothing, "t", T0, found={"t1": (seen(ours, S.CANCELED),)}).events
    assert isinstance(event, OrderCanceled)


def test_p02_p03_a_restart_voids_what_was_not_marked_and_doubts_what_was() -> None:
    made = engine()
    enter(made, request(), "t1", live=False)
    enter(made, request(price="59000"), "t2", live=False)
    enter(made, request(price="58000"), "t3")
    made.process(OrderSending(client_id="t2", ts=T0), T0)
    events = list(restarted(made.state.account, T0))
    assert [(type(event), event.client_id) for event in events] == [
        (OrderVoided, "t1"),
        (OrderAmbiguous, "t2"),
    ]  # type: ignore[union-attr]


def test_v16_missed_funding_and_transfers_are_booked_once_by_their_own_ids() -> None:
    made = engine()
    paid = FundingPaid(
        instrument=BTC,
        payment_id="1",
        ts=T0,
        rate=Decimal(0),
        position=Decimal(0),
        mark=Decimal(0),
        amount=Decimal(-2),
        coin="USDT",
    )
    moved = Transferred(venue="binance", coin="USDT", amount=Decimal(7), ts=T0, ref="d1")
    snapshot = theirs(income=(moved, paid), balances={"USDT": "100005"})
    assert settle(made, snapshot).mismatches == ()
    assert made.state.account.balances[("binance", "USDT")] == Decimal(100_005)


def test_a_fill_of_an_instrument_that_is_not_known_here_is_a_mismatch_and_books_nothing() -> None:
    made = engine()
    stranger = fill(None, instrument=InstrumentId("NEWUSDT@binance"), trade_id="9")
    found = settle(made, theirs(fills=(stranger,)))
    assert [(each.what, each.ours) for each in found.mismatches] == [
        ("fill NEWUSDT@binance:9", "unknown instrument")
    ]


def test_a_sell_is_settled_as_a_buy_is() -> None:
    made = engine(instruments=(linear(),))
    enter(made, request(Side.SELL), "t1", live=False)
    made.process(OrderSending(client_id="t1", ts=T0), T0)
    settle(made, theirs(open_orders=(seen(order(made, "t1"), S.OPEN),)))
    assert order(made, "t1").status is S.OPEN
