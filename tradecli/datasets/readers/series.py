"""Rows of one table sorted into series: which rows are whose, in time order, none twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradecli.datasets.batch import Column, Holes
from tradecli.datasets.kinds import Market
from tradecli.datasets.source import Source
from tradecli.datasets.table import Ints, Table, group_rows

Rows = NDArray[np.intp]
_INST = {"spot": Market.SPOT, "perp_linear": Market.LINEAR, "perp_inverse": Market.INVERSE}


def by_instrument(
    table: Table, source: Source, *, is_derivative: bool = False, symbols: str = "symbol"
) -> Iterator[tuple[str, Rows]]:
    """Yield each instrument and its rows, from the columns ``instrument`` or ``venue``, ``inst`` and ``symbols``."""
    if "instrument" in table:
        for name, rows in _groups(table, ("instrument",)):
            symbol, at, venue = name[0].partition("@")
            found = source.instrument(
                symbol, venue if at else None, _market_of(symbol), is_derivative=is_derivative
            )
            if found is not None:
                yield found, rows
        return
    if symbols not in table:
        found = source.instrument(is_derivative=is_derivative)
        if found is not None:
            yield found, np.arange(len(table))
        return
    names = [name for name in ("venue", "inst", symbols) if name in table]
    for words, rows in _groups(table, names):
        said = dict(zip(names, words, strict=True))
        inst = said.get("inst")
        if inst is not None and inst not in _INST:
            raise table.fail(int(rows[0]), "inst", f"must be one of {', '.join(_INST)}, not {inst[:40]!r}")
        market = _INST[inst] if inst is not None else None
        found = source.instrument(said[symbols], said.get("venue"), market, is_derivative=is_derivative)
        if found is not None:
            yield found, rows


def by_name(table: Table, source: Source, default: str | None = None) -> Iterator[tuple[str, Rows]]:
    """Yield each name of an index and its rows, from the column ``name`` or, without one, from ``default``."""
    if "name" in table:
        for words, rows in _groups(table, ("name",)):
            if source.index_name(words[0]) is not None:
                yield words[0], rows
        return
    name = source.index_name(default)
    if name is not None:
        yield name, np.arange(len(table))


def in_order(
    table: Table, source: Source, rows: Rows, keys: Sequence[tuple[str, Ints]], values: Mapping[str, Column]
) -> Rows:
    """Return ``rows`` sorted by ``keys`` (the first is time), each key once.

    A row that repeats another in every value is left out and counted; one that differs raises ``BadRow``.
    """
    order = np.lexsort(tuple(key[rows] for _, key in reversed(keys)))
    if (order[1:] < order[:-1]).any():
        source.note("rows were not in time order; they are now")
    rows = rows[order]
    again = np.ones(max(len(rows) - 1, 0), dtype=np.bool_)
    for _, key in keys:
        again &= key[rows][1:] == key[rows][:-1]
    if not again.any():
        return rows
    later, earlier = rows[1:][again], rows[:-1][again]
    for name, column in values.items():
        differs = ~_equal(column[later], column[earlier])
        if differs.any():
            place = int(np.argmax(differs))
            raise table.fail(
                int(later[place]),
                name,
                f"differs from row {int(earlier[place]) + 1}, which has the same {keys[-1][0]}",
            )
    source.note(f"{len(later)} rows stood there twice")
    return rows[np.concatenate(([True], ~again))]


def holes_of(ts: Ints, interval_ms: int) -> Holes:
    """Return the holes between sorted times that should be ``interval_ms`` apart."""
    return _holes(np.diff(ts) // interval_ms - 1)


def skipped_numbers(numbers: Ints) -> Holes:
    """Return the holes in sorted numbers that should grow by one."""
    return _holes(np.diff(numbers) - 1)


def _holes(missing: Ints) -> Holes:
    missing = missing[missing > 0]
    return Holes(len(missing), int(missing.sum()))


def check_aligned(table: Table, rows: Rows, ts: Ints, interval_ms: int) -> None:
    """Raise ``BadRow`` for the first bar that does not open at a multiple of its length."""
    off = ts[rows] % interval_ms != 0
    if off.any():
        row = int(rows[int(np.argmax(off))])
        raise table.fail(row, "ts", f"{int(ts[row])} is not aligned to the bar length of {interval_ms} ms")


def _groups(table: Table, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Rows]]:
    coded = [table.words(name) for name in names]
    for rows in group_rows([codes for codes, _ in coded]):
        yield tuple(words[codes[rows[0]]] for codes, words in coded), rows


def _market_of(symbol: str) -> Market | None:
    """Return the market of a symbol that is written in full; the bare spelling is the linear or dated one."""
    return None if symbol.endswith((".spot", ".inverse")) else Market.LINEAR


def _equal(one: Column, other: Column) -> NDArray[np.bool_]:
    same = one == other
    if one.dtype.kind == "f":
        same |= np.isnan(one) & np.isnan(other)
    return np.asarray(same, dtype=np.bool_)
