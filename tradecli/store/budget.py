"""The rate budget of all processes of this user: one small file, a transaction for each request, no fsync.

It keeps how much of each venue's window is used and until when a venue is not to be asked, so that commands run side by
side stay within one budget (M12) and a ban outlives the process that earned it (V06). What is lost with the machine's
power was a minute of counting.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradecli.domain.budget import Allowance, Priority, Stop, Window, later, seen, take
from tradecli.store import schema
from tradecli.store.ledger import fault
from tradecli.store.private import make_private

_BUSY_S = 2.0


class SharedBudget:
    """``ports.Budget`` over the file at ``path``; opened on first use, usable from any thread of one loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None

    def take(self, account: str, allowance: Allowance, weight: int, priority: Priority, now: int) -> int:
        """Take ``weight``, or return the milliseconds to wait: read and written in one transaction."""
        with self._transaction() as db:
            window, wait = take(_window(db, account), allowance, weight, priority, now)
            if wait <= 0:
                _keep(db, account, window)
        return wait

    def observe(self, account: str, allowance: Allowance, used: int, now: int) -> None:
        with self._transaction() as db:
            _keep(db, account, seen(_window(db, account), allowance, used, now))

    def stop(self, venue: str, until: int, reason: str) -> None:
        with self._transaction() as db:
            stop = later(_stop(db, venue), Stop(until, reason[:200]))
            db.execute("INSERT OR REPLACE INTO stops VALUES (?, ?, ?)", (venue, stop.until, stop.reason))

    def stopped(self, venue: str, now: int) -> Stop | None:
        with self._transaction() as db:
            found = _stop(db, venue)
        return found if found is not None and now < found.until else None

    def used(self, account: str, allowance: Allowance, now: int) -> int:
        with self._transaction() as db:
            return seen(_window(db, account), allowance, 0, now).used

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
        except (OSError, sqlite3.Error) as error:
            raise fault(error, self.path) from error

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            make_private(self.path)
            db = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")
            schema.prepare(db, str(self.path), schema.BUDGET_ID, schema.BUDGET)
            self._db = db
        return self._db


def _window(db: sqlite3.Connection, account: str) -> Window | None:
    row = db.execute("SELECT start, used FROM windows WHERE account = ?", (account,)).fetchone()
    return Window(*row) if row is not None else None


def _keep(db: sqlite3.Connection, account: str, window: Window) -> None:
    db.execute("INSERT OR REPLACE INTO windows VALUES (?, ?, ?)", (account, window.start, window.used))


def _stop(db: sqlite3.Connection, venue: str) -> Stop | None:
    row = db.execute("SELECT until, reason FROM stops WHERE venue = ?", (venue,)).fetchone()
    return Stop(*row) if row is not None else None
