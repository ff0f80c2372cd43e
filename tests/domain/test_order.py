"""The order's life: the whole table, late and repeated messages, corrections."""

from __future__ import annotations

import itertools
from decimal import Decimal

import msgspec
import pytest

from tradecli.domain import events as e
from tradecli.domain.enums import Liquidity, OrderStatus, OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import (
    FINAL,
    TRANSITIONS,
    UNRESOLVED,
    Applied,
    IllegalTransition,
    Order,
    OrderRequest,
    apply,
)

S = OrderStatus
BTC = InstrumentId("BTCUSDT@binance")


def order(status: OrderStatus, filled: str = "0") -> Order:
    request = OrderRequest(
        instrument=BTC, side=Side.BUY, qty=Decimal(1), type=OrderType.LIMIT, price=Decimal(100), source="x"
    )
    return Order(
        client_id="c",
        request=request,
        status=status,
        created_at=0,
        updated_at=0,
        filled=Decimal(filled),
        cost=Decimal(0),
    )


def fill(qty: str, trade_id: str = "1") -> e.Fill:
    return e.Fill(
        instrument=BTC,
        trade_id=trade_id,
        client_id="c",
        side=Side.BUY,
        qty=Decimal(qty),
        price=Decimal(100),
        fee=Decimal(0),
        fee_coin="USDT",
        liquidity=Liquidity.MAKER,
        ts=1,
    )


EVENTS: dict[OrderStatus, e.OrderEvent] = {
    S.SENDING: e.OrderSending(client_id="c", ts=1),
    S.OPEN: e.OrderAccepted(client_id="c", ts=1, venue_id="v"),
    S.REJECTED: e.OrderRejected(client_id="c", ts=1, code="1", reason="no"),
    S.VOID: e.OrderVoided(client_id="c", ts=1, reason="gate"),
    S.UNKNOWN: e.OrderAmbiguous(client_id="c", ts=1, reason="timeout"),
    S.CANCELED: e.OrderCanceled(client_id="c", ts=1),
    S.EXPIRED: e.OrderExpired(client_id="c", ts=1),
    S.NOT_PLACED: e.OrderAbsent(client_id="c", ts=1, evidence="three look-ups"),
}


def attempt(start: Order, event: e.OrderEvent) -> Applied | IllegalTransition:
    try:
        return apply(start, event, 5)
    except IllegalTransition as error:
        return error


def test_every_state_is_in_the_table_and_is_either_final_or_unresolved() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert set(OrderStatus) == FINAL | UNRESOLVED
    assert FINAL.isdisjoint(UNRESOLVED)
    assert all(not TRANSITIONS[state] for state in FINAL)


@pytest.mark.parametrize(("before", "asked"), list(itertools.product(OrderStatus, EVENTS)))
def test_only_moves_of_the_table_happen_and_nothing_else_changes_a_state(before: S, asked: S) -> None:
    after = attempt(order(before), EVENTS[asked])
    if isinstance(after, IllegalTransition):
        assert after.to not in TRANSITIONS[before]
        assert before not in FINAL or asked is S.SENDING
        return
    moved = after.order.status
    allowed = moved is before or moved in TRANSITIONS[before] or after.correction is not None
    assert allowed
    if before in FINAL and after.correction is None:
        assert moved is before


def test_a_timeout_is_never_a_rejection_and_sets_the_next_look() -> None:
    after = apply(order(S.SENDING), EVENTS[S.UNKNOWN], 1_000).order
    assert after.status is S.UNKNOWN
    assert after.next_check_at == 3_000
    assert after.remaining == Decimal(1)


def test_the_final_state_is_the_same_for_every_order_of_arrival() -> None:
    """N08: acknowledgement, two fills that complete the order, permuted."""
    messages = [EVENTS[S.OPEN], fill("0.4", "1"), fill("0.6", "2")]
    ends = set()
    for permuted in itertools.permutations(messages):
        current = order(S.SENDING)
        for message in permuted:
            current = apply(current, message, 1).order
        ends.add((current.status, current.filled, current.cost, current.venue_id))
    assert ends == {(S.FILLED, Decimal("1.0"), Decimal("100.0"), "v")}


def test_a_cancel_that_knows_of_fills_waits_for_them_without_alarm() -> None:
    canceled = e.OrderCanceled(client_id="c", ts=1, cum_filled=Decimal("0.5"))
    after = apply(order(S.OPEN), canceled, 1).order
    applied = apply(after, fill("0.5"), 2)
    assert applied.correction is None
    assert applied.order.status is S.CANCELED
    assert applied.order.filled == Decimal("0.5")


@pytest.mark.parametrize("status", sorted(FINAL - {S.FILLED}))
def test_a_fill_in_a_final_state_is_applied_and_is_a_correction(status: S) -> None:
    applied = apply(order(status), fill("0.3"), 2)
    assert applied.correction == f"filled after {status}"
    assert applied.order.filled == Decimal("0.3")


def test_more_than_was_ordered_is_applied_and_flagged() -> None:
    applied = apply(order(S.OPEN, "0.9"), fill("0.3"), 2)
    assert applied.order.status is S.FILLED
    assert applied.correction == "filled 1.2 of 1"


def test_a_cancel_is_a_mark_and_a_failed_one_confirms_nothing() -> None:
    pending = apply(order(S.OPEN), e.CancelRequested(client_id="c", ts=1), 1).order
    assert (pending.status, pending.cancel_pending) == (S.OPEN, True)
    failed = apply(pending, e.CancelFailed(client_id="c", ts=2, reason="not found"), 2).order
    assert (failed.status, failed.cancel_pending) == (S.OPEN, False)
    assert apply(pending, fill("1"), 3).order.cancel_pending is False


def test_an_order_found_at_the_venue_after_proof_of_absence_is_adopted_with_an_alarm() -> None:
    applied = apply(order(S.NOT_PLACED), EVENTS[S.OPEN], 2)
    assert applied.order.status is S.OPEN
    assert applied.correction is not None


def test_only_an_unresolved_order_has_a_remainder() -> None:
    assert order(S.OPEN, "0.25").remaining == Decimal("0.75")
    assert all(order(status).remaining == 0 for status in FINAL)
    assert (
        msgspec.structs.replace(order(S.OPEN), cost=Decimal(50), filled=Decimal("0.5")).average_price == 100
    )


def test_n09_a_cancel_told_again_without_its_figure_does_not_make_the_fills_it_knew_of_a_correction() -> None:
    first = e.OrderCanceled(client_id="c", ts=1, cum_filled=Decimal("0.5"))
    after = apply(order(S.OPEN), first, 1).order
    again = apply(after, e.OrderCanceled(client_id="c", ts=2), 2).order
    assert apply(again, fill("0.5"), 3).correction is None
