"""Rolling windows of the recent past, in arrays.

A ring appends in place and hands out slices without copying. A slice stays valid and unchanged for ever: appending
writes behind its end, and a full buffer is left alone when the newest part moves to a fresh one. So a view taken
for an assessment is immutable without costing a copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.enums import Side
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.market import Candle, FundingRate, Trade
from tradecli.domain.series import CandleSeries, FundingSeries, TradeSeries, ValueSeries

_COMPLETE = 0.95
"""Share of its minutes a higher bar needs (METHODS section 6.1)."""


class Ring:
    """The newest ``capacity`` rows of ``columns`` numbers each; column 0 is the time in UTC ms."""

    __slots__ = ("_buffer", "_end", "_start", "capacity")

    def __init__(self, columns: int, capacity: int) -> None:
        self.capacity = capacity
        self._buffer = np.empty((columns, max(2 * capacity, 16)))
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def append(self, row: tuple[float, ...]) -> None:
        if self._end == self._buffer.shape[1]:
            kept = self._buffer[:, self._end - self.capacity : self._end]
            fresh = np.empty_like(self._buffer)
            fresh[:, : self.capacity] = kept
            self._buffer, self._start, self._end = fresh, 0, self.capacity
        self._buffer[:, self._end] = row
        self._end += 1
        if self._end - self._start > self.capacity:
            self._start += 1

    def column(self, index: int) -> NDArray[np.float64]:
        return self._buffer[index, self._start : self._end]

    def times(self) -> NDArray[np.int64]:
        return self.column(0).astype(np.int64)

    def last(self, index: int) -> float | None:
        return float(self._buffer[index, self._end - 1]) if self._end > self._start else None


class CandleWindow:
    """Closed bars of one interval, in order, each once; late and repeated bars are ignored and counted."""

    __slots__ = ("_last", "ignored", "interval_ms", "ring")

    def __init__(self, interval_ms: int, capacity: int) -> None:
        self.interval_ms = interval_ms
        self.ring = Ring(6, capacity)
        self._last = -1
        self.ignored = 0

    def add(self, ts: int, open: float, high: float, low: float, close: float, volume: float) -> bool:
        if ts <= self._last:
            self.ignored += 1
            return False
        self._last = ts
        self.ring.append((ts, open, high, low, close, volume))
        return True

    @property
    def last_close_ts(self) -> int | None:
        return self._last + self.interval_ms if self._last >= 0 else None

    def series(self) -> CandleSeries:
        ring = self.ring
        return CandleSeries(
            self.interval_ms,
            ring.times(),
            ring.column(1),
            ring.column(2),
            ring.column(3),
            ring.column(4),
            ring.column(5),
        )


class _Bucket:
    """The forming longer bar, built from closed base bars; it never reaches a topic before it is complete."""

    __slots__ = ("close", "count", "high", "low", "open", "ts", "volume")

    def __init__(self, ts: int, candle: Candle) -> None:
        self.ts = ts
        self.open, self.high, self.low, self.close = candle.open, candle.high, candle.low, candle.close
        self.volume = candle.volume
        self.count = 1

    def add(self, candle: Candle) -> None:
        self.high = max(self.high, candle.high)
        self.low = min(self.low, candle.low)
        self.close = candle.close
        self.volume += candle.volume
        self.count += 1


class InstrumentWindow:
    """All rolling data of one instrument: bars per declared interval, prints, funding, marks, open interest.

    Longer bars are rolled up from those of ``base_ms``, the interval in which bars arrive.
    """

    __slots__ = ("_buckets", "base_ms", "candles", "funding", "marks", "open_interest", "trades")

    def __init__(self, base_ms: int = MINUTE_MS) -> None:
        self.base_ms = base_ms
        self.candles: dict[int, CandleWindow] = {}
        self._buckets: dict[int, _Bucket] = {}
        self.trades: Ring | None = None
        self.funding = Ring(3, 400)
        self.marks = Ring(2, 1_000)
        self.open_interest = Ring(2, 1_000)

    def declare_candles(self, interval_ms: int, count: int) -> None:
        """Keep at least ``count`` bars of this interval from now on."""
        known = self.candles.get(interval_ms)
        if known is None or known.ring.capacity < count:
            fresh = CandleWindow(interval_ms, max(count, 64))
            if known is not None:
                series = known.series()
                columns = (series.ts, series.open, series.high, series.low, series.close, series.volume)
                for ts, *values in zip(*(column.tolist() for column in columns), strict=True):
                    fresh.add(int(ts), *values)
            self.candles[interval_ms] = fresh

    def declare_trades(self, capacity: int) -> None:
        if self.trades is None or self.trades.capacity < capacity:
            self.trades = Ring(4, capacity)

    def add_candle(self, candle: Candle) -> None:
        interval = candle.interval_ms
        window = self.candles.get(interval)
        if window is None:
            window = self.candles[interval] = CandleWindow(interval, 512)
        new = window.add(candle.ts, candle.open, candle.high, candle.low, candle.close, candle.volume)
        if new and interval == self.base_ms and len(self.candles) > 1:
            self._roll_up(candle)

    def _roll_up(self, candle: Candle) -> None:
        """Feed a closed base bar to the longer intervals, and close those that it completes."""
        for interval, window in self.candles.items():
            if interval <= self.base_ms:
                continue
            start = candle.ts - candle.ts % interval
            bucket = self._buckets.get(interval)
            if bucket is None or bucket.ts != start:
                bucket = self._buckets[interval] = _Bucket(start, candle)
            else:
                bucket.add(candle)
            closes = candle.ts + self.base_ms == start + interval
            if closes and bucket.count >= _COMPLETE * (interval // self.base_ms):
                window.add(start, bucket.open, bucket.high, bucket.low, bucket.close, bucket.volume)

    def candle_series(self, interval_ms: int) -> CandleSeries:
        window = self.candles.get(interval_ms)
        return (window or CandleWindow(interval_ms, 1)).series()

    def add_trade(self, trade: Trade) -> None:
        if self.trades is not None:
            sign = 1.0 if trade.side is Side.BUY else -1.0
            self.trades.append((trade.ts, trade.price, trade.qty, sign))

    def trade_series(self) -> TradeSeries:
        ring = self.trades or Ring(4, 1)
        return TradeSeries(ring.times(), ring.column(1), ring.column(2), ring.column(3))

    def add_funding(self, rate: FundingRate) -> None:
        if self.funding.last(0) is None or rate.ts > (self.funding.last(0) or 0):
            self.funding.append((rate.ts, rate.rate, rate.interval_h if rate.interval_h else float("nan")))

    def funding_series(self) -> FundingSeries:
        ring = self.funding
        return FundingSeries(ring.times(), ring.column(1), ring.column(2))


def value_series(ring: Ring | None) -> ValueSeries:
    """Return a two-column ring as times and values."""
    ring = ring or Ring(2, 1)
    return ValueSeries(ring.times(), ring.column(1))
