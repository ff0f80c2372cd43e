"""The ledger of one profile: runs, steps, orders, fills, money, decisions and the audit chain. The one that writes.

Durable before visible: ``commit`` returns when its transaction is on disk (WAL, ``synchronous=FULL``). A commit is
all or nothing and is refused when the lease has moved on. A file belongs to one mode and account for life. After an
I/O error the connection is dead: nothing is retried in hope.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec

from tradecli import codec
from tradecli.domain.commands import Step
from tradecli.domain.decision import Decision
from tradecli.domain.enums import Mode
from tradecli.domain.events import Event
from tradecli.errors import LockHeld, StoreFault
from tradecli.store import schema
from tradecli.store.private import make_private
from tradecli.store.rows import ASIDE, TABLES, Rows, genesis, scope_of

_BUSY_MS = 5_000
_NEW_RUN = """
    INSERT INTO runs (run_id, number, mode, started, config_digest, body, schema)
    SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ? FROM runs
"""
_HEADS = """
    SELECT kind, n, hash FROM (
        SELECT kind, n, hash FROM audit WHERE run_id = ?1 AND kind = ?2 ORDER BY n DESC LIMIT 1
    ) UNION ALL SELECT kind, n, hash FROM (
        SELECT kind, n, hash FROM audit WHERE run_id = ?1 AND kind <> ?2 ORDER BY n DESC LIMIT 1
    )
"""
_TAKE_LEASE = """
    INSERT INTO lease VALUES (1, 1, ?)
    ON CONFLICT (id) DO UPDATE SET fence = fence + 1, holder = excluded.holder
"""
_OF_A_RUN = (*(table for table, _, _ in TABLES), "heartbeat", "runs")
Connect = Callable[..., Awaitable[aiosqlite.Connection]]
"""How the connection that writes is made: a seam for tests that break it."""
Batch = tuple[str, Sequence[Any]]
"""One statement and the rows it is carried out for."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is made of: enough to make it again. ``data`` says where its market came from."""

    run_id: str
    mode: Mode
    started: int
    seed: int | None
    config_digest: str
    config: dict[str, Any]
    data: dict[str, Any]
    code: str


class Ledger:
    """Open with ``await Ledger.open(...)``; close when done."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, account: str) -> None:
        self.path = path
        self.account = account
        self._db = connection
        self._run: Run | None = None
        self._rows: Rows | None = None
        self._dead = False
        self._alone = asyncio.Lock()

    @classmethod
    async def open(
        cls, path: Path, *, mode: Mode, account: str, connect: Connect = aiosqlite.connect
    ) -> Ledger:
        """Open or make the file, bring it to the newest schema, and bind it to ``mode`` and ``account`` for life."""
        try:
            make_private(path)
            with closing(sqlite3.connect(path, isolation_level=None)) as plain:
                plain.execute("PRAGMA journal_mode = WAL")
                schema.prepare(plain, str(path), schema.LEDGER_ID, schema.LEDGER)
            connection = await connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise fault(error, path) from error
        try:
            await connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            await connection.execute("PRAGMA synchronous = FULL")
            await _bind(connection, path, mode, account)
        except sqlite3.Error as error:
            await connection.close()
            raise fault(error, path) from error
        except BaseException:
            await connection.close()
            raise
        return cls(path, connection, account)

    async def close(self) -> None:
        await self._db.close()

    async def begin_run(self, run: Run, *, replace: bool = False) -> None:
        """Enter a new run. ``replace``: an earlier one of the same name, which the same inputs made, gives way."""
        body = codec.encode(run).decode()
        values = (run.run_id, run.mode.value, run.started, run.config_digest, body, len(schema.LEDGER))
        gone = [(f"DELETE FROM {table} WHERE run_id = ?", [(run.run_id,)]) for table in _OF_A_RUN]  # noqa: S608
        await self._write([*(gone if replace else ()), (_NEW_RUN, [values])])
        self._run = run
        scope = scope_of(run.mode, run.run_id, self.account)
        start = genesis(run.mode.value, run.seed, run.config_digest, run.data)
        self._rows = Rows(run.run_id, scope, start, 0, await self._booked(scope))

    async def continue_run(self, run: Run) -> tuple[str, int]:
        """Go on with the newest run of this file, or begin ``run``: an account that lives has one chain for life.

        Return the run's id and the number of its newest step, 0 for none.
        """
        found = list(await self._db.execute_fetchall("SELECT body FROM runs ORDER BY number DESC LIMIT 1"))
        if not found:
            await self.begin_run(run)
            return run.run_id, 0
        kept = self._run = codec.decode(found[0][0], Run)
        scope = scope_of(kept.mode, kept.run_id, self.account)
        head = aside = genesis(kept.mode.value, kept.seed, kept.config_digest, kept.data)
        count = 0
        for kind, n, hash in await self._db.execute_fetchall(_HEADS, (kept.run_id, ASIDE)):
            count = max(count, n)
            head, aside = (head, hash) if kind == ASIDE else (hash, aside)
        self._rows = Rows(kept.run_id, scope, head, count, await self._booked(scope), aside)
        tables = ("steps", "orders", "notices", "audit")
        steps = " UNION ALL ".join(
            f"SELECT coalesce(max(seq), 0) AS seq FROM {table} WHERE run_id = ?1"  # noqa: S608
            for table in tables
        )
        rows = await self._db.execute_fetchall(f"SELECT max(seq) FROM ({steps})", (kept.run_id,))  # noqa: S608
        return kept.run_id, max(int(row[0] or 0) for row in rows)

    async def _booked(self, scope: str) -> set[tuple[str, str]]:
        query = "SELECT instrument, trade_id FROM fills WHERE scope = ?"
        return {(row[0], row[1]) for row in await self._db.execute_fetchall(query, (scope,))}

    async def finish_run(self, finished: int, summary: Any) -> None:
        """Close the run with what it came to."""
        if self._run is None:
            return
        values = (finished, codec.encode(summary).decode(), self._run.run_id)
        await self._write([("UPDATE runs SET finished = ?, summary = ? WHERE run_id = ?", [values])])

    @property
    def head(self) -> str:
        """The hash of the newest audit record of this run."""
        return self._rows.head if self._rows is not None else ""

    async def commit(self, steps: Sequence[Step], fence: int) -> None:
        """Make steps durable, in order, in one transaction; ``LockHeld`` when the lease has moved on.

        A caller that is cancelled meanwhile is let go only when the transaction has ended (N16).
        """
        await _to_the_end(self._commit(steps, fence))

    async def _commit(self, steps: Sequence[Step], fence: int) -> None:
        async with self._alone:
            if self._rows is None:
                raise StoreFault("a run must be begun before steps are kept", path=str(self.path), number=130)
            rows = self._rows.after()
            for step in steps:
                rows.add(step)
            batches = [
                (f"{statement} VALUES ({', '.join('?' * columns)})", getattr(rows, table))
                for table, statement, columns in TABLES
                if getattr(rows, table)
            ]
            await self._transaction(batches, fence)
            self._rows = rows.after()

    async def beat(self, at: int, real_at: int, body: bytes) -> None:
        """Leave a sign of life with the desk's state, for commands that look from outside."""
        if self._run is not None:
            values = (self._run.run_id, at, real_at, os.getpid(), body.decode())
            await self._write([("INSERT OR REPLACE INTO heartbeat VALUES (1, ?, ?, ?, ?, ?)", [values])])

    async def take_lease(self, holder: str) -> int:
        """Take over the right to send; return the fence that every later commit must carry."""
        await self._write([(_TAKE_LEASE, [(holder,)])])
        found = list(await self._db.execute_fetchall("SELECT fence FROM lease"))
        return int(found[0][0]) if found else 0

    async def steps(self, run_id: str) -> AsyncIterator[Step]:
        """Yield the kept steps of a run: the events in order, without their commands."""
        query = "SELECT seq, at, body FROM steps_full WHERE run_id = ? ORDER BY seq"
        async with self._db.execute(query, (run_id,)) as cursor:
            async for seq, at, body in cursor:
                yield Step(seq=seq, at=at, event=codec.decode(body, Event), commands=())  # type: ignore[arg-type]

    async def decisions(
        self, run_id: str, *, limit: int = 100, until: int | None = None
    ) -> Sequence[Decision]:
        """Return the newest decisions of a run, newest first."""
        query = "SELECT body FROM decisions_full WHERE run_id = ? AND at <= ? ORDER BY number DESC LIMIT ?"
        values = (run_id, until if until is not None else 1 << 62, limit)
        async with self._db.execute(query, values) as cursor:
            return [codec.decode(body, Decision) async for (body,) in cursor]

    async def _write(self, batches: Sequence[Batch]) -> None:
        await _to_the_end(self._write_alone(batches))

    async def _write_alone(self, batches: Sequence[Batch]) -> None:
        async with self._alone:
            await self._transaction(batches)

    async def _transaction(self, batches: Sequence[Batch], fence: int | None = None) -> None:
        """Run one write transaction: it starts as a writer (S05), and ends whole or not at all."""
        if self._dead:
            raise StoreFault(
                "the ledger had an I/O error and must be reopened", path=str(self.path), number=140
            )
        try:
            await self._db.execute("BEGIN IMMEDIATE")
            try:
                if fence is not None:
                    await self._check_fence(fence)
                for statement, rows in batches:
                    await self._db.executemany(statement, rows)
                await self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    await self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self._dead = not _may_go_on(error)
            raise fault(error, self.path) from error

    async def _check_fence(self, fence: int) -> None:
        for (held,) in await self._db.execute_fetchall("SELECT fence FROM lease"):
            if held != fence:
                told = f"the lease has moved on: fence {held} is in force, not {fence}"
                raise LockHeld(told, number=102, where=str(self.path))


async def _bind(connection: aiosqlite.Connection, path: Path, mode: Mode, account: str) -> None:
    wanted = {"mode": mode.value, "account": account}
    async with connection.execute("SELECT key, value FROM meta") as cursor:
        found = {key: value async for key, value in cursor}
    for key, value in wanted.items():
        if found.get(key, value) != value:
            raise StoreFault(
                f"this ledger belongs to {key} {found[key]!r}, not {value!r}",
                path=str(path),
                number=122,
                hint="each mode and account has a ledger of its own: choose another --profile or --db",
            )
    await connection.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", list(wanted.items()))


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await ``work`` even when the caller is cancelled meanwhile: the thread of the database cannot be called back."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise


def _may_go_on(error: sqlite3.Error) -> bool:
    """Say whether the connection is as good as before: the transaction was refused, and the disk did not fail (S03)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CONSTRAINT,
    )


def fault(error: Exception, path: Path | str) -> StoreFault:
    """Translate a database or file error into one that names the path and what to do."""
    text = str(error)
    for words, number, message, hint in _FAULTS:
        if any(word in text for word in words):
            return StoreFault(message, path=str(path), number=number, hint=hint)
    return StoreFault(text, path=str(path), number=145)


_FAULTS = (
    (("locked", "busy"), 141, "the store stayed locked", "another process writes: try again"),
    (("full",), 142, "the disk is full", "make room, then start again"),
    (("readonly", "read-only", "Permission"), 143, "the store is read-only", "check its owner and mode bits"),
    (("malformed", "not a database"), 144, "the store is damaged", "restore a backup: tradecli db restore"),
)
