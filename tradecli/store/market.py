"""The market store: recorded data of all profiles in one file, in the order they became known (``ports.History``).

It waits for no ledger: its own file, ``synchronous=NORMAL``, rows in batches. What is lost with the machine's power
can be pulled or imported again. Writing a row that is there already changes nothing, but that what the stored one did
not know (no mark price with a funding rate) is filled in: so it does not matter which of two sources came first.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosqlite

from tradecli import codec
from tradecli.domain.feed import CandleFeed, Feed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.series import CandleSeries
from tradecli.errors import NotEnoughData
from tradecli.ports import Coverage, Recordable
from tradecli.store import schema
from tradecli.store.ledger import fault
from tradecli.store.packing import BLOBS, Key, Row, is_blob, keys, pack, unpack_blob, unpack_point
from tradecli.store.private import make_private

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BUSY_MS = 5_000
_CHUNK = 5_000
_INSERT_POINT = """
    INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series, known, tag) DO UPDATE
    SET a = coalesce(a, excluded.a), b = coalesce(b, excluded.b), c = coalesce(c, excluded.c),
        d = coalesce(d, excluded.d), e = coalesce(e, excluded.e)
    WHERE (a IS NULL AND excluded.a NOT NULL) OR (b IS NULL AND excluded.b NOT NULL)
        OR (c IS NULL AND excluded.c NOT NULL) OR (d IS NULL AND excluded.d NOT NULL)
        OR (e IS NULL AND excluded.e NOT NULL)
"""
_INSERT_BLOB = "INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?, ?)"
_COVERAGE = """
    SELECT kind, subject, interval_ms, min(ts), max(ts), count(*)
    FROM {table} JOIN series ON series.id = {table}.series GROUP BY series.id
"""
_COLUMNS = "known, ts, tag, a, b, c, d, e"


class MarketStore:
    """Open with ``await MarketStore.open(path)``; ``writable=False`` refuses to make a missing file."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._db = connection
        self._ids: dict[Key, int] = {}
        self._closed = False
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, writable: bool = True) -> MarketStore:
        if not writable and not _exists(path):
            raise NotEnoughData(
                "no market data are recorded", number=111, where=str(path), hint="tradecli data import PATH"
            )
        try:
            if writable:
                make_private(path)
                with closing(sqlite3.connect(path, isolation_level=None)) as plain:
                    plain.execute("PRAGMA journal_mode = WAL")
                    schema.prepare(plain, str(path), schema.MARKET_ID, schema.MARKET)
                connection = await aiosqlite.connect(path, isolation_level=None)
            else:
                connection = await aiosqlite.connect(_address(path), uri=True, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise fault(error, path) from error
        await connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        await connection.execute("PRAGMA synchronous = NORMAL")
        return cls(path, connection)

    async def close(self) -> None:
        self._closed = True
        await self._db.close()

    async def __aenter__(self) -> MarketStore:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- writing ---------------------------------------------------------------------------------------------------

    async def write(self, rows: Sequence[Recordable]) -> int:
        """Keep rows, all in one transaction; return how many were new or filled in what a stored one did not know."""
        return await self.write_packed([pack(row) for row in rows])

    async def write_packed(self, packed: Sequence[Row]) -> int:
        """Do what ``write`` does with rows that are packed already."""
        async with self._transaction():
            ids = {key: await self._id(Key(*key)) for key in dict.fromkeys(row[0] for row in packed)}
            before = self._db.total_changes
            points = [(ids[row[0]], *row[1:]) for row in packed if row[0][0] not in BLOBS]
            blobs = [(ids[row[0]], *row[1:]) for row in packed if row[0][0] in BLOBS]
            await self._db.executemany(_INSERT_POINT, points)
            await self._db.executemany(_INSERT_BLOB, blobs)
            return self._db.total_changes - before

    async def write_candles(self, feed: CandleFeed, ts: NDArray[Any], columns: Sequence[NDArray[Any]]) -> int:
        """Keep bars given as arrays (open times, then open, high, low, close, volume); return how many were new."""
        known = (ts + feed.interval_ms).tolist()
        values = zip(known, ts.tolist(), *(column.tolist() for column in columns), strict=True)
        async with self._transaction():
            series = await self._id(keys(feed)[0])
            before = self._db.total_changes
            rows = [(series, at, open_ts, "", *prices) for at, open_ts, *prices in values]
            await self._db.executemany(_INSERT_POINT, rows)
            return self._db.total_changes - before

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """One write transaction: it starts as a writer, and ends whole or not at all. Writers take turns."""
        async with self._writing:
            try:
                try:
                    await self._db.execute("BEGIN IMMEDIATE")
                    yield
                    await self._db.execute("COMMIT")
                except BaseException:
                    self._ids.clear()
                    # What a cancelled writer began may not have begun yet: this waits its turn behind it, and where
                    # there is nothing to undo it does nothing.
                    await self._db.rollback()
                    raise
            except sqlite3.Error as error:
                raise fault(error, self.path) from error

    async def _id(self, key: Key, *, make: bool = True) -> int | None:
        known = self._ids.get(key)
        if known is not None:
            return known
        query = "SELECT id FROM series WHERE kind = ? AND subject = ? AND interval_ms = ?"
        if make:
            await self._db.execute(
                "INSERT OR IGNORE INTO series (kind, subject, interval_ms) VALUES (?, ?, ?)", key
            )
        async with self._db.execute(query, key) as cursor:
            row = await cursor.fetchone()
        if row is None:
            return None
        self._ids[key] = int(row[0])
        return self._ids[key]

    async def keep_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Keep the trading rules of instruments; newer ones replace older ones."""
        rows = [(each.id, codec.encode(each).decode()) for each in instruments]
        await self._db.executemany("INSERT OR REPLACE INTO instruments VALUES (?, ?)", rows)

    async def instruments(self) -> list[Instrument]:
        async with self._db.execute("SELECT body FROM instruments ORDER BY id") as cursor:
            return [codec.decode(body, Instrument) async for (body,) in cursor]

    # -- reading ---------------------------------------------------------------------------------------------------

    async def read(self, feed: Feed, since: int, until: int) -> AsyncIterator[Recordable]:
        """Yield rows known in [since, until), ties as written."""
        for key in keys(feed):
            series = await self._id(key, make=False)
            if series is None:
                continue
            if is_blob(key):
                query = "SELECT body FROM blobs WHERE series = ? AND known >= ? AND known < ? ORDER BY known, rowid"
                async with self._cursor(query, (series, since, until)) as cursor:
                    cursor.arraysize = 200
                    async for (body,) in cursor:
                        yield unpack_blob(key, body)
                continue
            query = (
                f"SELECT {_COLUMNS} FROM points"  # noqa: S608 - constants
                " WHERE series = ? AND known >= ? AND known < ? ORDER BY known, rowid"
            )
            async with self._cursor(query, (series, since, until)) as cursor:
                while rows := await cursor.fetchmany(_CHUNK):
                    for known, ts, tag, *values in rows:
                        yield unpack_point(key, known, ts, tag, tuple(values))

    @asynccontextmanager
    async def _cursor(self, query: str, values: tuple[int, ...]) -> AsyncIterator[aiosqlite.Cursor]:
        """Open a cursor for as long as it is read; a reader that is dropped half way may outlive the store."""
        cursor = await self._db.execute(query, values)
        try:
            yield cursor
        finally:
            if not self._closed:
                await cursor.close()

    async def candles(self, feed: CandleFeed, since: int, until: int) -> CandleSeries:
        """Return the bars known in [since, until) as arrays, oldest first."""
        import numpy as np  # arrays only where bars are read in bulk

        series = await self._id(keys(feed)[0], make=False)
        query = "SELECT ts, a, b, c, d, e FROM points WHERE series = ? AND known >= ? AND known < ? ORDER BY known"
        async with self._db.execute(query, (series, since, until)) as cursor:
            rows = await cursor.fetchall()
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 6)
        ts = np.fromiter((row[0] for row in rows), np.int64, len(table))
        return CandleSeries(feed.interval_ms, ts, *(np.ascontiguousarray(table[:, i]) for i in range(1, 6)))

    async def count(self, feed: Feed, since: int, until: int) -> int:
        """Return how many rows of ``feed`` became known in [since, until)."""
        total = 0
        for key in keys(feed):
            series = await self._id(key, make=False)
            table = "blobs" if is_blob(key) else "points"
            query = f"SELECT count(*) FROM {table} WHERE series = ? AND known >= ? AND known < ?"  # noqa: S608 - constants
            async with self._db.execute(query, (series, since, until)) as cursor:
                row = await cursor.fetchone()
            total += int(row[0]) if row is not None else 0
        return total

    async def coverage(self) -> Sequence[Coverage]:
        """Return what there is of every series."""
        found: list[Coverage] = []
        for table in ("points", "blobs"):
            async with self._db.execute(_COVERAGE.format(table=table)) as cursor:
                async for kind, subject, interval, first, last, rows in cursor:
                    found.append(
                        Coverage(
                            kind=kind,
                            subject=subject,
                            interval_ms=interval or None,
                            first_ts=first,
                            last_ts=last,
                            rows=rows,
                        )
                    )
        return sorted(found, key=lambda each: (each.kind, each.subject, each.interval_ms or 0))

    async def content_hash(self, feeds: Iterable[Feed], since: int, until: int) -> str:
        """Return SHA-256 over the rows of ``feeds`` known in [since, until), however they came in."""
        total = hashlib.sha256()
        for feed in feeds:
            for key in keys(feed):
                series = await self._id(key, make=False)
                total.update(repr((key, series is not None)).encode())
                table, columns = ("blobs", "known, ts, tag, body") if is_blob(key) else ("points", _COLUMNS)
                query = (
                    f"SELECT {columns} FROM {table}"  # noqa: S608 - constants
                    " WHERE series = ? AND known >= ? AND known < ? ORDER BY known, tag"
                )
                async with self._db.execute(query, (series, since, until)) as cursor:
                    while rows := await cursor.fetchmany(_CHUNK):
                        total.update(repr([tuple(row) for row in rows]).encode())
        return total.hexdigest()

    async def last_close(self, instrument: InstrumentId, interval_ms: int) -> int | None:
        """Return when the newest bar of a series closed."""
        series = await self._id(Key("Candle", instrument, interval_ms), make=False)
        async with self._db.execute("SELECT max(known) FROM points WHERE series = ?", (series,)) as cursor:
            row = await cursor.fetchone()
        return int(row[0]) if row is not None and row[0] is not None else None


def _exists(path: Path) -> bool:
    return path.exists()


def _address(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"
