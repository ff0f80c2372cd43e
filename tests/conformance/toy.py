"""A fifth venue, in one file: a made-up exchange with its own spelling, read into the port and held to the suite.

It shows what a source of market data must bring. Its wire has prices as text in cents, sizes in lots of a thousandth,
sides as B and S, and books as numbered differences, which the shared ``BookBuilder`` joins. Nothing here sleeps: its
clock moves with its messages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from tradecli.domain.enums import FundingKind, InstrumentKind, Side
from tradecli.domain.events import Event
from tradecli.domain.feed import (
    HOUR_MS,
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    FundingFeed,
    MarkFeed,
    OpenInterestFeed,
    QuoteFeed,
)
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import (
    Book,
    BookDelta,
    Candle,
    FundingRate,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
)
from tradecli.errors import NotFound
from tradecli.venues.sequence import BookBuilder, Rule

START_MS = 1_900_000_020_000
PERP = InstrumentId("BTCUSDT@toy")
_LEVELS = 15
_STEP_MS = 500


class Wire:
    """The exchange: messages as dicts of text, the same at every run."""

    def messages(self) -> Iterator[dict[str, Any]]:
        last, before = 0, {"b": {}, "a": {}}
        for step in range(1_000):
            at, mid = START_MS + step * _STEP_MS, self.mid(START_MS + step * _STEP_MS)
            now = {
                "b": {mid - 10 * (level + 1): 900 + (level * 7 + step) % 50 for level in range(_LEVELS)},
                "a": {mid + 10 * (level + 1): 900 + (level * 5 + step) % 50 for level in range(_LEVELS)},
            }
            moved = {side: _moved(before[side], now[side]) for side in "ba"}
            count = len(moved["b"]) + len(moved["a"])
            yield {"k": "d", "t": at, "f": last + 1, "l": last + count, "p": last, "s": step == 0, **moved}
            last, before = last + count, now
            side = "B" if step % 3 else "S"
            yield {
                "k": "t",
                "t": at + 40,
                "n": step,
                "c": str(mid + (10 if side == "B" else -10)),
                "q": "250",
                "x": side,
            }
            if step % 2 == 0:
                yield {"k": "m", "t": at + 60, "c": str(mid), "i": str(mid - 20)}
            if (at + _STEP_MS) % MINUTE_MS < _STEP_MS:
                yield {
                    "k": "b",
                    "t": at + _STEP_MS - MINUTE_MS,
                    "row": self.bar((at + _STEP_MS) - MINUTE_MS, MINUTE_MS),
                }

    @staticmethod
    def mid(ts: int) -> int:
        """Return the price in cents at a moment: a slow triangle."""
        phase = ts // MINUTE_MS % 120
        return 9_000_000 + 1_000 * (phase if phase < 60 else 120 - phase)

    def bar(self, ts: int, step: int) -> list[str]:
        """Return open, high, low, close in cents and volume in lots of a bar."""
        mids = [self.mid(at) for at in range(ts, ts + step, MINUTE_MS)]
        return [str(mids[0]), str(max(mids)), str(min(mids)), str(mids[-1]), str(30_000 * len(mids))]


def _moved(before: dict[int, int], now: dict[int, int]) -> list[tuple[str, str]]:
    changed = [(str(cents), str(lots)) for cents, lots in now.items() if before.get(cents) != lots]
    return changed + [(str(cents), "0") for cents in before if cents not in now]


class Toy:
    """The port over the wire."""

    instrument = Instrument(
        id=PERP, kind=InstrumentKind.LINEAR, base="BTC", quote="USDT", settle="USDT", tick=Decimal("0.01"),
        lot=Decimal("0.001"), min_qty=Decimal("0.001"), min_notional=Decimal(5),
    )  # fmt: skip

    def __init__(self) -> None:
        self._wire = Wire()
        self.at = START_MS
        self._builder = BookBuilder(PERP, 0.01, Rule.CHAIN)

    def now(self) -> int:
        return self.at

    async def instruments(self) -> Sequence[Instrument]:
        return (self.instrument,)

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        if getattr(feed, "instrument", PERP) != PERP:
            raise NotFound(f"{feed} is not listed at toy")
        match feed:
            case CandleFeed():
                last = until // feed.interval_ms * feed.interval_ms
                first = last - feed.count * feed.interval_ms
                return [self._bar(ts, feed.interval_ms) for ts in range(first, last, feed.interval_ms)]
            case FundingFeed():
                every = 8 * HOUR_MS
                times = range(-(-(until - feed.window_ms) // every) * every, until, every)
                return [FundingRate(PERP, ts, 0.0001, 8.0, next_ts=ts + every) for ts in times]
            case OpenInterestFeed():
                times = range(-(-(until - feed.window_ms) // HOUR_MS) * HOUR_MS, until, HOUR_MS)
                return [OpenInterest(PERP, ts, 5e8) for ts in times] or [OpenInterest(PERP, until - 1, 5e8)]
            case BookFeed() | QuoteFeed() | MarkFeed():
                kind = {BookFeed: Book, QuoteFeed: Quote, MarkFeed: MarkPrice}[type(feed)]
                return [next(event for event in Toy().events() if isinstance(event, kind))]
            case _:
                return []

    async def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        for event in self.events():
            yield event

    def events(self) -> Iterator[MarketEvent]:
        """Yield what the wire says, in the domain's words."""
        for message in self._wire.messages():
            yield from self._read(message)

    def _read(self, message: dict[str, Any]) -> Iterator[MarketEvent]:
        ts = self.at = message["t"]
        match message["k"]:
            case "d":
                sides = {side: tuple((int(c), int(q) / 1000) for c, q in message[side]) for side in "ba"}
                self._builder.apply(
                    BookDelta(
                        PERP,
                        ts,
                        message["s"],
                        message["f"],
                        message["l"],
                        message["p"],
                        sides["b"],
                        sides["a"],
                    )
                )
                book = self._builder.book(20)
                if book is not None:
                    (bid, bid_qty), (ask, ask_qty) = book.bids[0], book.asks[0]
                    yield book
                    yield Quote(PERP, ts, bid / 100, bid_qty, ask / 100, ask_qty, book.sequence)
            case "t":
                side = Side.BUY if message["x"] == "B" else Side.SELL
                price, qty = int(message["c"]) / 100, int(message["q"]) / 1000
                yield Trade(PERP, ts, price, qty, side, str(message["n"]))
            case "m":
                yield MarkPrice(PERP, ts, int(message["c"]) / 100, int(message["i"]) / 100)
                due = (ts // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
                yield FundingRate(PERP, ts, 0.0001, 8.0, FundingKind.PREDICTED, due)
            case "b":
                self.at = ts + MINUTE_MS
                yield self._bar(ts, MINUTE_MS)

    def _bar(self, ts: int, step: int) -> Candle:
        cents = [int(text) / 100 for text in self._wire.bar(ts, step)[:4]]
        return Candle(PERP, ts, step, *cents, int(self._wire.bar(ts, step)[4]) / 1000)
