"""Model-free implied variance of one expiry, and the 30-day index of two (METHODS section 1).

A strip takes undiscounted prices in quote currency. From coin prices multiply by the expiry's own forward, from prices
discounted at r by e^{rT}: that is ``factor``. Strikes ascend; a bid of NaN or 0 is no bid, an ask of NaN is no ask.
Demeterfi, Derman, Kamal & Zou (1999); the selection is that of the Cboe VIX white paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradecli.quant import truncation
from tradecli.quant.implied import implied_vol
from tradecli.quant.options import black76, black76_price, parity_forward, parity_forward_linear
from tradecli.quant.returns import Floats

YEAR_DAYS = 365.0
TARGET, NEAREST, FARTHEST = 30.0 / YEAR_DAYS, 7.0 / YEAR_DAYS, 90.0 / YEAR_DAYS
ALONE = 21.0 / YEAR_DAYS, 45.0 / YEAR_DAYS
"""Where a single expiry may stand for 30 days."""
LOWEST, HIGHEST = 0.05, 4.0
LEAST_PER_SIDE = 3
LEAST_COVERAGE = 1.0
"""Standard deviations of the log price that the selected strikes must span on each side."""
MOST_BEYOND = 0.02
"""Share of the variance beyond the last quote of a side from which a strip is truncated."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """The chain of one expiry as equally long arrays; bids and asks all in coin or all in quote currency."""

    strike: Floats
    call_bid: Floats
    call_ask: Floats
    put_bid: Floats
    put_ask: Floats

    @property
    def call_mid(self) -> Floats:
        return 0.5 * (self.call_bid + self.call_ask)

    @property
    def put_mid(self) -> Floats:
        return 0.5 * (self.put_bid + self.put_ask)


@dataclass(frozen=True, slots=True)
class Strip:
    """The annual variance of one expiry and the strikes it comes from; ``T`` in years.

    ``prices`` are undiscounted, in quote currency; ``cut`` says at which end (puts, calls) the delta rule stopped
    before the quotes did.
    """

    variance: float
    T: float
    forward: float
    k0: float
    strikes: Floats
    prices: Floats | None = None
    cut: tuple[bool, bool] = (False, False)

    def parts(self) -> Floats:
        """Return what each strike adds to the variance, before the term of the forward; empty without prices."""
        if self.prices is None:
            return np.empty(0)
        return np.asarray(2.0 / self.T * _widths(self.strikes) / self.strikes**2 * self.prices)

    def left_out(self, *, compiled: bool = False) -> tuple[float, float]:
        """Return the variance beyond the last put and the last call, at the volatility of each of these two."""
        if self.prices is None:
            return math.nan, math.nan
        ends = self.strikes[[0, -1]]
        side = np.where(ends < self.k0, -1.0, 1.0)
        vols = implied_vol(self.prices[[0, -1]], self.forward, ends, self.T, side, compiled=compiled)
        low, high = (vols * math.sqrt(self.T)).tolist()
        missing = (
            truncation.below(self.forward, float(ends[0]), low),
            truncation.above(self.forward, float(ends[1]), high),
        )
        return 2.0 / self.T * missing[0], 2.0 / self.T * missing[1]

    def coarseness(self) -> float:
        """Return the variance that the distance of these strikes adds to a flat chain of this variance."""
        vol = math.sqrt(max(self.variance, 0.0))
        side = np.where(self.strikes < self.k0, -1.0, 1.0)
        price = black76_price(self.forward, self.strikes, self.T, vol, side)
        centre = self.strikes == self.k0
        put = black76_price(self.forward, self.k0, self.T, vol, -1.0)
        price = np.where(centre, 0.5 * (price + put), price)
        deviation = vol * math.sqrt(self.T)
        missing = truncation.below(self.forward, float(self.strikes[0]), deviation)
        missing += truncation.above(self.forward, float(self.strikes[-1]), deviation)
        total = _variance(self.strikes, price, self.forward, self.k0, self.T)
        return total + 2.0 / self.T * missing - self.variance

    def truncated(self, missing: tuple[float, float] | None = None) -> tuple[bool, bool]:
        """Say of each end (puts, calls) whether its quotes stop too early: more than a fiftieth is left out.

        An end that a delta rule cut is as the construction wants it, not truncated. ``missing`` is ``left_out()``,
        where it is known already.
        """
        limit = MOST_BEYOND * self.variance
        low, high = missing if missing is not None else self.left_out()
        return not self.cut[0] and not low <= limit, not self.cut[1] and not high <= limit

    def refusal(self) -> str | None:
        """Say why this expiry may not enter an index, or None: the rules for production, not those of the vectors."""
        if not self.variance > 0.0:
            return "the variance is not positive"
        below, above = int(np.sum(self.strikes < self.k0)), int(np.sum(self.strikes > self.k0))
        if min(below, above) < LEAST_PER_SIDE:
            return f"{below} puts and {above} calls, {LEAST_PER_SIDE} of each needed"
        deviation = math.sqrt(self.variance * self.T)
        low, high = (math.log(float(k) / self.forward) for k in (self.strikes[0], self.strikes[-1]))
        reach = min(-low, high) / deviation
        if reach < LEAST_COVERAGE:
            return f"strikes reach {reach:.2f} standard deviations, {LEAST_COVERAGE:g} needed"
        return None


def forward_of(quotes: Quotes, *, inverse: bool, growth: float = 1.0, strikes: int = 1) -> float | None:
    """Return the forward by parity where call and put are closest in price; None without a strike quoted on all sides.

    ``inverse`` chains use F = K/(1 − (c − p)), others K + e^{rT}(C − P) with ``growth`` e^{rT}. With ``strikes`` 3 it
    is the median over the three strikes nearest the money.
    """
    call, put = quotes.call_mid, quotes.put_mid
    usable = (quotes.call_bid > 0) & (quotes.put_bid > 0) & np.isfinite(call + put)
    if not usable.any():
        return None
    gap = np.where(usable, np.abs(call - put), np.inf)
    nearest = np.argsort(gap, kind="stable")[: min(strikes, int(usable.sum()))]
    terms = quotes.strike[nearest], call[nearest], put[nearest]
    forwards = parity_forward(*terms) if inverse else parity_forward_linear(*terms, growth)
    return float(np.median(forwards))


def strip(
    quotes: Quotes,
    forward: float,
    T: float,
    *,
    factor: float = 1.0,
    least_delta: float | None = None,
    compiled: bool = False,
) -> Strip | None:
    """Return the variance 2/T Σ ΔK/K² Q − 1/T (F/K0 − 1)² over the selected strikes; None without a K0.

    K0 is the highest strike up to the forward that is quoted on both sides. From there outwards strikes without a bid
    are skipped and two in a row end the side; one without an ask is skipped, and changes nothing in that count.
    ``least_delta`` keeps only strikes whose Black delta is at least that, as far as DVOL's convention is known.
    """
    call_there = (quotes.call_bid > 0) & np.isfinite(quotes.call_ask)
    put_there = (quotes.put_bid > 0) & np.isfinite(quotes.put_ask)
    at = np.flatnonzero((quotes.strike <= forward) & call_there & put_there)
    if not len(at) or T <= 0.0:
        return None
    zero = int(at[-1])
    below = _outwards(range(zero - 1, -1, -1), quotes.put_bid, quotes.put_ask)[::-1]
    above = _outwards(range(zero + 1, len(quotes.strike)), quotes.call_bid, quotes.call_ask)
    rows = np.array([*below, zero, *above])
    price = np.concatenate(
        (
            quotes.put_mid[below],
            [0.5 * (quotes.call_mid[zero] + quotes.put_mid[zero])],
            quotes.call_mid[above],
        )
    )
    strikes, price = quotes.strike[rows], factor * price
    cut = False, False
    if least_delta is not None:
        kept = _at_least(least_delta, strikes, price, forward, T, zero=len(below), compiled=compiled)
        cut = not kept[0], not kept[-1]
        strikes, price = strikes[kept], price[kept]
    if len(strikes) < 2:
        return None
    k0 = float(quotes.strike[zero])
    return Strip(_variance(strikes, price, forward, k0, T), T, forward, k0, strikes, price, cut)


def _variance(strikes: Floats, price: Floats, forward: float, k0: float, T: float) -> float:
    total = 2.0 / T * float(np.sum(_widths(strikes) / strikes**2 * price))
    return total - (forward / k0 - 1.0) ** 2 / T


def _outwards(rows: range, bid: Floats, ask: Floats) -> list[int]:
    found: list[int] = []
    missing = 0
    for row in rows:
        if not bid[row] > 0.0:  # also NaN
            missing += 1
            if missing == 2:
                break
        elif math.isfinite(ask[row]):
            found.append(row)
            missing = 0
    return found


def _widths(strikes: Floats) -> Floats:
    """Return half the distance between the neighbours of each strike, and the whole one at the ends."""
    steps = np.diff(strikes)
    return np.concatenate((steps[:1], 0.5 * (steps[1:] + steps[:-1]), steps[-1:]))


def _at_least(
    least: float, strikes: Floats, price: Floats, forward: float, T: float, *, zero: int, compiled: bool
) -> np.ndarray:
    side = np.where(np.arange(len(strikes)) < zero, -1.0, 1.0)
    vol = implied_vol(price, forward, strikes, T, side, compiled=compiled)
    delta = np.abs(black76(forward, strikes, T, vol, side).delta)
    kept: np.ndarray = delta >= least  # false where no volatility explains the price
    kept[zero] = True
    return kept


def constant_maturity(
    near: tuple[float, float], far: tuple[float, float], target: float = TARGET
) -> float | None:
    """Return the volatility at ``target`` years from two (T, variance): linear in total variance.

    None unless ``target`` lies between them: weights are never negative.
    """
    (t1, v1), (t2, v2) = near, far
    if not t1 <= target <= t2 or t1 >= t2:
        return None
    total = (t1 * v1 * (t2 - target) + t2 * v2 * (target - t1)) / (t2 - t1)
    return math.sqrt(total / target) if total > 0.0 else None


@dataclass(frozen=True, slots=True)
class Index:
    """The 30-day volatility; ``quality`` is a word of METHODS section 0, ``reason`` says why it is not ``ok``."""

    vol: float | None
    method: str
    quality: str
    expiries: tuple[float, ...] = ()
    reason: str | None = None


def index(strips: Sequence[Strip]) -> Index:
    """Return the index of sound strips: the two around 30 days, or one of 21 to 45 days alone and degraded.

    Near is the longest of 7 to 30 days, next the shortest of up to 90; one of exactly 30 days stands alone.
    """
    terms = {each.T: each.variance for each in strips if NEAREST <= each.T <= FARTHEST}
    near = max((T for T in terms if T <= TARGET), default=None)
    far = min((T for T in terms if T > TARGET), default=None)
    if near is not None and (far is not None or near == TARGET):
        if near == TARGET or far is None:
            return _checked(math.sqrt(terms[near]), "one expiry", "ok", (near,), None)
        vol = constant_maturity((near, terms[near]), (far, terms[far]))
        return _checked(vol, "two expiries", "ok", (near, far), None)
    single = near if near is not None else far
    if single is None:
        return Index(None, "none", "unavailable", (), "no expiry between 7 and 90 days")
    if not ALONE[0] <= single <= ALONE[1]:
        days = single * YEAR_DAYS
        return Index(None, "none", "unavailable", (single,), f"one expiry alone, of {days:.1f} days")
    reason = "one expiry, its volatility taken as flat"
    return _checked(math.sqrt(terms[single]), "one expiry", "degraded", (single,), reason)


def _checked(
    vol: float | None, method: str, quality: str, expiries: tuple[float, ...], reason: str | None
) -> Index:
    if vol is None or not LOWEST <= vol <= HIGHEST:
        why = "no variance" if vol is None else f"{vol:.4g} is outside {LOWEST:g} to {HIGHEST:g} a year"
        return Index(None, method, "unavailable", expiries, why)
    return Index(vol, method, quality, expiries, reason)


def screened(
    bid: Floats,
    ask: Floats,
    *,
    widest: float | Floats = 1.0,
    least: float | Floats = 0.0,
    most: float = math.inf,
) -> tuple[Floats, np.ndarray]:
    """Return the asks with NaN where a quote may not be used in production, and which those are.

    Unusable: crossed or locked, wider than ``widest`` of its mid, its mid below ``least`` (intrinsic less half a tick)
    or not below ``most`` (1 for a call in coin). A missing bid is left for the strip to count.
    """
    mid = 0.5 * (bid + ask)
    with np.errstate(divide="ignore", invalid="ignore"):
        bad = (bid > 0) & np.isfinite(ask)
        bad &= (ask <= bid) | ((ask - bid) / mid > np.asarray(widest) + 1e-9) | (mid < least) | (mid >= most)
    return np.where(bad, np.nan, ask), bad
