"""Blocks of a report to lines: the screen's face of ``present.blocks``. Columns are kept and dropped by the same rule
as on paper (``richly.kept_columns``); nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tradecli.present.blocks import Align, Bars, Block, Cell, Column, Facts, Notice, Panel, Spark, Table, Tone
from tradecli.present.format import age, visible
from tradecli.present.richly import kept_columns, sparkline
from tradecli.tui.lines import Line, Span, fit, left, right, span, width_of, wrap

_GAP = "  "
_BAR_CELLS = 16
_LABEL_SHARE = 0.45


def draw(panel: Panel, width: int) -> list[Line]:
    """Return a report's blocks as lines of at most ``width`` cells, a blank line between two blocks."""
    out: list[Line] = []
    for block in panel.blocks:
        drawn = draw_block(block, width)
        if out and drawn and not (isinstance(block, Notice) and _is_notice(panel.blocks, block)):
            out.append(())
        out += drawn
    return out


def aged(panel: Panel, now: int) -> Panel:
    """Return the panel with the ages in its tables and facts as they are at ``now``; itself where it has none."""

    def told(cell: Cell) -> Cell:
        return cell if cell.since is None else msgspec.structs.replace(cell, text=age(now - cell.since))

    blocks: list[Block] = []
    for block in panel.blocks:
        if isinstance(block, Table):
            rows = tuple(tuple(told(cell) for cell in row) for row in block.rows)
            blocks.append(block if rows == block.rows else msgspec.structs.replace(block, rows=rows))
        elif isinstance(block, Facts):
            facts = tuple((label, told(cell)) for label, cell in block.rows)
            blocks.append(block if facts == block.rows else Facts(facts))
        else:
            blocks.append(block)
    made = tuple(blocks)
    return panel if made == panel.blocks else msgspec.structs.replace(panel, blocks=made)


def _is_notice(blocks: Sequence[Block], block: Block) -> bool:
    at = blocks.index(block)
    return at > 0 and isinstance(blocks[at - 1], Notice)


def draw_block(block: Block, width: int) -> list[Line]:
    """Return one block as lines."""
    match block:
        case Facts():
            return _facts(block, width)
        case Table():
            return _table(block, width)
        case Spark():
            return [_spark(block, width)]
        case Bars():
            return _bars(block, width)
        case Notice():
            return wrap(block.text, width, block.tone)


def _facts(facts: Facts, width: int) -> list[Line]:
    if not facts.rows:
        return []
    longest = max(len(visible(label)) for label, _ in facts.rows)
    labels = min(longest, max(int(width * _LABEL_SHARE), 8))
    out: list[Line] = []
    for label, cell in facts.rows:
        head = Span(left(visible(label), labels) + _GAP, Tone.MUTED)
        for i, part in enumerate(wrap(cell.text, max(width - labels - len(_GAP), 8), cell.tone)):
            out.append((head, *part) if i == 0 else (Span(" " * (labels + len(_GAP))), *part))
    return out


def heading(column: Column) -> str:
    """Return a column's name with its unit."""
    return visible(f"{column.name} {column.unit}".strip())


def _table(table: Table, width: int) -> list[Line]:
    if not table.rows:
        return wrap(table.empty, width, Tone.MUTED)
    kept = kept_columns(table, width + len(_GAP))
    top = tuple(Cell(heading(column), Tone.FAINT) for column in table.columns)
    return [_row(table.columns, row, kept) for row in (top, *table.rows)]


def _row(columns: Sequence[Column], row: Sequence[Cell], kept: Mapping[int, int]) -> Line:
    parts: list[Span] = []
    for i, size in kept.items():
        put = left if columns[i].align is Align.LEFT else right
        if parts:
            parts.append(Span(_GAP))
        parts.append(Span(put(visible(row[i].text), size), row[i].tone))
    return tuple(parts)


def spark_span(values: Sequence[float | None], cells: int, tone: Tone = Tone.ACCENT) -> Span:
    """Return all values as one span of eighth-blocks: the last of each stretch where there are more than cells."""
    return Span(sparkline(thinned(values, cells), cells), tone)


def thinned(values: Sequence[float | None], cells: int) -> Sequence[float | None]:
    """Return at most ``cells`` values over the whole stretch, the newest among them."""
    n = len(values)
    if n <= cells or cells < 1:
        return values
    return [values[(i + 1) * n // cells - 1] for i in range(cells)]


def _spark(spark: Spark, width: int) -> Line:
    label = span(f"{spark.label} " if spark.label else "", Tone.MUTED)
    tail = span(f"  {spark.low} … {spark.high}  ", Tone.FAINT)
    last = span(spark.last, Tone.TEXT)
    room = width - width_of((label, tail, last))
    if room < 8:
        room, tail = width - width_of((label, last)) - 1, Span(" ")
    return label, spark_span(spark.values, max(room, 4), spark.tone), tail, last


def _bars(bars: Bars, width: int) -> list[Line]:
    if not bars.rows:
        return []
    labels = min(max(len(visible(label)) for label, _, _ in bars.rows), width // 3)
    values = max(len(visible(cell.text)) for _, _, cell in bars.rows)
    cells = max(min(width - labels - values - 2 * len(_GAP), 40), 4)
    out = []
    for label, share, cell in bars.rows:
        filled = round(min(abs(share), 1.0) * cells)
        mark = "▓" if share >= 0 else "▒"
        out.append(
            fit(
                (
                    Span(left(visible(label), labels) + _GAP, Tone.MUTED),
                    Span(mark * filled, Tone.ACCENT if share >= 0 else Tone.WARN),
                    Span("░" * (cells - filled) + _GAP, Tone.FAINT),
                    Span(right(visible(cell.text), values), cell.tone),
                ),
                width,
            )
        )
    return out
