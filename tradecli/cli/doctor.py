"""``tradecli doctor``: check this installation and say what to do about each finding. It changes nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tradecli.cli import options
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import Place, locate
from tradecli.domain.enums import Verdict
from tradecli.errors import ExitCode, NotEnoughData, TradecliError
from tradecli.present.blocks import Panel

if TYPE_CHECKING:
    from tradecli.config.sections import VenueSettings

app = Commands("doctor", "Check this installation.", single=True)
SCHEMA = "tradecli.doctor/1"
_MOST_REBUILT = 20_000
"""Records of a run that doctor still builds the tables from: about a second."""
_LEAST_FREE = 200 * 1024 * 1024
_SAMPLE = ("typer", "numpy", "msgspec", "textual")


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was looked at, the verdict, what was found, what to do."""

    check: str
    verdict: Verdict
    found: str
    hint: str = ""
    exit_code: int = 0


@app.answers(schema=SCHEMA, row=FindingRow)
def doctor() -> Answer:
    """Check Python, packages, folders, configuration, stores and terminal."""
    given = options.current()
    rows: list[FindingRow] = []
    place: Place | None = None
    try:
        place = locate(given.profile, given.config, given.db)
    except TradecliError as error:
        rows.append(_failure("profile", error))
    rows += [_python(), _bytecode(), *_folders(), *_configuration(given)]
    if place is not None:
        rows += [*_stores(place), *_chain(place), *_kill(place)]
    rows.append(_terminal())
    codes = [ExitCode(row.exit_code) for row in rows if row.verdict is Verdict.REFUSE and row.exit_code]
    mode = place.mode if place else locate("demo").mode
    return Answer(
        schema=SCHEMA, mode=mode, data=rows, as_of=given.now, codes=codes, panels=lambda: [_panel(rows)]
    )


def _python() -> FindingRow:
    version = sys.version.split()[0]
    ok = sys.version_info >= (3, 11)
    hint = "" if ok else "Python 3.11 or newer is needed"
    return FindingRow(
        check="python", verdict=_verdict(ok), found=f"{version} on {sys.platform}", hint=hint, exit_code=2
    )


def _bytecode() -> FindingRow:
    """Without compiled bytecode every start compiles the whole stack: 4 to 10 times slower."""
    missing = [name for name in _SAMPLE if not _is_compiled(name)]
    if not missing:
        return FindingRow(check="bytecode", verdict=Verdict.PASS, found="compiled")
    hint = f"{Path(sys.executable).name} -m compileall -q {Path(sys.prefix).name}"
    found = "not compiled: " + ", ".join(missing)
    return FindingRow(check="bytecode", verdict=Verdict.WARN, found=found, hint=hint)


def _is_compiled(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return bool(spec and spec.cached and os.path.exists(spec.cached))


def _folders() -> Iterator[FindingRow]:
    for name, folder in (
        ("state folder", folders.state_dir()),
        ("config folder", folders.config_file().parent),
    ):
        if not folder.exists():
            yield FindingRow(check=name, verdict=Verdict.PASS, found=f"{folder} (made when first needed)")
            continue
        status = folder.lstat()
        loose = stat.S_IMODE(status.st_mode) & 0o077
        if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid():
            found, hint = f"{folder} is a link or belongs to someone else", "use a folder of your own"
            yield FindingRow(check=name, verdict=Verdict.REFUSE, found=found, hint=hint, exit_code=16)
        elif loose:
            found = f"{folder} is open to others ({stat.S_IMODE(status.st_mode):o})"
            yield FindingRow(check=name, verdict=Verdict.WARN, found=found, hint=f"chmod 700 {folder}")
        else:
            yield FindingRow(check=name, verdict=Verdict.PASS, found=str(folder))
    yield _disk()


def _disk() -> FindingRow:
    folder = folders.state_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GB free"
    if free < _LEAST_FREE:
        return FindingRow(check="disk", verdict=Verdict.REFUSE, found=found, hint="make room", exit_code=16)
    return FindingRow(check="disk", verdict=Verdict.PASS, found=found)


def _configuration(given: options.Options) -> Iterator[FindingRow]:
    from tradecli.config.loading import load

    try:
        config = load(given.profile, given.config, given.db)
    except TradecliError as error:
        yield _failure("configuration", error)
        return
    source = str(config.place.config) if config.place.config else "built-in values"
    yield FindingRow(check="configuration", verdict=Verdict.PASS, found=f"profile {config.profile}, {source}")
    for note in config.notes:
        yield FindingRow(check="limits", verdict=Verdict.PASS, found=note)
    yield from _keys(config.venues)


def _keys(venues: Mapping[str, VenueSettings]) -> Iterator[FindingRow]:
    """Look at every key file that the configuration refers to; what it holds is told to nobody (G07)."""
    from tradecli.config.keyfile import PREFIX, key_path, read_key_file

    for venue, access in sorted(venues.items()):
        for name in ("key", "secret", "passphrase"):
            reference = getattr(access, name)
            if not reference.startswith(PREFIX):
                continue
            check = f"{venue} {name}"
            try:
                read_key_file(key_path(reference))
            except TradecliError as error:
                yield _failure(check, error)
            else:
                yield FindingRow(check=check, verdict=Verdict.PASS, found=f"{key_path(reference)} is private")


def _stores(place: Place) -> Iterator[FindingRow]:
    for name, path in (("ledger", place.ledger), ("market store", place.market)):
        if not path.exists():
            yield FindingRow(check=name, verdict=Verdict.PASS, found=f"{path} (none yet)")
            continue
        try:
            with path.open("rb") as file:
                head = file.read(16)
        except OSError as error:
            found = f"{path}: {error.strerror}"
            yield FindingRow(
                check=name, verdict=Verdict.REFUSE, found=found, hint="check its owner and mode", exit_code=16
            )
            continue
        if head != b"SQLite format 3\0":
            found = f"{path} is not a store" if head else f"{path} is empty"
            yield FindingRow(
                check=name, verdict=Verdict.REFUSE, found=found, hint="restore a backup", exit_code=16
            )
        else:
            yield FindingRow(
                check=name, verdict=Verdict.PASS, found=f"{path}, {path.stat().st_size / 1024:.0f} KiB"
            )


def _chain(place: Place) -> Iterator[FindingRow]:
    """Walk the audit chain of the newest run and, if it is short, build the tables again from it (INV-20)."""
    from tradecli.store.reader import LedgerReader

    if not place.ledger.exists():
        return
    try:
        with LedgerReader(place.ledger) as reader:
            short = reader.audit_count() <= _MOST_REBUILT
            verdict = reader.verify(rows=short)
    except NotEnoughData:
        return
    except TradecliError as error:
        yield _failure("audit chain", error)
        return
    found = f"run {verdict.run_id}: {verdict.records} records"
    if verdict.ok and not short:
        hint = "tradecli db verify builds the tables again and compares"
        yield FindingRow(check="audit chain", verdict=Verdict.PASS, found=found, hint=hint)
    elif verdict.ok:
        yield FindingRow(check="audit chain", verdict=Verdict.PASS, found=found)
    else:
        hint = "tradecli db verify; restore a backup"
        yield FindingRow(
            check="audit chain",
            verdict=Verdict.REFUSE,
            found=f"{found}, {verdict.reason}",
            hint=hint,
            exit_code=16,
        )


def _kill(place: Place) -> Iterator[FindingRow]:
    from tradecli.cli.desk import latches

    try:
        standing = latches(place)
    except TradecliError as error:
        yield _failure("kill flag", error)
        return
    for latch in standing:
        found = f"{latch.level} for {latch.scope}: {latch.reason}"
        hint = "tradecli kill release --reason TEXT"
        yield FindingRow(check="kill flag", verdict=Verdict.REFUSE, found=found, hint=hint, exit_code=13)
    if not standing:
        yield FindingRow(check="kill flag", verdict=Verdict.PASS, found="no latch")


def _terminal() -> FindingRow:
    if not sys.stdout.isatty():
        return FindingRow(check="terminal", verdict=Verdict.PASS, found="none: answers are plain text")
    size = shutil.get_terminal_size()
    found = f"{size.columns}x{size.lines}, {os.environ.get('TERM', 'unknown')}"
    if size.columns < 80 or size.lines < 24:
        return FindingRow(check="terminal", verdict=Verdict.WARN, found=found, hint="the screens want 80x24")
    return FindingRow(check="terminal", verdict=Verdict.PASS, found=found)


def _failure(check: str, error: TradecliError) -> FindingRow:
    return FindingRow(
        check=check,
        verdict=Verdict.REFUSE,
        found=error.line().splitlines()[0],
        hint=error.hint or "",
        exit_code=int(error.exit_code),
    )


def _verdict(ok: bool) -> Verdict:
    return Verdict.PASS if ok else Verdict.REFUSE


def _panel(rows: list[FindingRow]) -> Panel:
    from tradecli.present.blocks import Align, Cell, Column, Table, Tone

    marks = {
        Verdict.PASS: ("ok", Tone.GOOD),
        Verdict.WARN: ("warn", Tone.WARN),
        Verdict.REFUSE: ("FAIL", Tone.BAD),
    }
    columns = (
        Column(name="check", align=Align.LEFT, priority=1),
        Column(name="", align=Align.LEFT, priority=1),
        Column(name="found", align=Align.LEFT, priority=1),
        Column(name="what to do", align=Align.LEFT, priority=2),
    )
    cells = tuple((Cell(r.check), Cell(*marks[r.verdict]), Cell(r.found), Cell(r.hint)) for r in rows)
    return Panel(title="doctor", blocks=(Table(columns=columns, rows=cells),))
