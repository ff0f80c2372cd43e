"""One instrument's order flow: best prices, prints and books, as arrays over a stretch of time and then as events.

It owns how a venue's price becomes ticks and sizes. Every price is an integer tick and every size an integer lot
from the moment it exists. A print happens at the best price shown last before it, and leans to the side that the
price is about to move to. Levels behind the best have no state: their place and size are a hash of where and when,
so they stay while the market moves around them, and any book can be asked for at any time.
"""

from __future__ import annotations

from itertools import count, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradecli.domain.enums import Side
from tradecli.domain.market import Book, Quote, Trade
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import (
    Floats,
    Ints,
    Words,
    log_normal_table,
    mixed,
    pick,
    quantile_table,
    stream,
    word,
)
from tradecli.venues.simulated.listing import Line
from tradecli.venues.simulated.process import CELL_MS, Stretch, lagged

LEVELS = 20
_LEAN_STEPS = 6
_LEAN = np.array([round(1000 * 1.22**step) for step in range(-_LEAN_STEPS, _LEAN_STEPS + 1)])
_LOOK_AHEAD = 5
_FLOW_CELLS = 12
_MOST_PRINTS = 25
_JITTER_MS = 40
_BEHIND = log_normal_table(cal.BEHIND_SD)
_TOUCH = quantile_table(cal.TOUCH_QUANTILES, mean=1.0)
_PRINT = quantile_table(cal.PRINT_QUANTILES, mean=1.0)
_AWAY = np.array([-1, 1])[:, None, None]
_SIDE_SALT = np.array([0, 2], np.uint64)[:, None, None]
_WIDE = quantile_table(cal.WIDE_TICKS)


class Quotes(NamedTuple):
    """Best prices shown, in order; in all stretches but the first, row 0 is the last one of the stretch before.

    ``first`` is the update id of row 0.
    """

    ts: Ints
    bid: Ints
    bid_lots: Ints
    ask: Ints
    ask_lots: Ints
    first: int

    def at(self, ts: Ints, side: str = "left") -> Ints:
        """Return the row in force just before each moment (``right``: at it)."""
        rows: Ints = np.searchsorted(self.ts, ts, "right" if side == "right" else "left") - 1
        return np.maximum(rows, 0)


class Prints(NamedTuple):
    ts: Ints
    ticks: Ints
    lots: Ints
    buys: NDArray[np.bool_]
    first: int


class Books(NamedTuple):
    """Rows of LEVELS prices and sizes, best first, those of bids and those of asks, and the quote each agrees with."""

    ts: Ints
    ticks: Ints
    lots: Ints
    sequence: Ints


class Flow:
    """The state of one instrument's market, carried from stretch to stretch."""

    def __init__(self, seed: int, line: Line) -> None:
        self.line = line
        self._rng = stream(seed, "flow", line.id)
        self._salt = word(seed, "levels", line.id)
        figures = cal.FIGURES[line.base]
        coin_usd = figures.start
        self._touch_lots = line.touch_usd / coin_usd * line.per_coin
        print_lots = line.usd / 60.0 / line.prints / coin_usd * line.per_coin
        self._print_table = np.maximum(np.rint(_PRINT * print_lots), 1).astype(np.int64)
        self._behind_table = np.rint(_BEHIND * self._touch_lots * cal.BEHIND_SHARE * 16).astype(np.int64)
        self._wide_table = np.maximum(
            np.rint(_WIDE * cal.WIDE_TICK_BP * 1e-4 * coin_usd * line.per_unit), 2
        ).astype(np.int64)
        self._flow = np.zeros(_FLOW_CELLS, np.int64)
        self._last = np.empty((5, 0), np.int64)
        self._touch = 0.5, 0.5
        self.updates = 0
        self.prints = 0

    def quotes(self, stretch: Stretch, premium: Floats, strain: tuple[float, float, float]) -> Quotes:
        """Return the best prices of a stretch; ``premium`` is the venue's, per cell; ``strain`` the tape's."""
        line, cells = self.line, stretch.cells
        price = lagged(stretch, stretch.price[line.coin], line.lag)
        sign = lagged(stretch, stretch.sign[line.coin], line.lag)
        low = np.floor(price * (1.0 + premium) * line.per_unit).astype(np.int64)
        draws = self._rng.random((8, cells))
        lucky = draws[0] < cal.ONE_TICK
        wide = np.where((sign == 0) | lucky, 1, pick(self._wide_table, draws[1])).astype(np.int64)
        wide += np.floor(strain[0] * 1e-4 * price * line.per_unit).astype(np.int64)
        bid = low - ((wide - 1) >> 1)
        ask = bid + wide
        moved = np.ones(cells, np.bool_)
        moved[1:] = (bid[1:] != bid[:-1]) | (ask[1:] != ask[:-1])
        if self._last.shape[1]:
            moved[0] = bid[0] != self._last[1, 0] or ask[0] != self._last[3, 0]
        lean = self._lean(sign, draws[2])
        fresh = moved | (draws[3] < cal.TOUCH_REFRESH)
        bid_lots, ask_lots = self._sizes(fresh, draws[4:6], lean, strain[1])
        shown = np.flatnonzero(moved | (draws[6] < line.quote_share))
        jitter = (draws[7][shown] * _JITTER_MS).astype(np.int64)
        ts = stretch.start + CELL_MS * shown + line.phase_ms + jitter
        fresh_rows = np.stack((ts, bid[shown], bid_lots[shown], ask[shown], ask_lots[shown]))
        rows = np.concatenate((self._last, fresh_rows), axis=1)
        first = self.updates + 1 - self._last.shape[1]
        self.updates += len(shown)
        self._last = rows[:, -1:]
        return Quotes(rows[0], rows[1], rows[2], rows[3], rows[4], first)

    def _lean(self, sign: NDArray[np.int8], uniforms: Floats) -> Ints:
        """Return steps of imbalance, positive where bids are larger: standing noise, and a hint of the next move."""
        noise = (uniforms * 201.0).astype(np.int64) - 100
        running = np.cumsum(np.concatenate((self._flow, noise)))
        standing = running[_FLOW_CELLS:] - running[:-_FLOW_CELLS]
        self._flow = noise[-_FLOW_CELLS:]
        moves = np.cumsum(np.concatenate(([0], sign, np.zeros(_LOOK_AHEAD, np.int64))))
        ahead = moves[_LOOK_AHEAD + 1 :] - moves[1 : len(sign) + 1]
        steps: Ints = np.clip(standing // 70 + 4 * np.sign(ahead), -_LEAN_STEPS, _LEAN_STEPS)
        return steps

    def _sizes(
        self, fresh: NDArray[np.bool_], uniforms: Floats, lean: Ints, depth: float
    ) -> tuple[Ints, Ints]:
        """Return the sizes at the best prices: held until refreshed, then leaned and thinned."""
        cells = len(fresh)
        places = np.maximum.accumulate(np.where(fresh, np.arange(cells), -1))
        sides = []
        for row, held, sign in ((uniforms[0], self._touch[0], 1), (uniforms[1], self._touch[1], -1)):
            kept = np.where(places < 0, held, row[places])
            lots = pick(_TOUCH, kept) * self._touch_lots * depth * _LEAN[_LEAN_STEPS + sign * lean] / 1000.0
            sides.append((np.maximum(np.rint(lots), 1).astype(np.int64), float(kept[-1])))
        self._touch = sides[0][1], sides[1][1]
        return sides[0][0], sides[1][0]

    def trades(self, stretch: Stretch, quotes: Quotes, volume: float, pace: float) -> Prints:
        """Return the prints of a stretch; ``volume`` scales sizes' hour of day, ``pace`` is the tape's."""
        line, cells = self.line, stretch.cells
        burst = lagged(stretch, stretch.pace, line.lag)
        sign = lagged(stretch, stretch.sign[line.coin], line.lag)
        rate = line.prints * CELL_MS / 1000.0 * pace
        expected = rate * (cal.QUIET_PRINTS + (1.0 - cal.QUIET_PRINTS) * burst)
        draws = self._rng.random((2, cells))
        counts = np.minimum(np.floor(expected + draws[0]).astype(np.int64), _MOST_PRINTS)
        total = int(counts.sum())
        cell = np.repeat(np.arange(cells), counts)
        points = self._rng.random((3, total))
        ts = np.sort(stretch.start + CELL_MS * cell + (points[0] * CELL_MS).astype(np.int64))
        running = np.cumsum(np.where(draws[1] < 0.5, -1, 1))
        flow = np.sign(running - np.concatenate((np.zeros(20, np.int64), running))[:cells])
        leaning = 500 + np.rint(1000 * (cal.SIGN_OF_MOVE * sign + cal.SIGN_OF_FLOW * flow)).astype(np.int64)
        buys = (points[1] * 1000.0).astype(np.int64) < leaning[cell]
        rows = quotes.at(ts)
        ticks = np.where(buys, quotes.ask[rows], quotes.bid[rows])
        shown = np.where(buys, quotes.ask_lots[rows], quotes.bid_lots[rows])
        wanted = np.rint(pick(self._print_table, points[2]) * volume).astype(np.int64)
        first = self.prints
        self.prints += total
        return Prints(ts, ticks, np.maximum(np.minimum(wanted, shown), 1), buys, first)

    def books(self, stretch: Stretch, quotes: Quotes, depth: float) -> Books:
        """Return the books of a stretch, at the venue's own beat."""
        line = self.line
        beat = (
            np.arange(stretch.start, stretch.end, line.book_ms) // line.book_ms * line.book_ms
            + line.phase_ms
            + 50
        )
        ts = beat[(beat >= stretch.start) & (beat < stretch.end)]
        rows = quotes.at(ts, "right")
        best = np.stack((quotes.bid[rows], quotes.ask[rows]))
        best_lots = np.stack((quotes.bid_lots[rows], quotes.ask_lots[rows]))
        ticks, lots = self._levels(ts, best, best_lots, depth)
        return Books(ts, ticks, lots, quotes.first + rows)

    def _levels(self, ts: Ints, best: Ints, best_lots: Ints, depth: float) -> tuple[Ints, Ints]:
        """Return both sides' levels; ``best`` holds a row for bids and one for asks."""
        gap = self.line.gap
        zone = (best // gap)[:, :, None] + _AWAY * np.arange(LEVELS)
        where: Words = mixed(zone.astype(np.uint64) ^ (self._salt + _SIDE_SALT))
        lifetime = np.uint64(11) + (where >> np.uint64(62))
        epoch = (ts.astype(np.uint64)[:, None] + (where & np.uint64(0x3FFF))) >> lifetime
        now = mixed(where ^ epoch)
        ticks = zone * gap + ((now >> np.uint64(32)) % np.uint64(gap)).astype(np.int64)
        sizes = np.maximum(np.floor(self._behind_table * (depth / 16.0)).astype(np.int64), 1)
        lots = sizes[(now & np.uint64(1023)).astype(np.int64)]
        # is the level of the best's own zone one of its own?
        behind = _AWAY * (ticks[:, :, :1] - best[:, :, None]) > 0
        levels, sizes_behind = np.empty(ticks.shape, np.int64), np.empty(ticks.shape, np.int64)
        levels[:, :, 0], levels[:, :, 1:] = best, np.where(behind, ticks[:, :, :-1], ticks[:, :, 1:])
        sizes_behind[:, :, 0] = best_lots
        sizes_behind[:, :, 1:] = np.where(behind, lots[:, :, :-1], lots[:, :, 1:])
        return levels, sizes_behind


def quote_events(line: Line, quotes: Quotes, carried: int) -> list[Quote]:
    """Return the quotes from row ``carried`` on."""
    bid, ask = quotes.bid[carried:] / line.per_unit, quotes.ask[carried:] / line.per_unit
    bid_qty, ask_qty = quotes.bid_lots[carried:] / line.per_coin, quotes.ask_lots[carried:] / line.per_coin
    columns = (quotes.ts[carried:].tolist(), bid.tolist(), bid_qty.tolist(), ask.tolist(), ask_qty.tolist())
    return list(map(Quote, repeat(line.id), *columns, count(quotes.first + carried)))


def trade_events(line: Line, prints: Prints) -> list[Trade]:
    price, qty = (prints.ticks / line.per_unit).tolist(), (prints.lots / line.per_coin).tolist()
    sides = map((Side.SELL, Side.BUY).__getitem__, prints.buys.tolist())
    numbers = map(str, count(prints.first + 1))
    return list(map(Trade, repeat(line.id), prints.ts.tolist(), price, qty, sides, numbers))


def book_events(line: Line, books: Books) -> list[Book]:
    pairs = tuple(
        zip(books.ticks.ravel().tolist(), (books.lots / line.per_coin).ravel().tolist(), strict=True)
    )
    sides = [pairs[first : first + LEVELS] for first in range(0, len(pairs), LEVELS)]
    half = len(books.ts)
    tick = repeat(float(line.instrument.tick))
    return list(
        map(
            Book,
            repeat(line.id),
            books.ts.tolist(),
            tick,
            sides[:half],
            sides[half:],
            books.sequence.tolist(),
        )
    )
