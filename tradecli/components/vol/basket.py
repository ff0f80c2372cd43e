"""The LVX basket as the desk sees it: members by volume, a volatility for each with its method (METHODS section 2).

A coin's volatility is its own index, else a forecast bridged by what BTC's and ETH's implied volatility was over their
forecasts. Titled "LXVX-equivalent": LedgerX's index of that name was of BTC alone and has no feed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from tradecli.components.bars import Measure, missing, staleness, usable
from tradecli.components.base import View
from tradecli.components.vol import bvx, chains, implied
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import InstrumentKind, Quality
from tradecli.domain.feed import DAY_MS, MINUTE_MS, CandleFeed, Feed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.series import CandleSeries
from tradecli.quant import basket as lvx
from tradecli.quant.returns import annualised, consecutive_returns, log_returns
from tradecli.quant.volatility import ewma_path, ewma_variance

TITLE = "LXVX-equivalent"
ADV_DAYS, HISTORY_DAYS = 30, 90
STALE_MS = 15 * MINUTE_MS
"""An implied member older than this is not used."""
LAMBDA = 0.97
SEED_DAYS = 20
PEGGED = frozenset(
    ["USDT", "USDC", "DAI", "FDUSD", "TUSD", "USDE", "BUSD", "PYUSD", "USDP", "EURT"]
) | frozenset(["WBTC", "WETH", "STETH", "WSTETH", "CBBTC", "PAXG", "XAUT"])
"""Stable, wrapped and pegged coins: no members."""
LEVERAGED = ("UP", "DOWN", "BULL", "BEAR", "3L", "3S", "5L", "5S")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One coin of the basket. ``volume_usd`` is the 30-day median of daily volume; ``weight`` is after drops."""

    coin: str
    weight: float | None
    volume_usd: float
    vol: float | None
    is_implied: bool
    method: str
    quality: Quality
    as_of: int | None
    reason: str = ""


class BasketFound(msgspec.Struct, frozen=True, kw_only=True):
    """The basket at one moment. ``index`` = √Σ w v² and ``own`` = √wᵀΣw are two lines, never mixed.

    ``implied_share`` is the weight of members with an implied volatility; ``btc_load`` what BTC weighs in the composite
    in all; ``ex_btc`` the index without it; ``effective_members`` one over the sum of squared weights.
    """

    title: str
    index: float | None
    own: float | None
    correlation: float | None
    ex_btc: float | None
    btc_load: float | None
    implied_share: float | None
    effective_members: float | None
    premium_factor: float | None
    label: str
    quality: Quality
    as_of: int | None
    members: tuple[Member, ...]
    reason: str = ""


class _Coin(NamedTuple):
    name: str
    volume_usd: float
    bars: CandleSeries


def feeds(instrument: InstrumentId) -> tuple[Feed, ...]:
    """Return what one watched instrument adds to the basket."""
    return (CandleFeed(instrument, DAY_MS, HISTORY_DAYS + SEED_DAYS), *implied_feeds(instrument))


def implied_feeds(instrument: InstrumentId) -> tuple[Feed, ...]:
    """Return the chain of the instrument's coin, and the published indices with their past."""
    return (
        *chains.feeds(chains.coin_named(instrument.partition("@")[0])),
        *(VolIndexFeed(f"DVOL-{coin}", HISTORY_DAYS * DAY_MS) for coin in chains.COINS),
    )


def find(view: View, settings: VolSettings, before: tuple[str, ...] = ()) -> BasketFound:
    """Return the basket of the watched coins; ``before`` are its members so far, which leave it late."""
    coins = {each.name: each for each in _coins(view)}
    ranked = sorted(coins, key=lambda name: (-coins[name].volume_usd, name))
    picked = [coins[name] for name in lvx.members(ranked, before)]
    factor = _premium_factor(view, coins)
    vols = [_vol(view, each, settings, factor) for each in picked]
    share = lvx.weights([each.volume_usd for each in picked])
    there = np.array([each.value is not None for each in vols], dtype=np.bool_)
    left = float(np.sum(share[there]))
    enough = int(np.sum(there)) >= lvx.FEWEST and left >= lvx.LEAST_WEIGHT
    used = np.where(there, share, 0.0) / left if left > 0.0 else share
    members = tuple(
        Member(
            coin=coin.name,
            weight=float(weight) if vol.value is not None else None,
            volume_usd=coin.volume_usd,
            vol=vol.value,
            is_implied=not vol.method.startswith("ewma"),
            method=vol.method,
            quality=vol.quality,
            as_of=vol.as_of,
            reason=vol.reason,
        )
        for coin, vol, weight in zip(picked, vols, used, strict=True)
    )
    if not enough:
        return _nothing(members, factor, _too_little(int(np.sum(there)), left))
    return _found(picked, members, factor, len(picked) - int(np.sum(there)), settings)


def _too_little(known: int, weight: float) -> str:
    if known < lvx.FEWEST:
        return f"{known} of the {lvx.FEWEST} members that a basket needs have a volatility"
    return f"members with a volatility hold {weight:.0%} of the weight, {lvx.LEAST_WEIGHT:.0%} are needed"


def measure(found: BasketFound) -> Measure:
    """Return the basket as an input of the composite."""
    known = [each for each in found.members if each.vol is not None]
    if found.index is None:
        return missing("lxvx", TITLE, found.reason, n_obs=len(known))
    return Measure(
        name="lxvx",
        value=found.index,
        source=TITLE,
        method=f"{len(known)} of {len(found.members)} members, {found.label}",
        quality=found.quality,
        as_of=found.as_of,
        n_obs=len(known),
        reason=found.reason,
    )


def _found(
    picked: list[_Coin],
    members: tuple[Member, ...],
    factor: float | None,
    dropped: int,
    settings: VolSettings,
) -> BasketFound:
    used = [(coin, each) for coin, each in zip(picked, members, strict=True) if each.weight is not None]
    share = np.array([each.weight for _, each in used], dtype=np.float64)
    vols = np.array([each.vol for _, each in used], dtype=np.float64)
    numbers = lvx.basket(share, vols, _correlations([coin for coin, _ in used]))
    weights = {each.coin: float(each.weight or 0.0) for _, each in used}
    rest = lvx.without(weights, "BTC")
    by_coin = {each.coin: float(each.vol or 0.0) for _, each in used}
    implied_share = math.fsum(float(each.weight or 0.0) for _, each in used if each.is_implied)
    label = "mostly implied" if implied_share >= lvx.MOSTLY_REALISED else "mostly realised"
    reasons = (
        []
        if implied_share >= lvx.MOSTLY_REALISED
        else [f"implied share {implied_share:.2f}: mostly realised"]
    )
    if dropped:
        reasons.append(f"{dropped} members without a volatility")
    if factor is None:
        reasons.append("no history of implied volatility: forecasts are not scaled")
    sound = not reasons and all(each.quality is Quality.OK for _, each in used if each.is_implied)
    return BasketFound(
        title=TITLE,
        index=numbers.index,
        own=numbers.own,
        correlation=numbers.correlation,
        ex_btc=math.sqrt(math.fsum(w * by_coin[coin] ** 2 for coin, w in rest.items())) if rest else None,
        btc_load=lvx.btc_load(weights.get("BTC", 0.0), settings.weights.bitvol, settings.weights.lxvx),
        implied_share=implied_share,
        effective_members=1.0 / float(np.sum(share**2)),
        premium_factor=factor,
        label=label,
        quality=Quality.OK if sound else Quality.DEGRADED,
        as_of=min((each.as_of for _, each in used if each.as_of is not None), default=None),
        members=members,
        reason="; ".join(reasons),
    )


def _nothing(members: tuple[Member, ...], factor: float | None, why: str) -> BasketFound:
    return BasketFound(
        title=TITLE,
        index=None,
        own=None,
        correlation=None,
        ex_btc=None,
        btc_load=None,
        implied_share=None,
        effective_members=None,
        premium_factor=factor,
        label="",
        quality=Quality.UNAVAILABLE,
        as_of=None,
        members=members,
        reason=why,
    )


def _coins(view: View) -> list[_Coin]:
    """Return the coins that may be members: with 90 days of bars, pegged and leveraged ones left out."""
    volumes: dict[str, dict[int, float]] = {}
    longest: dict[str, CandleSeries] = {}
    for instrument in view.instruments:
        spec = view.instrument(instrument)
        if spec is None or spec.kind not in (
            InstrumentKind.LINEAR,
            InstrumentKind.SPOT,
            InstrumentKind.INVERSE,
        ):
            continue
        coin = spec.base
        if coin in PEGGED or (len(coin) > 4 and coin.endswith(LEVERAGED)):
            continue
        bars = usable(view.candles(instrument, DAY_MS), view.at, HISTORY_DAYS + SEED_DAYS)
        if staleness(bars, view.at) is not None:
            continue
        of_coin = volumes.setdefault(coin, {})
        recent = slice(-ADV_DAYS, None)
        turnover = bars.volume[recent] * bars.close[recent]
        for ts, usd in zip(bars.ts[recent].tolist(), turnover.tolist(), strict=True):
            of_coin[ts] = of_coin.get(ts, 0.0) + usd
        if coin not in longest or len(bars) > len(longest[coin]):
            longest[coin] = bars
    return [
        _Coin(coin, float(np.median(list(days.values()))), longest[coin])
        for coin, days in sorted(volumes.items())
        if len(longest[coin]) >= HISTORY_DAYS
    ]


def _vol(view: View, coin: _Coin, settings: VolSettings, factor: float | None) -> Measure:
    """Return the 30-day volatility of a member: its chain's, its DVOL, or a bridged forecast."""
    own = bvx.measure(view, coin.name, settings, "lxvx")
    if own.value is not None and own.as_of is not None and view.at - own.as_of <= STALE_MS:
        return own
    index = implied.published(view, f"DVOL-{coin.name}", settings, "lxvx")
    if index.value is not None:
        return index
    returns = consecutive_returns(coin.bars.ts, coin.bars.close, DAY_MS)
    variance = ewma_variance(returns, LAMBDA) if len(returns) >= SEED_DAYS else None
    if variance is None or not variance > 0.0:
        return missing("lxvx", "1d candles", f"{len(returns)} of {SEED_DAYS} daily returns")
    scale = factor if factor is not None else 1.0
    return Measure(
        name="lxvx",
        value=annualised(variance, 365.0) * scale,
        source="1d candles",
        method=f"ewma × {scale:.3f}",
        quality=Quality.DEGRADED,
        as_of=coin.bars.as_of,
        n_obs=len(returns),
        reason=index.reason,
    )


def _premium_factor(view: View, coins: dict[str, _Coin]) -> float | None:
    """Return how implied volatility stood to the forecast over the last 90 days, of BTC and ETH together."""
    above: list[float] = []
    below: list[float] = []
    for name in chains.COINS:
        index = view.vol_index(f"DVOL-{name}")
        if name not in coins or not len(index):
            continue
        bars = coins[name].bars
        path = _forecasts(bars)
        closes = (bars.ts + DAY_MS)[:-1][-HISTORY_DAYS:]
        place = np.searchsorted(index.ts, closes, side="right") - 1
        fresh = (place >= 0) & (closes - index.ts[np.maximum(place, 0)] < DAY_MS)
        above += index.value[place[fresh]].tolist()
        below += path[-HISTORY_DAYS:][fresh].tolist()
    return lvx.premium_factor(np.array(above), np.array(below))


def _forecasts(bars: CandleSeries) -> np.ndarray:
    """Return the annual forecast known at each bar's close but the last; NaN while too few bars have been seen."""
    return np.sqrt(ewma_path(log_returns(bars.close), LAMBDA) * 365.0)


def _correlations(coins: list[_Coin]) -> np.ndarray | None:
    """Return the correlations of daily returns over the days that all of them have."""
    common = coins[0].bars.ts
    for each in coins[1:]:
        common = np.intersect1d(common, each.bars.ts)
    if len(common) < 48:
        return None
    columns = [np.diff(np.log(each.bars.close[np.isin(each.bars.ts, common)])) for each in coins]
    return lvx.correlations(np.column_stack(columns))
