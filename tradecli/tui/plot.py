"""Line charts in braille and heat maps in half-blocks: pure functions from numbers to lines.

Both axes are labelled at both ends. Later curves are drawn over earlier ones; an unknown value leaves a gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tradecli.present.blocks import Tone
from tradecli.tui.lines import Line, Span, cut, left, right

_BASE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
LEVELS = "·░▒▓█"
"""From the lowest to the highest; without colours the shape alone says it."""


class Curve(NamedTuple):
    """One line: x and y in order of x, its tone; ``dotted`` draws every other dot; ``mark`` is the sign at its points.

    Lines that must be told apart without colours have marks of their own.
    """

    xs: Sequence[float]
    ys: Sequence[float | None]
    tone: Tone = Tone.ACCENT
    dotted: bool = False
    mark: str = ""


def plot(
    curves: Sequence[Curve],
    width: int,
    height: int,
    y_text: Callable[[float], str],
    x_labels: Sequence[tuple[float, str]],
) -> list[Line]:
    """Return a chart of at most ``height`` lines: the canvas with its y axis, and a foot with the x labels."""
    points = [(x, y) for curve in curves for x, y in zip(curve.xs, curve.ys, strict=True) if y is not None]
    if len(points) < 2 or height < 4:
        return []
    low, high = min(y for _, y in points), max(y for _, y in points)
    pad = 0.05 * (high - low) or max(abs(high) * 0.05, 1e-9)
    low, high = low - pad, high + pad
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    axis = max(len(y_text(low)), len(y_text(high)))
    columns, rows = max(width - axis - 2, 8), height - 1
    canvas = _Canvas(columns, rows, (first, last if last > first else first + 1.0), (low, high))
    for curve in curves:
        canvas.draw(curve)
    shown = {0: high, rows - 1: low, rows // 2: high - (high - low) * (rows // 2 + 0.5) / rows}
    out: list[Line] = []
    for row in range(rows):
        label = y_text(shown[row]) if row in shown else ""
        edge = "┤" if row in shown else "│"
        out.append((Span(right(label, axis), Tone.MUTED), Span(edge, Tone.FAINT), *canvas.spans(row)))
    out.append(_foot(canvas, axis, columns, x_labels))
    return out


class _Canvas:
    """A grid of braille cells, two dots wide and four high, with one tone each."""

    def __init__(self, columns: int, rows: int, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.columns, self.rows = columns, rows
        self.across, self.up = across, up
        self.dots = [[0] * columns for _ in range(rows)]
        self.tones = [[Tone.FAINT] * columns for _ in range(rows)]
        self.signs: dict[tuple[int, int], str] = {}

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Return the dot of a point, column and row."""
        column = (x - self.across[0]) / (self.across[1] - self.across[0]) * (2 * self.columns - 1)
        row = (self.up[1] - y) / (self.up[1] - self.up[0]) * (4 * self.rows - 1)
        return round(column), round(row)

    def draw(self, curve: Curve) -> None:
        before: tuple[int, int] | None = None
        for x, y in zip(curve.xs, curve.ys, strict=True):
            if y is None or not math.isfinite(y):
                before = None
                continue
            here = self.place(x, y)
            if before is None:
                self._dot(here, curve.tone)
            else:
                self._segment(before, here, curve)
            if curve.mark:
                self.signs[here[1] // 4, here[0] // 2] = curve.mark
                self.tones[here[1] // 4][here[0] // 2] = curve.tone
            before = here

    def _segment(self, start: tuple[int, int], end: tuple[int, int], curve: Curve) -> None:
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            if curve.dotted and step % 4 > 1:
                continue
            share = step / steps
            place = (
                round(start[0] + share * (end[0] - start[0])),
                round(start[1] + share * (end[1] - start[1])),
            )
            self._dot(place, curve.tone)

    def _dot(self, place: tuple[int, int], tone: Tone) -> None:
        column, row = place
        if 0 <= column < 2 * self.columns and 0 <= row < 4 * self.rows:
            self.dots[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
            self.tones[row // 4][column // 2] = tone

    def spans(self, row: int) -> list[Span]:
        """Return one row as runs of equal tone."""
        out: list[Span] = []
        for column in range(self.columns):
            sign = self.signs.get((row, column))
            text = sign or (chr(_BASE + self.dots[row][column]) if self.dots[row][column] else " ")
            tone = self.tones[row][column]
            if out and out[-1].tone is tone:
                out[-1] = Span(out[-1].text + text, tone)
            else:
                out.append(Span(text, tone))
        return out


def _foot(canvas: _Canvas, axis: int, columns: int, labels: Sequence[tuple[float, str]]) -> Line:
    row = [" "] * columns
    taken = -2
    for x, text in labels:
        start = min(max(canvas.place(x, canvas.up[0])[0] // 2 - len(text) // 2, 0), columns - len(text))
        if start <= taken + 1:
            continue
        row[start : start + len(text)] = text
        taken = start + len(text) - 1
    return (Span(" " * axis, Tone.FAINT), Span("└", Tone.FAINT), Span("".join(row), Tone.MUTED))


def heat(
    values: Sequence[Sequence[float | None]],
    row_names: Sequence[str],
    column_names: Sequence[str],
    width: int,
    text: Callable[[float], str],
) -> list[Line]:
    """Return a heat map of levels: a row for each name, shape and tone by height, a legend with the two ends."""
    known = [value for row in values for value in row if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    names = max(len(each) for each in row_names) + 1
    cell = max((width - names) // max(len(column_names), 1), 2)
    out: list[Line] = [
        (Span(" " * names), *(Span(right(cut(each, cell), cell), Tone.FAINT) for each in column_names))
    ]
    for name, row in zip(row_names, values, strict=True):
        parts = [Span(left(name, names), Tone.MUTED)]
        for value in row:
            if value is None:
                parts.append(Span(right("—", cell), Tone.FAINT))
                continue
            share = (value - low) / (high - low) if high > low else 0.5
            level = min(int(share * len(LEVELS)), len(LEVELS) - 1)
            shown = text(value)
            body = LEVELS[level] * max(cell - len(shown) - 1, 0)
            parts.append(Span(right(f"{body}{shown}", cell), _HEAT[level]))
        out.append(tuple(parts))
    legend = (f"{text(low)} {LEVELS} {text(high)}", Tone.FAINT)
    out.append((Span(right(legend[0], names + cell * len(column_names)), legend[1]),))
    return out


_HEAT = (Tone.MUTED, Tone.TEXT, Tone.ACCENT, Tone.WARN, Tone.BAD)
