"""One instrument on the floor: its newest quote, book, prints, bars, mark, funding and open interest.

It owns what a venue would answer about one instrument at this moment, in ticks and lots, spelled by nobody yet. It
reads no clock and knows no venue's names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tradecli.domain.enums import FundingKind, Side
from tradecli.domain.feed import DAY_MS, MINUTE_MS
from tradecli.domain.market import (
    Book,
    Candle,
    FundingRate,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
)
from tradecli.venues.loopback.spelling import wave
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.listing import Line

PRINTS_KEPT = 5_000
DEEPER = 30
"""Levels a side beyond the twenty of the simulated book."""


class Bar(NamedTuple):
    """A bar in ticks and lots; ``trades`` and ``buy_lots`` are what its prints, or their usual share, say."""

    ts: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    trades: int
    buy_lots: int


class Day(NamedTuple):
    """The last 24 hours in ticks and lots."""

    open: int
    high: int
    low: int
    close: int
    lots: int
    trades: int
    since: int


Recall = Callable[[Line, int], Sequence[Candle]]
"""(line, interval) -> every bar of the past that closed before the floor opened."""


class Stand:
    """What is known of one line now. Prices are whole ticks, sizes whole lots."""

    def __init__(self, line: Line, recall: Recall) -> None:
        self.line = line
        self._recall = recall
        self.quote: Quote | None = None
        self.bids: list[tuple[int, int]] = []
        self.asks: list[tuple[int, int]] = []
        self.prints: deque[Trade] = deque(maxlen=PRINTS_KEPT)
        self.minutes: list[Bar] = []
        self.forming: Bar | None = None
        self.mark: MarkPrice | None = None
        self.predicted: FundingRate | None = None
        self.settled: list[FundingRate] = []
        self.interest: list[OpenInterest] = []
        self.last_price = 0
        self.last_lots = 0
        self._past: dict[int, list[Bar]] = {}
        self._day: tuple[int, Day] | None = None
        self._zones: dict[int, tuple[int, int]] = {}
        self._deep_lots = line.touch_usd / cal.FIGURES[line.base].start * line.per_coin

    def ticks(self, price: float) -> int:
        return round(price * self.line.per_unit)

    def lots(self, qty: float) -> int:
        return round(qty * self.line.per_coin)

    def take(self, event: MarketEvent) -> None:
        """Take in one event of this line."""
        if isinstance(event, Quote):
            self._quoted(event)
        elif isinstance(event, Trade):
            self._printed(event)
        elif isinstance(event, Book):
            self._booked(event)
        elif isinstance(event, MarkPrice):
            self.mark = event
        elif isinstance(event, Candle):
            self._closed(event)
        elif isinstance(event, OpenInterest):
            self.interest.append(event)
        elif isinstance(event, FundingRate):
            if event.kind is FundingKind.SETTLED:
                self.settled.append(event)
            else:
                self.predicted = event

    def _quoted(self, quote: Quote) -> None:
        self.quote = quote
        bid, ask = self.ticks(quote.bid), self.ticks(quote.ask)
        self.bids = [(bid, self.lots(quote.bid_qty)), *(row for row in self.bids if row[0] < bid)]
        self.asks = [(ask, self.lots(quote.ask_qty)), *(row for row in self.asks if row[0] > ask)]

    def _booked(self, book: Book) -> None:
        bids = [(ticks, max(self.lots(size), 1)) for ticks, size in book.bids]
        asks = [(ticks, max(self.lots(size), 1)) for ticks, size in book.asks]
        self.bids = bids + self._deeper(bids[-1][0], -1)
        self.asks = asks + self._deeper(asks[-1][0], 1)

    def _deeper(self, last: int, sign: int) -> list[tuple[int, int]]:
        """Return levels beyond the simulated ones: one in each zone of prices, the same whenever it is looked at."""
        gap, zones = self.line.gap, self._zones
        first = last // gap + sign
        rows = []
        for zone in range(first, first + sign * DEEPER, sign):
            row = zones.get(zone)
            if row is None:
                share = wave(zone, 1, 1) * 0.5 + 0.5
                lots = max(round(self._deep_lots * (0.2 + 1.6 * share)), 1)
                row = zones[zone] = (zone * gap + int(share * (gap - 1)), lots)
            rows.append(row)
        return rows

    def _printed(self, trade: Trade) -> None:
        self.prints.append(trade)
        ticks, lots = self.ticks(trade.price), self.lots(trade.qty)
        self.last_price, self.last_lots = ticks, lots
        ts = trade.ts // MINUTE_MS * MINUTE_MS
        bought = lots if trade.side is Side.BUY else 0
        bar = self.forming
        if bar is None or bar.ts != ts:
            self.forming = Bar(ts, ticks, ticks, ticks, ticks, lots, 1, bought)
        else:
            self.forming = Bar(
                ts, bar.open, max(bar.high, ticks), min(bar.low, ticks), ticks,
                bar.lots + lots, bar.trades + 1, bar.buy_lots + bought,
            )  # fmt: skip

    def _closed(self, candle: Candle) -> None:
        seen = self.forming if self.forming is not None and self.forming.ts == candle.ts else None
        bar = self._bar(candle)
        if seen is not None:
            bar = bar._replace(trades=max(seen.trades, 1), buy_lots=min(seen.buy_lots, bar.lots))
        self.minutes.append(bar)
        self._day = None

    def _bar(self, candle: Candle) -> Bar:
        lots = self.lots(candle.volume)
        trades = max(round(self.line.prints * candle.interval_ms / 1_000), 1)
        first, high = self.ticks(candle.open), self.ticks(candle.high)
        low, last = self.ticks(candle.low), self.ticks(candle.close)
        return Bar(candle.ts, first, high, low, last, lots, trades, lots // 2)

    def bars(self, interval_ms: int, now: int, *, forming: bool = True) -> list[Bar]:
        """Return every bar of ``interval_ms``, oldest first, the one that is forming at ``now`` last."""
        known = self._past.get(interval_ms)
        if known is None:
            known = self._past[interval_ms] = [
                self._bar(each) for each in self._recall(self.line, interval_ms)
            ]
        after = known[-1].ts + interval_ms if known else 0
        fresh = _joined(self._recent(after), interval_ms)
        if fresh and not forming and fresh[-1].ts + interval_ms > now:
            fresh.pop()
        return known + fresh

    def _recent(self, since: int) -> list[Bar]:
        """Return the minutes from ``since`` on, the past's where the floor was not open yet, the open one last."""
        first = self.minutes[0].ts if self.minutes else self.forming.ts if self.forming else since
        rows: list[Bar] = []
        if since < first:
            past = self._past.get(MINUTE_MS)
            if past is None:
                past = self._past[MINUTE_MS] = [
                    self._bar(each) for each in self._recall(self.line, MINUTE_MS)
                ]
            rows += [bar for bar in past[-(DAY_MS // MINUTE_MS) :] if since <= bar.ts < first]
        rows += [bar for bar in self.minutes if bar.ts >= since]
        if self.forming is not None and (not rows or self.forming.ts > rows[-1].ts):
            rows.append(self.forming)
        return rows

    def day(self, now: int) -> Day:
        """Return the last 24 hours, with the newest print as the close."""
        minute = now // MINUTE_MS
        if self._day is None or self._day[0] != minute:
            rows = [bar for bar in self.bars(MINUTE_MS, now) if bar.ts >= now - DAY_MS]
            rows = rows or self.bars(MINUTE_MS, now)[-1:]
            self._day = (
                minute,
                Day(
                    rows[0].open,
                    max(bar.high for bar in rows),
                    min(bar.low for bar in rows),
                    rows[-1].close,
                    sum(bar.lots for bar in rows),
                    sum(bar.trades for bar in rows),
                    rows[0].ts,
                ),
            )
        day = self._day[1]
        last = self.last_price or day.close
        return day._replace(close=last, high=max(day.high, last), low=min(day.low, last))


def _joined(minutes: Sequence[Bar], interval_ms: int) -> list[Bar]:
    out: list[Bar] = []
    for bar in minutes:
        ts = bar.ts // interval_ms * interval_ms
        if out and out[-1].ts == ts:
            last = out[-1]
            out[-1] = Bar(
                ts, last.open, max(last.high, bar.high), min(last.low, bar.low), bar.close,
                last.lots + bar.lots, last.trades + bar.trades, last.buy_lots + bar.buy_lots,
            )  # fmt: skip
        else:
            out.append(bar._replace(ts=ts))
    return out
