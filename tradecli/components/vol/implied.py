"""Implied volatility from published indices, and how a coin without one stands beside BTC (METHODS section 5.1)."""

from __future__ import annotations

import numpy as np

from tradecli.components.bars import Measure, missing, usable
from tradecli.components.base import View
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId, venue_of

COINS = ("BTC", "ETH")
"""Coins with a published index of their own."""
FEWEST_RATIO = 20


def implied(view: View, instrument: InstrumentId, settings: VolSettings, beta: float | None) -> Measure:
    """Return the coin's DVOL while fresh; for a coin without one, BTC's times the coin's volatility beside BTC."""
    spec = view.instrument(instrument)
    base = spec.base if spec is not None else instrument[:3]
    own = base in COINS
    name = f"DVOL-{base}" if own else "DVOL-BTC"
    source = f"{name} (BVX in a later release)"
    series = view.vol_index(name)
    if not len(series):
        return missing("bitvol", source, f"no {name}")
    as_of, value = int(series.ts[-1]), float(series.value[-1])
    age = view.at - as_of
    if age > settings.max_index_age_hours * HOUR_MS:
        limit = f"over {settings.max_index_age_hours:g} h"
        return missing("bitvol", source, f"{name} is {age / HOUR_MS:.1f} h old, {limit}", as_of=as_of)
    if not own and beta is None:
        return missing("bitvol", source, f"no index for {base}, and no BTC bars to scale BTC's by")
    return Measure(
        name="bitvol",
        value=value if own else value * (beta or 1.0),
        source=source,
        method="published index" if own else f"BTC index × {beta:.3f}",
        quality=Quality.OK if own else Quality.DEGRADED,
        as_of=as_of,
        n_obs=len(series),
        reason="" if own else f"no index for {base}",
    )


def beta_to_btc(view: View, instrument: InstrumentId) -> float | None:
    """Return how volatile this coin is beside BTC at the same venue: 1 for BTC, None where it cannot be told."""
    spec = view.instrument(instrument)
    if spec is None:
        return None
    if spec.base == "BTC":
        return 1.0
    for other in view.instruments:
        found = view.instrument(other)
        beside = venue_of(other) == venue_of(instrument)
        if beside and found is not None and found.base == "BTC" and found.kind is spec.kind:
            return range_ratio(view, instrument, other)
    return None


def range_ratio(view: View, instrument: InstrumentId, other: InstrumentId) -> float | None:
    """Return the median over the last 90 common days of this daily range volatility over the other's."""
    ours, theirs = (usable(view.candles(each, DAY_MS), view.at, 90) for each in (instrument, other))
    common, left, right = np.intersect1d(ours.ts, theirs.ts, return_indices=True)
    if len(common) < FEWEST_RATIO:
        return None
    a = np.log(ours.high[left] / ours.low[left])
    b = np.log(theirs.high[right] / theirs.low[right])
    moving = (a > 0.0) & (b > 0.0)
    return float(np.median(a[moving] / b[moving])) if int(np.sum(moving)) >= FEWEST_RATIO else None
