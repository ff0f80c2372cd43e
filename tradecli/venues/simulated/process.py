"""The coins' efficient prices: stochastic volatility, jumps, common bursts of activity, one price every 100 ms.

It owns what is common to all venues; what a venue adds is in ``basis`` and ``book``. Log volatility is the sum of
three mean-reverting factors (``calibration.VOL_FACTORS``), correlated over coins and with returns. Time inside a
second is uneven: most cells of 100 ms are still, the active ones carry the second's variance in bursts that all
coins share, so correlations hold at every scale. Prices are products of (1 + return) with returns made of exactly
rounded operations; the volatility, which needs an exponential, is rounded first: so a seed gives the same ticks on
every machine.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.feed import HOUR_MS
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import (
    Floats,
    Ints,
    keep_over,
    kick,
    log_normal_table,
    pick,
    stream,
)
from tradecli.venues.simulated.tapes import BETAS, Script

T = TypeVar("T", np.float64, np.int8)

CELL_MS = 100
LAG = 2
"""Cells of the previous stretch that a lagging venue may still look at."""

YEAR_MS = 365 * 24 * HOUR_MS
_COINS = len(cal.COINS)
_FACTORS = len(cal.VOL_FACTORS)
_CELLS = log_normal_table(cal.CELL_SPREAD)
_SECONDS = log_normal_table(cal.SECOND_SPREAD)
_JUMP_LEAST = 0.6


class Stretch(NamedTuple):
    """Some seconds of all coins. Arrays over cells begin LAG cells before ``start``.

    ``price[c]`` is coin c's price at the end of each cell, ``sign`` the direction of its move there (0: none);
    ``pace`` the cell's activity, mean about 1; ``vol`` the annual volatility of each coin, without the tape's
    factor ``surge`` (its last value in the stretch).
    """

    start: int
    cells: int
    price: Floats
    sign: NDArray[np.int8]
    pace: Floats
    vol: tuple[float, ...]
    surge: float

    @property
    def end(self) -> int:
        return self.start + self.cells * CELL_MS


def cholesky() -> tuple[tuple[float, ...], ...]:
    """Return the lower triangle that correlates three normals so that returns have the recorded correlations."""
    ab, ac, bc = (each / cal.KEPT_CORRELATION for each in cal.CORRELATIONS)
    bb = math.sqrt(1 - ab * ab)
    cb = (bc - ab * ac) / bb
    return (1.0,), (ab, bb), (ac, cb, math.sqrt(1 - ac * ac - cb * cb))


def correlated(normals: Floats) -> Floats:
    """Return rows of independent normals as rows with the coins' correlations, by elementwise operations only."""
    rows = cholesky()
    out = np.empty_like(normals)
    for coin in range(_COINS):
        mixed = rows[coin][0] * normals[0]
        for other in range(1, coin + 1):
            mixed = mixed + rows[coin][other] * normals[other]
        out[coin] = mixed
    return out


def jump_sizes(coin: int, uniforms: Floats) -> Floats:
    """Return signed jumps of mean square ``jump_size``, never small ones; ``uniforms`` hold sign and size."""
    scaled = uniforms * 2.0
    sign = np.where(scaled < 1.0, -1.0, 1.0)
    place = scaled - np.floor(scaled)
    return sign * cal.FIGURES[cal.COINS[coin]].jump_size * (_JUMP_LEAST + 0.77 * place)


def annual_vol(coin: int, factors: Floats, ts: int) -> float:
    """Return the volatility of a coin from the sum of its factors and the hour of the day, rounded to 1e-9."""
    hour = cal.HOUR_VOL[ts // HOUR_MS % 24]
    level = cal.FIGURES[cal.COINS[coin]].median_vol
    return round(level * math.exp(float(factors[coin, 0] + factors[coin, 1] + factors[coin, 2])) * hour, 9)


class Coins:
    """The state of all coins, carried from stretch to stretch."""

    def __init__(self, seed: int, start: int, script: Script) -> None:
        self._rng = stream(seed, "coins")
        self._script = script
        self.now = start
        self.price = np.array([cal.FIGURES[coin].start for coin in cal.COINS])
        self.factors = np.zeros((_COINS, _FACTORS))
        self._before: tuple[Floats, NDArray[np.int8], Floats] = (
            np.repeat(self.price[:, None], LAG, axis=1),
            np.zeros((_COINS, LAG), np.int8),
            np.full(LAG, 1.0),
        )
        self._second = 1.0
        self._push = np.zeros(_COINS)
        self._keeps: dict[int, list[tuple[float, float]]] = {}

    def advance(self, cells: int) -> Stretch:
        """Return the next ``cells`` * 100 ms; ``cells`` is a multiple of 10."""
        start = self.now
        ts = start + CELL_MS * np.arange(cells, dtype=np.int64)
        surge = self._script.vol(ts)
        vol = tuple(annual_vol(coin, self.factors, start) for coin in range(_COINS))
        active, pace = self._activity(cells)
        returns = self._returns(vol, surge, active, pace)
        drift = self._script.drift(start, cells, CELL_MS)
        if drift is not None:
            returns = returns + np.array(BETAS)[:, None] * drift
        if self._script.tape.jumps:
            self._jump(returns, surge)
        path = np.cumprod(np.concatenate((self.price[:, None], 1.0 + returns), axis=1), axis=1)
        before = self._before
        price = np.concatenate((before[0], path[:, 1:]), axis=1)
        sign = np.concatenate((before[1], np.sign(returns).astype(np.int8)), axis=1)
        paces = np.concatenate((before[2], pace))
        self._before = price[:, -LAG:], sign[:, -LAG:], paces[-LAG:]
        self.price = path[:, -1]
        self.now = start + cells * CELL_MS
        self._move_factors(cells, vol, float(surge[-1]), path)
        return Stretch(start, cells, price, sign, paces, vol, float(surge[-1]))

    def _activity(self, cells: int) -> tuple[NDArray[np.bool_], Floats]:
        """Return which cells move, and the share of variance and of prints that each carries (mean about 1)."""
        seconds = pick(_SECONDS, self._rng.random(cells // 10))
        smooth = (seconds + np.concatenate(([self._second], seconds[:-1]))) / 2.0
        self._second = float(seconds[-1])
        active = self._rng.random(cells) < cal.ACTIVE_CELLS
        burst = pick(_CELLS, self._rng.random(cells)) / cal.ACTIVE_CELLS
        return active, np.where(active, np.round(burst * np.repeat(smooth, 10), 6), 0.0)

    def _returns(
        self, vol: tuple[float, ...], surge: Floats, active: NDArray[np.bool_], pace: Floats
    ) -> Floats:
        normals = correlated(self._rng.standard_normal((_COINS, len(pace))))
        year = math.sqrt(CELL_MS / YEAR_MS)
        scale = np.sqrt(pace) * surge * year
        return np.where(active, np.array(vol)[:, None] * scale * normals, 0.0)

    def _jump(self, returns: Floats, surge: Floats) -> None:
        """Add jumps: some hit all coins at once, the rest one coin. More of them in a surge."""
        cells = returns.shape[1]
        draws = self._rng.random((2, _COINS + 1, cells))
        day = CELL_MS / (24 * HOUR_MS)
        for coin in range(_COINS):
            rate = cal.FIGURES[cal.COINS[coin]].jumps_a_day * day * surge
            shared = draws[0, _COINS] < rate * cal.JUMPS_SHARED
            own = draws[0, coin] < rate * (1.0 - cal.JUMPS_SHARED)
            if shared.any() or own.any():
                size = np.where(shared, jump_sizes(coin, draws[1, _COINS]), jump_sizes(coin, draws[1, coin]))
                returns[coin] += np.where(shared | own, size, 0.0)

    def _move_factors(self, cells: int, vol: tuple[float, ...], surge: float, path: Floats) -> None:
        keeps = self._keeps.get(cells)
        if keeps is None:
            hours = cells * CELL_MS / HOUR_MS
            kept = [keep_over(hours, factor.half_life_h) for factor in cal.VOL_FACTORS]
            keeps = [(keep, kick(keep, f.sd)) for keep, f in zip(kept, cal.VOL_FACTORS, strict=True)]
            self._keeps[cells] = keeps
        expected = np.array(vol) * surge * math.sqrt(cells * CELL_MS / YEAR_MS)
        moved = np.clip((path[:, -1] / path[:, 0] - 1.0) / expected, -4.0, 4.0)
        draws = self._rng.standard_normal((_FACTORS, _COINS + 1))
        together = math.sqrt(cal.VOL_CORRELATION)
        apart = math.sqrt(1.0 - cal.VOL_CORRELATION)
        for place, (keep, deviation) in enumerate(keeps):
            lever = cal.VOL_FACTORS[place].leverage
            noise = together * draws[place, _COINS] + apart * draws[place, :_COINS]
            shock = lever * moved + math.sqrt(1.0 - lever * lever) * noise
            self.factors[:, place] = np.round(keep * self.factors[:, place] + deviation * shock, 12)


def lagged(stretch: Stretch, row: NDArray[T], lag: int) -> NDArray[T]:
    """Return ``row`` of a stretch as a venue ``lag`` cells behind sees it."""
    first = LAG - lag
    return row[first : first + stretch.cells]


def cell_starts(stretch: Stretch) -> Ints:
    return stretch.start + CELL_MS * np.arange(stretch.cells, dtype=np.int64)
