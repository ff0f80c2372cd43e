"""The fake venue as a process: what an engine hears over the socket is what the venue's books say."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fakevenue.client import SocketExecution, SocketMarket
from tests.fakevenue.running import Running, running
from tests.fakevenue.switchboard import Fault
from tests.fakevenue.test_core import order
from tests.fakevenue.walk import BTC
from tradecli.domain.events import AccountEvent, Fill, OrderAccepted, OrderRejected
from tradecli.domain.market import Quote
from tradecli.engine.clock import SystemClock
from tradecli.errors import TradecliError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venue")


class Listener:
    """Hears the private stream in the background."""

    def __init__(self, execution: SocketExecution) -> None:
        self.events: list[AccountEvent] = []
        self._task = asyncio.create_task(self._listen(execution))

    async def _listen(self, execution: SocketExecution) -> None:
        async for event in execution.stream():
            self.events.append(event)

    async def until(self, kind: type[AccountEvent], client_id: str) -> AccountEvent:
        while True:
            for event in self.events:
                if isinstance(event, kind) and getattr(event, "client_id", "") == client_id:
                    return event
            await asyncio.sleep(0.01)

    def end(self) -> None:
        self._task.cancel()


async def talk(venue: Running) -> None:
    execution = SocketExecution(venue.port, SystemClock())
    listener = Listener(execution)
    while not venue.ask("truth").counts["streams"]:  # noqa: ASYNC110 - the venue is another process
        await asyncio.sleep(0.01)
    await execution.submit(order("a", price="100"), lambda: None)
    await listener.until(OrderAccepted, "a")
    await execution.submit(order("void"), lambda: "no")
    assert await execution.find("void") == ()
    assert (await execution.account()).open_orders[0].client_id == "a"
    await execution.submit(order("b", price="0.05"), lambda: None)
    refused = await listener.until(OrderRejected, "b")
    assert isinstance(refused, OrderRejected) and refused.code == "tick"
    await execution.cancel("a")
    assert (await execution.account()).open_orders == ()
    await execution.submit(order("c", price=None, qty="0.05"), lambda: None)
    await listener.until(Fill, "c")
    for fault in (Fault.GARBAGE, Fault.DROPPED_AFTER, Fault.DROPPED_BEFORE, Fault.BUSY):
        venue.ask("faults", forced=fault.value)
        with pytest.raises(TradecliError):
            await execution.submit(order(f"f{fault.value.replace('_', '')}", price="100"), lambda: None)
    assert await execution.find("fgarbagebody") and await execution.find("fdroppedafter")
    assert not await execution.find("fdroppedbefore") and not await execution.find("fbusy429")
    quote = await anext(SocketMarket(venue.port).stream())
    assert isinstance(quote, Quote) and quote.bid < quote.ask
    listener.end()
    await execution.connection.close()


def test_orders_travel_over_the_socket_and_every_request_is_in_the_log(place: Path) -> None:
    with running(place) as venue:
        asyncio.run(asyncio.wait_for(talk(venue), 20))
        truth = venue.ask("truth")
        created = [request for request in venue.requests() if request.kind == "create"]
    assert [request.client_id for request in created][:3] == ["a", "b", "c"]
    assert len(created) == 5 and len({request.client_id for request in created}) == 5
    names = {one.client_id for one in truth.orders}
    assert names == {request.client_id for request in created if request.answer == "ok"}
    assert {position.instrument for position in truth.positions} == {BTC}
    assert sum((fill.qty for fill in truth.fills), Decimal(0)) > 0
