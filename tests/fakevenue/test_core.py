"""The fake venue keeps honest books: it is the witness that ledgers are compared with."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from tests.fakevenue.core import Resting, Venue
from tests.fakevenue.walk import BTC, instruments
from tradecli.domain.enums import OrderStatus, OrderType, Side, TimeInForce
from tradecli.domain.events import AccountEvent, Fill, OrderAccepted, OrderCanceled
from tradecli.domain.order import Approved, OrderRequest

D = Decimal
T0 = 1_700_000_000_000


def venue(**more: Any) -> tuple[Venue, list[AccountEvent]]:
    heard: list[AccountEvent] = []
    made = Venue("binance", instruments(), Random(1), tell=heard.append, **more)
    made.quote(BTC, D(60_000), D("60000.1"), T0)
    return made, heard


def order(
    name: str, side: Side = Side.BUY, price: str | None = "60000", qty: str = "0.1", **more: Any
) -> Approved:
    request = OrderRequest(
        instrument=BTC,
        side=side,
        qty=D(qty),
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        price=None if price is None else D(price),
        source="test",
        **more,
    )
    return Approved(client_id=name, request=request, reserved=D(0), at=T0)


def refusal(made: Venue, approved: Approved) -> str:
    answer = made.create(approved, T0)
    return "" if isinstance(answer, Resting) else answer[0]


def test_orders_that_break_a_filter_are_refused_with_the_venues_own_code() -> None:
    made, _ = venue()
    assert refusal(made, order("a", price="60000.05")) == "tick"
    assert refusal(made, order("b", qty="0.0005")) == "lot"
    assert refusal(made, order("c", qty="0.001", price="1000")) == "min_notional"
    assert refusal(made, order("d", price="60001", post_only=True)) == "post_only"
    assert refusal(made, order("e", side=Side.SELL, reduce_only=True)) == "reduce_only"
    assert refusal(made, order("has a blank")) == "bad_order"
    assert not made.open and [request.answer for request in made.log].count("ok") == 0


def test_a_repeated_client_id_is_answered_as_a_duplicate_and_makes_no_second_order() -> None:
    made, heard = venue()
    assert refusal(made, order("a", price="59000")) == ""
    assert refusal(made, order("a", price="59000")) == "duplicate"
    assert len(made.find("a")) == 1
    assert sum(isinstance(event, OrderAccepted) for event in heard) == 1


def test_a_resting_order_fills_in_parts_and_a_cancel_leaves_what_was_filled() -> None:
    made, heard = venue(partial=1.0)
    made.create(order("a", price="59990", qty="1"), T0)
    made.quote(BTC, D(59_989), D("59990"), T0)
    assert 0 < made.find("a")[0].filled < 1
    assert made.cancel("a", T0) and not made.cancel("a", T0)
    ended = next(event for event in heard if isinstance(event, OrderCanceled))
    fills = [event for event in heard if isinstance(event, Fill)]
    assert ended.cum_filled == sum(fill.qty for fill in fills) == made.find("a")[0].filled


def test_fill_or_kill_fills_whole_or_not_at_all_and_what_an_ioc_leaves_expires() -> None:
    made, _ = venue(partial=1.0)
    made.create(order("a", price="60000.1", tif=TimeInForce.FOK), T0)
    made.create(order("b", price="59000", tif=TimeInForce.FOK), T0)
    made.create(order("c", price="60000.1", tif=TimeInForce.IOC), T0)
    assert made.find("a")[0].status is OrderStatus.FILLED
    assert made.find("b")[0].status is OrderStatus.EXPIRED and not made.find("b")[0].filled
    assert made.find("c")[0].status is OrderStatus.EXPIRED and 0 < made.find("c")[0].filled < D("0.1")


def test_reduce_only_never_flips_a_position() -> None:
    made, _ = venue(partial=0.0)
    made.create(order("a", price=None, qty="0.1"), T0)
    made.create(order("b", side=Side.SELL, price=None, qty="0.3", reduce_only=True), T0)
    assert made.holding(BTC).qty == 0
    assert made.find("b")[0].filled == D("0.1")


def test_the_balance_is_the_deposit_plus_what_trades_realised_less_fees_plus_funding() -> None:
    made, _ = venue()
    made.deposit(D(1000), T0)
    for number in range(40):
        side = Side.BUY if number % 3 else Side.SELL
        made.create(order(f"n{number}", side=side, price=None, qty="0.037"), T0)
        bid = D(60_000) + number * 7 - (number % 5) * 40
        made.quote(BTC, bid, bid + D("0.1"), T0 + number)
    made.fund(BTC, D("0.0001"), T0)
    cash = sum((-fill.signed_qty * fill.price - fill.fee for fill in made.fills), D(0))
    funding = sum((each.amount for each in made.income), D(0))
    held = made.holding(BTC)
    assert made.balance - held.cost == cash + funding
    assert held.qty == sum(fill.signed_qty for fill in made.fills)


def test_the_same_seed_makes_the_same_venue() -> None:
    runs = []
    for _ in range(2):
        made, heard = venue()
        for number in range(30):
            made.create(order(f"n{number}", price=str(60_001 - number % 4)), T0)
            made.quote(BTC, D(59_999 - number % 6), D("60000.1") - number % 5, T0)
        runs.append(repr(heard))
    assert runs[0] == runs[1]
