"""Candles as half-blocks: two price rows in a cell, bodies over wicks, an axis with the last price marked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tradecli.present.blocks import Tone
from tradecli.tui.lines import Line, Span, right

_BODY = {(True, True): "█", (True, False): "▀", (False, True): "▄"}
_WICK = {(True, True): "│", (True, False): "╵", (False, True): "╷"}
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_HOLLOW = "▒"
_MOST_MARKS = 8


class Bar(NamedTuple):
    """One bar to draw."""

    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def tone(self) -> Tone:
        return Tone.GOOD if self.close >= self.open else Tone.BAD


class Scale(NamedTuple):
    """Prices to half rows: 0 is the top of the chart."""

    low: float
    high: float
    halves: int

    def at(self, price: float) -> int:
        """Return the half row of a price, inside the chart."""
        span = self.high - self.low
        share = (self.high - price) / span if span > 0 else 0.5
        return min(max(int(share * self.halves), 0), self.halves - 1)

    def price(self, row: int) -> float:
        """Return the price in the middle of a row of cells."""
        return self.high - (self.high - self.low) * (2 * row + 1) / self.halves


def scale_of(bars: Sequence[Bar], also: Sequence[float], rows: int) -> Scale:
    """Return a scale that holds every bar and the prices in ``also``."""
    low = min([bar.low for bar in bars] + list(also))
    high = max([bar.high for bar in bars] + list(also))
    pad = (high - low) * 0.03 or abs(high) * 1e-4 or 1.0
    return Scale(low - pad, high + pad, 2 * rows)


def chart(
    bars: Sequence[Bar],
    width: int,
    height: int,
    label: Callable[[float], str],
    *,
    last: float | None = None,
    mine: Sequence[float] = (),
    hollow: bool = False,
) -> list[Line]:
    """Return candles in ``width`` x ``height`` cells, newest at the right: one column a bar, the axis beside them.

    ``label`` writes a price; ``last`` is marked on the axis, and ``mine`` are our own prices.
    ``hollow`` shades the bodies of bars that rose, for themes without colours.
    """
    volume_rows = 3 if height >= 18 else 0
    rows = height - volume_rows
    axis = max(len(label(bars[-1].high)), len(label(bars[-1].low))) + 2
    columns = width - axis
    shown = list(bars[-columns:])
    gap = 1 if 2 * len(shown) <= columns else 0
    visible_mine = _nearest(mine, shown, last)
    scale = scale_of(shown, [*([last] if last is not None else []), *visible_mine], rows)
    marks = {scale.at(price) // 2: price for price in visible_mine}
    last_row = scale.at(last) // 2 if last is not None else None
    ticks = {0, rows // 4, rows // 2, 3 * rows // 4, rows - 1}
    pad = columns - len(shown) * (1 + gap)
    columns_of = [_column(bar, scale) for bar in shown]
    out = []
    for row in range(rows):
        spans = _row(row, shown, columns_of, gap, pad, row in marks, hollow)
        if row == last_row and last is not None:
            spans.append(Span("◂" + right(label(last), axis - 1), Tone.ACCENT, True))
        elif row in marks:
            spans.append(Span("●" + right(label(marks[row]), axis - 1), Tone.MINE))
        elif row in ticks:
            spans.append(Span("┤" + right(label(scale.price(row)), axis - 1), Tone.FAINT))
        else:
            spans.append(Span("│" + " " * (axis - 1), Tone.FAINT))
        out.append(tuple(spans))
    return out + (_volumes(shown, gap, pad, volume_rows) if volume_rows else [])


def _nearest(mine: Sequence[float], bars: Sequence[Bar], last: float | None) -> list[float]:
    """Return our prices that are worth the room they take: close to what traded, the nearest few to the last price."""
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    room = (high - low) * 0.75
    middle = bars[-1].close if last is None else last
    near = [price for price in mine if low - room <= price <= high + room]
    return sorted(near, key=lambda price: abs(price - middle))[:_MOST_MARKS]


def _column(bar: Bar, scale: Scale) -> tuple[int, int, int, int]:
    """Return the half rows of high, body top, body bottom and low."""
    top, bottom = max(bar.open, bar.close), min(bar.open, bar.close)
    return scale.at(bar.high), scale.at(top), scale.at(bottom), scale.at(bar.low)


def _glyph(column: tuple[int, int, int, int], row: int) -> str:
    high, top, bottom, low = column
    upper, lower = 2 * row, 2 * row + 1
    body = (top <= upper <= bottom, top <= lower <= bottom)
    if any(body):
        return _BODY[body]
    wick = (high <= upper <= low, high <= lower <= low)
    return _WICK[wick] if any(wick) else " "


def _row(
    row: int,
    bars: Sequence[Bar],
    columns: Sequence[tuple[int, int, int, int]],
    gap: int,
    pad: int,
    marked: bool,
    hollow: bool,
) -> list[Span]:
    """Return one row, runs of equal tone merged."""
    blank = "┈" if marked else " "
    runs: list[tuple[str, Tone]] = [(blank * pad, Tone.FAINT)]
    for bar, column in zip(bars, columns, strict=True):
        glyph = _glyph(column, row)
        if hollow and bar.tone is Tone.GOOD and glyph in _BODY.values():
            glyph = _HOLLOW
        runs.append((blank, Tone.FAINT) if glyph == " " else (glyph, bar.tone))
        if gap:
            runs.append((blank, Tone.FAINT))
    merged: list[Span] = []
    for text, tone in runs:
        if merged and merged[-1].tone is tone:
            merged[-1] = Span(merged[-1].text + text, tone)
        else:
            merged.append(Span(text, tone))
    return merged


def _volumes(bars: Sequence[Bar], gap: int, pad: int, rows: int) -> list[Line]:
    most = max(bar.volume for bar in bars) or 1.0
    heights = [round(bar.volume / most * rows * 8) for bar in bars]
    out: list[Line] = []
    for row in range(rows):
        base = (rows - 1 - row) * 8
        text = "".join(_EIGHTHS[min(max(height - base, 0), 8)] + " " * gap for height in heights)
        out.append((Span(" " * pad + text, Tone.FAINT),))
    return out
