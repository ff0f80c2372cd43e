"""Bars of one line, made from its prints: minutes, and longer bars from minutes.

A bar opens at its first print; a minute without prints stands at the last price with volume 0. Everything is whole
ticks and lots until it becomes a ``Candle``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.market import Candle
from tradecli.venues.simulated.book import Prints
from tradecli.venues.simulated.listing import Line
from tradecli.venues.simulated.past import Bars


class Forming:
    """A bar that is not closed yet."""

    __slots__ = ("close", "empty", "high", "interval_ms", "lots", "low", "open")

    def __init__(self, interval_ms: int) -> None:
        self.interval_ms = interval_ms
        self.begin(0)

    def begin(self, last: int) -> None:
        """Start the next bar; ``last`` is the price in ticks that stands until it trades."""
        self.open = self.high = self.low = self.close = last
        self.lots = 0
        self.empty = True

    def add(self, open: int, high: int, low: int, close: int, lots: int) -> None:
        if self.empty:
            self.open, self.high, self.low, self.empty = open, high, low, False
        else:
            self.high, self.low = max(self.high, high), min(self.low, low)
        self.close = close
        self.lots += lots


class Rolling:
    """The forming bars of one line: the minute, and each longer interval that is wanted."""

    def __init__(
        self, line: Line, intervals: Iterable[int], now: int, before: Callable[[], Bars] | None
    ) -> None:
        """Start at ``now``, a whole minute; ``before`` makes the minutes before it, asked for when a bar needs them."""
        self.line = line
        self.minute = Forming(MINUTE_MS)
        self.longer = [Forming(each) for each in sorted(intervals) if each > MINUTE_MS]
        self._now, self._before = now, before

    def _join(self, minutes: Bars) -> None:
        """Take in what traded before the start: the last price, and what longer bars hold of earlier minutes."""
        last = int(minutes.close[-1])
        if self.minute.empty:
            self.minute.begin(last)
        for bar in self.longer:
            bar.begin(last)
            first = int(minutes.ts.searchsorted(self._now // bar.interval_ms * bar.interval_ms))
            columns = (minutes.open, minutes.high, minutes.low, minutes.close, minutes.lots)
            for row in zip(*(column[first:].tolist() for column in columns), strict=True):
                bar.add(*row)

    def take(self, prints: Prints) -> None:
        if len(prints.ticks):
            ticks = prints.ticks
            lots = int(prints.lots.sum())
            self.minute.add(int(ticks[0]), int(ticks.max()), int(ticks.min()), int(ticks[-1]), lots)

    def closed(self, ts: int) -> list[Candle]:
        """Return the bars that close at ``ts``, a whole minute, shortest first."""
        minute = self.minute
        if self._before is not None and (self.longer or minute.empty):
            self._join(self._before())
        self._before = None
        for bar in self.longer:
            bar.add(minute.open, minute.high, minute.low, minute.close, minute.lots)
        done = [minute, *(bar for bar in self.longer if ts % bar.interval_ms == 0)]
        made = [
            candle(self.line, ts - b.interval_ms, b.interval_ms, b.open, b.high, b.low, b.close, b.lots)
            for b in done
        ]
        for bar in done:
            bar.begin(bar.close)
        return made


def candle(
    line: Line, ts: int, interval_ms: int, open: int, high: int, low: int, close: int, lots: int
) -> Candle:
    unit = line.per_unit
    return Candle(
        line.id, ts, interval_ms, open / unit, high / unit, low / unit, close / unit, lots / line.per_coin
    )


def candles_of(line: Line, interval_ms: int, bars: Bars, count: int, until: int) -> list[Candle]:
    """Return the newest ``count`` bars closed by ``until``, oldest first."""
    end = int(bars.ts.searchsorted(until - interval_ms, side="right"))
    first = max(end - count, 0)
    columns = (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.lots)
    rows = zip(*(column[first:end].tolist() for column in columns), strict=True)
    return [candle(line, ts, interval_ms, *row) for ts, *row in rows]
