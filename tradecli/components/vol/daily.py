"""Daily returns and realised variances of one instrument, from the best bars there are (METHODS section 4).

Realised variance comes from hourly returns where five months of whole days are kept, else from the daily ranges.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradecli.components.bars import staleness, usable
from tradecli.components.base import View
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.quant.returns import Floats, Times, consecutive_returns
from tradecli.quant.volatility import realised_days, rogers_satchell_terms

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries

LEAST_HOURLY_DAYS = 150
HOURLY, RANGES = "realised variance 1h", "rogers-satchell 1d"


class Daily(NamedTuple):
    """Log returns and realised variances per day, oldest first; ``wrong`` says why there are none to use.

    ``days`` numbers the days that ``variances`` are of; ``source`` names how they were measured.
    """

    as_of: int | None
    returns: Floats
    days: Times
    variances: Floats
    source: str
    wrong: str | None


def daily(view: View, instrument: InstrumentId, count: int) -> Daily:
    """Return the newest ``count`` daily returns and variances that were known at ``view.at``."""
    bars = usable(view.candles(instrument, DAY_MS), view.at, count + 1)
    returns = consecutive_returns(bars.ts, bars.close, DAY_MS)
    wrong = staleness(bars, view.at)
    hours = usable(view.candles(instrument, HOUR_MS), view.at)
    days, variances = realised_days(hours.ts, hours.close, HOUR_MS)
    source = HOURLY
    if len(days) < LEAST_HOURLY_DAYS:
        days, variances = ranges(bars)
        source = RANGES
    return Daily(bars.as_of, returns, days[-count:], variances[-count:], source, wrong)


def ranges(bars: CandleSeries) -> tuple[Times, Floats]:
    """Return (day number, Rogers–Satchell variance) of daily bars, without those whose price did not move.

    A day that ran from one end of its range to the other has 0 by Rogers & Satchell: it takes Parkinson's.
    """
    if not len(bars):
        return np.empty(0, dtype=np.int64), np.empty(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = rogers_satchell_terms(bars.open, bars.high, bars.low, bars.close)
        terms = np.where(terms > 0.0, terms, np.log(bars.high / bars.low) ** 2 / (4.0 * math.log(2.0)))
    kept = np.isfinite(terms) & (terms > 0.0)
    return (bars.ts // DAY_MS)[kept].astype(np.int64), terms[kept]
