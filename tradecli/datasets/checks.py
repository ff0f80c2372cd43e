"""What a recorded series is worth on its own: order, bars that contradict themselves, holes, and longer bars that the
shorter ones should add up to. Pure: series in, verdicts out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.feed import HOUR_MS
from tradecli.domain.market import FundingRate, Trade
from tradecli.domain.series import CandleSeries

Times = NDArray[np.int64]

PRICE_TOLERANCE = 1e-9
VOLUME_TOLERANCE = 1e-4
"""Relative: sums of single-precision volumes."""


@dataclass(frozen=True, slots=True)
class Hole:
    """What is missing between two rows: from the first missing time to the next that is there."""

    since: int
    until: int
    missing: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``compared`` things were looked at, ``matches`` of them are right; ``first`` is the first wrong one's time."""

    rows: int
    compared: int
    matches: int
    gaps: int
    bad: int
    first: int | None
    problem: str = ""

    @property
    def is_sound(self) -> bool:
        return self.compared == self.matches and not self.bad


def holes_in_bars(ts: Times, interval_ms: int) -> Iterator[Hole]:
    """Yield the ranges of missing bars between sorted open times."""
    for place in np.flatnonzero(np.diff(ts) > interval_ms).tolist():
        before, after = int(ts[place]), int(ts[place + 1])
        yield Hole(before + interval_ms, after, (after - before) // interval_ms - 1)


def holes_in_funding(rates: Sequence[FundingRate]) -> Iterator[Hole]:
    """Yield the ranges of missing settlements, by the longer interval of two neighbours that say theirs."""
    for before, after in pairwise(rates):
        if before.interval_h is None or after.interval_h is None:
            continue
        step = int(max(before.interval_h, after.interval_h) * HOUR_MS)
        missing = round((after.ts - before.ts) / step) - 1
        if missing > 0:
            yield Hole(before.ts + step, after.ts, missing)


def verify_bars(series: CandleSeries) -> Verdict:
    """Hold each bar to itself: finite, positive, low and high around open and close, aligned, in order, once."""
    ts, step = series.ts, series.interval_ms
    low, high = np.minimum(series.open, series.close), np.maximum(series.open, series.close)
    wrong = ~((series.low <= low) & (series.high >= high) & (series.low > 0) & (series.volume >= 0))
    wrong |= ~(np.isfinite(series.high) & np.isfinite(series.volume)) | (ts % step != 0)
    wrong[1:] |= np.diff(ts) <= 0
    gaps = len(list(holes_in_bars(ts, step)))
    return _verdict(ts, wrong, gaps, "bar that contradicts itself")


def verify_sum(shorter: CandleSeries, longer: CandleSeries) -> Verdict:
    """Add shorter bars up and hold the longer ones to the sums, wherever all the shorter ones are there."""
    step = longer.interval_ms
    groups, starts, counts = np.unique(shorter.ts - shorter.ts % step, return_index=True, return_counts=True)
    whole = counts == step // shorter.interval_ms
    groups, starts, counts = groups[whole], starts[whole], counts[whole]
    common, mine, theirs = np.intersect1d(groups, longer.ts, return_indices=True)
    if not len(common):
        return Verdict(len(longer), 0, 0, 0, 0, None)
    first, last = starts[mine], starts[mine] + counts[mine] - 1
    parts = [slice(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    sums = {
        "open": shorter.open[first],
        "close": shorter.close[last],
        "high": np.array([shorter.high[part].max() for part in parts]),
        "low": np.array([shorter.low[part].min() for part in parts]),
        "volume": np.array([shorter.volume[part].sum() for part in parts]),
    }
    wrong = np.zeros(len(common), dtype=np.bool_)
    for name, total in sums.items():
        tolerance = VOLUME_TOLERANCE if name == "volume" else PRICE_TOLERANCE
        wrong |= ~np.isclose(getattr(longer, name)[theirs], total, rtol=tolerance, atol=1e-12)
    return _verdict(common, wrong, 0, "bar that is not the sum of the shorter ones")


def verify_funding(rates: Sequence[FundingRate]) -> Verdict:
    """Hold the stated interval of each settlement to its distance from the one before or, after a change, behind it."""
    ts = np.array([rate.ts for rate in rates], dtype=np.int64)
    hours = np.array([np.nan if rate.interval_h is None else rate.interval_h for rate in rates])
    steps = np.diff(ts) / HOUR_MS
    known = ~np.isnan(hours[1:])
    whole = np.isclose(steps % np.where(known, hours[1:], 1.0), 0)
    at_change = np.isclose(steps, hours[:-1])
    wrong = np.concatenate(([False], known & ~(whole | at_change)))
    wrong |= np.array([not np.isfinite(rate.rate) or abs(rate.rate) > 3 for rate in rates], dtype=np.bool_)
    wrong[1:] |= np.diff(ts) <= 0
    gaps = len(list(holes_in_funding(rates)))
    return _verdict(ts, wrong, gaps, "settlement at another distance than its interval")


def verify_trades(trades: Sequence[Trade]) -> Verdict:
    """Hold trades to their numbers: each once; where the venue counts by one, what is missing is a gap."""
    ts = np.array([trade.ts for trade in trades], dtype=np.int64)
    wrong = np.array([not (trade.price > 0 and trade.qty > 0) for trade in trades], dtype=np.bool_)
    gaps = 0
    if all(trade.trade_id.isascii() and trade.trade_id.isdigit() for trade in trades):
        gaps = int((np.diff(np.sort([int(trade.trade_id) for trade in trades])) > 1).sum())
    return _verdict(ts, wrong, gaps, "trade without a price or a size")


def _verdict(ts: Times, wrong: NDArray[np.bool_], gaps: int, problem: str) -> Verdict:
    bad = int(wrong.sum())
    first = int(ts[int(np.argmax(wrong))]) if bad else None
    return Verdict(len(ts), len(ts), len(ts) - bad, gaps, bad, first, problem if bad else "")
