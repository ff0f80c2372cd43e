"""Book updates per CPU second: tradecli's ``BookBuilder`` beside ccxt's ``OrderBook``, on one stream.

    python -m benchmarks.book [--rounds N] [--check]

The stream is synthetic and seeded: 1,000 levels a side, messages of 20 level changes concentrated near the touch, a
quarter of them deletions; after each message both sides' best level is read. tradecli also checks the sequence number,
every size and the spread of each message; ccxt checks nothing here. Both run in turn (A B A B ...), and medians of CPU
time are compared; ``--check`` exits with 1 below 5 times ccxt. A second line replays the recorded USD-M depth of
../shared, where it is present.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.venues.sequence import BookBuilder, Rule, Status

GOAL = 5.0
MESSAGES, CHANGES, LEVELS, MIDDLE = 5_000, 20, 1_000, 600_000
INSTRUMENT = InstrumentId("BTCUSDT@binance")
RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "books"


def stream() -> tuple[BookDelta, list[BookDelta]]:
    """Return a snapshot and its differences."""
    draw = random.Random(5)
    bids = tuple((MIDDLE - 1 - i, 1.0) for i in range(LEVELS))
    asks = tuple((MIDDLE + 21 + i, 1.0) for i in range(LEVELS))
    snapshot = BookDelta(INSTRUMENT, 0, True, None, 0, None, bids, asks)
    deltas = []
    for number in range(1, MESSAGES + 1):
        middle = MIDDLE + (number // 50) % 20
        sides: tuple[list[tuple[int, float]], list[tuple[int, float]]] = ([], [])
        for _ in range(CHANGES):
            away, is_bid = int(draw.expovariate(1 / 40)) + 1, draw.random() < 0.5
            size = 0.0 if draw.random() < 0.25 else round(draw.uniform(0.001, 5), 3)
            sides[not is_bid].append((middle - away if is_bid else middle + 20 + away, size))
        bids, asks = tuple(sides[0]), tuple(sides[1])
        deltas.append(BookDelta(INSTRUMENT, number, False, number, number, number - 1, bids, asks))
    return snapshot, deltas


def ours(snapshot: BookDelta, deltas: list[BookDelta]) -> Any:
    builder = BookBuilder(INSTRUMENT, 0.1, Rule.CHAIN)
    builder.apply(snapshot)
    best: Any = None
    for delta in deltas:
        builder.apply(delta)
        best = builder.best()
    if builder.status is not Status.OK:
        raise SystemExit(f"the book is {builder.status} after {builder.last_id}")
    return best


def ccxts(snapshot: BookDelta, deltas: list[BookDelta]) -> Any:
    from ccxt.async_support.base.ws.order_book import OrderBook

    book = OrderBook({"bids": [list(x) for x in snapshot.bids], "asks": [list(x) for x in snapshot.asks]})
    bids, asks = book["bids"], book["asks"]
    best: Any = None
    for delta in deltas:
        for ticks, size in delta.bids:
            bids.storeArray([ticks, size])
        for ticks, size in delta.asks:
            asks.storeArray([ticks, size])
        best = bids[0], asks[0]
    return best


def cpu_s(run: Callable[[], Any]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def recorded() -> list[BookDelta]:
    """Return the recorded USD-M stream, or nothing when it is not there."""
    path = RECORDED / "binance_usdm_btcusdt_20240808_depth.parquet"
    if not path.exists():
        return []
    from tests.venues.recorded_books import depth

    return depth(path, 0.1, INSTRUMENT)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help=f"exit with 1 below {GOAL} times ccxt")
    options = parser.parse_args()
    snapshot, deltas = stream()
    mine, theirs = ours(snapshot, deltas), ccxts(snapshot, deltas)
    if [list(level) for level in mine] != [list(level[:2]) for level in theirs]:
        raise SystemExit(f"the books differ: {mine} and {theirs}")
    spent: dict[str, list[float]] = {"tradecli": [], "ccxt": []}
    for _ in range(options.rounds):
        spent["tradecli"].append(cpu_s(lambda: ours(snapshot, deltas)))
        spent["ccxt"].append(cpu_s(lambda: ccxts(snapshot, deltas)))
    changes = MESSAGES * CHANGES
    medians = {name: statistics.median(values) for name, values in spent.items()}
    for name, median in medians.items():
        print(
            f"{name:10} {changes / median / 1e6:6.2f} M updates/s CPU   {median / changes * 1e9:5.0f} ns each"
        )
    ratio = medians["ccxt"] / medians["tradecli"]
    print(f"{options.rounds} rounds, tradecli {ratio:.1f} times ccxt, goal {GOAL:.0f}")
    tape = recorded()
    if tape:
        levels = sum(len(delta.bids) + len(delta.asks) for delta in tape)
        builder = BookBuilder(INSTRUMENT, 0.1, Rule.BINANCE_FUTURES)
        seconds = cpu_s(lambda: [builder.apply(delta) for delta in tape])
        print(
            f"recorded USD-M: {levels / seconds / 1e6:.2f} M updates/s CPU, {len(tape)} messages, {builder.status}"
        )
    return int(options.check and ratio < GOAL)


if __name__ == "__main__":
    sys.exit(main())
