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

from tradecli.quant import mfiv_kernel as kernel
from tradecli.quant import option_kernel, truncation
from tradecli.quant.kernels import compiled as machine_code
from tradecli.quant.kernels import over_lists
from tradecli.quant.option_kernel import deviation_of
from tradecli.quant.returns import Floats
from tradecli.quant.slices_kernel import parity

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
    def columns(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        return self.strike, self.call_bid, self.call_ask, self.put_bid, self.put_ask


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
        ends = float(self.strikes[0]), float(self.strikes[-1])
        find = machine_code(deviation_of, *option_kernel.SOLVE) if compiled else deviation_of
        low, high = (
            find(float(price), self.forward, strike, self.T, -1.0 if strike < self.k0 else 1.0)
            for price, strike in zip((self.prices[0], self.prices[-1]), ends, strict=True)
        )
        missing = (
            truncation.below(self.forward, ends[0], low),
            truncation.above(self.forward, ends[1], high),
        )
        return 2.0 / self.T * missing[0], 2.0 / self.T * missing[1]

    def coarseness(self, *, compiled: bool = False) -> float:
        """Return the variance that the distance of these strikes adds to a flat chain of this variance."""
        vol = math.sqrt(max(self.variance, 0.0))
        terms = self.forward, self.k0, self.T, vol
        if compiled:
            total = machine_code(kernel.flat_sum, *kernel.FLAT)(
                self.strikes, *terms, np.empty(len(self.strikes))
            )
        else:
            total = over_lists(kernel.flat_sum)(self.strikes, *terms, [0.0] * len(self.strikes))
        deviation = vol * math.sqrt(self.T)
        missing = truncation.below(self.forward, float(self.strikes[0]), deviation)
        missing += truncation.above(self.forward, float(self.strikes[-1]), deviation)
        return float(total) + 2.0 / self.T * missing - self.variance

    def truncated(self, missing: tuple[float, float] | None = None) -> tuple[bool, bool]:
        """Say of each end (puts, calls) whether its quotes stop too early: more than a fiftieth is left out.

        An end that a delta rule cut is as the construction wants it, not truncated. ``missing`` is ``left_out()``,
        where it is known already.
        """
        limit = MOST_BEYOND * self.variance
        low, high = missing if missing is not None else self.left_out()
        return not self.cut[0] and not low <= limit, not self.cut[1] and not high <= limit

    @property
    def per_side(self) -> tuple[int, int]:
        """Return how many strikes lie below K0 and above it."""
        below = int(self.strikes.searchsorted(self.k0))
        return below, len(self.strikes) - int(self.strikes.searchsorted(self.k0, side="right"))

    def refusal(self) -> str | None:
        """Say why this expiry may not enter an index, or None: the rules for production, not those of the vectors."""
        if not self.variance > 0.0:
            return "the variance is not positive"
        below, above = self.per_side
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
    if strikes not in (1, 3):
        raise ValueError("a forward is that of one strike, or the median of three")
    found = over_lists(parity)(len(quotes.strike), *quotes.columns, inverse, growth, strikes)
    return None if math.isnan(found) else float(found)


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
    if T <= 0.0:
        return None
    rest = forward, T, factor, least_delta or 0.0
    if compiled:
        room = np.empty((2, len(quotes.strike)))
        answer = machine_code(kernel.select, *kernel.SELECT)(*quotes.columns, *rest, room)
    else:
        lists = [[0.0] * len(quotes.strike) for _ in range(2)]
        answer = over_lists(kernel.select)(*quotes.columns, *rest, lists)
        room = np.array(lists)
    n, k0, variance, *cut = answer
    if n < 2:
        return None
    return Strip(variance, T, forward, k0, room[0, :n], room[1, :n], (bool(cut[0]), bool(cut[1])))


def _widths(strikes: Floats) -> Floats:
    """Return half the distance between the neighbours of each strike, and the whole one at the ends."""
    steps = np.diff(strikes)
    return np.concatenate((steps[:1], 0.5 * (steps[1:] + steps[:-1]), steps[-1:]))


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
