"""The newcomer's guide through the first minute of a demo: one line at a time, each once it is true on screen.

A mark is shown when its condition is seen in a snapshot, never by the clock alone, so that it is true when it is
read. Right arrow goes on to the next, Esc ends the tour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradecli.domain.enums import Mode, Severity
from tradecli.engine.snapshot import Snapshot, Told
from tradecli.present.blocks import Tone
from tradecli.tui.lines import Line, Span, line, span

_EXITS_AFTER_MS = 55_000
_DWELL = 48
"""Looks for which a line stays, the welcome first of all: six seconds at eight a second, long enough to be read."""


@dataclass(frozen=True)
class Mark:
    """One line, and whether it is true of a snapshot so many ms after the first."""

    name: str
    text: str
    is_true: Callable[[Snapshot, int], bool]


def _is_down(snapshot: Snapshot) -> bool:
    return any(not feed.up for feed in snapshot.feeds)


def _is_return(told: Told) -> bool:
    return told.topic == "feed" and told.severity is Severity.NOTE


MARKS: tuple[Mark, ...] = (
    Mark(
        "vol",
        "volatility is complete: 2 shows its parts, x says why a strategy acts",
        lambda snapshot, _: any(topic == "vol.show" for topic, _focus in snapshot.reports),
    ),
    Mark(
        "orders",
        "the grid works: 8 lists its orders, Enter follows one to its fill",
        lambda snapshot, _: bool(snapshot.orders),
    ),
    Mark(
        "fills",
        "a fill arrived: 9 keeps the decision behind it, check by check",
        lambda snapshot, _: bool(snapshot.fills),
    ),
    Mark(
        "silent",
        "a venue fell silent: its prices age and nothing is priced from them",
        lambda snapshot, _: _is_down(snapshot),
    ),
    Mark(
        "replay",
        "what just happened? 9 tells it by decisions; End is back to live",
        lambda snapshot, _: not _is_down(snapshot) and any(_is_return(told) for told in snapshot.told),
    ),
    Mark(
        "exits",
        "now explore, or type : data import PATH, or : config init for paper",
        lambda _, elapsed_ms: elapsed_ms >= _EXITS_AFTER_MS,
    ),
)


class Tour:
    """Where a person is in the tour."""

    def __init__(self) -> None:
        self._left = list(MARKS)
        self._shown: str | None = None
        self._began: int | None = None
        self._since = 0

    @property
    def is_over(self) -> bool:
        return not self._left and self._shown is None

    @property
    def is_showing(self) -> bool:
        return self._shown is not None

    def look(self, snapshot: Snapshot) -> Line | None:
        """Return the line of a mark that has become true, or None where nothing new is to be said."""
        if snapshot.mode is not Mode.DEMO:
            return None
        self._began = snapshot.at if self._began is None else self._began
        self._since += 1
        if self._since < _DWELL:
            return None
        elapsed_ms = snapshot.at - self._began
        mark = next((mark for mark in self._left if mark.is_true(snapshot, elapsed_ms)), None)
        if mark is None:
            return None
        self._left.remove(mark)
        self._shown, self._since = mark.name, 0
        return line(
            Span(" ● ", Tone.ACCENT, True),
            span(mark.text, Tone.TEXT),
            span("  → · Esc", Tone.MUTED),
        )

    def go_on(self) -> None:
        """Put the shown line away; the next one comes when it is true."""
        self._shown, self._since = None, _DWELL

    def end(self) -> None:
        """Say nothing more."""
        self._left, self._shown = [], None
