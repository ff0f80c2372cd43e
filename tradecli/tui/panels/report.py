"""Panels of reports: the newest report of a topic, drawn from the same blocks as the printed table."""

from __future__ import annotations

from tradecli.components.base import Reach, Topic
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.engine.snapshot import Reported, Snapshot
from tradecli.present.blocks import Tone
from tradecli.present.format import age
from tradecli.tui.drawing import draw
from tradecli.tui.lines import Line, line, span, wrap
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel

_OLD_MS = 120_000


class ReportPanel(Panel):
    """One topic: the focused symbol's report, or every venue's report of it, or the portfolio's."""

    KEYS = "[ ] symbol · ↑↓ scroll · z zoom"

    def __init__(self, name: str, topic: str, title: str) -> None:
        super().__init__(name)
        self.topic = topic
        self.title = title
        self._drawn: tuple[tuple[object, ...], list[Line]] = ((), [])

    def heading(self, look: Look) -> str:
        topic = look.topics.get(self.topic)
        if topic is None or topic.reach is Reach.PORTFOLIO or not look.focus_symbol:
            return self.title
        return f"{self.title} · {look.focus_symbol}"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        topic, snapshot = look.topics.get(self.topic), look.snapshot
        self.status = ()
        if snapshot is None:
            return [line(span("waiting for the engine", Tone.FAINT))]
        if topic is None:
            return wrap(f"{self.topic.replace('.', ' ')} is not built into this version", width, Tone.FAINT)
        found = self._reports(look, snapshot, topic)
        if not found:
            return wrap(
                "the first report comes with the next cycle (every minute of engine time)", width, Tone.FAINT
            )
        newest = max(reported.at for _, reported in found)
        old = snapshot.at - newest
        stale = old > max(_OLD_MS, 2 * (topic.every_ms or 0))
        self.status = (span(age(old), Tone.WARN if stale else Tone.FAINT),)
        key = (width, stale, *(id(reported.report) for _, reported in found))
        if key != self._drawn[0]:
            self._drawn = (key, self._lines_of(topic, found, width, stale))
        return self._drawn[1]

    def _reports(
        self, look: Look, snapshot: Snapshot, topic: Topic
    ) -> list[tuple[InstrumentId | None, Reported]]:
        if topic.reach is Reach.PORTFOLIO or look.focus is None:
            one = snapshot.reports.get((self.topic, None))
            return [(None, one)] if one is not None else []
        if not topic.every_venue:
            one = snapshot.reports.get((self.topic, look.focus))
            return [(look.focus, one)] if one is not None else []
        wanted = [
            (focus, reported)
            for (key, focus), reported in snapshot.reports.items()
            if key == self.topic and focus is not None and symbol_of(focus) == look.focus_symbol
        ]
        return sorted(wanted, key=lambda pair: (pair[0] != look.focus, pair[0]))

    def _lines_of(
        self, topic: Topic, found: list[tuple[InstrumentId | None, Reported]], width: int, stale: bool
    ) -> list[Line]:
        out: list[Line] = []
        for focus, reported in found:
            if len(found) > 1 and focus is not None:
                out += [()] if out else []
                out.append(line(span(venue_of(focus), Tone.ACCENT, bold=True)))
            out += draw(topic.present(reported.report), width)
        if stale:
            out = [tuple(part._replace(tone=Tone.STALE, bold=False) for part in each) for each in out]
        return out
