"""A plan holds for minutes, near its prices and over its own account; its name is all that it says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.domain.enums import OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import OrderRequest
from tradecli.domain.order_plan import Leg, OrderPlan, broken_by, worst_sides

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
