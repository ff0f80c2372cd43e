"""The pure parts: lines, tiles, candles, and blocks to lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region, Size

from tradecli.present.blocks import Align, Bars, Cell, Column, Facts, Notice, Panel, Spark, Table, Tone
from tradecli.present.richly import to_text
from tradecli.tui.candles import Bar, chart
from tradecli.tui.drawing import draw, thinned
from tradecli.tui.keys import SCREENS
from tradecli.tui.lines import Span, cut, ends, fit, left, line, right, span, width_of, wrap
from tradecli.tui.screens import LAYOUTS, make, tree_of
from tradecli.tui.tiles import Width, names, place, width_class


def text(parts: tuple[Span, ...]) -> str:
    return "".join(part.text for part in parts)


@given(st.text(max_size=30), st.integers(1, 20))
def test_cut_and_padded_texts_have_exactly_the_width_that_was_asked(word: str, width: int) -> None:
    shown = span(word).text
    assert width_of((Span(cut(shown, width)),)) <= width
    assert width_of((Span(left(shown, width)),)) == width_of((Span(right(shown, width)),)) == width
    assert width_of(fit(line(shown, shown), width)) == width


def test_text_is_data_whatever_it_looks_like() -> None:
    assert span("[red]x[/] \x1b[31m").text == "[red]x[/] <1B>[31m"


def test_the_end_of_a_line_stands_and_its_start_gives_way() -> None:
    assert text(ends(line("a long beginning"), line("end"), 12)) == "a long … end"


def test_wrapping_breaks_at_blanks() -> None:
    assert [text(each) for each in wrap("one two three", 7)] == ["one two", "three"]


@pytest.mark.parametrize("screen", list(SCREENS))
@pytest.mark.parametrize(("width", "height"), [(100, 26), (160, 43), (220, 53), (151, 41)])
def test_the_tiles_of_every_screen_cover_the_area_and_never_overlap(
    screen: str, width: int, height: int
) -> None:
    kind = width_class(Size(width, height + 2))
    tiles = place(tree_of(screen, kind), Region(0, 0, width, height))
    cells = [
        (x, y)
        for tile in tiles.values()
        for x in range(tile.x, tile.right)
        for y in range(tile.y, tile.bottom)
    ]
    assert len(cells) == len(set(cells)) == width * height
    assert all(tile.width >= 20 and tile.height >= 6 for tile in tiles.values()), tiles


def test_every_panel_of_every_layout_can_be_made() -> None:
    for screen, layouts in LAYOUTS.items():
        assert screen in SCREENS
        for tree in layouts.values():
            assert [make(name).name for name in names(tree)] == names(tree)


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        ((59, 24), Width.LINE),
        ((80, 14), Width.LINE),
        ((60, 15), Width.NARROW),
        ((80, 24), Width.NARROW),
        ((100, 30), Width.MEDIUM),
        ((160, 45), Width.WIDE),
        ((220, 55), Width.VAST),
    ],
)
def test_each_size_gets_its_layout(size: tuple[int, int], kind: Width) -> None:
    assert width_class(Size(*size)) is kind


def bars() -> list[Bar]:
    return [Bar(100 + i, 101 + i, 99 + i, 100.5 + i if i % 2 else 99.5 + i, 10.0) for i in range(40)]


def test_candles_fill_exactly_their_room_and_mark_the_last_price() -> None:
    drawn = chart(bars(), 60, 20, lambda value: f"{value:.1f}", last=139.0, mine=[120.0, 500.0])
    assert len(drawn) == 20
    assert any("◂" in text(each) and "139.0" in text(each) for each in drawn)
    assert any("●" in text(each) and "120.0" in text(each) for each in drawn)
    assert not any("500" in text(each) for each in drawn), (
        "an order far from the market does not flatten the chart"
    )
    assert all(width_of(each) <= 60 for each in drawn)


def test_a_rising_bar_is_good_and_a_falling_one_bad_and_the_highest_is_on_top() -> None:
    rising, falling = Bar(1, 4, 1, 4, 1), Bar(9, 9, 6, 6, 1)
    drawn = chart([rising, falling], 20, 10, str)
    tones = [
        {part.tone for part in each if "█" in part.text or "▀" in part.text or "▄" in part.text}
        for each in drawn
    ]
    assert {Tone.BAD} in tones[:4] and {Tone.GOOD} in tones[-4:]


def test_without_colours_a_bar_that_rose_is_told_by_its_shape() -> None:
    rising, falling = Bar(10, 20, 10, 20, 1), Bar(20, 20, 10, 10, 1)
    drawn = {hollow: chart([rising, falling], 20, 10, str, hollow=hollow) for hollow in (False, True)}
    texts = {hollow: "".join(part.text for row in rows for part in row) for hollow, rows in drawn.items()}
    assert "▒" in texts[True] and "█" in texts[True]
    assert "▒" not in texts[False]


def test_equal_prices_draw_a_flat_line_and_not_an_error() -> None:
    assert len(chart([Bar(5, 5, 5, 5, 0)] * 3, 30, 8, str)) == 8


def test_a_thinned_spark_covers_the_whole_stretch_and_keeps_the_newest_value() -> None:
    assert thinned([float(i) for i in range(120)], 12)[-1] == 119.0
    assert thinned([float(i) for i in range(120)], 12)[0] == 9.0
    assert thinned([1.0, None], 12) == [1.0, None]


PANEL = Panel(
    title="t",
    blocks=(
        Facts(rows=(("composite", Cell("52.2%")), ("regime", Cell("range", Tone.GOOD)))),
        Table(
            columns=(
                Column(name="venue", align=Align.LEFT),
                Column(name="rate", unit="%"),
                Column(name="far", priority=9),
            ),
            rows=((Cell("binance"), Cell("0.0100"), Cell("x" * 60)),),
        ),
        Table(columns=(Column(name="a"),), rows=(), empty="no rows yet"),
        Spark(label="s", values=(1.0, None, 3.0), low="1", high="3", last="3"),
        Bars(rows=(("L1", 0.5, Cell("+0.50")), ("L5", -1.0, Cell("−1.00")))),
        Notice(text="a word of caution"),
    ),
)


@pytest.mark.parametrize("width", [40, 56, 90])
def test_a_report_on_screen_has_the_words_and_columns_of_the_printed_one(width: int) -> None:
    drawn = [text(each) for each in draw(PANEL, width)]
    assert all(width_of((Span(each),)) <= width + 2 for each in drawn)
    printed = to_text([PANEL], width + 4, color=False)
    for word in ("52.2%", "range", "binance", "0.0100", "no rows yet", "+0.50", "−1.00", "rate %"):
        assert any(word in each for each in drawn) and word in printed, word
    assert any("far" in each for each in drawn) == ("far" in printed)
