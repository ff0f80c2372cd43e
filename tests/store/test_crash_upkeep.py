"""P10, P11: a process that is killed inside a backup, a restore, a migration or a checkpoint leaves a whole store.

The child is killed before each of its file operations in turn (heard of through the interpreter's audit events), and
inside SQLite after each so many steps of its machine.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.test_durability import rows_kept
from tests.store.test_ledger import RUN, steps
from tradecli.domain.enums import Mode
from tradecli.store import schema, upkeep
from tradecli.store.ledger import Ledger

_FILES = frozenset(
    ["open", "os.rename", "os.link", "os.remove", "os.truncate", "os.chmod", "sqlite3.connect"]
)


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that is killed before its file operation ``number``; False: it came to its end."""
    child = os.fork()
    if child == 0:
        seen = 0

        def heard(event: str, _: object) -> None:
            nonlocal seen
            if event in _FILES:
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(heard)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


async def _write(path: Path) -> None:
    kept, _ = steps()
    ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
    await ledger.begin_run(RUN)
    await ledger.commit(kept, await ledger.take_lease("test"))
    await ledger.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    asyncio.run(_write(tmp_path / "l.db"))
    return tmp_path / "l.db"


def whole(path: Path) -> bool:
    return bool(upkeep.info(path, check=True).intact) and rows_kept(path)[1] and rows_kept(path)[0] > 0


def with_log(path: Path) -> None:
    """Leave committed rows in the log only, as a killed engine does."""
    child = os.fork()
    if child == 0:
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("UPDATE lease SET holder = 'touched ' || random()")
        db.commit()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert Path(f"{path}-wal").stat().st_size > 0


def holder(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("SELECT holder FROM lease").fetchone()[0]).split()[0]


def test_p11_a_kill_at_any_file_operation_of_a_restore_leaves_a_whole_ledger_under_its_name(
    tmp_path: Path, ledger: Path
) -> None:
    backup = tmp_path / "backup.db"
    upkeep.copy(ledger, backup)
    number = 0
    while True:
        number += 1
        with_log(ledger)
        alive = not killed_at(number, lambda: upkeep.put_back(backup, ledger))
        assert ledger.exists(), number
        assert whole(ledger), number
        if alive:
            break
    assert number > 8
    assert holder(ledger) == "test"
    befores = list(tmp_path.glob("*.before"))
    assert befores and all(holder(path) == "touched" for path in befores)
    assert upkeep.put_back(backup, ledger)[0].kind == "ledger"


def test_p11_a_ruined_ledger_is_replaced_and_what_its_log_still_holds_is_kept(
    tmp_path: Path, ledger: Path
) -> None:
    backup = tmp_path / "backup.db"
    upkeep.copy(ledger, backup)
    with_log(ledger)
    log = Path(f"{ledger}-wal").read_bytes()
    ledger.write_bytes(b"garbage" * 1000)
    _, kept = upkeep.put_back(backup, ledger)
    assert kept is not None and kept.read_bytes() == b"garbage" * 1000
    assert Path(f"{kept}-wal").read_bytes() == log
    assert whole(ledger)


def test_p11_a_kill_at_any_file_operation_of_a_backup_leaves_the_store_and_a_whole_copy_or_none(
    tmp_path: Path, ledger: Path
) -> None:
    taken, number = tmp_path / "taken.db", 0
    while True:
        number += 1
        alive = not killed_at(number, lambda: upkeep.copy(ledger, taken))
        assert whole(ledger), number
        if taken.exists():
            assert whole(taken), number
            taken.unlink()
        else:
            assert not alive, number
        if alive:
            break
    assert number > 5


@pytest.mark.parametrize("job", ["vacuum", "checkpoint"])
def test_p11_a_kill_inside_a_checkpoint_or_a_vacuum_leaves_the_store_intact(ledger: Path, job: str) -> None:
    words = {"vacuum": "VACUUM", "checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)"}[job]
    for count in (1, 5, 20, 100, 400, 2_000):
        with_log(ledger)
        _killed_inside(ledger, words, count)
        assert whole(ledger), count
        assert holder(ledger) == "touched"


def test_p10_a_kill_at_any_step_of_a_migration_leaves_the_old_schema_or_the_new_one(ledger: Path) -> None:
    more = "; ".join(f"CREATE TABLE later{n} (a TEXT) STRICT" for n in range(20))
    fills = "INSERT INTO later0 SELECT body FROM steps"
    scripts = (*schema.LEDGER, f"{more}; {fills};")
    before = upkeep.info(ledger).rows
    count, seen = 1, set()
    while True:
        died = _killed_migrating(ledger, scripts, count)
        found = upkeep.info(ledger, check=True)
        seen.add(found.schema)
        assert found.intact
        assert {name: rows for name, rows in found.rows.items() if name in before} == before
        if found.schema == len(schema.LEDGER):
            assert found.rows == before
        else:
            assert found.rows["later0"] == found.rows["steps"]
        if not died:
            break
        count += max(1, count // 4)
    assert count > 20 and seen == {len(schema.LEDGER), len(scripts)}
    with closing(sqlite3.connect(ledger)) as db, pytest.raises(Exception, match="newer"):
        schema.prepare(db, str(ledger), schema.LEDGER_ID, schema.LEDGER)


def _killed_inside(path: Path, statement: str, count: int) -> bool:
    return _in_child(path, count, lambda db: db.execute(statement))


def _killed_migrating(path: Path, scripts: tuple[str, ...], count: int) -> bool:
    return _in_child(
        path, count, lambda db: schema.prepare(db, str(path), schema.LEDGER_ID, scripts), each=10
    )


def _in_child(path: Path, count: int, work: Callable[[sqlite3.Connection], object], each: int = 1) -> bool:
    child = os.fork()
    if child == 0:
        try:
            db = sqlite3.connect(path, isolation_level=None)
            left = count

            def stepped() -> int:
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return 0

            db.set_progress_handler(stepped, each)
            work(db)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
