"""``python -m tests.fakes.paper_engine``: an engine of the rehearsal that trades a little and waits to be killed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal

from tradecli.domain.enums import OrderStatus, OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import OrderRequest
from tradecli.engine.session import EngineSession
from tradecli.engine.snapshot import Snapshot
from tradecli.wiring import live_session

BTC = InstrumentId("BTCUSDT@binance")


def until(session: EngineSession, enough: Callable[[Snapshot], bool], seconds: float = 90.0) -> Snapshot:
    """Wait for a picture that is enough."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        shot = session.snapshot()
        assert session.failure is None, session.failure
        if enough(shot):
            return shot
        time.sleep(0.02)
    raise AssertionError("not seen in time")


def order(side: Side, qty: str, price: Decimal | None = None) -> OrderRequest:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return OrderRequest(instrument=BTC, side=side, qty=Decimal(qty), type=kind, price=price, source="manual")


def trade(session: EngineSession) -> None:
    """Buy at market, and let an order rest far above, once nothing is closed any more."""
    until(session, lambda _: session.preview(order(Side.BUY, "0.02")).refused is None)
    shot = session.snapshot()
    session.submit(order(Side.BUY, "0.02"))
    far = Decimal(round(shot.quotes[BTC].bid * 1.04))
    session.submit(order(Side.SELL, "0.01", far))
    until(
        session,
        lambda s: {each.status for each in s.orders} == {OrderStatus.FILLED, OrderStatus.OPEN},
    )


if __name__ == "__main__":
    engine = live_session(profile="rehearsal")
    trade(engine)
    print("traded", flush=True)
    sys.stdin.read()
