"""One file to proved batches: open it, recognise each table, read and prove every row of every table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tradecli.datasets.batch import Batch
from tradecli.datasets.faults import BadFile
from tradecli.datasets.files import tables_of
from tradecli.datasets.kinds import Kind
from tradecli.datasets.layouts import layout_of
from tradecli.datasets.naming import told_by_name
from tradecli.datasets.source import Given, Source
from tradecli.datasets.table import Table


@dataclass(frozen=True, slots=True)
class Reading:
    """All of one file, proved. ``assumed`` was taken from its name; ``notes`` say what was done to its values."""

    path: Path
    batches: tuple[Batch, ...]
    assumed: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(len(batch) for batch in self.batches)


def read_file(path: Path, given: Given) -> Reading:
    """Return every series of a file, or raise ``BadFile`` without having kept anything."""
    told = told_by_name(path)
    batches: list[Batch] = []
    assumed: dict[str, None] = {}
    notes: dict[str, None] = {}
    for table in tables_of(path):
        source = Source(table.name, given, told)
        named, layout = layout_of(_mapped(table, given))
        found = [batch for batch in layout.read(named, source) if len(batch)]
        batches += found
        assumed |= dict.fromkeys(source.assumed)
        notes |= dict.fromkeys(source.notes)
    batches = [batch for batch in batches if _is_wanted(batch, given)]
    if not batches:
        raise BadFile(path.name, "holds nothing of what the options pick")
    return Reading(path, tuple(batches), tuple(assumed), tuple(notes))


def _mapped(table: Table, given: Given) -> Table:
    """Return a table with the columns that ``--map`` names under our names."""
    if not given.mapping:
        return table
    missing = [theirs for _, theirs in given.mapping if theirs not in table]
    if missing:
        shown = ", ".join(table.names[:12])
        raise BadFile(
            table.name, f"has no column {missing[0][:60]!a}", hint=f"its columns: {ascii(shown)[1:-1][:200]}"
        )
    wanted = {theirs: ours for ours, theirs in given.mapping}
    others = {name: f"{name} " for name in table.names if name in wanted.values() and name not in wanted}
    return Table(table.name, table.renamed(wanted | others).columns, table.rows)


def _is_wanted(batch: Batch, given: Given) -> bool:
    return (
        given.kind is None or batch.kind is given.kind or {given.kind, batch.kind} == {Kind.DEPTH, Kind.BOOKS}
    )
