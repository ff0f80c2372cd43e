"""The implied volatility surface of a coin: one SSVI smile over a term structure that follows the volatility
factors.

    w(k, T) = theta/2 (1 + rho c y + sqrt((c y + rho)^2 + 1 - rho^2)),  y = k / sqrt(theta),  theta = sigma_atm(T)^2
    T

(Gatheral & Jacquier 2014 with phi = c/sqrt(theta), METHODS section 7). It has no butterfly arbitrage while
c^2 (1 + |rho|) <= 4, and no calendar arbitrage while theta grows with T; both are kept here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import Floats

HOURS = 24.0
_NODES = np.linspace(-6.0, 6.0, 97)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / math.sqrt(2.0 * math.pi) * (_NODES[1] - _NODES[0])
_FIXED_POINT = 16


class Smile(NamedTuple):
    """Shape in standard units. ``c`` 0 is a flat smile."""

    rho: float
    c: float

    def total_variance(self, theta: Floats, k: Floats) -> Floats:
        y = self.c * k / np.sqrt(theta)
        variance: Floats = (
            theta / 2.0 * (1.0 + self.rho * y + np.sqrt((y + self.rho) ** 2 + 1.0 - self.rho**2))
        )
        return variance

    def strip(self, theta: Floats) -> Floats:
        """Return the variance that a full strip of options is worth, for each ``theta``.

        The fair variance is the mean of w over the normal of d2: w is found at the k where d2(k) = z, by fixed
        point.
        """
        at = theta[:, None]
        variance = np.repeat(at, len(_NODES), axis=1)
        for _ in range(_FIXED_POINT):
            root = np.sqrt(variance)
            variance = self.total_variance(at, -root * (_NODES + root / 2.0))
        fair: Floats = np.cumsum(variance * _WEIGHTS, axis=1)[:, -1]
        return fair


_BTC_SHAPE = Smile(cal.SSVI_RHO["BTC"], cal.SSVI_C["BTC"])
_STRIP_OVER_ATM = math.sqrt(float(_BTC_SHAPE.strip(np.array([0.02]))[0]) / 0.02)
ATM_LEVEL = round(cal.INDEX_LEVEL / _STRIP_OVER_ATM, 4)
"""BTC's 30 d at-the-money volatility when the factors stand at zero: the index less the strip's convexity."""


def term(days: Floats) -> Floats:
    """Return the average level of at-the-money volatility by days over the 30 d one."""
    level: Floats = np.interp(days, [d for d, _ in cal.TERM], [x for _, x in cal.TERM])
    return level


class Surface(NamedTuple):
    """A coin's volatility now. ``factors`` are those of ``process``, ``shift`` the log of the tape's passing factor on
    volatility, which counts as the fastest of them, ``level`` the tape's standing one.
    """

    coin: str
    factors: tuple[float, ...]
    shift: float
    level: float
    smile: Smile

    def atm(self, days: Floats) -> Floats:
        """Return at-the-money-forward volatility by days to expiry, rounded to 1e-6.

        A factor counts with the mean that it is expected to keep over the option's life, (1 - e^-x)/x.
        """
        days = np.maximum(days, 0.02)
        total = math.log(ATM_LEVEL * cal.ATM_RATIO[self.coin] * self.level) + np.log(term(days))
        for place, figures in enumerate(cal.VOL_FACTORS):
            x = days * HOURS / (figures.half_life_h / math.log(2.0))
            factor = self.factors[place] + (self.shift if place == 0 else 0.0)
            total = total + factor * (1.0 - np.exp(-x)) / x
        volatility: Floats = np.round(np.exp(total), 6).astype(np.float64)
        return volatility

    def thetas(self, days: Floats) -> Floats:
        """Return total variance at the money by growing days, raised where it would fall: no calendar arbitrage."""
        grown: Floats = np.maximum.accumulate(
            self.atm(days) ** 2 * days / 365.0 * (1.0 + 1e-7 * np.arange(len(days)))
        )
        return grown

    def volatility_index(self) -> float:
        """Return the 30 d volatility index as a fraction with four decimals."""
        days = np.array([30.0])
        theta = self.atm(days) ** 2 * days / 365.0
        return round(math.sqrt(float(self.smile.strip(theta)[0]) * 365.0 / 30.0), 4)


def surface(coin: str, factors: Floats, shift: float, level: float, skew: float) -> Surface:
    """Return the surface now: more skew when the faster factors are high; ``skew`` is the smile's own deviation."""
    known = tuple(float(each) for each in factors)
    rho = cal.SSVI_RHO[coin] + cal.SKEW_WITH_VOL * (known[0] + known[1] + shift) + skew
    smile = Smile(round(min(max(rho, -0.75), 0.4), 6), cal.SSVI_C[coin])
    return Surface(coin, known, shift, level, smile)


def past_index(coin: str, factors: Floats, level: float) -> Floats:
    """Return the index by hour from the history of the factors (factor, hour), with the smile's average shape."""
    total = np.full(factors.shape[1], math.log(ATM_LEVEL * cal.ATM_RATIO[coin] * level))
    for place, figures in enumerate(cal.VOL_FACTORS):
        x = 30.0 * HOURS / (figures.half_life_h / math.log(2.0))
        total = total + factors[place] * ((1.0 - math.exp(-x)) / x)
    known = np.linspace(0.05, 3.0, 60)
    average = Smile(cal.SSVI_RHO[coin], cal.SSVI_C[coin])
    fair = np.sqrt(average.strip(known**2 * 30.0 / 365.0) * 365.0 / 30.0)
    values: Floats = np.round(np.interp(np.exp(total), known, fair), 4)
    return values
