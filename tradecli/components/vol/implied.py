"""Implied volatility as an input of the composite: own chain, published index, or BTC's beside it (METHODS 5.1).

Published indices are taken while fresh; how a coin without any stands beside BTC is measured on daily ranges.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tradecli.components.bars import Measure, missing, usable
from tradecli.components.base import View
from tradecli.components.vol import bvx
from tradecli.components.vol.chains import COINS, VENUE, coin_of
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId, instrument_id, venue_of
from tradecli.quant.bvx import AT_THE_MONEY

FEWEST_RATIO, RATIO_DAYS = 20, 90


def implied(view: View, instrument: InstrumentId, settings: VolSettings, beta: float | None) -> Measure:
    """Return the coin's own implied volatility, else BTC's times the coin's volatility beside BTC."""
    base = coin_of(view, instrument)
    own = own_index(view, base, settings)
    if own.value is not None or base == "BTC":
        return own
    if beta is None:
        return msgspec.structs.replace(own, reason=f"{own.reason}, and no BTC bars to scale BTC's by")
    other = own_index(view, "BTC", settings)
    if other.value is None:
        return msgspec.structs.replace(other, reason=f"{own.reason}; {other.reason}")
    return msgspec.structs.replace(
        other,
        value=other.value * beta,
        method=f"BTC index × {beta:.3f}",
        quality=Quality.DEGRADED,
        reason=own.reason,
    )


def own_index(view: View, coin: str, settings: VolSettings) -> Measure:
    """Return BVX of the coin's chain, else its DVOL, and say which; both reasons where there is neither."""
    if coin not in COINS:
        return missing("bitvol", "", f"no index for {coin}")
    chain = bvx.measure(view, coin, settings)
    if chain.value is not None and not chain.method.endswith(AT_THE_MONEY):
        return chain
    index = published(view, f"DVOL-{coin}", settings)
    if index.value is not None:
        fallen = chain.reason if view.options(VENUE, coin) is not None else ""
        quality = Quality.FALLBACK if fallen else index.quality
        return msgspec.structs.replace(index, reason=fallen, quality=quality)
    if chain.value is not None:
        return chain
    return msgspec.structs.replace(index, reason=f"{index.reason}; {chain.reason}")


def published(view: View, name: str, settings: VolSettings, measure: str = "bitvol") -> Measure:
    """Return a published index by its name, or why it cannot be used."""
    series = view.vol_index(name)
    if not len(series):
        return missing(measure, name, f"no {name}")
    as_of = int(series.ts[-1])
    age_h = (view.at - as_of) / HOUR_MS
    if age_h > settings.max_index_age_hours:
        limit = f"over {settings.max_index_age_hours:g} h"
        return missing(measure, name, f"{name} is {age_h:.1f} h old, {limit}", as_of=as_of)
    return Measure(
        name=measure,
        value=float(series.value[-1]),
        source=name,
        method="published index",
        quality=Quality.OK,
        as_of=as_of,
        n_obs=len(series),
    )


def reference(instrument: InstrumentId) -> InstrumentId:
    """Return the instrument that a coin is set beside: the BTC perpetual of its venue."""
    return instrument_id("BTCUSDT", venue_of(instrument))


def beta_to_btc(view: View, instrument: InstrumentId) -> float | None:
    """Return how volatile this coin is beside BTC at the same venue: 1 for BTC, None where it cannot be told."""
    if coin_of(view, instrument) == "BTC":
        return 1.0
    return range_ratio(view, instrument, reference(instrument))


def range_ratio(view: View, instrument: InstrumentId, other: InstrumentId) -> float | None:
    """Return the median over the last 90 common days of this daily range volatility over the other's."""
    ours, theirs = (usable(view.candles(each, DAY_MS), view.at, RATIO_DAYS) for each in (instrument, other))
    common, left, right = np.intersect1d(ours.ts, theirs.ts, return_indices=True)
    if len(common) < FEWEST_RATIO:
        return None
    a = np.log(ours.high[left] / ours.low[left])
    b = np.log(theirs.high[right] / theirs.low[right])
    moving = (a > 0.0) & (b > 0.0)
    return float(np.median(a[moving] / b[moving])) if int(np.sum(moving)) >= FEWEST_RATIO else None
