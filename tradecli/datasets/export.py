"""Recorded rows to one table and that to a CSV or Parquet file, in the layouts that an import reads back.

The file appears only when it is complete, and replaces nothing unless told to (I06). In CSV times are ISO 8601 in UTC
and text that a spreadsheet would run is neutralised (X03); numbers are written so that they read back equal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradecli.datasets.kinds import NAMED, ROW_TYPES, Kind
from tradecli.domain.market import Book, BookDelta, OptionChain
from tradecli.errors import NotEnoughData, NotFound, StoreFault, UsageError
from tradecli.ports import Recordable

SUFFIXES = (".csv", ".parquet")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
TIMES = ("ts", "next_ts", "published_at", "expiry_ts")
_TEXT = ("instrument", "name", "trade_id", "side", "kind", "venue", "currency", "option_type")
_INTEGERS = (*TIMES, "interval_ms", "sequence", "first_id", "last_id", "prev_id", "message", "level")
_FLAGS = ("is_snapshot", "inverse")

Columns = dict[str, list[Any]]


def columns_of(kind: Kind, rows: Sequence[Recordable]) -> Columns:
    """Return rows of one kind as columns; books, depth and chains give one line for each level or quote."""
    if kind is Kind.OPTIONS:
        return _chains([row for row in rows if isinstance(row, OptionChain)])
    if kind is Kind.DEPTH:
        return _messages([row for row in rows if isinstance(row, BookDelta)])
    if kind is Kind.BOOKS:
        return _books([row for row in rows if isinstance(row, Book)])
    names = [field.name for field in msgspec.structs.fields(ROW_TYPES[kind])]
    whose = "name" if kind in NAMED else "instrument"
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    return {"ts": columns.pop("ts"), whose: columns.pop(whose), **columns}


def write_rows(target: Path, kind: Kind, rows: Sequence[Recordable], *, replace: bool = False) -> None:
    """Write rows to ``target``, whose name ends in .csv or .parquet."""
    import pyarrow as pa  # 240 ms: only where a file is written
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    check_target(target, replace=replace)
    table = pa.table({name: _array(name, values) for name, values in columns_of(kind, rows).items()})
    if target.suffix == ".parquet":
        _put(target, lambda file: pq.write_table(table, file, compression="zstd"))
    else:
        _put(target, lambda file: pc.write_csv(_as_text(table), file))


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse a file that must not be written, before anything is read."""
    if target.suffix not in SUFFIXES:
        raise UsageError(f"{str(target)[-60:]!a} must end in .csv or .parquet", number=164)
    if target.is_symlink():
        raise UsageError(f"will not write through a link: {str(target)!a}", number=165)
    if target.is_dir():
        raise UsageError(f"names a folder: {str(target)!a}", number=165)
    if target.exists() and not replace:
        raise UsageError(f"would replace {str(target)!a}", number=166, hint="--force allows it")
    if not target.parent.is_dir():
        raise NotFound(f"no such folder: {str(target.parent)!a}", number=161, hint="make it first")


def _put(target: Path, write: Callable[[Any], None]) -> None:
    """Write beside the target and rename it there."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise StoreFault(f"cannot write: {error.strerror or error}", path=str(target), number=133) from error
    finally:
        partial.unlink(missing_ok=True)


def _array(name: str, values: list[Any]) -> Any:
    import pyarrow as pa

    if name in _TEXT:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if name in _INTEGERS:
        return pa.array(values, pa.int64())
    return pa.array(values, pa.bool_() if name in _FLAGS else pa.float64())


def _as_text(table: Any) -> Any:
    """Return the table with ISO times and neutral text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, name in enumerate(table.column_names):
        values = table.column(name)
        if name in TIMES:
            spelled = pc.strftime(values.cast(pa.timestamp("ms")), format="%Y-%m-%dT%H:%M:%S")
            values = pc.binary_join_element_wise(spelled, "Z", "")
        elif name in _TEXT:
            risky = pc.is_in(pc.utf8_slice_codeunits(values, 0, 1), pa.array(FORMULA))
            values = pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values)
        table = table.set_column(place, name, values)
    return table


def _messages(rows: Iterable[BookDelta]) -> Columns:
    names = ("ts", "instrument", "message", "is_snapshot", "first_id", "last_id", "prev_id", "tick")
    columns: Columns = {name: [] for name in (*names, "side", "price", "qty")}
    for number, row in enumerate(rows):
        if row.tick is None:
            raise NotEnoughData(f"depth of {row.instrument} does not say the price of one tick", number=113)
        head = (
            row.ts,
            row.instrument,
            number,
            row.is_snapshot,
            row.first_id,
            row.last_id,
            row.prev_id,
            row.tick,
        )
        levels: list[tuple[Any, ...]] = [("b", *level) for level in row.bids] + [
            ("a", *level) for level in row.asks
        ]
        for side, ticks, qty in levels or [("b", None, None)]:
            price = None if ticks is None else _price(ticks, row.tick)
            for name, value in zip(columns, (*head, side, price, qty), strict=True):
                columns[name].append(value)
    return columns


def _books(rows: Iterable[Book]) -> Columns:
    columns: Columns = {
        name: [] for name in ("ts", "instrument", "sequence", "tick", "side", "level", "price", "qty")
    }
    for row in rows:
        for side, levels in (("b", row.bids), ("a", row.asks)):
            for level, (ticks, qty) in enumerate(levels):
                line = (
                    row.ts,
                    row.instrument,
                    row.sequence,
                    row.tick,
                    side,
                    level,
                    _price(ticks, row.tick),
                    qty,
                )
                for name, value in zip(columns, line, strict=True):
                    columns[name].append(value)
    return columns


def _chains(rows: Iterable[OptionChain]) -> Columns:
    quoted: tuple[str, ...] = (
        "instrument",
        "expiry_ts",
        "strike",
        "option_type",
        "bid",
        "ask",
        "mark",
        "mark_iv",
        "delta",
    )
    quoted = (*quoted, "underlying", "open_interest")
    columns: Columns = {name: [] for name in ("ts", "venue", "currency", "index", "inverse", *quoted)}
    for row in rows:
        for quote in row.quotes:
            line = (
                row.ts,
                row.venue,
                row.currency,
                row.index,
                row.inverse,
                *(getattr(quote, n) for n in quoted),
            )
            for name, value in zip(columns, line, strict=True):
                columns[name].append(value)
    return columns


def _price(ticks: int, tick: float) -> float:
    """Return the price of whole ticks, without what the multiplication leaves behind the tenth place."""
    return round(ticks * tick, 10)
