"""Reads from a ledger what a start takes up: the rows that outlive a process, in the order they were written.

It only reads, and knows nothing of engines: what the rows mean is decided where they are put together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradecli.domain.events import Event, Fill
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.store.reader import LedgerReader, read_body

_CAPITAL = """
    SELECT seq, at, equity, json_extract(body, '$.drawdown_pct'), '0' FROM decisions_full
    WHERE run_id = ?1 AND equity IS NOT NULL
    UNION ALL
    SELECT seq, at, NULL, 0, amount FROM entries WHERE run_id = ?1 AND instrument IS NULL
    ORDER BY 1
"""
_KINDS = ("LatchSet", "LatchReleased", "StrategySet", "OrderAsked", "OrderSending", "Noted")


class PastRows:
    """The newest run of one ledger, read once."""

    def __init__(self, path: Path, run_id: str) -> None:
        with LedgerReader(path) as reader:
            self.orders: tuple[Order, ...] = tuple(reversed(reader.orders(run_id, limit=-1)))
            self.fills: tuple[Fill, ...] = tuple(reader.fills(run_id))
            self.entries: tuple[LedgerEntry, ...] = tuple(reader.entries(run_id))
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            self.capital = tuple(_capital(db.execute(_CAPITAL, (run_id,))))
            self.decisions = int(_one(db, "SELECT coalesce(max(number), 0) FROM decisions", run_id))
            self.events: tuple[Event, ...] = tuple(_events(db, run_id, path))
        finally:
            db.close()


def traded_in(path: Path) -> tuple[InstrumentId, ...]:
    """Return every instrument that the newest run of a ledger had an order or a fill on; none without a run."""
    if not path.exists():
        return ()
    with LedgerReader(path) as reader:
        runs = reader.runs(limit=1)
        if not runs:
            return ()
        run_id = runs[0].run_id
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        query = "SELECT instrument FROM orders WHERE run_id = ?1 UNION SELECT instrument FROM fills WHERE run_id = ?1"
        return tuple(InstrumentId(row[0]) for row in db.execute(query, (run_id,)))
    finally:
        db.close()


def _capital(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, Decimal | None, float, Decimal]]:
    for _, at, equity, drawdown, moved in rows:
        yield at, None if equity is None else Decimal(equity), float(drawdown or 0.0), Decimal(moved)


def _one(db: sqlite3.Connection, query: str, run_id: str) -> Any:
    return db.execute(f"{query} WHERE run_id = ?", (run_id,)).fetchone()[0]


def _events(db: sqlite3.Connection, run_id: str, path: Path) -> Iterator[Event]:
    marks = ", ".join("?" * len(_KINDS))
    query = f"SELECT body FROM steps_full WHERE run_id = ? AND kind IN ({marks}) ORDER BY seq"  # noqa: S608
    for (body,) in db.execute(query, (run_id, *_KINDS)):
        yield read_body(body, Event, path)  # type: ignore[arg-type]
