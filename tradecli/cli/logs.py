"""``tradecli logs``: the program's own log, newest last."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import msgspec
import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.errors import StoreFault
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import moment

app = Commands("logs", "Read the log.", single=True)
SCHEMA = "tradecli.logs/1"
LEVELS = ("debug", "info", "warning", "error", "critical")
_SHOWN = 50
_TONES = {"warning": Tone.WARN, "error": Tone.BAD, "critical": Tone.BAD}


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log."""

    at: int
    level: str
    logger: str = ""
    event: str = ""
    exception: str = ""


@app.answers(uses=("since", "until"), schema=SCHEMA, row=LogRow)
def logs(
    level: Annotated[
        str, typer.Option("--level", help="this level and graver ones [default: info]", show_default=False)
    ] = "info",
    has: Annotated[str, typer.Option("--has", help="only lines with this text", show_default=False)] = "",
) -> Answer:
    """Show the newest lines of the log (50, or --limit); --watch follows it."""
    given = options.current()
    least = LEVELS.index(parse.one_of(level, LEVELS, "--level"))
    rows: deque[LogRow] = deque(maxlen=given.limit or _SHOWN)
    for row in _lines():
        graver = row.level not in LEVELS or LEVELS.index(row.level) >= least
        after = given.since is None or row.at >= given.since
        before = given.until is None or row.at < given.until
        if graver and after and before and has.lower() in f"{row.logger} {row.event} {row.exception}".lower():
            rows.append(row)
    shown = list(rows)
    as_of = shown[-1].at if shown else None
    return Answer(
        schema=SCHEMA, mode=desk.here().mode, data=shown, as_of=as_of, panels=lambda: [_panel(shown)]
    )


def _lines() -> list[LogRow]:
    """Return every readable line, the rotated file before the present one."""
    found = []
    for name in ("tradecli.log.1", "tradecli.log"):
        path = folders.logs_dir() / name
        try:
            with path.open("rb") as file:
                for line in file:
                    row = _row(line)
                    if row is not None:
                        found.append(row)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreFault(f"cannot be read: {error.strerror}", path=str(path), number=121) from error
    return found


def _row(line: bytes) -> LogRow | None:
    try:
        return msgspec.json.decode(line, type=LogRow)
    except msgspec.MsgspecError:
        return None  # a line that was being written, or none of ours


def _panel(rows: list[LogRow]) -> Panel:
    columns = (
        Column(name="time", align=Align.LEFT),
        Column(name="level", align=Align.LEFT),
        Column(name="by", align=Align.LEFT, priority=2),
        Column(name="what", align=Align.LEFT, priority=1),
    )
    cells = tuple(
        (
            Cell(moment(row.at), Tone.MUTED),
            Cell(row.level, _TONES.get(row.level, Tone.MUTED)),
            Cell(row.logger.removeprefix("tradecli."), Tone.MUTED),
            Cell(row.event),
        )
        for row in rows
    )
    return Panel(title="log", blocks=(Table(columns=columns, rows=cells, empty="the log is empty"),))
