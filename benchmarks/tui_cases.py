"""The cases that ``benchmarks/tui.py`` measures, one in a process: eight panels of 14 lines, three of which change a
tick, drawn by our panels and by ``Static``; and a table of 100 rows, by ours and by ``DataTable``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widgets import DataTable, Static

from tradecli.present.blocks import Cell, Column, Tone
from tradecli.tui.lines import Line, Span, line
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.table import Row, TablePanel
from tradecli.tui.theme import PALETTES

FPS = 10
LINES, CHANGING, PANELS, ROWS = 14, 3, 8, 100
TONES = (Tone.GOOD, Tone.BAD, Tone.ACCENT, Tone.MUTED)
COLORS = ("green", "red", "cyan", "white")


def words(panel: int, row: int, beat: int) -> tuple[str, str, str]:
    """Return a row of a panel: only the first rows depend on the beat."""
    moving = beat if row < CHANGING else 0
    return (
        f"SYM{panel}{row:02d}USDT ",
        f"{60_000 + 7 * panel + row + moving * 0.1:12.1f}",
        f"  {moving % 97:+6d} bps",
    )


def look(beat: int) -> Look:
    return Look(None, None, None, {}, beat, False)


class OurPanel(Panel):
    def __init__(self, number: int) -> None:
        super().__init__(f"p{number}")
        self.number = number
        self.palette = PALETTES["dark"]

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        out = []
        for row in range(LINES):
            name, price, change = words(self.number, row, look.beat)
            out.append(line(Span(name, Tone.MUTED), Span(price, TONES[row % 4]), Span(change, Tone.FAINT)))
        return out


class OurTable(TablePanel):
    def __init__(self) -> None:
        super().__init__("table")
        self.palette = PALETTES["dark"]

    def columns(self, look: Look) -> Sequence[Column]:
        return tuple(Column(name=f"c{i}", width=9) for i in range(10))

    def rows(self, look: Look) -> Sequence[Row]:
        return [
            Row(
                str(row),
                tuple(Cell(f"{row * 10 + i + (look.beat if i < 5 else 0) * 0.1:.1f}") for i in range(10)),
            )
            for row in range(ROWS)
        ]


class Case(App[None]):
    """Ticks ``beat`` ten times a second and measures the processor time from the second tick on."""

    CSS = "Grid { grid-size: 4 2; } Static { height: 1fr; } Panel { height: 1fr; } DataTable { height: 1fr; }"

    def __init__(self, made: list[Any], tick: Callable[[list[Any], int], None], seconds: float) -> None:
        super().__init__()
        self.made, self.draw, self.seconds = made, tick, seconds
        self.beat = 0
        self.since = (0.0, 0.0)
        self.said = ""

    def compose(self) -> ComposeResult:
        if len(self.made) > 1:
            with Grid():
                yield from self.made
        else:
            yield from self.made

    def on_mount(self) -> None:
        self.set_timer(0.5, self.begin)

    def begin(self) -> None:
        self.draw(self.made, 0)
        self.since = (time.process_time(), time.perf_counter())
        self.set_interval(1 / FPS, self.step)

    def step(self) -> None:
        self.beat += 1
        self.draw(self.made, self.beat)
        cpu, wall = time.process_time() - self.since[0], time.perf_counter() - self.since[1]
        if wall >= self.seconds:
            self.said = f"{100 * cpu / wall:.2f} {self.beat / wall:.2f}"
            self.exit()


def update_panels(made: list[Any], beat: int) -> None:
    for panel in made:
        panel.update(look(beat))


def update_statics(made: list[Any], beat: int) -> None:
    for number, static in enumerate(made):
        text = Text()
        for row in range(LINES):
            for part, color in zip(
                words(number, row, beat), ("bright_black", COLORS[row % 4], "white"), strict=True
            ):
                text.append(part, style=color)
            text.append("\n")
        static.update(text)


def update_datatable(made: list[Any], beat: int) -> None:
    table = made[0]
    if not table.columns:
        table.add_columns(*(f"c{i}" for i in range(10)))
        for row in range(ROWS):
            table.add_row(*(str(row * 10 + i) for i in range(10)), key=str(row))
    keys = list(table.columns)
    for row in range(ROWS):
        for i in range(5):
            table.update_cell(str(row), keys[i], f"{row * 10 + i + beat * 0.1:.1f}")


def run(case: str, seconds: float) -> str:
    """Run one case and return its CPU share in percent and its frames a second."""
    makers: dict[str, tuple[Callable[[], list[Any]], Callable[[list[Any], int], None]]] = {
        "idle": (lambda: [OurPanel(i) for i in range(PANELS)], lambda made, beat: update_panels(made, 0)),
        "panels": (lambda: [OurPanel(i) for i in range(PANELS)], update_panels),
        "static": (lambda: [Static() for _ in range(PANELS)], update_statics),
        "table": (lambda: [OurTable()], update_panels),
        "datatable": (lambda: [DataTable()], update_datatable),
    }
    make, tick = makers[case]
    app = Case(make(), tick, seconds)
    app.run()
    return app.said
