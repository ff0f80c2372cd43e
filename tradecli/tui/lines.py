"""Finished lines of text in tones: what panels are made of. Pure; knows no widget and no colour.

A line is a tuple of spans, so two lines compare in C and an unchanged row is never painted again. All text enters
through ``span``, which makes control, escape and direction characters visible (U01, U02).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from tradecli.present.blocks import Cell, Tone
from tradecli.present.format import visible


class Span(NamedTuple):
    """A run of text in one tone; ``back`` colours the ground of half-block cells."""

    text: str
    tone: Tone = Tone.TEXT
    bold: bool = False
    back: Tone | None = None


Line: TypeAlias = tuple[Span, ...]
EMPTY: Line = ()
ELLIPSIS = "…"


def span(text: str, tone: Tone = Tone.TEXT, *, bold: bool = False) -> Span:
    """Return outside text as a span, with harmful characters made visible."""
    return Span(visible(text), tone, bold)


def line(*parts: str | Span | Cell) -> Line:
    """Return a line of plain text, spans and cells."""
    return tuple(
        part
        if isinstance(part, Span)
        else span(part)
        if isinstance(part, str)
        else span(part.text, part.tone)
        for part in parts
    )


def dimmed(parts: Line) -> Line:
    """Return a line as what is stale looks."""
    return tuple(part._replace(tone=Tone.STALE, bold=False) for part in parts)


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(parts: Iterable[Span]) -> int:
    """Return how many terminal cells a line takes."""
    return sum(cells(part.text) for part in parts)


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` cells, with an ellipsis where something was left out."""
    if width <= 0:
        return ""
    if cells(text) <= width:
        return text
    return set_cell_size(text, width - 1) + ELLIPSIS


def left(text: str, width: int) -> str:
    """Return ``text`` cut or padded to ``width``, at the left."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width)
    shown = cut(text, width)
    return shown + " " * (width - cells(shown))


def right(text: str, width: int) -> str:
    """Return ``text`` cut or padded to ``width``, at the right."""
    if text.isascii() and len(text) <= width:
        return text.rjust(width)
    shown = cut(text, width)
    return " " * (width - cells(shown)) + shown


def fit(parts: Line, width: int) -> Line:
    """Return the line in exactly ``width`` cells."""
    used = 0
    out: list[Span] = []
    for part in parts:
        size = cells(part.text)
        if used + size > width:
            out.append(part._replace(text=cut(part.text, width - used)))
            used += cells(out[-1].text)
            break
        out.append(part)
        used += size
    if used < width:
        out.append(Span(" " * (width - used)))
    return tuple(out)


def ends(start: Line, end: Line, width: int) -> Line:
    """Return a line with ``start`` at the left and ``end`` at the right; the start gives way first."""
    room = width - width_of(end) - 1
    if room < 4:
        return fit(start, width)
    return (*fit(start, room), Span(" "), *end)


def wrap(text: str, width: int, tone: Tone = Tone.TEXT) -> list[Line]:
    """Return outside text broken at blanks into lines of at most ``width`` cells."""
    out: list[Line] = []
    words = visible(text).split(" ")
    current = ""
    for word in words:
        joined = f"{current} {word}" if current else word
        if cells(joined) <= width or not current:
            current = joined
        else:
            out.append((Span(cut(current, width), tone),))
            current = word
    if current or not out:
        out.append((Span(cut(current, width), tone),))
    return out


def toned(value: float | None) -> Tone:
    """Return the tone of a signed figure: good above zero, bad below."""
    if value is None:
        return Tone.MUTED
    return Tone.GOOD if value > 0 else Tone.BAD if value < 0 else Tone.TEXT
