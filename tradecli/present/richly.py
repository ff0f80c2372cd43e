"""Blocks to rich objects: the printed face of a report. Built from objects; no text ever goes through markup.

Control, escape and direction characters are made visible. Tables never wrap: columns are dropped by their declared
priority until the rest fits, and a cell that is still too long is cut with an ellipsis.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel as RichPanel
from rich.table import Table as RichTable
from rich.text import Text

from tradecli.present.blocks import Align, Bars, Block, Cell, Column, Facts, Notice, Panel, Spark, Table, Tone
from tradecli.present.format import visible

STYLES = {
    Tone.TEXT: "",
    Tone.MUTED: "dim",
    Tone.FAINT: "bright_black",
    Tone.ACCENT: "cyan",
    Tone.GOOD: "green",
    Tone.BAD: "red",
    Tone.WARN: "yellow",
    Tone.MINE: "bold cyan",
    Tone.STALE: "dim italic",
}
_GAP = 2
_SHORTEST_TEXT = 24
_EIGHTHS = "▁▂▃▄▅▆▇█"
_BAR_CELLS = 20


def render(panels: Sequence[Panel], width: int) -> RenderableType:
    """Return the panels one under the other, each at most ``width`` cells wide."""
    return Group(*(_panel(panel, width) for panel in panels))


def to_text(panels: Sequence[Panel], width: int, *, color: bool) -> str:
    """Return the panels as text, with terminal colours only where ``color`` says so."""
    console = Console(
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(render(panels, width), end="")
    lines = captured.get().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _panel(panel: Panel, width: int) -> RenderableType:
    inner = max(width - 4, 16)
    title = Text(visible(panel.title), style="bold")
    status = Text(visible(panel.status), style="dim") if panel.status else None
    body = Group(*(_block(block, inner) for block in panel.blocks))
    return RichPanel(
        body,
        title=title,
        title_align="left",
        subtitle=status,
        subtitle_align="right",
        box=ROUNDED,
        width=width,
    )


def _block(block: Block, width: int) -> RenderableType:
    match block:
        case Facts():
            return _facts(block, width)
        case Table():
            return _table(block, width)
        case Spark():
            return _spark(block, width)
        case Bars():
            return _bars(block, width)
        case Notice():
            return Text(visible(block.text), style=STYLES[block.tone])


def _text(cell: Cell) -> Text:
    return Text(visible(cell.text), style=STYLES[cell.tone], no_wrap=True, overflow="ellipsis")


def _facts(facts: Facts, width: int) -> RenderableType:
    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, cell in facts.rows:
        grid.add_row(Text(visible(label)), Text(visible(cell.text), style=STYLES[cell.tone]))
    return grid


def kept_columns(table: Table, width: int) -> dict[int, int]:
    """Return index and width of the columns that fit into ``width``: the least important go, then texts are cut."""
    needs = [_need(column, [row[i].text for row in table.rows]) for i, column in enumerate(table.columns)]
    floors = [
        min(need, column.least or max(_SHORTEST_TEXT, column.width)) if column.align is Align.LEFT else need
        for need, column in zip(needs, table.columns, strict=True)
    ]
    kept = list(range(len(table.columns)))
    while len(kept) > 1 and sum(floors[i] + _GAP for i in kept) > width:
        kept.remove(max(kept, key=lambda i: (table.columns[i].priority, i)))
    room = width - sum(floors[i] + _GAP for i in kept)
    widths = {}
    for i in kept:
        widths[i] = floors[i] + max(min(needs[i] - floors[i], room), 0)
        room -= widths[i] - floors[i]
    return widths


def _need(column: Column, cells: Sequence[str]) -> int:
    return max([column.width, cell_len(_heading(column)), *(cell_len(visible(cell)) for cell in cells)])


def _heading(column: Column) -> str:
    return f"{column.name} {column.unit}".strip()


def _table(table: Table, width: int) -> RenderableType:
    if not table.rows:
        return Text(visible(table.empty), style="dim")
    grid = RichTable(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim"
    )
    kept = kept_columns(table, width)
    for i in kept:
        column = table.columns[i]
        grid.add_column(
            Text(visible(_heading(column))),
            justify="right" if column.align is Align.RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=kept[i],
        )
    for row in table.rows:
        grid.add_row(*(_text(row[i]) for i in kept))
    return grid


def _spark(spark: Spark, width: int) -> RenderableType:
    ends = f"  min {spark.low}  max {spark.high}  last {spark.last}"
    label = f"{spark.label} " if spark.label else ""
    room = max(width - len(label) - len(ends), 8)
    line = Text(visible(label), style="dim", no_wrap=True, overflow="ellipsis")
    line.append(sparkline(spark.values, room), style=STYLES[spark.tone])
    line.append(visible(ends), style="dim")
    return line


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """Return the newest ``cells`` values as eighth-blocks; a gap where a value is unknown."""
    shown = values[-cells:]
    known = [v for v in shown if v is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(
        " " if v is None else _EIGHTHS[min(int((v - low) / span * 8), 7) if span else 3] for v in shown
    )


def _bars(bars: Bars, width: int) -> RenderableType:
    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    for label, share, cell in bars.rows:
        filled = round(min(abs(share), 1.0) * _BAR_CELLS)
        block = ("▓" if share >= 0 else "▒") * filled + "░" * (_BAR_CELLS - filled)
        grid.add_row(Text(visible(label)), Text(block, style="cyan"), _text(cell))
    return grid
