"""What ``tradecli data`` answers with: the rows of its commands, and each as a table."""

from __future__ import annotations

import msgspec

from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import count, moment


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One series of one file. ``new`` counts rows that were not there before; ``gaps`` None: cannot be seen."""

    file: str
    kind: str
    subject: str
    interval: str | None
    first: int
    last: int
    rows: int
    new: int
    gaps: int | None
    assumed: str


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded series."""

    kind: str
    subject: str
    interval: str | None
    first: int
    last: int
    rows: int


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Bars that are missing between two that are there: from the first missing to the next one that exists."""

    subject: str
    interval: str
    since: int
    until: int
    missing: int


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a series is worth. For depth: update ids ``compared`` with the best bid/ask stream, and how many agreed."""

    kind: str
    subject: str
    rows: int
    compared: int
    matches: int
    gaps: int
    crossed: int
    bad: int
    sound: bool
    status: str
    first_problem: str


def series_table(rows: list[Series]) -> Panel:
    columns = (
        Column(name="kind", align=Align.LEFT),
        Column(name="of", align=Align.LEFT),
        Column(name="interval", align=Align.LEFT),
        Column(name="first", priority=2),
        Column(name="last"),
        Column(name="rows"),
    )
    cells = tuple(
        (
            Cell(row.kind),
            Cell(row.subject),
            Cell(row.interval or "—"),
            Cell(moment(row.first)),
            Cell(moment(row.last)),
            Cell(count(row.rows)),
        )
        for row in rows
    )
    return Panel(
        title="recorded", blocks=(Table(columns=columns, rows=cells, empty="nothing is recorded yet"),)
    )


def imported_table(rows: list[Imported]) -> Panel:
    columns = (
        Column(name="file", align=Align.LEFT, priority=2),
        Column(name="kind", align=Align.LEFT),
        Column(name="of", align=Align.LEFT),
        Column(name="interval", align=Align.LEFT, priority=3),
        Column(name="first", priority=4),
        Column(name="last", priority=4),
        Column(name="rows"),
        Column(name="new"),
        Column(name="gaps"),
        Column(name="assumed", align=Align.LEFT, priority=5),
    )
    cells = tuple(
        (
            Cell(row.file),
            Cell(row.kind),
            Cell(row.subject),
            Cell(row.interval or "—"),
            Cell(moment(row.first)),
            Cell(moment(row.last)),
            Cell(count(row.rows)),
            Cell(count(row.new), Tone.ACCENT if row.new else Tone.MUTED),
            Cell(count(row.gaps), Tone.WARN if row.gaps else Tone.TEXT),
            Cell(row.assumed),
        )
        for row in rows
    )
    return Panel(title="imported", blocks=(Table(columns=columns, rows=cells),))


def gap_table(rows: list[Gap]) -> Panel:
    columns = (
        Column(name="of", align=Align.LEFT),
        Column(name="interval", align=Align.LEFT),
        Column(name="from"),
        Column(name="to"),
        Column(name="missing"),
    )
    cells = tuple(
        (
            Cell(row.subject),
            Cell(row.interval),
            Cell(moment(row.since)),
            Cell(moment(row.until)),
            Cell(count(row.missing)),
        )
        for row in rows
    )
    return Panel(title="gaps", blocks=(Table(columns=columns, rows=cells, empty="no bar is missing"),))


def verified_table(rows: list[Verified]) -> Panel:
    columns = tuple(
        Column(name=name, align=Align.LEFT if name in ("of", "status", "first problem") else Align.RIGHT)
        for name in ("of", "rows", "compared", "matches", "gaps", "crossed", "bad", "status", "first problem")
    )
    cells = tuple(
        (
            Cell(row.subject),
            *(
                Cell(count(number))
                for number in (row.rows, row.compared, row.matches, row.gaps, row.crossed, row.bad)
            ),
            Cell(row.status, Tone.GOOD if row.sound else Tone.BAD),
            Cell(row.first_problem or "—"),
        )
        for row in rows
    )
    return Panel(title="verified", blocks=(Table(columns=columns, rows=cells),))
