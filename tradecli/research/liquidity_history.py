"""How liquid recorded books were, hour by hour: what a desk would have kept had it followed them.

Every minute of a recorded tape gives one sample, of the book as it was proven then; an hour with fewer than half of
its minutes has no value. Whole books that were recorded count where no differences are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np

from tradecli.domain.feed import BookFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.liquidity import EVERY_MS, FEWEST, NEAR_BPS, Gauge, Hour, Sample
from tradecli.domain.market import Book, BookDelta, VolIndex
from tradecli.ports import History
from tradecli.quant import book as measures
from tradecli.research.index_history import IndexRecord
from tradecli.venues.sequence import BookBuilder, rule_of

METHOD = f"spread and depth within {NEAR_BPS:g} bp, hourly means"


async def hours(
    history: History, instrument: InstrumentId, tick: float, since: int, until: int
) -> AsyncIterator[Hour]:
    """Yield every hour of which a book is recorded, those that were hardly seen included."""
    gauge, builder = Gauge(), None
    async for row in history.read(BookFeed(instrument), since, until):
        if isinstance(row, BookDelta):
            if builder is None:  # whole books come before all differences
                if (ended := gauge.close()) is not None:
                    yield ended
                gauge, builder = Gauge(), BookBuilder(instrument, row.tick or tick, rule_of(instrument))
            builder.apply(row)
        if row.ts < gauge.due:
            continue
        if isinstance(row, Book):
            found = sample_of(row)
        else:
            found = None if builder is None or builder.joining else builder.near(NEAR_BPS)
        if found is None:
            continue
        gauge.due = row.ts - row.ts % EVERY_MS + EVERY_MS
        if (ended := gauge.add(row.ts, found)) is not None:
            yield ended
    if (ended := gauge.close()) is not None:
        yield ended


def sample_of(book: Book) -> Sample | None:
    """Return the sample of a whole book; None of one that is not sound."""
    sides = [np.array(side, dtype=np.float64).reshape(-1, 2) for side in (book.bids, book.asks)]
    (bid, bid_qty), (ask, ask_qty) = ((side[:, 0] * book.tick, side[:, 1]) for side in sides)
    if measures.is_sound(bid, bid_qty, ask, ask_qty) is not None:
        return None
    mid = measures.mid(bid, ask)
    deep = all(measures.reaches(price, mid, NEAR_BPS) for price in (bid, ask))
    depth = sum(measures.depth(*side, mid, NEAR_BPS) for side in ((bid, bid_qty), (ask, ask_qty)))
    return Sample(measures.spread_bps(bid, ask), depth if deep else None)


def record_of(hour: Hour) -> IndexRecord:
    """Return an hour as a record; without a value where it was hardly seen."""
    reasons = [] if hour.is_kept else [f"{hour.samples} of 60 minutes of books, {FEWEST} are needed"]
    reasons += [] if hour.depth is not None else [f"the book does not reach {NEAR_BPS:g} bp"]
    return IndexRecord(
        at=hour.at,
        value=hour.spread_bps if hour.is_kept else None,
        quality="unavailable" if not hour.is_kept else "degraded" if hour.depth is None else "ok",
        method=METHOD,
        spread_bps=hour.spread_bps,
        depth=hour.depth,
        samples=hour.samples,
        reason="; ".join(reasons),
    )


def as_series(instrument: InstrumentId, found: list[Hour]) -> list[VolIndex]:
    """Return the rows of the hours that are kept."""
    return [row for each in found for row in each.rows(instrument)]
