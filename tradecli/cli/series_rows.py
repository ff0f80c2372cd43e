"""What ``tradecli data`` answers with: the rows of its commands, and each as a table."""

from __future__ import annotations

import msgspec

from tradecli.present.blocks import Align, Cell, Column, Notice, Panel, Table, Tone
from tradecli.present.format import count, moment

MOST_LINES = 8
"""A file with more series than this is one line of a table."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One series of one file: ``new`` rows were not there before, ``missing`` lack in ``gaps`` holes (None: unseen)."""

    file: str
    kind: str
    instrument: str
    interval: str | None
    first: int
    last: int
    rows: int
    new: int
    gaps: int | None
    missing: int | None
    assumed: str


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded series."""

    kind: str
    instrument: str
    interval: str | None
    first: int
    last: int
    rows: int


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Bars that are missing between two that are there: from the first missing to the next one that exists."""

    instrument: str
    interval: str
    since: int
    until: int
    missing: int


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a series is worth by one ``check``: how many things were ``compared``, and how many of them are right."""

    kind: str
    instrument: str
    interval: str | None
    check: str
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
            Cell(row.instrument),
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


def imported_panel(rows: list[Imported]) -> Panel:
    """Draw what came in: one line a series, one line a file and kind where a file has many."""
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
    )
    cells = tuple(
        (
            Cell(row.file),
            Cell(row.kind),
            Cell(row.instrument),
            Cell(row.interval or "—"),
            Cell(moment(row.first)),
            Cell(moment(row.last)),
            Cell(count(row.rows)),
            Cell(count(row.new), Tone.ACCENT if row.new else Tone.MUTED),
            Cell(count(row.gaps), Tone.WARN if row.gaps else Tone.TEXT),
        )
        for row in _condensed(rows)
    )
    total = f"rows {sum(row.rows for row in rows)} · new {sum(row.new for row in rows)}"
    if rows and not any(row.new for row in rows):
        total += " · all of it was there already"
    guesses = dict.fromkeys(f"{row.file}: by its name {row.assumed}" for row in rows if row.assumed)
    notices = [Notice(text) for text in [*list(guesses)[:MOST_LINES], total]]
    return Panel(title="imported", blocks=(Table(columns=columns, rows=cells), *notices))


def _condensed(rows: list[Imported]) -> list[Imported]:
    """Return one row for all series of a file, kind and interval where they are more than a few."""
    groups: dict[tuple[str, str, str | None], list[Imported]] = {}
    for row in rows:
        groups.setdefault((row.file, row.kind, row.interval), []).append(row)
    shown: list[Imported] = []
    for group in groups.values():
        if len(group) <= MOST_LINES:
            shown += group
            continue
        known = [row.gaps for row in group if row.gaps is not None]
        shown.append(
            msgspec.structs.replace(
                group[0],
                instrument=f"{len(group)} series",
                first=min(row.first for row in group),
                last=max(row.last for row in group),
                rows=sum(row.rows for row in group),
                new=sum(row.new for row in group),
                gaps=sum(known) if known else None,
            )
        )
    return shown


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
            Cell(row.instrument),
            Cell(row.interval),
            Cell(moment(row.since)),
            Cell(moment(row.until)),
            Cell(count(row.missing)),
        )
        for row in rows
    )
    return Panel(title="gaps", blocks=(Table(columns=columns, rows=cells, empty="no bar is missing"),))


def verified_table(rows: list[Verified]) -> Panel:
    words = ("of", "interval", "check", "status", "first problem")
    names = ("of", "interval", "check", "rows", "compared", "matches", "gaps", "crossed", "bad", "status")
    columns = tuple(
        Column(name=name, align=Align.LEFT if name in words else Align.RIGHT, priority=place + 1)
        for place, name in enumerate((*names, "first problem"))
    )
    cells = tuple(
        (
            Cell(row.instrument),
            Cell(row.interval or "—"),
            Cell(row.check),
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
