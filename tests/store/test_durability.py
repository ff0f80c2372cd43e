"""What a ledger does when it is interrupted, full, locked, broken, asked twice, or read while it is written."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.desk import T0, fill
from tests.store.test_ledger import RUN, keep, steps
from tradecli.domain.commands import Step
from tradecli.domain.enums import Mode
from tradecli.errors import StoreFault
from tradecli.store import schema
from tradecli.store.ledger import Ledger
from tradecli.store.reader import LedgerReader


@asynccontextmanager
async def begun(path: Path) -> AsyncIterator[tuple[Ledger, int]]:
    ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
    try:
        await ledger.begin_run(RUN)
        yield ledger, await ledger.take_lease("test")
    finally:
        await ledger.close()


def rows_kept(path: Path) -> tuple[int, bool]:
    with LedgerReader(path) as reader:
        return len(list(reader.step_rows())), reader.verify().ok


@pytest.mark.parametrize("turns", range(12))
def test_n16_a_commit_that_is_cancelled_at_any_point_is_kept_whole_and_the_next_one_follows(
    tmp_path: Path, turns: int
) -> None:
    kept, _ = steps()

    async def go() -> None:
        async with begun(tmp_path / "l.db") as (ledger, fence):
            task = asyncio.ensure_future(ledger.commit(kept[:2], fence))
            for _ in range(turns + 1):
                await asyncio.sleep(0)
            task.cancel()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            await ledger.commit(kept[2:], fence)

    asyncio.run(go())
    assert rows_kept(tmp_path / "l.db") == (len(kept), True)


def test_commits_and_signs_of_life_asked_for_at_once_do_not_mix(tmp_path: Path) -> None:
    kept, _ = steps()

    async def go() -> None:
        async with begun(tmp_path / "l.db") as (ledger, fence):
            beats = [ledger.beat(T0 + n, T0, b"{}") for n in range(5)]
            await asyncio.gather(*(ledger.commit([step], fence) for step in kept), *beats)

    asyncio.run(go())
    assert rows_kept(tmp_path / "l.db") == (len(kept), True)


def test_s02_a_full_disk_keeps_nothing_half_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    kept, _ = steps()
    wide = kept[-1]
    long = [
        Step(seq=1_000 + n, at=wide.at, event=fill("t1", trade_id=f"f{n}"), commands=()) for n in range(500)
    ]

    async def go() -> None:
        async with begun(tmp_path / "l.db") as (ledger, fence):
            (pages,) = next(iter(await ledger._db.execute_fetchall("PRAGMA page_count")))
            await ledger._db.execute(f"PRAGMA max_page_count = {pages + 1}")
            with pytest.raises(StoreFault, match="full"):
                await ledger.commit(long, fence)
            await ledger._db.execute("PRAGMA max_page_count = 1000000")
            await ledger.commit(long, fence)

    asyncio.run(go())
    assert rows_kept(tmp_path / "l.db") == (500, True)


class Failing:
    """A connection whose disk fails at the Nth statement."""

    def __init__(self, real: Any, at: int) -> None:
        self.real = real
        self.left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        self.left -= 1
        if self.left == 0:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return self.real.executemany(sql, rows)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_s03_after_an_io_error_the_connection_is_dead_and_nothing_of_the_batch_is_kept(
    tmp_path: Path, nth: int
) -> None:
    kept, _ = steps()

    async def go() -> None:
        async with begun(tmp_path / "l.db") as (ledger, fence):
            real, ledger._db = ledger._db, Failing(ledger._db, nth)  # type: ignore[assignment]
            try:
                with pytest.raises(StoreFault, match="I/O"):
                    await ledger.commit(kept, fence)
                with pytest.raises(StoreFault, match="reopened"):
                    await ledger.commit(kept, fence)
            finally:
                ledger._db = real

    asyncio.run(go())
    assert rows_kept(tmp_path / "l.db") == (0, True)


def test_s04_a_store_that_stays_locked_is_said_and_the_same_steps_can_be_kept_later(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"

    async def go() -> None:
        async with begun(path) as (ledger, fence):
            await ledger._db.execute("PRAGMA busy_timeout = 20")
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreFault, match="locked"):
                    await ledger.commit(kept, fence)
                other.execute("ROLLBACK")
            await ledger.commit(kept, fence)

    asyncio.run(go())
    assert rows_kept(path) == (len(kept), True)


def test_n09_a_fill_told_again_is_booked_once_within_a_batch_across_batches_and_after_reopening(
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.db"
    again = [Step(seq=n, at=T0, event=fill("t1", trade_id="7"), commands=()) for n in range(1, 5)]

    async def go() -> None:
        async with begun(path) as (ledger, fence):
            await ledger.commit(again[:2], fence)
            await ledger.commit(again[2:3], fence)
            await ledger.commit(again[3:], fence)

    asyncio.run(go())
    with LedgerReader(path) as reader:
        assert len(reader.fills()) == 1
        assert [row.kind for row in reader.audit()] == ["fill", "event", "event", "event"]
        assert reader.verify().ok


def test_m05_a_reader_answers_of_the_moment_it_was_opened_while_the_engine_writes_on(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"

    async def go() -> None:
        async with begun(path) as (ledger, fence):
            await ledger.commit(kept[:3], fence)
            with LedgerReader(path) as reader:
                before = (reader.positions(), reader.fills(), reader.audit_count())
                await ledger.commit(kept[3:], fence)
                assert (reader.positions(), reader.fills(), reader.audit_count()) == before
                assert reader.verify().ok
            with LedgerReader(path) as reader:
                assert len(reader.fills()) == 2

    asyncio.run(go())


def test_s09_a_chain_whose_end_was_cut_off_with_its_rows_is_found_by_the_end_of_the_run(
    tmp_path: Path,
) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"

    async def go() -> None:
        async with begun(path) as (ledger, fence):
            await ledger.commit(kept, fence)
            await ledger.finish_run(T0, {"audit_hash": ledger.head})

    asyncio.run(go())
    with closing(sqlite3.connect(path)) as raw, raw:
        last = kept[-1].seq
        for table in ("steps", "orders", "fills", "entries", "decisions", "audit"):
            raw.execute(f"DELETE FROM {table} WHERE seq = ?", (last,))
    with LedgerReader(path) as reader:
        verdict = reader.verify()
    assert not verdict.ok
    assert "ended" in verdict.reason


def test_p10_a_migration_that_breaks_leaves_the_schema_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    asyncio.run(keep(path, []))
    broken = (*schema.LEDGER, "CREATE TABLE more (x INTEGER) STRICT; CREATE TABLE more (x INTEGER) STRICT;")
    with closing(sqlite3.connect(path, isolation_level=None)) as raw, pytest.raises(sqlite3.OperationalError):
        schema.prepare(raw, str(path), schema.LEDGER_ID, broken)
    with LedgerReader(path) as reader:
        assert reader.verify().ok
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
        assert raw.execute("PRAGMA user_version").fetchone() == (len(schema.LEDGER),)


def test_s05_a_write_transaction_starts_as_a_writer_beside_readers_and_other_writers(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    kept, _ = steps()

    async def go() -> None:
        async with begun(path) as (ledger, fence):
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN")
                seen = other.execute("SELECT count(*) FROM steps").fetchone()
                await ledger.commit(kept[:2], fence)
                assert other.execute("SELECT count(*) FROM steps").fetchone() == seen
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("UPDATE lease SET holder = 'upgraded'")  # what our own writes never do
                other.execute("ROLLBACK")
                other.execute("BEGIN IMMEDIATE")
                waiting = asyncio.ensure_future(ledger.commit(kept[2:], fence))
                await asyncio.sleep(0)
                other.execute("COMMIT")
                await waiting

    asyncio.run(go())
    assert rows_kept(path) == (len(kept), True)


def test_s08_a_place_that_cannot_be_written_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / "ledger.db"
    with pytest.raises(StoreFault) as refused:
        asyncio.run(Ledger.open(path, mode=Mode.REPLAY, account="a"))
    assert str(path) in refused.value.line()


def test_s08_a_store_that_turned_read_only_is_told_as_such_and_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    kept, _ = steps()

    async def go() -> str:
        async with begun(path) as (ledger, fence):
            await ledger.commit(kept[:2], fence)
            await ledger._db.execute("PRAGMA query_only = ON")
            with pytest.raises(StoreFault) as refused:
                await ledger.commit(kept[2:], fence)
            return refused.value.line()

    told = asyncio.run(go())
    assert "read-only" in told and str(path) in told
    assert rows_kept(path) == (2, True)
