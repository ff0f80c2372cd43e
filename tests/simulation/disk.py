"""The disk of one engine process: real SQLite, broken on purpose, and gone when the process is killed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random
from typing import Any

from tests.fakes.inline import InlineConnection
from tests.simulation.wire import Killed


class Disk:
    """What all connections of the run have in common: which fault is on. ``other`` holds a real write lock."""

    def __init__(self, path: Path, rng: Random) -> None:
        self.path = path
        self.rng = rng
        self.fault = ""
        self.hits = 0
        self._other: sqlite3.Connection | None = None

    def begin(self, fault: str) -> None:
        """Break the disk: ``full``, ``locked`` or ``io``."""
        self.end()
        self.fault = fault
        if fault == "locked":
            self._other = sqlite3.connect(self.path, isolation_level=None, timeout=0)
            self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        """Mend the disk."""
        self.fault = ""
        if self._other is not None:
            self._other.close()
            self._other = None


class DiskConnection(InlineConnection):
    """A writer's connection on the disk."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.path)
        self.disk = disk
        self.dead = False

    def execute(self, statement: str, values: Any = ()) -> Any:
        if statement.startswith("PRAGMA busy_timeout"):
            statement = "PRAGMA busy_timeout = 0"  # waiting is for the shell, on virtual time
        elif statement.startswith("PRAGMA synchronous"):
            statement = (
                "PRAGMA synchronous = OFF"  # processes are killed here, machines are not (S11 has its test)
            )
        try:
            return super().execute(statement, values)
        except sqlite3.OperationalError as error:
            self.disk.hits += self.disk.fault == "locked" and error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            raise

    def before(self, statement: str) -> None:
        if self.dead:
            raise Killed
        disk = self.disk
        if disk.fault == "full" and statement.startswith("INSERT"):
            disk.hits += 1
            raise _error("database or disk is full", sqlite3.SQLITE_FULL)
        if disk.fault == "io" and statement == "COMMIT":
            disk.hits += 1
            if disk.rng.random() < 0.5:
                self._db.execute("COMMIT")  # it was written, and nobody was told
            raise _error("disk I/O error", sqlite3.SQLITE_IOERR)


def _error(text: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error
