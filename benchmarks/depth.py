"""What a depth message costs: text -> decoded -> book -> best, beside the plain ccxt path, in one process and one run.

    python -m benchmarks.depth [--messages N] [--rounds N] [--check]

Both begin where ccxt's socket hands over a text, ``handle_text_or_binary_message``, and end with the best prices read.
Ours is what a live session does there: our ear at the socket, the venue's own decoder, every size in base units,
``BookBuilder`` with its proof of sequence, the book offered to the inbox. ccxt's is its JSON parser (orjson where
that is installed, as here) and the exchange's own message handler into its order book; nobody waits for its book, which
spares it waking a task; it proves a sequence on two of the venues only.

``recorded`` is ours with the recorder on: each message is also packed as its row and put into the ring; a task of the
recorder's own writes that (``benchmarks.record`` says at what cost). ``bare`` is the
least that can be compared: decoder, book and best of ours without the session around them, beside JSON and
``handle_deltas`` of ccxt. Twenty levels a message near the touch; CPU time, medians of the rounds. Goal: at least 4
times as fast (PERFORMANCE section 7); ``--check`` exits with 1 below it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.venues.books import SYMBOLS, TICK, Server, Wire, read
from tradecli.domain.budget import OwnBudget
from tradecli.domain.instrument import InstrumentId
from tradecli.engine.clock import SystemClock
from tradecli.store.packing import Row
from tradecli.store.recorder import Recorder
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.ears import Ears
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.profile import Kind, Listed
from tradecli.venues.ccxt.streams import Item, Pace, Streams
from tradecli.venues.ccxt.transport import connect
from tradecli.venues.sequence import BookBuilder

LEVELS = 20
GOAL = 4.0
UNITS = {"binance": (1.0, False), "okx": (0.01, False), "bybit": (1.0, False), "deribit": (1.0, True)}
"""What one of quantity is worth, and whether it is worth so much of quote currency."""
THEIRS = "BTC/USDT:USDT"


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


def listed_at(venue: str) -> Listed:
    unit, inverse = UNITS[venue]
    id = InstrumentId(f"{SYMBOLS[venue]}@{venue}")
    return Listed(id, SYMBOLS[venue], TICK, size=unit, inverse=inverse)


def begin(builder: BookBuilder, listed: Listed, first: str) -> None:
    """Give a book its first snapshot, as proven."""
    profile = profile_of(listed.id.partition("@")[2])
    for delta in read(profile, listed, first, whole=profile.rest_snapshots):
        builder.apply(delta)
    builder.joining = False  # the first difference after a snapshot from HTTP must reach back to it


class Unwritten:
    """A market store that is never asked: the recorder's task does not run."""

    async def write_packed(self, rows: Sequence[Row]) -> int:
        raise AssertionError("nothing is written here")


async def ours(venue: str, first: str, made: list[str], *, recorded: bool = False) -> float:
    """Return CPU seconds of our whole path; ``recorded``: up to the row that waits to be written."""
    profile, listed = profile_of(venue), listed_at(venue)
    client = Client(connect(profile), OwnBudget(), SystemClock())
    client.know(listed)
    recorder = Recorder(Unwritten(), capacity=len(made))
    ears = Ears(client, Inbox(), recorder=recorder.hear if recorded else None)
    item = Item(Kind.BOOK, listed, "", 0)
    streams = Streams(client, [item], ears, random.random, Pace())
    hear = client.transport.exchange.client(next(iter(streams.sockets))).handle_text_or_binary_message
    builder = ears.followed(listed.id).builder
    begin(builder, listed, first)
    best = builder.best
    began = time.process_time()
    for text in made:
        hear(text)
        best()
    spent = time.process_time() - began
    await client.close()
    if builder.best() is None or ears.messages != len(made) or recorder.recorded.lost:
        raise AssertionError(f"{venue}: the book broke: {builder.status}")
    return spent


async def theirs(venue: str, first: str, made: list[str]) -> float:
    """Return CPU seconds of ccxt's whole path."""
    exchange, sides = _exchange(venue), _SIDES[venue]
    url = {"okx": "wss://ws.okx.com:8443/ws/v5/public"}.get(venue, f"wss://{profile_of(venue).hosts[-1]}/")
    client = exchange.client(url)
    book = exchange.counted_order_book() if venue == "deribit" else exchange.order_book({}, 1_000)
    exchange.orderbooks[THEIRS] = book
    bids, asks = sides(_loads()(first)) if venue != "binance" else _both(_loads()(first))
    exchange.handle_deltas(book["bids"], bids)
    exchange.handle_deltas(book["asks"], asks)
    last = read(profile_of(venue), listed_at(venue), first, whole=venue == "binance")[0].last_id
    book["nonce"], book["timestamp"] = last, 1
    hear = client.handle_text_or_binary_message
    began = time.process_time()
    for text in made:
        hear(text)
        book["bids"][0], book["asks"][0]
    spent = time.process_time() - began
    at = book["timestamp"]
    await exchange.close()
    if client.error is not None or at == 1:
        raise AssertionError(f"{venue}: ccxt did not take the messages: {client.error}")
    return spent


def bare_ours(venue: str, first: str, made: list[str]) -> float:
    profile, listed = profile_of(venue), listed_at(venue)
    builder = BookBuilder(listed.id, TICK, profile.rule, listed.scale)
    begin(builder, listed, first)
    read_depth, take, best = profile.depth, builder.take, builder.best
    began = time.process_time()
    for text in made:
        depth = read_depth(text)
        if depth is not None:
            take(depth)
        best()
    return time.process_time() - began


def bare_theirs(venue: str, first: str, made: list[str]) -> float:
    exchange, sides, loads = _exchange(venue), _SIDES[venue], _loads()
    book = exchange.counted_order_book() if venue == "deribit" else exchange.order_book({}, 1_000)
    bids, asks = sides(loads(first)) if venue != "binance" else _both(loads(first))
    exchange.handle_deltas(book["bids"], bids)
    exchange.handle_deltas(book["asks"], asks)
    began = time.process_time()
    for text in made:
        bids, asks = sides(loads(text))
        exchange.handle_deltas(book["bids"], bids)
        exchange.handle_deltas(book["asks"], asks)
        book["bids"][0], book["asks"][0]
    return time.process_time() - began


def _exchange(venue: str) -> Any:
    """Return ccxt's client with the one market that the messages are about."""
    import ccxt.pro

    exchange = getattr(ccxt.pro, profile_of(venue).exchange)()
    market = {
        "id": SYMBOLS[venue], "symbol": THEIRS, "base": "BTC", "quote": "USDT", "settle": "USDT", "type": "swap",
        "swap": True, "spot": False, "contract": True, "linear": True, "inverse": False, "active": True,
    }  # fmt: skip
    exchange.set_markets([exchange.safe_market_structure(market)])
    return exchange


def _loads() -> Callable[[str], Any]:
    from ccxt.async_support.base.ws.client import json_parser

    loads: Callable[[str], Any] = json_parser.loads
    return loads


def _both(body: Any) -> tuple[Any, Any]:
    return body["bids"], body["asks"]


_SIDES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "binance": lambda body: (body["b"], body["a"]),
    "okx": lambda body: _both(body["data"][0]),
    "bybit": lambda body: (body["data"]["b"], body["data"]["a"]),
    "deribit": lambda body: _both(body["params"]["data"]),
}


async def measured(venue: str, count: int, rounds: int) -> list[float]:
    """Return microseconds a message: ours, recorded, ccxt, bare ours, bare ccxt."""
    first, made = messages(venue, count)
    found = [
        (
            await ours(venue, first, made),
            await theirs(venue, first, made),
            await ours(venue, first, made, recorded=True),
            bare_ours(venue, first, made),
            bare_theirs(venue, first, made),
        )
        for _ in range(rounds)
    ]
    return [statistics.median(column) / count * 1e6 for column in zip(*found, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help=f"exit with 1 below {GOAL} times ccxt")
    given = parser.parse_args()
    short = False
    for venue in PROFILES:
        own, other, kept, bare, least = asyncio.run(measured(venue, given.messages, given.rounds))
        short = short or other / own < GOAL
        print(
            f"{venue:<8} ours {own:5.1f} us  ccxt {other:5.1f} us  ratio {other / own:.2f}  {1e3 / own:4.0f} k/s"
            f"   recorded {kept:5.1f} us ({other / kept:.2f})"
            f"   bare {bare:5.1f} and {least:5.1f} us ({least / bare:.2f})"
        )
    return int(given.check and short)


if __name__ == "__main__":
    raise SystemExit(main())
