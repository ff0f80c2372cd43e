"""CPU per market event in the paper venue, without orders and with a ladder of twenty; and the whole life of an order.

    python -m benchmarks.paper [--rounds N] [--check]

Prints medians in microseconds beside their goals; ``--check`` exits with 1 where one is missed. The life of an order is
submit, arrival, acceptance, a fill in the next bar and both reports; it must not grow with the number of orders.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from decimal import Decimal
from typing import Any

from tradecli.domain.enums import OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, Candle, Quote, Trade
from tradecli.domain.order import Approved, OrderRequest
from tradecli.engine.settings import PaperSettings
from tradecli.venues.known import known
from tradecli.venues.paper.venue import PaperVenue

BTC = InstrumentId("BTCUSDT@binance")
MINUTE, T0, EVENTS = 60_000, 1_700_000_040_000, 20_000
GOALS = {"0 orders": 1.0, "20 orders, bar": 20.0}
GROWTH = 1.5
"""An order among 40,000 may cost this much of one among 2,000."""

BIDS = tuple((1_000_000 - i, 1.0) for i in range(20))
ASKS = tuple((1_000_001 + i, 1.0) for i in range(20))


def events(kind: str) -> list[Any]:
    if kind == "bar":
        return [candle(i) for i in range(EVENTS)]
    if kind == "quote":
        return [Quote(BTC, T0 + i, 100_000.0, 1.0, 100_000.1, 1.0) for i in range(EVENTS)]
    if kind == "trade":
        return [Trade(BTC, T0 + i, 100_000.0, 1.0, Side.BUY, "1") for i in range(EVENTS)]
    return [Book(BTC, T0 + i, 0.1, BIDS, ASKS) for i in range(EVENTS)]


def candle(minute: int) -> Candle:
    return Candle(BTC, T0 + minute * MINUTE, MINUTE, 100_000.0, 100_500.0, 99_500.0, 100_000.0, 500.0)


def venue() -> PaperVenue:
    instrument = known(BTC)
    assert instrument is not None
    paper = PaperVenue({BTC: instrument}, PaperSettings(), 42)
    paper.deposits(T0)
    paper.on_market(candle(-1), T0)
    return paper


def send(paper: PaperVenue, client_id: str, side: Side, price: Decimal | None, at: int) -> None:
    type = OrderType.MARKET if price is None else OrderType.LIMIT
    request = OrderRequest(
        instrument=BTC, side=side, qty=Decimal("0.01"), type=type, source="bench", price=price
    )
    paper.submit(Approved(client_id=client_id, request=request, reserved=Decimal(0), at=at), at)


def event_us(kind: str, orders: int) -> float:
    paper = venue()
    for rung in range(orders // 2):
        send(paper, f"b{rung}", Side.BUY, Decimal(99_000 - 10 * rung), T0)
        send(paper, f"s{rung}", Side.SELL, Decimal(101_000 + 10 * rung), T0)
    paper.due(T0 + 10_000)
    tape = [(event, getattr(event, "close_ts", event.ts + 10_000)) for event in events(kind)]
    started = time.process_time()
    for event, at in tape:
        paper.on_market(event, at)
    return (time.process_time() - started) / EVENTS * 1e6


def order_us(count: int) -> float:
    paper = venue()
    started = time.process_time()
    for i in range(count):
        at = T0 + (i + 1) * MINUTE
        paper.on_market(candle(i), at)
        send(paper, f"o{i}", Side.BUY if i % 2 else Side.SELL, None, at)
        while (answer_at := paper.next_at()) is not None and answer_at <= at + MINUTE:
            paper.due(answer_at)
    return (time.process_time() - started) / count * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    options = parser.parse_args()
    missed = False
    for orders in (0, 20):
        for kind in ("bar", "quote", "trade", "book"):
            spent = statistics.median(event_us(kind, orders) for _ in range(options.rounds))
            goal = GOALS.get(f"{orders} orders, {kind}") or GOALS.get(f"{orders} orders")
            missed |= goal is not None and spent > goal
            print(f"{orders:2} orders, {kind:6} {spent:7.2f} us" + (f"   goal {goal:.0f}" if goal else ""))
    few, many = order_us(2_000), order_us(40_000)
    missed |= many > GROWTH * few
    print(f"life of an order: {few:.0f} us among 2,000, {many:.0f} us among 40,000")
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
