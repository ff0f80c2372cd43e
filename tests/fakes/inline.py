"""A real SQLite connection with aiosqlite's face and no thread: each statement ends before its await does."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Generator, Sequence
from pathlib import Path
from typing import Any


class _Done:
    """A statement that has been carried out: awaitable, and an async context as a cursor."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def __await__(self) -> Generator[Any, None, _Done]:
        return self
        yield

    async def __aenter__(self) -> _Done:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._cursor.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for row in self._cursor:
            yield row


class InlineConnection:
    """``before(statement)`` may raise what a failing disk would."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)

    @classmethod
    async def connect(cls, path: Path, **_: object) -> Any:
        return cls(path)

    def before(self, statement: str) -> None:
        """Do nothing; a test that breaks the store overrides it."""

    def after(self, statement: str) -> None:
        """Do nothing; a test that breaks the store overrides it."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Done:
        self.before(statement)
        done = _Done(self._db.execute(statement, values))
        self.after(statement)
        return done

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self.before(statement)
        self._db.executemany(statement, rows)

    async def execute_fetchall(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        self.before(statement)
        return self._db.execute(statement, values).fetchall()

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    async def close(self) -> None:
        self._db.close()

    def drop(self) -> None:
        """Let go of the file as a killed process does: what was not committed never happened."""
        self._db.close()
