"""What separates a venue's price from the coin's: the perpetuals' common basis, each venue's gap, short-lived
noise.

It owns the premium of every line and the funding that follows from it (METHODS 9.1): over an interval of eight
hours the premium of perpetual over index is averaged with equal weights, and the rate is ``clamp(P + clamp(I - P,
+-5 bp), +-cap)``. The same state runs backwards into the past (``past``), so the history joins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.feed import HOUR_MS
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import Floats, keep_over, kick, reverting, stream
from tradecli.venues.simulated.listing import Line

INTERVAL_MS = round(cal.FUNDING_INTERVAL_H * HOUR_MS)
_BP = 1e-4


def funding_rate(premium: float) -> float:
    """Return the rate of one interval whose average premium is ``premium``, rounded to 1e-8 as venues do."""
    pull = min(max(cal.INTEREST - premium, -cal.CLAMP), cal.CLAMP)
    return round(min(max(premium + pull, -cal.FUNDING_CAP), cal.FUNDING_CAP), 8)


def funding_rates(premiums: Floats) -> Floats:
    """Return what ``funding_rate`` gives for each premium."""
    pull = np.clip(cal.INTEREST - premiums, -cal.CLAMP, cal.CLAMP)
    rates: Floats = np.round(np.clip(premiums + pull, -cal.FUNDING_CAP, cal.FUNDING_CAP), 8).astype(
        np.float64
    )
    return rates


class Reversion(NamedTuple):
    """Mean, stationary deviation and half-life of a part of the premium, in fractions and hours."""

    mean: float
    sd: float
    half_life_h: float


def common_part(coin: str) -> Reversion:
    figures = cal.FIGURES[coin]
    return Reversion(figures.basis_mean * _BP, figures.basis_sd * _BP, figures.basis_half_life_h)


def own_part(line: Line) -> Reversion:
    figures = cal.VENUE_GAP[line.venue] if line.perp else cal.SPOT_GAP
    return Reversion(figures.mean * _BP, figures.sd * _BP, figures.half_life_h)


def first_deviations(seed: int, lines: Sequence[Line]) -> tuple[list[float], list[float]]:
    """Return where the common parts and the lines' own parts stand at the start, as deviations from their means."""
    rng = stream(seed, "basis", "start")
    coins = [
        0.4 * common_part(coin).sd * float(z)
        for coin, z in zip(cal.COINS, rng.standard_normal(3), strict=True)
    ]
    own = [
        0.6 * own_part(line).sd * float(z)
        for line, z in zip(lines, rng.standard_normal(len(lines)), strict=True)
    ]
    return [round(x, 12) for x in coins], [round(x, 12) for x in own]


class Premiums:
    """The premium of every line over its coin's price, carried from stretch to stretch."""

    def __init__(self, seed: int, lines: Sequence[Line]) -> None:
        self._lines = tuple(lines)
        self._slow = stream(seed, "basis", "slow")
        self._fast = stream(seed, "basis", "fast")
        self.coins, self.own = first_deviations(seed, lines)
        self.noise = [0.0] * len(self._lines)
        self._keeps: dict[float, tuple[list[tuple[float, float]], list[tuple[float, float]]]] = {}
        self._noise_keep = keep_over(1.0, cal.NOISE_HALF_LIFE_S)
        self._noise_kick = kick(self._noise_keep, cal.NOISE_BP * _BP)

    def level(self, place: int) -> float:
        """Return the slow premium of a line: what mark and funding see."""
        line = self._lines[place]
        total = own_part(line).mean + self.own[place]
        if line.perp:
            total += common_part(line.base).mean + self.coins[line.coin]
        return total

    def advance(self, seconds: int) -> NDArray[np.float64]:
        """Move on by ``seconds``; return the short-lived noise of every line at each second."""
        coins, own = self._steps(seconds / 3600.0)
        draws = self._slow.standard_normal(len(cal.COINS) + len(self._lines)).tolist()
        for coin, (keep, deviation) in enumerate(coins):
            self.coins[coin] = round(keep * self.coins[coin] + deviation * draws[coin], 14)
        for place, (keep, deviation) in enumerate(own):
            self.own[place] = round(keep * self.own[place] + deviation * draws[len(coins) + place], 14)
        shocks = self._fast.standard_normal((len(self._lines), seconds)) * self._noise_kick
        rows = [
            reverting(start, self._noise_keep, row)
            for start, row in zip(self.noise, shocks.tolist(), strict=True)
        ]
        self.noise = [row[-1] for row in rows]
        return np.array(rows)

    def _steps(self, hours: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        known = self._keeps.get(hours)
        if known is None:
            parts = [common_part(coin) for coin in cal.COINS], [own_part(line) for line in self._lines]
            coins, own = (
                [(k := keep_over(hours, p.half_life_h), kick(k, p.sd)) for p in each] for each in parts
            )
            known = self._keeps[hours] = coins, own
        return known


def held(per_second: Floats, active: NDArray[np.bool_], last: float) -> Floats:
    """Return the noise of each cell: it takes its second's value only in cells where prices move at all."""
    cells = len(active)
    places = np.maximum.accumulate(np.where(active, np.arange(cells), -1))
    values = np.repeat(per_second, 10)[places]
    return np.where(places < 0, last, values)


class Funding:
    """The running average premium of one perpetual's interval."""

    def __init__(self, line: Line, total: float, seconds: int) -> None:
        """Start in an interval of which ``seconds`` have passed with premiums adding up to ``total``."""
        self.line = line
        self._total = total
        self._seconds = seconds

    def add(self, premium: float, seconds: int) -> None:
        self._total += premium * seconds
        self._seconds += seconds

    @property
    def rate(self) -> float:
        """The rate that the interval would settle at if it ended now."""
        return funding_rate(self._total / self._seconds if self._seconds else 0.0)

    def settle(self) -> float:
        """Return the interval's rate and begin the next one."""
        rate = self.rate
        self._total, self._seconds = 0.0, 0
        return rate


def next_settlement(ts: int) -> int:
    """Return the first settlement after ``ts``."""
    return (ts // INTERVAL_MS + 1) * INTERVAL_MS
