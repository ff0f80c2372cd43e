"""The rhythm of the week in hourly returns: divided out before an hourly fit, put back after it (METHODS section 3)."""

from __future__ import annotations

import numpy as np

from tradecli.quant.returns import Floats, Times

HOUR_MS = 3_600_000
HOURS_OF_WEEK = 168
LEAST_WEEKS = 4


def hour_of_week(open_ts: Times) -> Times:
    """Return the hour of the week of each bar, 0 for Monday 00:00 UTC."""
    return np.asarray((open_ts // HOUR_MS + 72) % HOURS_OF_WEEK, dtype=np.int64)  # 1970-01-01 was a Thursday


def diurnal_factors(open_ts: Times, returns: Floats) -> Floats | None:
    """Return the mean absolute return of each hour of the week, scaled so that the mean of their squares is 1.

    ``open_ts`` are those of the bars that end the returns. None below four weeks of every hour, and where an hour
    never moves.
    """
    hours = hour_of_week(open_ts)
    counts = np.bincount(hours, minlength=HOURS_OF_WEEK)
    if len(returns) != len(open_ts) or int(np.min(counts)) < LEAST_WEEKS or not np.all(np.isfinite(returns)):
        return None
    means = np.bincount(hours, weights=np.abs(returns), minlength=HOURS_OF_WEEK) / counts
    if not float(np.min(means)) > 0.0:
        return None
    return np.asarray(means / np.sqrt(np.mean(means**2)))
