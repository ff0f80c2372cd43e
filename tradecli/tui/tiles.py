"""How a screen's panels share the space at each size: trees of rows and columns, and the rule that fills them.

Pure. A tree is a panel's name, or ``Rows``/``Columns`` of (weight, tree). Narrow screens show one panel, the focused
one, over the whole area.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from textual.geometry import Region, Size


@dataclass(frozen=True)
class Rows:
    """Parts one under the other."""

    parts: tuple[tuple[int, Tree], ...]


@dataclass(frozen=True)
class Columns:
    """Parts side by side."""

    parts: tuple[tuple[int, Tree], ...]


Tree: TypeAlias = "str | Rows | Columns"


class Width(IntEnum):
    """The sizes that screens are laid out for."""

    LINE = 0
    NARROW = 1
    MEDIUM = 2
    WIDE = 3
    VAST = 4


_LEAST = {Width.VAST: (200, 50), Width.WIDE: (150, 40), Width.MEDIUM: (96, 28), Width.NARROW: (60, 15)}


def width_class(size: Size) -> Width:
    """Return which layout a terminal of ``size`` gets."""
    for kind, (columns, rows) in _LEAST.items():
        if size.width >= columns and size.height >= rows:
            return kind
    return Width.LINE


def rows(*parts: tuple[int, Tree]) -> Rows:
    return Rows(parts)


def columns(*parts: tuple[int, Tree]) -> Columns:
    return Columns(parts)


def names(tree: Tree) -> list[str]:
    """Return the panels of a tree in reading order, which is the order of Tab."""
    if isinstance(tree, str):
        return [tree]
    return [name for _, part in tree.parts for name in names(part)]


def place(tree: Tree, region: Region) -> dict[str, Region]:
    """Return where each panel lies: the weights share the space, and no cell is left over."""
    if isinstance(tree, str):
        return {tree: region}
    total = sum(weight for weight, _ in tree.parts)
    across = isinstance(tree, Columns)
    length = region.width if across else region.height
    out: dict[str, Region] = {}
    taken = before = 0
    for weight, part in tree.parts:
        taken += weight
        end = round(length * taken / total)
        if across:
            part_region = Region(region.x + before, region.y, end - before, region.height)
        else:
            part_region = Region(region.x, region.y + before, region.width, end - before)
        out |= place(part, part_region)
        before = end
    return out
