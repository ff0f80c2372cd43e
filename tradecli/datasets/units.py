"""Sizes of coin-margined contracts: the sources count contracts, the store keeps base coins, as live data are told.

A contract becomes contracts × its USD / price, at the price of its own row, in the order of the live decoders, so that
both give the same float. Contracts are whole numbers and coins next to never are: by that, rows that an earlier version
kept in contracts are found. It must not guess the size of a contract that no rule tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from tradecli.datasets.faults import BadFile
from tradecli.datasets.kinds import ROW_TYPES, Kind, feed_of
from tradecli.datasets.source import Source
from tradecli.datasets.table import Floats, Table
from tradecli.domain.contracts import contract_usd, is_coin_margined
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, BookDelta, Candle, Quote, Trade
from tradecli.ports import History, Recordable

FEWEST = 8
"""Positive sizes below which whole numbers say nothing."""
LOOKED_AT = 64
SIZED = frozenset([Kind.CANDLES, Kind.TRADES, Kind.QUOTES, Kind.DEPTH, Kind.BOOKS])
EVER = 1 << 60
AGAIN = "move the market store aside and import the files again"


def in_coins(table: Table, source: Source, instrument: str, qty: Floats, price: Floats) -> Floats:
    """Return the sizes of rows in base coins; ``qty`` and ``price`` are parallel, a size of 0 stays 0.

    A table that names its instruments in our spelling was exported by us, in coins. ``BadFile`` where its sizes are
    contracts all the same. Where no rule tells what a contract is worth, sizes stay as they are, with a note.
    """
    usd = _worth(instrument)
    if usd is None:
        _note_unknown(source, instrument)
        return qty
    if "instrument" in table:
        require_coins(source, instrument, qty)
        return qty
    source.note(f"sizes of contracts of {usd:g} USD are kept in coins, each at its own price")
    return qty * usd / price


def require_coins(source: Source, instrument: str, sizes: Floats) -> None:
    """Refuse sizes of a coin-margined instrument that are all whole numbers (``BadFile``)."""
    if _worth(instrument) is None:
        _note_unknown(source, instrument)
    elif are_contracts(sizes):
        raise BadFile(
            source.name,
            f"sizes of {instrument} are whole numbers: contracts, where coins are kept",
            hint="import the venue's own file; of bars, --map volume=COLUMN names the volume in coins",
        )


def are_contracts(sizes: ArrayLike) -> bool:
    """Say whether the sizes of a coin-margined instrument count contracts; False where there are too few to tell."""
    values = np.asarray(sizes, dtype=np.float64)
    values = values[values > 0]
    return len(values) >= FEWEST and bool((values == np.rint(values)).all())


async def holds_contracts(history: History, kind: Kind, subject: str, interval_ms: int | None) -> bool:
    """Say whether a stored series of a coin-margined instrument begins with rows in contracts."""
    if kind not in SIZED or _worth(subject) is None:
        return False
    sizes: list[float] = []
    rows = cast("Any", history.read(feed_of(kind, subject, interval_ms), 0, EVER))
    async with aclosing(rows):
        async for row in rows:
            if isinstance(row, ROW_TYPES[kind]):
                sizes += [size for size in _sizes(cast("Recordable", row)) if size > 0]
            if len(sizes) >= LOOKED_AT:
                break
    return are_contracts(sizes)


def _worth(subject: str) -> float | None:
    return contract_usd(InstrumentId(subject)) if "@" in subject else None


def _note_unknown(source: Source, instrument: str) -> None:
    if is_coin_margined(InstrumentId(instrument)) and _worth(instrument) is None:
        source.note(
            f"sizes of {instrument} are as the source has them: what a contract is worth is not known"
        )


def _sizes(row: Recordable) -> Iterable[float]:
    match row:
        case Candle():
            return (row.volume,)
        case Trade():
            return (row.qty,)
        case Quote():
            return (row.bid_qty, row.ask_qty)
        case Book() | BookDelta():
            return _levels((row.bids, row.asks))
        case _:
            return ()


def _levels(sides: Sequence[Sequence[tuple[int, float]]]) -> Iterator[float]:
    return (qty for side in sides for _, qty in side)
