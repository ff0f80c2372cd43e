"""A plan holds for minutes, near its prices and over its own account; its name is all that it says."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli import codec
from tradecli.domain.enums import OrderStatus, OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.order_plan import Leg, OrderPlan, account_digest, broken_by, worst_sides
from tradecli.domain.position import Position

BTC = InstrumentId("BTCUSDT@binance")
ETH = InstrumentId("ETHUSDT@okx")


def request(side: Side = Side.BUY, qty: str = "0.1") -> OrderRequest:
    return OrderRequest(
        instrument=BTC,
        side=side,
        qty=Decimal(qty),
        type=OrderType.LIMIT,
        price=Decimal("59900.0"),
        source="grid",
    )


def plan(account: str = "a") -> OrderPlan:
    leg = Leg(
        instrument=BTC,
        mid=60_000.0,
        mid_at=900,
        worst_long=Decimal(6_000),
        worst_short=Decimal(0),
        fee=Decimal("1.2"),
    )
    return OrderPlan(
        topic="vol.grid",
        profile="paper",
        account=account,
        made_at=1_000,
        expires_at=301_000,
        tolerance=0.005,
        legs=(leg,),
        orders=(request(),),
    )


def order(name: str, qty: str) -> Order:
    return Order(
        client_id=name, request=request(qty=qty), status=OrderStatus.OPEN, created_at=1, updated_at=1
    )


@pytest.mark.parametrize(
    ("at", "mids", "account", "told"),
    [
        (1_000, {BTC: 60_000.0}, "a", None),
        (300_999, {BTC: 60_299.9}, "a", None),
        (301_000, {BTC: 60_000.0}, "a", "expired 0 s ago"),
        (999, {BTC: 60_000.0}, "a", "later than our clock"),
        (2_000, {BTC: 60_600.0}, "a", "moved by +1.00%, more than 0.50%"),
        (2_000, {BTC: 59_400.0}, "a", "moved by -1.00%"),
        (2_000, {BTC: float("nan")}, "a", "moved by +nan%"),
        (2_000, {ETH: 60_000.0}, "a", "BTCUSDT@binance has no price"),
        (2_000, {BTC: 60_000.0}, "b", "the account changed"),
    ],
)
def test_a_plan_is_broken_by_time_by_the_market_and_by_another_account(
    at: int, mids: dict[InstrumentId, float], account: str, told: str | None
) -> None:
    found = broken_by(plan(), at, mids, account)
    assert (found is None) if told is None else (found is not None and told in found)


def test_the_name_of_a_plan_survives_a_file_and_changes_with_any_word_of_it() -> None:
    one = plan()
    assert codec.decode_outside(codec.encode_canonical(one), OrderPlan).id == one.id
    others = {
        msgspec.structs.replace(one, tolerance=0.006).id,
        msgspec.structs.replace(one, expires_at=301_001).id,
        msgspec.structs.replace(one, orders=(request(qty="0.2"),)).id,
        msgspec.structs.replace(one, account="b").id,
    }
    assert len(others | {one.id}) == 5


def test_the_digest_of_an_account_tells_what_is_held_and_what_may_still_fill() -> None:
    held, flat = Position(instrument=BTC, qty=Decimal(1)), Position(instrument=ETH)
    base = account_digest([held], [order("a", "0.1"), order("b", "0.2")])
    assert base == account_digest([flat, held], [order("b", "0.2"), order("a", "0.1")])
    assert base != account_digest([held], [order("a", "0.1")])
    assert base != account_digest([flat], [order("a", "0.1"), order("b", "0.2")])
    partly = msgspec.structs.replace(order("b", "0.2"), filled=Decimal("0.1"))
    assert base != account_digest([held], [order("a", "0.1"), partly])


@given(
    st.decimals(-10, 10, places=3),
    st.lists(st.tuples(st.sampled_from(Side), st.decimals("0.001", 5, places=3)), max_size=6),
)
def test_no_order_of_filling_takes_a_position_past_its_worst_sides(
    position: Decimal, working: list[tuple[Side, Decimal]]
) -> None:
    longest, shortest = worst_sides(position, working, Decimal(2))
    after = position
    for side, qty in working:
        after += qty * side.sign
        assert -shortest <= 2 * after <= longest or abs(after) <= abs(position)
