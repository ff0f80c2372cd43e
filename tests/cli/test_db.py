"""Store files from outside: copies are whole or not there, what is replaced is kept, no engine is disturbed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tests.store.test_older_schema import left_by
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.store.lock import ProcessLock


@pytest.fixture
def ledger(home: Path) -> Path:
    path = folders.ledger_file("demo")
    recorded.write(path)
    return path


def test_info_says_what_a_store_is_and_to_whom_it_belongs(run: Run, ledger: Path) -> None:
    (row,) = run("db", "info", "--check", "--format", "json").data
    assert (row["kind"], row["intact"], row["rows"]["fills"]) == ("ledger", True, 1)
    assert row["belongs"] == {"mode": "demo", "account": "test"} and row["size"] == ledger.stat().st_size


def test_a_backup_is_private_whole_and_reads_like_the_ledger(run: Run, ledger: Path) -> None:
    (row,) = run("db", "backup", "--format", "json").data
    path = Path(row["path"])
    assert path.stat().st_mode & 0o777 == 0o600 and row["intact"] is True
    assert not list(path.parent.glob("*.part*"))
    assert (
        run("fills", "list", "--db", str(path), "--format", "json").data
        == run("fills", "list", "--format", "json").data
    )


def test_a_backup_never_replaces_a_file_and_a_ruined_source_leaves_none(
    run: Run, ledger: Path, home: Path
) -> None:
    taken = home / "taken.db"
    taken.write_text("mine")
    assert run("db", "backup", "--to", str(taken)).code == 16 and taken.read_text() == "mine"
    ledger.write_bytes(b"garbage")
    assert run("db", "backup", "--to", str(home / "new.db")).code == 16
    assert [path.name for path in home.iterdir() if path.suffix in (".db", ".part")] == ["taken.db"]


def test_a_backup_can_be_taken_while_a_writer_is_at_work(run: Run, ledger: Path) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM fills")
        (row,) = run("db", "backup", "--format", "json").data
        writer.execute("ROLLBACK")
    assert row["rows"]["fills"] == 1 and row["intact"] is True


def test_restore_asks_or_is_told_and_keeps_what_was_there(run: Run, ledger: Path) -> None:
    backup = run("db", "backup", "--format", "json").data[0]["path"]
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("DELETE FROM fills")
        db.commit()
    assert run("db", "restore", backup).code == 2
    assert run("fills", "list", "--format", "json").data == []
    result = run("db", "restore", backup, "--yes", "--format", "json")
    assert result.code == 0 and len(run("fills", "list", "--format", "json").data) == 1
    (kept,) = ledger.parent.glob("*.before")
    assert str(kept) in result.json["warnings"][0]
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT count(*) FROM fills").fetchone() == (0,)


def test_a_ruined_ledger_can_be_restored_and_kill_levels_stay_in_force(run: Run, ledger: Path) -> None:
    backup = run("db", "backup", "--format", "json").data[0]["path"]
    run("kill", "halt", "--reason", "drill")
    ledger.write_bytes(b"garbage")
    assert run("db", "restore", backup, "--yes").code == 0
    assert run("status").code == 13


@pytest.mark.parametrize("what", ["another account", "garbage", "missing", "market"])
def test_what_is_no_backup_of_this_ledger_is_not_put_in_its_place(
    run: Run, ledger: Path, home: Path, what: str
) -> None:
    before = ledger.read_bytes()
    path = home / "other.db"
    if what == "another account":
        recorded.write(path, mode=Mode.PAPER)
    elif what == "market":
        from tradecli.store import schema

        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            schema.prepare(db, str(path), schema.MARKET_ID, schema.MARKET)
    elif what == "garbage":
        path.write_bytes(b"garbage")
    assert run("db", "restore", str(path), "--yes").code in (6, 16)
    assert ledger.read_bytes() == before and not list(ledger.parent.glob("*.before"))


@pytest.mark.parametrize("argv", [["restore", "x", "--yes"], ["migrate"], ["vacuum"]])
def test_nothing_is_written_beside_an_engine(run: Run, ledger: Path, argv: list[str]) -> None:
    lock = ProcessLock(ledger.with_suffix(".lock"))
    lock.acquire()
    try:
        assert run("db", *argv).code == 9
    finally:
        lock.release()


def test_migrate_and_vacuum_leave_an_intact_store(run: Run, ledger: Path) -> None:
    for verb in ("migrate", "vacuum"):
        (row,) = run("db", verb, "--format", "json").data
        assert row["intact"] is True and row["rows"]["orders"] == 4


def test_a_newer_schema_is_refused_by_name(run: Run, ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("PRAGMA user_version = 99")
    result = run("db", "migrate")
    assert result.code == 16 and "newer" in result.err


def test_without_stores_there_is_nothing_to_say(run: Run) -> None:
    assert run("db", "info", "--format", "json").data == []
    assert run("db", "backup").code == 6


def test_verify_builds_every_table_again_and_says_how_many_rows_it_compared(run: Run, ledger: Path) -> None:
    (row,) = run("db", "verify", "--format", "json").data
    assert row["ok"] is True and row["records"] == 12 and row["before"] == 0 and row["note"] == ""
    assert row["compared"]["fills"] == 1 and row["compared"]["steps"] > 1 and row["table"] is None
    assert "follow from the chain" in run("db", "verify", "--all").out


def test_verify_names_the_first_row_that_differs_with_both_values_and_exits_sixteen(
    run: Run, ledger: Path
) -> None:
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("UPDATE fills SET client_id = 'tcx9'")
    result = run("db", "verify", "--format", "json")
    (row,) = result.data
    assert result.code == 16 and row["ok"] is False
    assert (row["table"], row["column"], row["stored"], row["rebuilt"]) == (
        "fills",
        "client_id",
        "tcx9",
        "tcx1",
    )
    assert "trade_id=" in row["key"]
    shown = run("db", "verify").out
    assert "differ" in shown and "client_id is tcx9" in shown


def test_verify_builds_nothing_from_a_chain_that_does_not_hold(run: Run, ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("UPDATE audit SET body = replace(body, '0.4', '0.1') WHERE kind = 'decision'")
    result = run("db", "verify", "--format", "json")
    assert result.code == 16 and result.data[0]["compared"] == {} and "hash" in result.data[0]["reason"]


def test_verify_says_of_a_run_of_schema_1_that_it_cannot_be_built_again(run: Run, home: Path) -> None:
    path = left_by(1, home)
    (row,) = run("db", "verify", "--db", str(path), "--format", "json").data
    assert row["ok"] is True and row["before"] == 19
    assert row["note"] == "19 rows recorded before rebuild was possible"
    assert "recorded before rebuild was possible" in " ".join(
        run("db", "verify", "--db", str(path)).out.split()
    )
    assert run("audit", "verify", "--db", str(path)).code == 0
