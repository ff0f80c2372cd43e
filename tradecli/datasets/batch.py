"""A proved series: columns in time order, all of one kind, one subject and one interval, and the rows they make.

Columns carry the field names of the row type. NaN in a float column and ``MISSING`` in an integer column stand for
None. Option chains and books are nested: their flat columns are one line for each quote or level, ``starts`` says
where each chain or message begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradecli.datasets.kinds import Kind
from tradecli.domain.enums import FundingKind, OptionType, Side
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.domain.market import (
    Book,
    BookDelta,
    Candle,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OptionChain,
    OptionQuote,
    Quote,
    Sentiment,
    Trade,
    VolIndex,
)
from tradecli.ports import Recordable

MISSING = -1
"""Null in an integer column."""

Column = NDArray[Any]


class Holes(NamedTuple):
    """How often something is missing between first and last, and how much in all (None: not known)."""

    gaps: int
    missing: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One series of one file. ``ts`` are UTC ms; ``holes`` None where the file cannot show any."""

    kind: Kind
    subject: str
    interval_ms: int | None
    columns: dict[str, Column]
    starts: NDArray[np.int64] | None = None
    holes: Holes | None = None

    def __len__(self) -> int:
        return len(self.columns["ts"]) if self.starts is None else len(self.starts)

    @property
    def first(self) -> int:
        return int(self.columns["ts"][0])

    @property
    def last(self) -> int:
        return int(self.columns["ts"][-1])

    def rows(self) -> list[Recordable]:
        """Return the rows as domain Structs, oldest first."""
        return list(_ROWS[self.kind](self))


def _column(batch: Batch, name: str) -> list[Any]:
    """Return a column as Python values, None where it is missing; all None where there is no such column."""
    if name not in batch.columns:
        return [None] * len(batch.columns["ts"])
    values = batch.columns[name]
    listed: list[Any] = values.tolist()
    if values.dtype.kind == "f":
        for place in np.flatnonzero(np.isnan(values)).tolist():
            listed[place] = None
    elif values.dtype.kind == "i" and name != "ts":
        for place in np.flatnonzero(values == MISSING).tolist():
            listed[place] = None
    return listed


def _columns(batch: Batch, *names: str) -> list[list[Any]]:
    return [_column(batch, name) for name in names]


def _candles(batch: Batch) -> Iterator[Recordable]:
    ts, *prices = _columns(batch, "ts", "open", "high", "low", "close", "volume")
    return map(Candle, repeat(InstrumentId(batch.subject)), ts, repeat(batch.interval_ms), *prices)


def _marks(batch: Batch) -> Iterator[Recordable]:
    return map(MarkPrice, repeat(InstrumentId(batch.subject)), *_columns(batch, "ts", "mark", "index"))


def _funding(batch: Batch) -> Iterator[Recordable]:
    columns = _columns(batch, "ts", "rate", "interval_h")
    kinds = [FundingKind(kind) for kind in batch.columns["kind"].tolist()]
    return map(
        FundingRate,
        repeat(InstrumentId(batch.subject)),
        *columns,
        kinds,
        *_columns(batch, "next_ts", "mark"),
    )


def _open_interest(batch: Batch) -> Iterator[Recordable]:
    return map(OpenInterest, repeat(InstrumentId(batch.subject)), *_columns(batch, "ts", "value_usd"))


def _vol_index(batch: Batch) -> Iterator[Recordable]:
    return map(VolIndex, repeat(batch.subject), *_columns(batch, "ts", "value"))


def _sentiment(batch: Batch) -> Iterator[Recordable]:
    return map(Sentiment, repeat(batch.subject), *_columns(batch, "ts", "value", "published_at"))


def _trades(batch: Batch) -> Iterator[Recordable]:
    ts, price, qty, ids = _columns(batch, "ts", "price", "qty", "trade_id")
    sides = [Side.BUY if bought else Side.SELL for bought in batch.columns["bought"].tolist()]
    return map(Trade, repeat(InstrumentId(batch.subject)), ts, price, qty, sides, map(str, ids))


def _quotes(batch: Batch) -> Iterator[Recordable]:
    columns = _columns(batch, "ts", "bid", "bid_qty", "ask", "ask_qty", "sequence")
    return map(Quote, repeat(InstrumentId(batch.subject)), *columns)


def _spans(batch: Batch) -> Iterator[tuple[int, int]]:
    starts = batch.starts.tolist() if batch.starts is not None else []
    return zip(starts, [*starts[1:], len(batch.columns["ts"])], strict=True)


def _split_levels(batch: Batch) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...]]]:
    """Yield of each message the place of its first line, its bids and its asks as (ticks, size)."""
    levels = list(zip(*_columns(batch, "ticks", "qty"), strict=True))
    is_bid = batch.columns["is_bid"].tolist()
    for start, end in _spans(batch):
        bids = tuple(levels[i] for i in range(start, end) if is_bid[i] and levels[i][0] is not None)
        asks = tuple(levels[i] for i in range(start, end) if not is_bid[i] and levels[i][0] is not None)
        yield start, bids, asks


def _depth(batch: Batch) -> Iterator[Recordable]:
    ts, first, last, prev = _columns(batch, "ts", "first_id", "last_id", "prev_id")
    snapshot, tick = batch.columns["is_snapshot"].tolist(), batch.columns["tick"].tolist()
    instrument = InstrumentId(batch.subject)
    for i, bids, asks in _split_levels(batch):
        yield BookDelta(instrument, ts[i], snapshot[i], first[i], last[i], prev[i], bids, asks, tick[i])


def _books(batch: Batch) -> Iterator[Recordable]:
    ts, sequence = _columns(batch, "ts", "sequence")
    tick, instrument = batch.columns["tick"].tolist(), InstrumentId(batch.subject)
    for i, bids, asks in _split_levels(batch):
        yield Book(instrument, ts[i], tick[i], bids, asks, sequence[i] or 0)


def _options(batch: Batch) -> Iterator[Recordable]:
    names = ("expiry_ts", "strike", "bid", "ask", "mark", "mark_iv", "delta", "underlying", "open_interest")
    expiry, strike, bid, ask, mark, iv, delta, underlying, interest = _columns(batch, *names)
    types = [OptionType.CALL if is_call else OptionType.PUT for is_call in batch.columns["is_call"].tolist()]
    instruments = [InstrumentId(name) for name in batch.columns["instrument"].tolist()]
    fields = (instruments, expiry, strike, types, bid, ask, mark, iv, delta, underlying, interest)
    quotes = list(map(OptionQuote, *fields))
    ts, index = _columns(batch, "ts", "index")
    inverse = batch.columns["inverse"].tolist()
    currency, venue = symbol_of(InstrumentId(batch.subject)), venue_of(InstrumentId(batch.subject))
    for start, end in _spans(batch):
        yield OptionChain(venue, currency, ts[start], index[start], inverse[start], tuple(quotes[start:end]))


_ROWS = {
    Kind.CANDLES: _candles,
    Kind.MARK: _marks,
    Kind.FUNDING: _funding,
    Kind.OPEN_INTEREST: _open_interest,
    Kind.VOL_INDEX: _vol_index,
    Kind.SENTIMENT: _sentiment,
    Kind.OPTIONS: _options,
    Kind.TRADES: _trades,
    Kind.QUOTES: _quotes,
    Kind.DEPTH: _depth,
    Kind.BOOKS: _books,
}
