"""One run of the simulated market: stretch after stretch of arrays, turned into events in order of time.

Theory of operation. Time is cut into stretches of five seconds that end on whole multiples of five seconds, so that
bars, settlements and chains fall on the edge between two. A stretch is made at once as arrays, line by line in the
order of their ids, then turned into events and yielded by time; at equal times prints come before quotes, quotes
before books, then what the edge posts. The minute that is open at the start is simulated from its beginning and not
shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tradecli.domain.events import Event
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import venue_of
from tradecli.domain.market import MarketEvent, MarkPrice, OptionChain
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.basis import Premiums, held
from tradecli.venues.simulated.board import Board
from tradecli.venues.simulated.book import Flow, book_events, quote_events, trade_events
from tradecli.venues.simulated.candles import Rolling
from tradecli.venues.simulated.draws import Floats, Ints
from tradecli.venues.simulated.listing import LINES, Line
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.process import CELL_MS, Coins, Stretch, lagged
from tradecli.venues.simulated.tapes import Script
from tradecli.venues.simulated.wanted import Wanted

STRETCH_MS = 5_000
POSTED_MS = 10_000
"""The hidden minute posts chains and indices once, on its last whole multiple of this."""
_HOUR = 3_600_000


class Batch:
    """Events of one stretch with their times, in the order that breaks ties."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._times: list[Ints] = []

    def add(self, events: Sequence[Event], ts: Ints | Sequence[int]) -> None:
        if events:
            self._events.extend(events)
            self._times.append(np.asarray(ts, dtype=np.int64))

    def ordered(self, silences: Iterable[tuple[str, int, int]]) -> Iterator[Event]:
        """Yield by time, without what silent venues would have said."""
        if not self._events:
            return
        times = np.concatenate(self._times)
        order = np.argsort(times, kind="stable")
        spans = list(silences)
        if not spans:
            events = self._events
            for place in order.tolist():
                yield events[place]
            return
        for place, ts in zip(order.tolist(), times[order].tolist(), strict=True):
            event = self._events[place]
            venue = _venue_of_event(event)
            if not any(venue == silent and since <= ts < until for silent, since, until in spans):
                yield event


def _venue_of_event(event: Any) -> str:
    if isinstance(event, OptionChain):
        return event.venue
    instrument = getattr(event, "instrument", None)
    return venue_of(instrument) if instrument is not None else ""


class Run:
    """The moving state of one run. ``first`` is the whole minute before ``start``."""

    def __init__(self, seed: int, start: int, script: Script, past: Past, wanted: Wanted) -> None:
        self.start = start
        self.now = past.end
        self._script, self._wanted = script, wanted
        self.coins = Coins(seed, past.end, script)
        self.premiums = Premiums(seed, LINES)
        self.board = Board(seed, self.coins, self.premiums, script, past)
        flows = wanted.flows()
        self._flows = {line.id: Flow(seed, line) for line in LINES if line.id in flows}
        self._rolling = {
            line.id: _rolling(line, past, wanted.candles[line.id])
            for line in LINES
            if line.id in wanted.candles
        }

    def events(self, *, hidden: bool = False, until: int | None = None) -> Iterator[Event]:
        """Yield events from ``start`` on, without end; with ``hidden`` those of the minute before as well.

        With ``until`` it ends after the stretch that reaches this time, even where nothing was said.
        """
        whole = (self.start - self.now) // POSTED_MS * POSTED_MS
        before = list(self._batch(whole, shown=hidden))
        if hidden:
            before += self.board.edge(self.now, self._wanted, True)
        else:
            self.board.list_options(self.now, self._wanted)
        before += self._batch(self.start - self.now, shown=hidden)
        if hidden:
            yield from before
        yield from self.board.edge(self.start, self._wanted, True)
        while until is None or self.now < until:
            yield from self._batch(STRETCH_MS - self.now % STRETCH_MS)

    def _batch(self, length_ms: int, *, shown: bool = True) -> Iterator[Event]:
        """Make the next stretch and yield its events by time."""
        stretch = self.coins.advance(length_ms // CELL_MS)
        middle = stretch.start + length_ms // 2
        strain = self._script.strain(middle)
        before = list(self.premiums.noise)
        noise = self.premiums.advance(length_ms // 1000)
        levels = [self.board.premium(place, line, middle) for place, line in enumerate(LINES)]
        batch = Batch()
        links = self._script.links(stretch.start, stretch.end)
        batch.add(links, [link.ts for link in links])
        for place, line in enumerate(LINES):
            if line.id in self._flows:
                active = lagged(stretch, stretch.sign[line.coin], line.lag) != 0
                premium = levels[place] + held(noise[place], active, before[place])
                self._flow(batch if shown else None, line, stretch, premium, strain)
            if shown and line.id in self._wanted.marks and line.perp:
                marks = self.board.marks(line, stretch, levels[place])
                batch.add([MarkPrice(line.id, *row) for row in zip(*marks, strict=True)], marks.ts)
        self.board.advance(stretch, levels, max(strain[0] / 4.0, 0.0))
        self.now = stretch.end
        silences = self._script.silences(stretch.start, stretch.end + 1)
        yield from batch.ordered(silences)
        yield from self._edge(stretch.end).ordered(silences)

    def _edge(self, ts: int) -> Batch:
        """Return what closes or is posted at the end of a stretch; made after the rest, for it may ask the past."""
        edge: list[MarketEvent] = []
        if ts % MINUTE_MS == 0:
            for name, rolling in self._rolling.items():
                asked = self._wanted.candles[name]
                edge += [bar for bar in rolling.closed(ts) if bar.interval_ms in asked]
        if ts > self.start:
            edge.extend(self.board.edge(ts, self._wanted, False))
        batch = Batch()
        batch.add(edge, [ts] * len(edge))
        return batch

    def _flow(
        self,
        batch: Batch | None,
        line: Line,
        stretch: Stretch,
        premium: Floats,
        strain: tuple[float, float, float],
    ) -> None:
        flow, name, wanted = self._flows[line.id], line.id, self._wanted
        quotes = flow.quotes(stretch, premium, strain)
        prints = flow.trades(stretch, quotes, _volume(line, stretch), strain[2])
        if name in self._rolling:
            self._rolling[name].take(prints)
        if batch is None:
            return
        if name in wanted.trades:
            batch.add(trade_events(line, prints), prints.ts)
        if name in wanted.quotes:
            carried = int(quotes.ts[0] < stretch.start)
            batch.add(quote_events(line, quotes, carried), quotes.ts[carried:])
        if name in wanted.books:
            books = flow.books(stretch, quotes, strain[1])
            batch.add(book_events(line, books), books.ts)


def _volume(line: Line, stretch: Stretch) -> float:
    """Return the factor on the size of prints: the hour of the day, and more when volatility is high."""
    ratio = stretch.vol[line.coin] * stretch.surge / cal.FIGURES[line.base].median_vol
    return float(round(cal.HOUR_VOLUME[stretch.start // _HOUR % 24] * min(max(ratio, 0.2), 5.0) ** 0.5, 6))


def _rolling(line: Line, past: Past, intervals: set[int]) -> Rolling:
    return Rolling(line, intervals, past.end, partial(past.bars, line, True))
