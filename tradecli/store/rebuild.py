"""Builds the tables of a run again from its audit records alone, in memory, and compares them with the stored (INV-20).

Every row of every table is a function of one record; the columns are made by the same functions of ``rows`` that the
ledger writes with. Positions, balances and the kill state are sums over these rows and need no table. Rows from before
schema 2, when events, notices and reports had no record, cannot be built again and are counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec

from tradecli import codec
from tradecli.domain.decision import Decision
from tradecli.domain.events import Fill
from tradecli.domain.order import Order
from tradecli.store import rows, schema
from tradecli.store.audit import AuditRecord, Query
from tradecli.store.rows import Place, Row

BEFORE = "recorded before rebuild was possible"
_STATEMENTS = {
    table: f"{statement} VALUES ({', '.join('?' * columns)})"
    for table, statement, columns in rows.TABLES
    if table != "audit"
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first row that is not what the chain says. ``column`` empty: the whole row is on one side only."""

    table: str
    key: str
    column: str
    stored: str | None
    rebuilt: str | None

    def __str__(self) -> str:
        if self.column:
            return f"{self.table} {self.key}: {self.column} is {self.stored}, the chain says {self.rebuilt}"
        if self.stored is None:
            return f"{self.table} {self.key}: the row is gone"
        return f"{self.table} {self.key}: the row has no record"


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What rebuilding one run came to: rows compared by table, rows from before there were records, what differs."""

    compared: Mapping[str, int]
    before: int
    difference: Difference | None


class Unreadable(ValueError):
    """A record whose body does not tell what its kind says."""


def rebuild(
    query: Query, run_id: str, scope: str, records: Iterable[AuditRecord], *, has_before: bool
) -> Rebuilt:
    """Build the tables of a run from ``records`` and compare; ``has_before``: it was begun under schema 1."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        schema.prepare(fresh, ":memory:", schema.LEDGER_ID, schema.LEDGER)
        fresh.execute("BEGIN")
        wrong = _fill(fresh, run_id, scope, records)
        compared: dict[str, int] = {}
        before = 0
        for table in _STATEMENTS:
            of_run = f"FROM {table} WHERE run_id = ?"
            if has_before:
                before += next(iter(query(f"SELECT count(*) {of_run} AND record IS NULL", (run_id,))))[0]
                of_run += " AND record IS NOT NULL"
            names, key = _columns(fresh, table)
            asked = f"SELECT {', '.join(names)} {of_run} ORDER BY {', '.join(names[i] for i in key)}"
            built = fresh.execute(asked, (run_id,))
            compared[table], found = _compare(table, names, key, query(asked, (run_id,)), built)
            wrong = wrong or found
    return Rebuilt(compared=compared, before=before, difference=wrong)


def rows_of(place: Place, kind: str, ref: str, body: str) -> Iterator[tuple[str, Row]]:
    """Yield each row that follows from one record, with its table; ``Unreadable`` for what no record says."""
    try:
        match kind:
            case "event" | "latch":
                yield "steps", rows.step_row(place, ref)
            case "fill":
                yield "steps", rows.step_row(place, "Fill")
                yield "fills", rows.fill_row(place, codec.decode(body, Fill))
            case "order":
                yield "orders", rows.order_row(place, codec.decode(body, Order))
            case "entry":
                yield "entries", rows.entry_row(place, ref, msgspec.json.decode(body))
            case "decision":
                yield "decisions", rows.decision_row(place, codec.decode(body, Decision))
            case "notice":
                yield "notices", rows.notice_row(place, msgspec.json.decode(body))
            case "report":
                yield "reports", rows.report_row(place, ref)
            case _:
                raise Unreadable(f"a record of the unknown kind {kind!r}")
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the {kind} cannot be read: {error}") from error


def _fill(
    fresh: sqlite3.Connection, run_id: str, scope: str, records: Iterable[AuditRecord]
) -> Difference | None:
    """Write the rows of every record; return what kept one from becoming a row."""
    for record in records:
        if record.body is None:
            continue  # of schema 1: its row holds what it is of
        place = Place(run_id, scope, record.seq, record.at, record.n)
        try:
            for table, row in rows_of(place, record.kind, record.ref, record.body):
                fresh.execute(_STATEMENTS[table], row)
        except (Unreadable, sqlite3.Error) as error:
            key, told = f"n={record.n}", f"{record.kind} {record.ref}"
            return Difference(table="audit", key=key, column="body", stored=told, rebuilt=str(error))
    return None


def _columns(fresh: sqlite3.Connection, table: str) -> tuple[list[str], list[int]]:
    """Return the columns of a table, and which of them are its key, in the key's order."""
    found = fresh.execute(f"PRAGMA table_info({table})").fetchall()
    key = sorted((row[5], row[0]) for row in found if row[5])
    return [row[1] for row in found], [at for _, at in key]


def _compare(
    table: str, names: Sequence[str], key: Sequence[int], stored: Iterable[Row], built: Iterable[Row]
) -> tuple[int, Difference | None]:
    """Hold two lists of rows, both in the order of their keys, against each other; count the stored ones."""
    ours, theirs = iter(stored), iter(built)
    count, mine, other = 0, next(ours, None), next(theirs, None)
    first: Difference | None = None
    while mine is not None or other is not None:
        if mine == other:
            count, mine, other = count + 1, next(ours, None), next(theirs, None)
            continue
        here = tuple(mine[at] for at in key) if mine is not None else None
        there = tuple(other[at] for at in key) if other is not None else None
        if here == there and mine is not None and other is not None:
            at = next(at for at in range(len(names)) if mine[at] != other[at])
            first = first or _difference(table, names, key, mine, names[at], mine[at], other[at])
            count, mine, other = count + 1, next(ours, None), next(theirs, None)
        elif other is None or (here is not None and there is not None and here < there):
            first = first or _difference(table, names, key, mine or (), "", "a row", None)
            count, mine = count + 1, next(ours, None)
        else:
            first = first or _difference(table, names, key, other, "", None, "a row")
            other = next(theirs, None)
    return count, first


def _difference(
    table: str, names: Sequence[str], key: Sequence[int], row: Row, column: str, stored: Any, rebuilt: Any
) -> Difference:
    return Difference(
        table=table,
        key=" ".join(f"{names[at]}={row[at]}" for at in key if names[at] not in ("run_id", "scope")),
        column=column,
        stored=None if stored is None else str(stored),
        rebuilt=None if rebuilt is None else str(rebuilt),
    )
