"""``tradecli db``: the store files: what they are, a backup, putting one back, a newer schema, less space."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import Place
from tradecli.errors import UsageError
from tradecli.store import upkeep
from tradecli.store.lock import ProcessLock
from tradecli.store.upkeep import StoreFile

app = Commands("db", "The stores: size, backup, restore, migration.")
SCHEMA = "tradecli.db/1"
UNITS = {"size": "bytes", "wal_size": "bytes", "free": "bytes"}
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]


@app.answers("info", schema=SCHEMA, row=StoreFile)
def info(
    file: Annotated[
        str,
        typer.Argument(metavar="[FILE]", help="a store file; none: the profile's", show_default=False),
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="walk every page")] = False,
) -> Answer:
    """Say what the stores are: size, schema, owner, rows."""
    place = desk.here()
    paths = (
        [Path(parse.path(file, "FILE"))]
        if file
        else [path for path in (place.ledger, place.market) if path.exists()]
    )
    return _answer(place, [upkeep.info(path, check=check) for path in paths])


@app.answers("backup", schema=SCHEMA, row=StoreFile)
def backup(
    to: Annotated[str, typer.Option("--to", help="file [default: in backups/]", show_default=False)] = "",
) -> Answer:
    """Copy the ledger, consistent and checked, also while an engine runs."""
    place = desk.here()
    if to:
        target = Path(parse.path(to, "--to"))
    else:
        stamp = datetime.fromtimestamp(options.current().now / 1_000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        target = folders.made(folders.state_dir() / "backups") / f"{place.profile}-{stamp}.db"
    return _answer(place, [upkeep.copy(place.ledger, target)])


@app.answers("restore", schema=SCHEMA, row=StoreFile)
def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="a backup", show_default=False)],
    yes: Yes = False,
) -> Answer:
    """Put a backup in the ledger's place; what was there is kept beside it, and kill levels stay in force."""
    place = desk.here()
    source = Path(parse.path(file, "FILE"))
    _confirm(f"replace {place.ledger} by {source}", yes=yes)
    with _alone(place):
        restored, kept = upkeep.put_back(source, place.ledger)
    answer = _answer(place, [restored])
    if kept is not None:
        answer.warnings = (f"what was there is kept in {kept}",)
    return answer


@app.answers("migrate", schema=SCHEMA, row=StoreFile)
def migrate() -> Answer:
    """Bring the stores of the profile to the newest schema."""
    place = desk.here()
    with _alone(place):
        return _answer(
            place, [upkeep.migrate(path) for path in (place.ledger, place.market) if path.exists()]
        )


@app.answers("vacuum", schema=SCHEMA, row=StoreFile)
def vacuum() -> Answer:
    """Give unused space back to the disk."""
    place = desk.here()
    with _alone(place):
        return _answer(place, [upkeep.vacuum(path) for path in (place.ledger, place.market) if path.exists()])


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Hold the ledger's lock: no engine may run meanwhile."""
    if place.ledger.is_relative_to(folders.state_dir()):
        folders.made(place.ledger.parent)
    lock = ProcessLock(place.lock)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _confirm(what: str, *, yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"this would {what}", number=172, hint="--yes does it without asking")
    sys.stderr.write(f"{what}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise KeyboardInterrupt


def _answer(place: Place, rows: list[StoreFile]) -> Answer:
    return Answer(schema=SCHEMA, mode=place.mode, data=rows, as_of=options.current().now, units=UNITS)
