"""The Execution port on paper, and an account taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.clock import StepClock
from tests.venues.paper.scene import INSTRUMENTS, PERP, T0, Scene, Terms, book, word
from tradecli.domain import events as e
from tradecli.domain.enums import OrderStatus, OrderType, Side
from tradecli.domain.market import Trade
from tradecli.domain.order import Approved, OrderRequest
from tradecli.venues.paper.execution import PaperExecution
from tradecli.venues.paper.venue import PaperVenue

D = Decimal


@dataclass
class Desk:
    clock: StepClock
    execution: PaperExecution
    told: list[Any] = field(default_factory=list)

    async def listen(self) -> None:
        async for event in self.execution.stream():
            self.told.append(event)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = StepClock(T0)
    desk = Desk(clock, PaperExecution(PaperVenue(INSTRUMENTS, Terms(latency_ms=120), 1), "binance", clock))
    listener = asyncio.create_task(desk.listen())
    await clock.move(T0)
    yield desk
    listener.cancel()


def approved(client_id: str, price: str) -> Approved:
    request = OrderRequest(
        instrument=PERP, side=Side.BUY, qty=D("1"), type=OrderType.LIMIT, source="t", price=D(price)
    )
    return Approved(client_id=client_id, request=request, reserved=D(0), at=T0)


def go() -> None:
    return None


@pytest.mark.asyncio
async def test_outcomes_are_heard_when_their_time_has_come_and_not_before(desk: Desk) -> None:
    assert [type(event) for event in desk.told] == [e.Transferred]
    await desk.execution.submit(approved("a", "99"), go)
    await desk.clock.move(T0 + 119)
    assert len(desk.told) == 1
    await desk.clock.move(T0 + 120)
    assert [word(event) for event in desk.told[1:]] == ["accepted"]


@pytest.mark.asyncio
async def test_a_market_event_brings_a_fill_and_a_cancel_is_confirmed(desk: Desk) -> None:
    desk.execution.on_market(book([(100.0, 1.0)], [(100.1, 1.0)], T0))
    await desk.execution.submit(approved("a", "99"), go)
    await desk.execution.submit(approved("b", "98"), go)
    await desk.clock.move(T0 + 200)
    desk.execution.on_market(Trade(PERP, T0 + 200, 98.5, 5.0, Side.SELL, "1"))
    await desk.execution.cancel("b")
    await desk.clock.move(T0 + 400)
    words = {id: [word(x) for x in desk.told if getattr(x, "client_id", "") == id] for id in ("a", "b")}
    assert words == {"a": ["accepted", "fill 1.000@99.0 maker"], "b": ["accepted", "canceled"]}
    assert (await desk.execution.account()).positions[0].qty == 1


@pytest.mark.asyncio
async def test_an_order_that_the_gate_stops_is_void_and_never_sent(desk: Desk) -> None:
    await desk.execution.submit(approved("a", "99"), lambda: "halted")
    await desk.clock.move(T0 + 500)
    (void,) = desk.told[1:]
    assert isinstance(void, e.OrderVoided) and void.reason == "halted"
    assert (await desk.execution.account()).open_orders == ()


@pytest.mark.asyncio
async def test_an_order_is_found_by_its_id_while_it_works_and_after_it_ended(desk: Desk) -> None:
    assert await desk.execution.find("a") == ()
    await desk.execution.submit(approved("a", "99"), go)
    assert await desk.execution.find("a") == ()
    await desk.clock.move(T0 + 200)
    (working,) = await desk.execution.find("a")
    assert (working.status, working.filled) == (OrderStatus.OPEN, D(0))
    await desk.execution.cancel("a")
    await desk.clock.move(T0 + 400)
    (ended,) = await desk.execution.find("a")
    assert (ended.status, ended.reason) == (OrderStatus.CANCELED, "canceled on request")
    assert ended.venue_id == working.venue_id


def test_one_execution_serves_one_venue() -> None:
    with pytest.raises(ValueError, match="one venue"):
        PaperExecution(PaperVenue(INSTRUMENTS, Terms(), 1), "okx", StepClock(T0))


def test_an_account_is_taken_up_again_with_its_orders_positions_and_trade_ids() -> None:
    scene = Scene()
    scene.book([(100.0, 5.0)], [(100.1, 5.0)])
    scene.order("buy", "1")
    resting = scene.order("buy", "2", "99")
    stop = scene.order("sell", "1", type="stop", trigger=D("95"), reduce_only=True)
    scene.trade(98.9, 0.5, "sell")
    left = scene.venue.snapshot("binance", scene.now)
    again = Scene()
    again.venue = PaperVenue(INSTRUMENTS, Terms(), 1)
    again.venue.restore(left)
    assert again.venue.deposits(T0) == ()
    again.now = scene.now + 10
    taken = again.venue.snapshot("binance", left.ts)
    assert (taken.balances, taken.positions, taken.fills) == (left.balances, left.positions, left.fills)
    assert [(o.client_id, o.filled, o.cost) for o in taken.open_orders] == [
        (o.client_id, o.filled, o.cost) for o in left.open_orders
    ]
    again.trade(98.9, 9.0, "sell")
    assert [fill.trade_id for fill in again.fills(resting)] == ["3"]
    assert again.fills(resting)[0].qty == D("1.5")
    again.book([(94.0, 5.0)], [(94.1, 5.0)])
    again.trade(94.0, 1.0, "sell")
    assert again.fills(stop)[0].qty == 1
