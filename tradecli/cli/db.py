"""``tradecli db``: the store files: what they are, a backup, putting one back, a newer schema, less space."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import Place
from tradecli.domain.enums import Mode
from tradecli.errors import ExitCode, UsageError
from tradecli.present.blocks import Cell, Facts, Panel, Tone
from tradecli.present.format import count
from tradecli.store import upkeep
from tradecli.store.lock import ProcessLock, refuse_other_code
from tradecli.store.reader import LedgerReader
from tradecli.store.rebuild import BEFORE
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


class VerifiedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run held against its audit chain: rows compared by table, and the first row that differs.

    ``before`` counts rows of schema 1, which cannot be built again; ``column`` empty: the row is on one side only.
    """

    run_id: str
    mode: Mode
    ok: bool
    records: int
    head: str
    compared: dict[str, int]
    before: int
    note: str
    reason: str
    table: str | None = None
    key: str | None = None
    column: str | None = None
    stored: str | None = None
    rebuilt: str | None = None


@app.answers("verify", schema="tradecli.db.verify/1", row=VerifiedRun)
def verify(
    run: desk.RunId = "",
    every: Annotated[bool, typer.Option("--all", help="every run of the ledger")] = False,
) -> Answer:
    """Build every table of a run again from its audit chain alone and compare; exits 16 on a difference."""
    with desk.opened(run) as ledger:
        names = [each.run_id for each in ledger.reader.runs(1_000_000)] if every else [ledger.run.run_id]
        rows = [_verified(ledger.reader, name) for name in names]
        answer = ledger.answer("tradecli.db.verify/1", rows, panels=lambda: [_panel(row) for row in rows])
        answer.codes = [] if all(row.ok for row in rows) else [ExitCode.STORE]
        return answer


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


def _verified(reader: LedgerReader, run_id: str) -> VerifiedRun:
    """Walk the chain of a run; only one that holds is worth building anything from."""
    chain = reader.verify(run_id, rows=False)
    built = reader.rebuild(run_id) if chain.ok else None
    wrong = built.difference if built else None
    before = built.before if built else 0
    row = VerifiedRun(
        run_id=run_id,
        mode=reader.run(run_id).mode,
        ok=chain.ok and wrong is None,
        records=chain.records,
        head=chain.head,
        compared=dict(built.compared) if built else {},
        before=before,
        note=f"{count(before)} rows {BEFORE}" if before else "",
        reason=str(wrong) if wrong else chain.reason,
    )
    return msgspec.structs.replace(row, **msgspec.structs.asdict(wrong)) if wrong else row


def _word(row: VerifiedRun) -> Cell:
    if not row.ok:
        return Cell("differ", Tone.BAD)
    if row.before and not any(row.compared.values()):
        return Cell(BEFORE, Tone.WARN)
    return Cell("follow from the chain", Tone.GOOD)


def _panel(row: VerifiedRun) -> Panel:
    facts = [
        ("tables", _word(row)),
        ("records", Cell(count(row.records))),
        ("head", Cell(row.head, Tone.MUTED)),
        ("rows compared", Cell(", ".join(f"{name} {count(n)}" for name, n in row.compared.items()))),
    ]
    if row.note:
        facts.append(("not built again", Cell(row.note, Tone.WARN)))
    if not row.ok:
        facts.append(("because", Cell(row.reason, Tone.BAD)))
    return Panel(title=f"ledger of {row.run_id}", blocks=(Facts(rows=tuple(facts)),))


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Hold the ledger's lock: no engine may run meanwhile."""
    if place.ledger.is_relative_to(folders.state_dir()):
        folders.made(place.ledger.parent)
    refuse_other_code(place.lock)
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
