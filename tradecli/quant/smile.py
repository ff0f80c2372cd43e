"""What a smile is asked for: volatility at the money, at 25 delta, and the slope there (METHODS section 7).

A delta belongs to a convention. ``forward`` is Black's N(d1), what venues show; ``premium`` is (K/F) N(d2), for those
who count in the coin; it is not monotone for calls, and the out-of-the-money branch right of its maximum is meant.
Reiswich & Wystup (2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from tradecli.quant.svi import RawSvi

QUARTER = 0.25
MOST = 200
TIGHT = 1e-13
FARTHEST = 50.0
"""No strike lies that far out in ln(K/F)."""
_NORMAL = NormalDist()


class DeltaRule(StrEnum):
    """What "25 delta" means."""

    FORWARD = "forward"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class Skew:
    """Volatilities are annual. ``rr`` = call less put (positive: calls are rich), ``bf`` = their mean less ``atm``.

    ``slope`` is dσ/dk at the money; ``call_k`` and ``put_k`` are ln(K/F) of the two strikes.
    """

    rule: DeltaRule
    atm: float
    call_k: float
    put_k: float
    call_vol: float
    put_vol: float
    slope: float

    @property
    def rr(self) -> float:
        return self.call_vol - self.put_vol

    @property
    def bf(self) -> float:
        return 0.5 * (self.call_vol + self.put_vol) - self.atm


def skew(
    smile: RawSvi, years: float, rule: DeltaRule = DeltaRule.FORWARD, delta: float = QUARTER
) -> Skew | None:
    """Return risk reversal and butterfly at ``delta``; None where the smile has no such strikes."""
    if not smile.at(0.0) > 0.0:
        return None
    call, put = strike_of_delta(smile, delta, 1.0, rule), strike_of_delta(smile, delta, -1.0, rule)
    if call is None or put is None:
        return None
    atm, up, down = (math.sqrt(smile.at(k) / years) for k in (0.0, call, put))
    return Skew(rule, atm, call, put, up, down, smile.slope(0.0) / (2.0 * atm * years))


def strike_of_delta(smile: RawSvi, delta: float, cp: float, rule: DeltaRule) -> float | None:
    """Return ln(K/F) of the out-of-the-money option of that absolute delta, or None where the smile has none."""
    k = 0.0
    for _ in range(MOST):
        w = smile.at(k)
        if not w > 0.0:
            return None
        if not abs(k) < FARTHEST:
            break
        root = math.sqrt(w)
        if rule is DeltaRule.FORWARD:
            following = -cp * _NORMAL.inv_cdf(delta) * root + 0.5 * w
        else:
            share = delta * math.exp(-k)
            if not share < 1.0:
                return None
            following = -cp * _NORMAL.inv_cdf(share) * root - 0.5 * w
        if abs(following - k) < TIGHT:
            return following
        k = following
    return _bisected(smile, delta, cp, rule)


def delta_of(smile: RawSvi, k: float, cp: float, rule: DeltaRule) -> float:
    """Return the absolute delta of the option at ln(K/F) = ``k``."""
    root = math.sqrt(max(smile.at(k), 1e-300))
    if rule is DeltaRule.FORWARD:
        return _NORMAL.cdf(cp * (-k / root + 0.5 * root))
    return math.exp(k) * _NORMAL.cdf(cp * (-k / root - 0.5 * root))


def _bisected(smile: RawSvi, delta: float, cp: float, rule: DeltaRule) -> float | None:
    """Search between a delta that is too large near the money and one that is too small far out."""
    reach = 8.0 * math.sqrt(max(smile.at(0.0), 1e-12))
    places = [cp * reach * step / 400 for step in range(401)]
    above = [k for k in places if delta_of(smile, k, cp, rule) >= delta]
    if not above:
        return None
    near, far = above[-1], cp * reach
    if near == far:
        return None
    for _ in range(100):
        middle = 0.5 * (near + far)
        if delta_of(smile, middle, cp, rule) >= delta:
            near = middle
        else:
            far = middle
    return near
