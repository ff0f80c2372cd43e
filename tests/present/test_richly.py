"""Blocks printed: inside their width, important columns first, and data never read as markup."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tradecli.present import richly
from tradecli.present.blocks import Align, Bars, Cell, Column, Facts, Notice, Panel, Spark, Table, Tone

TABLE = Table(
    columns=(
        Column(name="symbol", align=Align.LEFT, priority=1),
        Column(name="value", unit="USDT", priority=1),
        Column(name="source", align=Align.LEFT, priority=3),
        Column(name="venue", align=Align.LEFT, priority=2),
    ),
    rows=(
        (
            Cell("BTCUSDT"),
            Cell("1234567.89", Tone.GOOD),
            Cell("a long description of where it came from"),
            Cell("binance"),
        ),
        (Cell("ETHUSDT"), Cell("−8.70", Tone.BAD), Cell("book"), Cell("okx")),
    ),
)


def text(*blocks: object, width: int = 80, color: bool = False) -> str:
    return richly.to_text([Panel(title="t", status="ok", blocks=blocks)], width, color=color)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [24, 40, 60, 80, 160])
def test_no_line_is_wider_than_the_terminal_and_no_cell_wraps(width: int) -> None:
    lines = text(TABLE, width=width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert len(lines) == 6


def test_columns_go_by_their_priority() -> None:
    assert "venue" in text(TABLE, width=100) and "source" in text(TABLE, width=100)
    narrow = text(TABLE, width=46)
    assert "source" not in narrow and "venue" in narrow
    assert "symbol" in text(TABLE, width=26) and "venue" not in text(TABLE, width=26)


def test_the_heading_carries_the_unit() -> None:
    assert "value USDT" in text(TABLE)


def test_an_empty_table_says_so() -> None:
    assert "no fills yet" in text(Table(columns=TABLE.columns, rows=(), empty="no fills yet"))


def test_markup_in_data_is_shown_as_it_stands() -> None:
    hostile = "[bold red]x[/bold red] [/ :smile: [@click=app.quit]q[/]"
    out = text(Facts(rows=((hostile, Cell(hostile)),)), Notice(text=hostile), width=200)
    assert out.count(hostile) == 3


def test_control_characters_are_made_visible_everywhere() -> None:
    bad = "a\x1b[2Jb\u202e"
    blocks = (
        Facts(rows=((bad, Cell(bad)),)),
        Notice(text=bad),
        Bars(rows=((bad, 0.5, Cell(bad)),)),
        Spark(label=bad, values=(1.0, 2.0), low=bad, high=bad, last=bad),
        Table(columns=(Column(name=bad, unit=bad),), rows=((Cell(bad),),)),
    )
    out = richly.to_text([Panel(title=bad, status=bad, blocks=blocks)], 200, color=False)
    assert "\x1b" not in out and "\u202e" not in out and "<1B>" in out


def test_colours_are_only_there_when_asked_for() -> None:
    assert "\x1b" in text(TABLE, color=True) and "\x1b" not in text(TABLE)


def test_a_sparkline_spans_its_values_and_leaves_gaps_for_unknowns() -> None:
    assert richly.sparkline((1.0, None, 2.0), 10) == "▁ █"
    assert richly.sparkline((5.0, 5.0), 10) == "▄▄"
    assert richly.sparkline(tuple(float(i) for i in range(100)), 8)[-1] == "█"
    assert richly.sparkline((None,), 5) == ""
