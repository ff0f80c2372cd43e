"""The last look before the bytes: what became wrong since the approval voids the order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.desk import BTC, T0, engine, enter, fill, quote, request
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Side
from tradecli.domain.order import Approved, OrderRequest
from tradecli.engine.core import Engine
from tradecli.engine.gate import last_look


def look(made: Engine, asked: OrderRequest, at: int = T0, **changes: Any) -> str | None:
    approved = Approved(client_id="t1", request=asked, reserved=Decimal(0), at=T0)
    if made.state.account.order("t1") is None:
        made.state.account.open_intent(approved, T0)
    values: dict[str, Any] = {"latches": (), "lease_held": True} | changes
    return last_look(
        approved,
        state=made.state,
        freshness=made.breakers.freshness,
        limits=made.desk.limits,
        at=at,
        **values,
    )


def latch(level: KillLevel) -> tuple[Latch, ...]:
    return (Latch(level=level, scope=Scope(), reason="drill", by="operator", at=T0),)


def test_a_young_order_near_the_market_goes() -> None:
    assert look(engine(), request()) is None


@pytest.mark.parametrize("level", list(KillLevel))
def test_a_kill_that_only_the_disk_knows_of_binds_here(level: KillLevel) -> None:
    assert "latched" in (look(engine(), request(), latches=latch(level)) or "")


@pytest.mark.parametrize(
    ("level", "goes"), [("pause", True), ("reduce", True), ("cancel", True), ("halt", False)]
)
def test_an_order_that_reduces_passes_the_levels_that_allow_it(level: str, goes: bool) -> None:
    made = engine()
    enter(made, request(qty="0.3"), "p")
    made.process(fill("p", qty="0.3"), T0)
    void = look(made, request(Side.SELL, "0.1"), latches=latch(KillLevel(level)))
    assert (void is None) is goes


def test_flatten_lets_only_its_own_orders_out() -> None:
    made = engine()
    enter(made, request(qty="0.3"), "p")
    made.process(fill("p", qty="0.3"), T0)
    own = request(Side.SELL, "0.1", reduce_only=True)
    assert look(made, own, latches=latch(KillLevel.FLATTEN)) is not None
    assert look(made, own, latches=latch(KillLevel.FLATTEN), closing=True) is None


def test_a_lost_lease_voids() -> None:
    assert "lease" in (look(engine(), request(), lease_held=False) or "")


def test_an_order_that_waited_too_long_is_void_and_never_sent_late() -> None:
    made = engine()
    late = T0 + 10_001
    made.process(quote(60_000, late), late)
    assert "10.0 s old" in (look(made, request(), late) or "")


def test_data_that_went_stale_meanwhile_void_an_entry() -> None:
    assert "old" in (look(engine(max_quote_age_s=1.0), request(), T0 + 1_001) or "")


@pytest.mark.parametrize(("side", "market"), [(Side.BUY, 55_000), (Side.SELL, 65_000)])
def test_a_market_that_ran_away_voids_a_price_that_is_now_through_it(side: Side, market: float) -> None:
    made = engine()
    made.process(quote(market, T0), T0)
    assert "through the market" in (look(made, request(side)) or "")


def test_the_order_itself_does_not_count_against_its_being_reducing() -> None:
    made = engine()
    enter(made, request(qty="0.1"), "p")
    made.process(fill("p", qty="0.1"), T0)
    whole = request(Side.SELL, "0.1", price="60000")
    assert look(made, whole, latches=latch(KillLevel.REDUCE)) is None
    assert made.state.account.live_by_instrument[BTC].keys() == {"t1"}


def test_without_any_market_price_only_an_order_that_reduces_may_go_and_the_collar_has_nothing_to_say() -> (
    None
):
    made = engine()
    enter(made, request(qty="0.3"), "p")
    made.process(fill("p", qty="0.3"), T0)
    made.state.prices.clear()
    made.state.quotes.clear()
    assert look(made, request(Side.SELL, "0.1")) is None


def test_c02_an_intent_from_before_the_clock_went_back_is_void_and_never_young_for_an_hour() -> None:
    assert "ahead of our clock" in (look(engine(), request(), at=T0 - 3_600_000) or "")
