"""The years before the start: prices, volatility, premiums and funding that lead up to the run's first moment.

It owns all history that ``SimulatedMarket.history`` serves of the time before the run, made when first asked for,
by array operations. Volatility factors are bent to end where the run begins, premiums run backwards from there (a
stationary Gaussian reversion looks the same both ways), and the price path is scaled to end at the starting price.
Up to FINE_DAYS before the start bars are minutes, before that five minutes; longer bars are sums of these, so all
intervals agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS
from tradecli.venues.simulated import basis as basis_
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import (
    Floats,
    Ints,
    exponential_table,
    keep_over,
    kick,
    log_normal_table,
    pick,
    reverting_row,
    stream,
)
from tradecli.venues.simulated.listing import Line
from tradecli.venues.simulated.process import correlated, jump_sizes
from tradecli.venues.simulated.smile import past_index
from tradecli.venues.simulated.tapes import BETAS, Script
from tradecli.venues.simulated.turn import bend

DAYS = 520
FINE_DAYS = 15
COARSE_MS = 5 * MINUTE_MS
BLOCK = 8_192
_NOISE = log_normal_table(0.45)
_VOLUME = log_normal_table(0.6)
_DEPTH = exponential_table()


class Path(NamedTuple):
    """Bars of all coins: open times, the price before the first, closes, how far each bar reached beyond its ends,
    relative volume.
    """

    ts: Ints
    step_ms: int
    first: Floats
    close: Floats
    above: Floats
    below: Floats
    volume: Floats


class Block(NamedTuple):
    """A part of a path, before it is scaled to its final price."""

    close: Floats
    above: Floats
    below: Floats
    volume: Floats


class Bars(NamedTuple):
    """Bars of one line in ticks and lots."""

    ts: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    lots: Ints


class Past:
    """The history of a seed and tape up to ``end``, a whole minute."""

    def __init__(self, seed: int, end: int, script: Script, lines: tuple[Line, ...]) -> None:
        self._seed = seed
        self._script = script
        self._lines = lines
        self.end = end
        self.middle = (end // DAY_MS - FINE_DAYS) * DAY_MS
        self.start = (end // DAY_MS - DAYS) * DAY_MS
        self.hours = math.ceil((end - self.start) / HOUR_MS)
        self._bars: dict[tuple[str, bool], Bars] = {}
        self._premium: dict[str, Floats] = {}

    # -- volatility and price of the coins -------------------------------------------------------------------------

    @cached_property
    def factors(self) -> Floats:
        """Volatility factors by coin, factor and hour; the last hour stands where the run begins, at zero."""
        rng = stream(self._seed, "past", "factors")
        shape = len(cal.COINS), len(cal.VOL_FACTORS), self.hours
        out = np.zeros(shape)
        first = rng.standard_normal(shape[:2])
        common = rng.standard_normal((shape[1], shape[2]))
        own = rng.standard_normal(shape)
        together, apart = math.sqrt(cal.VOL_CORRELATION), math.sqrt(1.0 - cal.VOL_CORRELATION)
        moved = self._hourly_moves
        for place, figures in enumerate(cal.VOL_FACTORS):
            keep = keep_over(1.0, figures.half_life_h)
            deviation, lever = kick(keep, figures.sd), figures.leverage
            fading = np.cumprod(np.full(shape[2], keep))[::-1] / keep
            for coin in range(shape[0]):
                noise = together * common[place] + apart * own[coin, place]
                shocks = deviation * (math.sqrt(1.0 - lever * lever) * noise + lever * moved[coin])
                start = figures.sd * float(first[coin, place])
                path = np.concatenate(([start], reverting_row(start, keep, shocks[:-1])))
                out[coin, place] = path - path[-1] * fading  # the law of the path, given that it ends at zero
        return np.round(out, 9)

    @cached_property
    def _coarse_normals(self) -> Floats:
        draws = stream(self._seed, "past", "coarse").standard_normal(
            (3, (self.middle - self.start) // COARSE_MS)
        )
        return correlated(draws)

    @cached_property
    def _fine_normals(self) -> Floats:
        draws = stream(self._seed, "past", "fine").standard_normal((3, (self.end - self.middle) // MINUTE_MS))
        return correlated(draws)

    @property
    def _hourly_moves(self) -> Floats:
        """Standard normal moves of each hour: the sum of the normals its bars are made from."""
        rows = []
        for normals, each in ((self._coarse_normals, 12), (self._fine_normals, 60)):
            padded = np.concatenate((normals, np.zeros((3, -normals.shape[1] % each))), axis=1)
            total = np.cumsum(padded, axis=1)[:, each - 1 :: each]
            rows.append(np.diff(total, axis=1, prepend=0.0) / math.sqrt(each))
        return np.concatenate(rows, axis=1)

    @cached_property
    def hourly_vol(self) -> Floats:
        """Annual volatility by coin and hour, with the hour of the day, rounded to 1e-6."""
        hour = np.array(cal.HOUR_VOL)[(self.start // HOUR_MS + np.arange(self.hours)) % 24]
        level = np.array([cal.FIGURES[coin].median_vol for coin in cal.COINS]) * self._script.tape.level
        total = self.factors[:, 0] + self.factors[:, 1] + self.factors[:, 2]
        rounded: Floats = np.round(level[:, None] * np.exp(total) * hour, 6)
        return rounded

    def index(self, coin: str) -> Floats:
        """Return the volatility index of a coin at the end of each hour."""
        return past_index(coin, self.factors[cal.COINS.index(coin)], self._script.tape.level)

    @cached_property
    def fine(self) -> Path:
        return self._bent(self._scaled(MINUTE_MS, list(self._blocks(MINUTE_MS)), self._last_prices))

    @cached_property
    def coarse(self) -> Path:
        return self._scaled(COARSE_MS, list(self._blocks(COARSE_MS)), self.fine.first)

    def steps(self) -> Iterator[None]:
        """Make what every question needs, by steps of some ten milliseconds; asked earlier, it is made at once."""
        for name in ("_coarse_normals", "_fine_normals", "factors", "hourly_vol", "fine"):
            getattr(self, name)
            yield
        blocks = []
        for block in self._blocks(COARSE_MS):
            blocks.append(block)
            yield
        self.__dict__.setdefault("coarse", self._scaled(COARSE_MS, blocks, self.fine.first))

    @property
    def _last_prices(self) -> Floats:
        return np.array([cal.FIGURES[coin].start for coin in cal.COINS])

    def _bent(self, path: Path) -> Path:
        """Return the path with the turns that the tape asks for."""
        at_s = (path.ts + MINUTE_MS - self._script.start) / 1000.0
        for turn in self._script.turns:
            factors = np.stack(
                [bend(close, at_s, turn, beta) for close, beta in zip(path.close, BETAS, strict=True)]
            )
            path = path._replace(first=path.first * factors[:, 0], close=path.close * factors)
        return path

    def _times(self, step_ms: int) -> Ints:
        since, until = (self.middle, self.end) if step_ms == MINUTE_MS else (self.start, self.middle)
        return np.arange(since, until, step_ms, dtype=np.int64)

    def _scaled(self, step_ms: int, blocks: Sequence[Block], last: Floats) -> Path:
        """Return the bars of ``blocks``, scaled so that their final close is ``last``."""
        close, above, below, volume = (np.concatenate(parts, axis=1) for parts in zip(*blocks, strict=True))
        first = last / close[:, -1]
        return Path(self._times(step_ms), step_ms, first, close * first[:, None], above, below, volume)

    def _blocks(self, step_ms: int) -> Iterator[Block]:
        """Yield the bars of a step in order, by blocks that stay in the processor's cache."""
        normals = self._fine_normals if step_ms == MINUTE_MS else self._coarse_normals
        ts, price = self._times(step_ms), np.ones((3, 1))
        for first in range(0, len(ts), BLOCK):
            rng = stream(self._seed, "past", "bars", str(step_ms), str(first))
            block = self._block(
                rng, ts[first : first + BLOCK], step_ms, normals[:, first : first + BLOCK], price
            )
            price = block.close[:, -1:]
            yield block

    def _block(
        self, rng: np.random.Generator, ts: Ints, step_ms: int, normals: Floats, price: Floats
    ) -> Block:
        """Return bars that go on from ``price``."""
        hour = (ts - self.start) // HOUR_MS
        draws = rng.random((14, len(ts)))
        pace = pick(_NOISE, draws[0])
        vol = self.hourly_vol[:, hour]
        scale = vol * np.sqrt(pace * (step_ms / (365 * DAY_MS)))
        returns = scale * normals
        drift = self._script.drift(int(ts[0]), len(ts), step_ms)
        if drift is not None:
            returns = returns + np.array(BETAS)[:, None] * drift
        if self._script.tape.jumps:
            for coin in range(3):
                rate = cal.FIGURES[cal.COINS[coin]].jumps_a_day * step_ms / DAY_MS
                returns[coin] += np.where(draws[1 + coin] < rate, jump_sizes(coin, draws[4 + coin]), 0.0)
        close = np.cumprod(np.concatenate((price, 1.0 + returns), axis=1), axis=1)[:, 1:].astype(np.float64)
        reach = _reach(draws[8:].reshape(2, 3, -1), returns, scale)
        usual = np.array([cal.FIGURES[coin].median_vol for coin in cal.COINS])[:, None]
        busy = pace * pick(_VOLUME, draws[7]) * np.array(cal.HOUR_VOLUME)[ts // HOUR_MS % 24]
        volume = np.round(np.sqrt(vol / usual) * busy, 6).astype(np.float64)
        return Block(close, reach[0], reach[1], volume)

    # -- one line --------------------------------------------------------------------------------------------------

    def premium(self, line: Line, hours: int | None = None) -> Floats:
        """Return the premium of a line at each of the last ``hours`` (default all); the last is where the run
        begins.
        """
        hours = self.hours if hours is None else hours
        known = self._premium.get(line.id)
        if known is None or len(known) < hours:
            coins, own = basis_.first_deviations(self._seed, self._lines)
            known = self._backwards(
                basis_.own_part(line), own[self._lines.index(line)], hours, "own", line.id
            )
            if line.perp:
                part, end = basis_.common_part(line.base), coins[line.coin]
                known = known + self._backwards(part, end, hours, "common", line.base)
            self._premium[line.id] = known
        return known[len(known) - hours :]

    def _backwards(self, part: basis_.Reversion, end: float, hours: int, *names: str) -> Floats:
        keep = keep_over(1.0, part.half_life_h)
        shocks = stream(self._seed, "past", *names).standard_normal(hours - 1) * kick(keep, part.sd)
        return np.concatenate(([end], reverting_row(end, keep, shocks)))[::-1] + part.mean

    def bars(self, line: Line, fine: bool) -> Bars:
        """Return the minutes (``fine``) or the five-minute bars before them of a line."""
        known = self._bars.get((line.id, fine))
        if known is None:
            path = self.fine if fine else self.coarse
            first = (self.middle if fine else self.start) // HOUR_MS * HOUR_MS
            premium = self.premium(line, self.hours - (first - self.start) // HOUR_MS)
            hours = (path.ts + path.step_ms - first) / HOUR_MS
            level = np.interp(hours, np.arange(1, len(premium) + 1), premium)
            noise = stream(self._seed, "past", "noise", line.id, str(fine)).standard_normal(len(path.ts))
            level = level + cal.NOISE_BP * 1e-4 * noise
            factor = 1.0 + level
            known = self._bars[line.id, fine] = _ticks(line, path, factor)
        return known

    def summed(self, line: Line, interval_ms: int) -> Bars:
        """Return all whole bars of an interval, the newest the last that ended by ``end``."""
        if interval_ms < COARSE_MS:
            return _joined(self.bars(line, True), MINUTE_MS, interval_ms)
        parts = [
            _joined(self.bars(line, False), COARSE_MS, interval_ms),
            _joined(self.bars(line, True), MINUTE_MS, interval_ms),
        ]
        return Bars(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def funding(self, line: Line) -> tuple[Ints, Floats]:
        """Return settlement times and rates of a perpetual, and nothing of the interval that is running."""
        hourly = self.premium(line)
        whole = (self.end - self.start) // basis_.INTERVAL_MS
        per = basis_.INTERVAL_MS // HOUR_MS
        total = np.cumsum(hourly[: whole * per])[per - 1 :: per]
        means = np.diff(total, prepend=0.0) / per
        return self.start + basis_.INTERVAL_MS * np.arange(
            1, whole + 1, dtype=np.int64
        ), basis_.funding_rates(means)

    def mood(self, ts: int, price: float | None) -> float:
        """Return a fear-and-greed index at a day: 50, up with the return of two weeks, down with slow volatility."""
        now = price if price is not None else self._price(ts)
        hour = min(max((ts - self.start) // HOUR_MS - 1, 0), self.hours - 1)
        fear = float(self.factors[0, 1, hour] + self.factors[0, 2, hour])
        return float(
            min(max(round(50.0 + 160.0 * (now / self._price(ts - 14 * DAY_MS) - 1.0) - 20.0 * fear), 3), 97)
        )

    def _price(self, ts: int) -> float:
        """Return BTC's last price before ``ts``."""
        path, first = (self.fine, self.middle) if ts > self.middle else (self.coarse, self.start)
        place = min(max((ts - first) // path.step_ms - 1, 0), len(path.ts) - 1)
        return float(path.close[0, place])

    def interest(self, line: Line, sd: float, half_life_h: float) -> Floats:
        """Return the log of open interest over its usual level at each hour; 0 where the run begins."""
        return self._backwards(basis_.Reversion(0.0, sd, half_life_h), 0.0, self.hours, "interest", line.id)

    def running(self, line: Line) -> tuple[float, int]:
        """Return the premium summed over the seconds of the running interval up to ``end``, and those seconds."""
        since = self.end // basis_.INTERVAL_MS * basis_.INTERVAL_MS
        seconds = (self.end - since) // 1000
        if not seconds:
            return 0.0, 0  # the interval begins where the past ends
        hours = self.premium(line, self.hours - (since - self.start) // HOUR_MS)
        return round(float(sum(hours.tolist())) / max(len(hours), 1) * seconds, 9), seconds


def _reach(uniforms: Floats, returns: Floats, scale: Floats) -> Floats:
    """Return how far each bar went above and below its ends: the extremes of a Brownian bridge, as fractions."""
    far = np.sqrt(returns * returns + 2.0 * scale * scale * pick(_DEPTH, uniforms))
    beyond: Floats = (far - np.abs(returns)) / 2.0
    return beyond


def _ticks(line: Line, path: Path, factor: Floats) -> Bars:
    coin = line.coin
    close = np.rint(path.close[coin] * factor * line.per_unit).astype(np.int64)
    first = np.rint(path.first[coin : coin + 1] * factor[:1] * line.per_unit).astype(np.int64)
    start = np.concatenate((first, close[:-1]))
    high = np.maximum(start, close) + np.rint(path.above[coin] * close).astype(np.int64)
    low = np.minimum(start, close) - np.rint(path.below[coin] * close).astype(np.int64)
    minutes = path.step_ms / MINUTE_MS
    base = line.usd * minutes / cal.FIGURES[line.base].start * line.per_coin
    lots = np.maximum(np.rint(base * path.volume[coin]), 1).astype(np.int64)
    return Bars(path.ts, start, high, np.maximum(low, 1), close, lots)


def _joined(bars: Bars, step_ms: int, interval_ms: int) -> Bars:
    """Return bars of ``interval_ms`` made of whole groups; a first or last group that is not complete is left out."""
    if interval_ms == step_ms:
        return bars
    each = interval_ms // step_ms
    skip = int(-(bars.ts[0] // step_ms) % each)
    count = (len(bars.ts) - skip) // each
    cut = slice(skip, skip + count * each)

    def grouped(column: NDArray[np.int64]) -> NDArray[np.int64]:
        return column[cut].reshape(count, each)

    return Bars(
        grouped(bars.ts)[:, 0],
        grouped(bars.open)[:, 0],
        grouped(bars.high).max(axis=1),
        grouped(bars.low).min(axis=1),
        grouped(bars.close)[:, -1],
        grouped(bars.lots).sum(axis=1),
    )
