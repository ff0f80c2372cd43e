"""What a depth message costs: text -> decoded -> book -> best, beside the plain ccxt path, in one process and one run.

    python -m benchmarks.depth [--messages N] [--rounds N]

Ours is what a live session does: the venue's decoder, then ``BookBuilder`` with its proof of sequence, then the best
prices. ccxt's is what its sockets do: its JSON parser, the exchange's own ``handle_deltas`` into its ``OrderBook``,
then the best prices; it proves a sequence on two of the venues only, and that is not counted here. Twenty levels a
message near the touch; CPU time, medians of the rounds. Goal: at least 4 times as fast (PERFORMANCE section 7).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.venues.books import SYMBOLS, TICK, Server, Wire, read
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.sequence import BookBuilder

LEVELS = 20


def messages(venue: str, count: int) -> tuple[str, list[str]]:
    """Return a snapshot and ``count`` differences of twenty levels that follow it."""
    chance = random.Random(4)
    server = Server(chance)
    wire = Wire(venue, server)
    first = wire.snapshot()
    made = []
    for _ in range(count):
        bids, asks = server.change()
        while len(bids) + len(asks) < LEVELS:
            tick = server.mid - chance.randint(1, 40)
            bids[tick] = server.bids[tick] = 2.0
            tick = server.mid + chance.randint(1, 40)
            asks[tick] = server.asks[tick] = 2.0
        made.append(wire.diff(bids, asks))
    return first, made


def ours(venue: str, first: str, made: list[str]) -> float:
    """Return CPU seconds of our path."""
    profile = profile_of(venue)
    listed = Listed(InstrumentId(f"{SYMBOLS[venue]}@{venue}"), SYMBOLS[venue], TICK)
    builder = BookBuilder(listed.id, TICK, profile.rule)
    names: Callable[[str], Listed] = lambda _: listed  # noqa: E731 - what the decoder is called with
    for delta in read(profile, listed, first, whole=profile.rest_snapshots):
        builder.apply(delta)
    if builder.joining:  # the first difference after a snapshot from HTTP must reach back to it
        builder._joining = False
    decode, apply, best = profile.decode, builder.apply, builder.best
    began = time.process_time()
    for text in made:
        for delta in decode(text, names):
            if isinstance(delta, BookDelta):
                apply(delta)
        best()
    spent = time.process_time() - began
    if builder.best() is None:
        raise AssertionError(f"{venue}: the book broke: {builder.status}")
    return spent


def theirs(venue: str, first: str, made: list[str]) -> float:
    """Return CPU seconds of ccxt's path."""
    import ccxt.pro
    from ccxt.async_support.base.ws.client import json_parser

    exchange = getattr(ccxt.pro, profile_of(venue).exchange)()
    book = exchange.order_book({}, 1_000)
    sides: Callable[[Any], tuple[Any, Any]] = _SIDES[venue]
    bids, asks = sides(json_parser.loads(first)) if venue != "binance" else _both(json_parser.loads(first))
    exchange.handle_deltas(book["bids"], bids)
    exchange.handle_deltas(book["asks"], asks)
    began = time.process_time()
    for text in made:
        bids, asks = sides(json_parser.loads(text))
        exchange.handle_deltas(book["bids"], bids)
        exchange.handle_deltas(book["asks"], asks)
        book["bids"][0], book["asks"][0]
    return time.process_time() - began


def _both(body: Any) -> tuple[Any, Any]:
    return body["bids"], body["asks"]


_SIDES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "binance": lambda body: (body["b"], body["a"]),
    "okx": lambda body: _both(body["data"][0]),
    "bybit": lambda body: (body["data"]["b"], body["data"]["a"]),
    "deribit": lambda body: _both(body["params"]["data"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for venue in PROFILES:
        first, made = messages(venue, given.messages)
        pairs = [(ours(venue, first, made), theirs(venue, first, made)) for _ in range(given.rounds)]
        own, other = (statistics.median(column) / given.messages * 1e6 for column in zip(*pairs, strict=True))
        rate = 1e3 / own
        print(
            f"{venue:<8} ours {own:5.1f} us  ccxt {other:5.1f} us  ratio {other / own:.2f}  {rate:.0f} k messages/s"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
