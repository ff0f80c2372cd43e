"""Charts from numbers: every row as wide as asked for, both ends of the axis named, unknowns left out."""

from __future__ import annotations

import pytest

from tradecli.present.blocks import Tone
from tradecli.tui.lines import width_of
from tradecli.tui.plot import LEVELS, Curve, heat, plot


def percent(value: float) -> str:
    return f"{value:.0f}%"


def text(lines: list) -> list[str]:  # type: ignore[type-arg]
    return ["".join(part.text for part in each) for each in lines]


def test_a_chart_fills_its_room_and_names_both_ends_of_its_axis() -> None:
    drawn = plot([Curve([0, 1, 2], [10, 30, 20])], 40, 10, percent, [(0, "0d"), (2, "2d")])
    assert len(drawn) == 10 and all(width_of(each) <= 40 for each in drawn)
    rows = text(drawn)
    assert rows[0].startswith("31%") and rows[-2].startswith(" 9%")
    assert rows[-1].rstrip().endswith("2d") and "0d" in rows[-1]
    assert any(0x2801 <= ord(sign) <= 0x28FF for row in rows for sign in row)


def test_points_are_marked_and_an_unknown_one_leaves_a_gap() -> None:
    drawn = plot([Curve([0, 1, 2, 3], [1, None, 1, 2], Tone.MINE, mark="●")], 40, 8, percent, [])
    assert sum(row.count("●") for row in text(drawn)) == 3
    whole = plot([Curve([0, 2, 3], [1, 1, 2], Tone.MINE, mark="●")], 40, 8, percent, [])
    dots = [
        sum(0x2801 <= ord(sign) <= 0x28FF for row in text(each) for sign in row) for each in (drawn, whole)
    ]
    assert dots[0] < dots[1]


@pytest.mark.parametrize("ys", [[], [None, None], [1.0]])
def test_fewer_than_two_points_are_no_chart(ys: list[float | None]) -> None:
    assert plot([Curve(list(range(len(ys))), ys)], 40, 8, percent, []) == []
    assert plot([Curve([0, 1], [1, 2])], 40, 3, percent, []) == [], "too small to be read"


def test_a_flat_line_and_one_moment_are_drawn_without_dividing_by_zero() -> None:
    assert len(plot([Curve([0, 1], [5, 5])], 30, 6, percent, [])) == 6
    assert len(plot([Curve([1, 1], [0, 0])], 30, 6, percent, [])) == 6


def test_a_heat_map_says_its_levels_by_shape_and_names_its_ends() -> None:
    drawn = heat([[10, 20], [None, 50]], ["7d", "30d"], ["-10", "+10"], 40, percent)
    rows = text(drawn)
    assert all(width_of(each) <= 40 for each in drawn)
    assert LEVELS[-1] in rows[2] and "—" in rows[2] and LEVELS[0] in rows[1]
    assert rows[-1].strip() == f"10% {LEVELS} 50%"
    assert heat([[None]], ["7d"], ["0"], 40, percent) == []
    assert len(heat([[5, 5]], ["7d"], ["a", "b"], 8, percent)) == 3
