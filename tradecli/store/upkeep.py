"""Upkeep of store files from outside: what they are, a consistent copy, putting one back, a newer schema, less space.

Nothing here runs beside an engine: whoever writes holds the process lock of the ledger. A copy or a restored file gets
its name only when it is complete and has been opened and checked (S13, P11).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from tradecli.errors import NotEnoughData, StoreFault
from tradecli.store import schema
from tradecli.store.private import make_private

_KINDS = {schema.LEDGER_ID: "ledger", schema.MARKET_ID: "market"}
_WAIT_S = 5.0


class StoreFile(msgspec.Struct, frozen=True, kw_only=True):
    """One store file. ``kind`` is ``ledger`` or ``market``; sizes in bytes; ``belongs`` names mode and account."""

    path: str
    kind: str
    schema: int
    size: int
    wal_size: int
    free: int
    belongs: dict[str, str]
    rows: dict[str, int]
    intact: bool | None


def info(path: Path, *, check: bool = False) -> StoreFile:
    """Return what a store file is; ``check`` also walks every page of it."""
    with _reading(path) as db:
        kind = _kind(db, path)
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        rows = {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
        belongs = dict(db.execute("SELECT key, value FROM meta")) if "meta" in tables else {}
        free = (
            db.execute("PRAGMA freelist_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]
        )
        intact = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok" if check else None
        version = db.execute("PRAGMA user_version").fetchone()[0]
    wal = Path(f"{path}-wal")
    return StoreFile(
        path=str(path),
        kind=kind,
        schema=version,
        size=path.stat().st_size,
        wal_size=wal.stat().st_size if wal.exists() else 0,
        free=free,
        belongs=belongs,
        rows=rows,
        intact=intact,
    )


def copy(source: Path, target: Path) -> StoreFile:
    """Write a consistent copy of ``source``, also beside a running engine; the name appears when it is whole."""
    if target.exists():
        raise StoreFault("there is a file already", path=str(target), number=160, hint="choose another name")
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        make_private(partial)
        with _reading(source) as db, closing(sqlite3.connect(partial)) as out:
            _kind(db, source)
            db.backup(out)
            out.execute("PRAGMA journal_mode = DELETE")
        checked = info(partial, check=True)
        if not checked.intact:
            raise StoreFault("the copy is damaged: the source may be too", path=str(source), number=161)
        _sync(partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"cannot be copied: {error}", path=str(source), number=162) from error
    finally:
        partial.unlink(missing_ok=True)
    return msgspec.structs.replace(checked, path=str(target))


def put_back(backup: Path, ledger: Path) -> tuple[StoreFile, Path | None]:
    """Put a backup in the place of ledger; what was there is kept beside it and its path returned.

    A ledger lies under its name at every moment: the old one, whole, until the new one takes its place (P11).
    """
    found = info(backup, check=True)
    if found.kind != "ledger" or not found.intact:
        raise StoreFault("not an intact ledger", path=str(backup), number=163, hint="tradecli db info FILE")
    if ledger.exists():
        _same_owner(found, ledger)
    fresh = ledger.with_name(ledger.name + ".restored")
    fresh.unlink(missing_ok=True)
    copy(backup, fresh)
    try:
        kept = _keep_beside(ledger)
        fresh.replace(ledger)
        _sync(ledger)
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"cannot be put in place: {error}", path=str(ledger), number=162) from error
    return info(ledger), kept


def _keep_beside(ledger: Path) -> Path | None:
    """Keep the ledger and its log under second names, then empty the log, which must not meet another ledger.

    A ruined ledger is copied byte by byte, because to open it would change it.
    """
    parts = [(Path(f"{ledger}{suffix}"), suffix) for suffix in ("", "-wal")]
    kept = None
    if ledger.exists():
        kept = ledger.with_name(f"{ledger.name}.{ledger.stat().st_mtime_ns}.before")
        intact = _is_intact(ledger)
        for part, suffix in parts:
            second = Path(f"{kept}{suffix}")
            if part.exists() and not (second.exists() and second.samefile(part)):
                (os.link if intact else shutil.copyfile)(part, second)
                second.chmod(0o600)
        _sync(kept)
        if intact:
            with closing(sqlite3.connect(ledger, timeout=_WAIT_S)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        Path(f"{ledger}{suffix}").unlink(missing_ok=True)
    return kept


def _is_intact(ledger: Path) -> bool:
    try:
        return bool(info(ledger, check=True).intact)
    except StoreFault:
        return False


def migrate(path: Path) -> StoreFile:
    """Bring a store to the newest schema, one migration a transaction."""
    kind = info(path).kind
    id, scripts = (schema.LEDGER_ID, schema.LEDGER) if kind == "ledger" else (schema.MARKET_ID, schema.MARKET)
    with _writing(path) as db:
        schema.prepare(db, str(path), id, scripts)
    return info(path, check=True)


def vacuum(path: Path) -> StoreFile:
    """Give unused space back."""
    with _writing(path) as db:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return info(path, check=True)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not os.path.exists(path):  # which also answers for a name that is too long
        raise NotEnoughData("there is no such store", number=111, where=str(path), hint="tradecli db info")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreFault(f"cannot be read: {error}", path=str(path), number=144) from error


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreFault(f"cannot be written: {error}", path=str(path), number=145) from error


def _kind(db: sqlite3.Connection, path: Path) -> str:
    found = db.execute("PRAGMA application_id").fetchone()[0]
    if found not in _KINDS:
        raise StoreFault("this file is not a store", path=str(path), number=120)
    return _KINDS[found]


def _same_owner(found: StoreFile, ledger: Path) -> None:
    try:
        present = info(ledger)
    except StoreFault:
        return  # a ruined ledger is what a backup is for
    for key, value in present.belongs.items():
        if found.belongs.get(key) != value:
            raise StoreFault(
                f"the backup belongs to {key} {found.belongs.get(key)!r}, not {value!r}",
                path=str(ledger),
                number=122,
            )


def _sync(path: Path) -> None:
    for name, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(name, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
