"""Illiquidity as a part of the stress score: spread, and how little stands within 10 basis points (METHODS 5.3).

Both are hourly means of one book, kept by the runs that followed it (``domain.liquidity``); the newest hour is ranked
among the hours of the year before it. Depth that the book did not reach leaves the spread alone, and is said.
"""

from __future__ import annotations

import numpy as np

from tradecli.components.base import View
from tradecli.components.vol.ranked import LEAST_DAYS, YEAR_DAYS, Part, Raw, absent
from tradecli.domain.feed import DAY_MS, HOUR_MS, Feed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.liquidity import NEAR_BPS, series_of
from tradecli.quant.returns import Floats, Times
from tradecli.quant.stress import WEIGHTS, percentile_rank

NAME = "illiquidity"
LEAST_HOURS = 24 * LEAST_DAYS
OLDEST_MS = 2 * HOUR_MS
"""An hour that ended longer ago is not the present."""
_WITHIN = f"within {NEAR_BPS:g} bp"


def feeds(instrument: InstrumentId) -> tuple[Feed, ...]:
    return tuple(VolIndexFeed(name, YEAR_DAYS * DAY_MS) for name in series_of(instrument))


def measure(view: View, instrument: InstrumentId) -> Part:
    """Return the mean of both ranks now, or why there is none."""
    spread_name, depth_name = series_of(instrument)
    ts, spread = _year(view, spread_name)
    if not len(ts):
        return absent(NAME, f"0 of {LEAST_HOURS} hours of books")
    as_of = int(ts[-1])
    depth_ts, depth = _year(view, depth_name)
    deep = len(depth_ts) > 0 and int(depth_ts[-1]) == as_of
    raw = [_raw("spread", spread, "bp", 1.0)]
    if deep:
        raw.append(_raw(f"depth {_WITHIN}", depth, "USD", -1.0))
    if len(ts) <= LEAST_HOURS:
        return absent(
            NAME,
            f"{len(ts) - 1} of {LEAST_HOURS} hours of books",
            n_obs=len(ts) - 1,
            as_of=as_of,
            raw=tuple(raw),
        )
    if view.at - as_of > OLDEST_MS:
        old = (view.at - as_of) / HOUR_MS
        return absent(NAME, f"books end {old:.0f} hours ago", n_obs=len(ts) - 1, as_of=as_of, raw=tuple(raw))
    ranks = [each.rank for each in raw if each.rank is not None]
    alone = "" if len(ranks) == 2 else f": the book does not reach {NEAR_BPS:g} bp, or not for long enough"
    return Part(
        name=NAME,
        value=float(spread[-1]),
        rank=sum(ranks) / len(ranks),
        weight=WEIGHTS[NAME],
        method="spread and depth, hourly" if not alone else f"spread alone, hourly{alone}",
        n_obs=len(ts) - 1,
        as_of=as_of,
        raw=tuple(raw),
    )


def _raw(name: str, path: Floats, unit: str, sign: float) -> Raw:
    """Return the newest hour and its rank among those before; ``sign`` −1 where less is worse."""
    past, now = path[:-1], float(path[-1])
    known = len(past) >= LEAST_HOURS
    rank = percentile_rank(sign * past, sign * now) if known else None
    return Raw(name=name, value=now, unit=unit, rank=rank, n_obs=len(past))


def _year(view: View, name: str) -> tuple[Times, Floats]:
    """Return the hours of the year up to now, each once, oldest first."""
    series = view.vol_index(name)
    known = np.isfinite(series.value) & (series.ts <= view.at) & (series.ts > view.at - YEAR_DAYS * DAY_MS)
    ts, first = np.unique(series.ts[known], return_index=True)
    return ts, series.value[known][first]
