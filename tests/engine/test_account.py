"""Fills, fees, funding and transfers: counted once, exact, in any order (INV-01, INV-02, INV-03)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, SPOT, T0, engine, enter, fill, quote, request
from tradecli.domain.enums import OrderStatus, Side
from tradecli.domain.events import (
    FundingPaid,
    OrderAbsent,
    OrderAccepted,
    OrderAmbiguous,
    OrderCanceled,
    OrderSending,
    OrderVoided,
    Transferred,
)
from tradecli.domain.order import Approved
from tradecli.domain.position import Position, after_fee, after_trade
from tradecli.engine.account import _RECENT_FINAL, Changes

trades = st.lists(
    st.tuples(
        st.integers(min_value=-500, max_value=500).filter(bool),
        st.integers(min_value=100_000, max_value=900_000),
    ),
    max_size=40,
)


@given(trades)
def test_realised_plus_unrealised_is_exactly_what_the_fills_say(prints: list[tuple[int, int]]) -> None:
    position, cash = Position(instrument=BTC), Decimal(0)
    for lots, ticks in prints:
        qty, price = Decimal(lots) / 1000, Decimal(ticks) / 10
        position = after_trade(position, qty, price)
        cash -= qty * price
    mark = Decimal("61234.5")
    assert position.qty == sum((Decimal(lots) / 1000 for lots, _ in prints), Decimal(0))
    assert position.realised + position.unrealised(mark) == cash + position.qty * mark
    assert position.qty != 0 or position.open_cost == 0


@given(trades, st.integers(min_value=1, max_value=50))
def test_a_fee_in_base_coin_keeps_the_sum_exact(prints: list[tuple[int, int]], bps: int) -> None:
    position, base, cash = Position(instrument=SPOT), Decimal(0), Decimal(0)
    for lots, ticks in prints:
        qty, price = abs(Decimal(lots)) / 1000, Decimal(ticks) / 10
        fee = qty * bps / 10_000
        position = after_fee(after_trade(position, qty, price), fee, price, in_base=True)
        base += qty - fee
        cash -= qty * price
    mark = Decimal("50000")
    assert position.qty == base
    profit = position.realised + position.unrealised(mark) - position.fees
    assert abs(profit - (cash + base * mark)) == 0


@pytest.mark.parametrize("times", [2, 5])
def test_a_fill_delivered_again_changes_nothing(times: int) -> None:
    made = engine()
    enter(made, request(), "t1")
    for _ in range(times):
        made.process(fill("t1", fee="1.2"), T0)
    assert made.state.account.position(BTC).qty == Decimal("0.1")
    assert made.state.account.fill_count == 1
    assert made.state.account.balances[("binance", "USDT")] == Decimal("99998.8")


def test_the_residual_is_exactly_zero_through_fills_fees_funding_and_a_flip() -> None:
    made = engine()
    enter(made, request(qty="0.1"), "t1")
    made.process(fill("t1", qty="0.1", price="60000.1", fee="1.20000200", trade_id="1"), T0)
    enter(made, request(side=Side.SELL, qty="0.3", price="60500"), "t2")
    made.process(fill("t2", Side.SELL, "0.137", "60500.7", "2", fee="1.6577"), T0)
    made.process(fill("t2", Side.SELL, "0.163", "60501.3", "3", fee="1.9723"), T0)
    paid = FundingPaid(
        instrument=BTC,
        payment_id="a",
        ts=T0,
        rate=Decimal("0.0001"),
        position=Decimal("-0.2"),
        mark=Decimal(60_000),
        amount=Decimal("1.2"),
        coin="USDT",
    )
    made.process(paid, T0)
    made.process(paid, T0)
    made.process(quote(61_000.05, T0 + 1_000), T0 + 1_000)
    assert made.state.residual() == 0
    assert made.state.account.funding == Decimal("1.2")


@given(st.permutations(range(7)), st.booleans())
def test_n08_whatever_the_order_in_which_fills_become_known_the_books_are_the_venues(
    order: list[int], funded: bool
) -> None:
    sides = (Side.BUY, Side.BUY, Side.SELL, Side.SELL, Side.SELL, Side.BUY, Side.SELL)
    told = [
        fill(
            None,
            side=side,
            qty=f"0.{n + 1}37",
            price=str(60_000 + 37 * n),
            trade_id=str(n + 8),
            ts=T0 + n // 3,
        )
        for n, side in enumerate(sides)
    ]
    paid = FundingPaid(
        instrument=BTC, payment_id="1", ts=T0, rate=Decimal(0), position=Decimal(0), mark=Decimal(0),
        amount=Decimal("1.5"), coin="USDT",
    )  # fmt: skip
    books = []
    for numbers in (range(7), order):
        made = engine()
        for at, number in enumerate(numbers):
            if funded and at == 3:
                made.process(paid, T0)
            made.process(told[number], T0)
        account = made.state.account
        books.append((account.position(BTC), account.balances))
        assert made.state.residual() == 0
    assert books[0] == books[1]


def test_spot_fees_in_base_and_quote_leave_no_residual() -> None:
    made = engine(traded=(BTC,))
    made.process(quote(60_000, instrument=SPOT), T0)
    enter(made, request(instrument=SPOT), "t1")
    made.process(fill("t1", qty="0.1", instrument=SPOT, fee="0.0001", fee_coin="BTC"), T0)
    assert made.state.account.balances[("binance", "BTC")] == Decimal("0.0999")
    assert made.state.account.position(SPOT).qty == Decimal("0.0999")
    made.process(quote(61_000, T0 + 1, SPOT), T0 + 1)
    assert made.state.residual() == 0
    assert made.state.equity_now() == Decimal(100_000) - 6_000 + Decimal("0.0999") * 61_000


def test_a_deposit_is_not_performance() -> None:
    made = engine()
    more = Transferred(venue="binance", coin="USDT", amount=Decimal(50_000), ts=T0, ref="later")
    made.process(more, T0 + 1_000)
    made.process(quote(60_000, T0 + 3_000), T0 + 3_000)
    curve = made.state.equity
    assert curve.value == Decimal(150_000)
    assert curve.drawdown() == 0
    assert curve.daily_loss() == 0


def test_a_fill_after_the_cancel_is_applied_and_halts_the_symbol() -> None:
    made = engine()
    enter(made, request(), "t1")
    made.process(OrderCanceled(client_id="t1", ts=T0), T0)
    made.process(fill("t1", qty="0.04"), T0)
    order = made.state.account.order("t1")
    assert order is not None
    assert order.filled == Decimal("0.04")
    assert order.status is OrderStatus.CANCELED
    assert made.state.account.position(BTC).qty == Decimal("0.04")
    assert any(latch.by == "corrections" for latch in made.state.latches)


def test_a_fill_that_the_cancel_had_announced_is_no_correction() -> None:
    made = engine()
    enter(made, request(), "t1")
    made.process(OrderCanceled(client_id="t1", ts=T0, cum_filled=Decimal("0.04")), T0)
    made.process(fill("t1", qty="0.04"), T0)
    assert made.state.latches == ()


def test_fills_of_a_shared_order_are_split_exactly_among_the_strategies() -> None:
    made = engine()
    from tradecli.domain.order import Approved

    approved = Approved(client_id="t1", request=request(qty="0.3", source="a+b"), reserved=Decimal(0), at=T0)
    made.state.account.open_intent(approved, T0, (("a", Decimal(1) / 3), ("b", Decimal(2) / 3)))
    made.process(fill("t1", qty="0.1", trade_id="1", fee="0.3"), T0)
    made.process(fill("t1", qty="0.2", trade_id="2", fee="0.6"), T0)
    account = made.state.account
    a, b = account.book(BTC, "a"), account.book(BTC, "b")
    assert a.qty + b.qty == account.position(BTC).qty == Decimal("0.3")
    assert a.fees + b.fees == account.position(BTC).fees
    assert a.qty == Decimal("0.099")


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 9), st.sampled_from(["open", "fill", "cancel", "unknown"])),
        max_size=30,
    )
)
def test_what_is_pending_is_always_the_sum_of_the_unresolved_remainders(
    orders: list[tuple[bool, int, str]],
) -> None:
    made = engine()
    for index, (buys, lots, fate) in enumerate(orders):
        side, qty, name = Side.BUY if buys else Side.SELL, f"0.{lots}", f"t{index}"
        enter(made, request(side=side, qty=qty, reduce_only=index % 5 == 4), name)
        if fate == "fill":
            made.process(fill(name, side, "0.05", trade_id=str(index)), T0)
        elif fate == "cancel":
            made.process(OrderCanceled(client_id=name, ts=T0), T0)
        elif fate == "unknown":
            made.process(OrderAmbiguous(client_id=name, ts=T0, reason="timeout"), T0)
    live = [order for order in made.state.account.orders_on(BTC) if not order.request.reduce_only]
    for side, pending in zip((Side.BUY, Side.SELL), made.state.account.pending(BTC), strict=True):
        assert pending == sum((order.remaining for order in live if order.request.side is side), Decimal(0))


def test_news_of_an_order_that_was_never_ours_changes_nothing() -> None:
    made = engine()
    changes = made.state.apply(OrderAmbiguous(client_id="nobody", ts=T0, reason="x"), T0)
    assert changes is not None and changes.orders == []


def test_news_that_says_nothing_new_is_no_change() -> None:
    made = engine()
    enter(made, request(), "t1")
    ended = made.state.apply(OrderCanceled(client_id="t1", ts=T0), T0)
    late = made.state.apply(OrderAmbiguous(client_id="t1", ts=T0, reason="timeout"), T0)
    assert ended is not None and len(ended.orders) == 1
    assert late is not None and late.orders == [] and late.corrections == []


def test_v11_an_order_found_after_its_absence_was_proven_is_told_as_a_correction() -> None:
    made = engine()
    enter(made, request(), "t1", live=False)
    for event in (
        OrderSending(client_id="t1", ts=T0),
        OrderAmbiguous(client_id="t1", ts=T0, reason="timeout"),
        OrderAbsent(client_id="t1", ts=T0, evidence="three look-ups"),
    ):
        made.state.apply(event, T0)
    changes = made.state.apply(OrderAccepted(client_id="t1", ts=T0, venue_id="v"), T0)
    assert changes is not None
    ((found, told),) = changes.corrections
    assert found.status is OrderStatus.OPEN and told


def test_a_fill_of_no_order_is_booked_as_external_and_only_once() -> None:
    made = engine()
    for _ in range(2):
        made.state.apply(fill(None), T0)
    changes = Changes()
    made.state.account.book_fill(fill(None), "grid", changes)
    assert made.state.account.book(BTC, "external").qty == Decimal("0.1")
    assert changes.fills == []


def test_a_fill_past_the_end_of_an_order_is_booked_and_told() -> None:
    made = engine()
    enter(made, request(), "t1")
    changes = made.state.apply(fill("t1", qty="0.2"), T0)
    assert changes is not None and [told for _, told in changes.corrections] == ["filled 0.2 of 0.1"]


def test_n09_funding_and_transfers_told_twice_are_booked_once() -> None:
    made = engine()
    paid = FundingPaid(
        instrument=BTC,
        payment_id="1",
        ts=T0,
        rate=Decimal(0),
        position=Decimal(0),
        mark=Decimal(0),
        amount=Decimal(5),
        coin="USDT",
    )
    for _ in range(3):
        made.state.apply(paid, T0)
        made.state.apply(Transferred(venue="binance", coin="USDT", amount=Decimal(1), ts=T0, ref="again"), T0)
    assert made.state.account.balances[("binance", "USDT")] == Decimal(100_006)


def test_only_so_many_ended_orders_are_remembered_and_their_shares_with_them() -> None:
    made = engine()
    for index in range(_RECENT_FINAL + 2):
        asked = Approved(client_id=f"o{index}", request=request(), reserved=Decimal(0), at=T0)
        made.state.account.open_intent(asked, T0, (("grid", Decimal(1)),))
        made.state.apply(OrderVoided(client_id=f"o{index}", ts=T0, reason="gate"), T0)
    assert len(made.state.account.final) == _RECENT_FINAL == len(made.state.account.shares)
    assert made.state.account.order("o0") is None and not made.state.account.live


def test_a_share_that_rounds_to_nothing_leaves_its_book_alone() -> None:
    made = engine()
    approved = Approved(client_id="t1", request=request(), reserved=Decimal(0), at=T0)
    made.state.account.open_intent(approved, T0, (("a", Decimal("0.001")), ("b", Decimal("0.999"))))
    made.state.apply(fill("t1", qty="0.1"), T0)
    assert made.state.account.book(BTC, "a").qty == 0
    assert made.state.account.book(BTC, "b").qty == Decimal("0.1")
