"""The shape of a shown report: panels made of facts, tables, sparks and notices. No colours, no widgets, no strings
of markup: a tone is a word, and each front end maps it to its theme.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Tone(StrEnum):
    TEXT = "text"
    MUTED = "muted"
    FAINT = "faint"
    ACCENT = "accent"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    MINE = "mine"
    STALE = "stale"


class Align(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Cell(msgspec.Struct, frozen=True):
    """Finished text in a tone. Outside text inside it is data: front ends never parse it.

    ``since`` is the moment (UTC ms) whose age the text is: a face that stands tells the age anew.
    """

    text: str
    tone: Tone = Tone.TEXT
    since: int | None = None


class Facts(msgspec.Struct, frozen=True, tag=True):
    """Labelled values, one a line."""

    rows: tuple[tuple[str, Cell], ...]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A table column. Low ``priority`` numbers survive on narrow screens; ``width`` is the least it needs.

    A column of text may be cut to ``least`` cells before it is left out; 0 is what the face takes for usual.
    """

    name: str
    unit: str = ""
    align: Align = Align.RIGHT
    priority: int = 1
    width: int = 0
    least: int = 0


class Table(msgspec.Struct, frozen=True, tag=True):
    """Columns and rows of finished cells; ``empty`` is the sentence shown when there are no rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "nothing yet"


class Spark(msgspec.Struct, frozen=True, tag=True):
    """A small line: values oldest first, None where unknown, with finished labels for its ends."""

    label: str
    values: tuple[float | None, ...]
    low: str
    high: str
    last: str
    tone: Tone = Tone.ACCENT


class Bars(msgspec.Struct, frozen=True, tag=True):
    """Horizontal bars: label, fraction of full length in [-1, 1], finished value."""

    rows: tuple[tuple[str, float, Cell], ...]


class Notice(msgspec.Struct, frozen=True, tag=True):
    text: str
    tone: Tone = Tone.MUTED


Block: TypeAlias = Facts | Table | Spark | Bars | Notice


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One report as shown: title at the left of the top edge, ``status`` at its right, blocks below."""

    title: str
    blocks: tuple[Block, ...]
    status: str = ""
    as_of: int | None = None
