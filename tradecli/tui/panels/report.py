"""Panels of reports: the newest report of a topic, drawn from the same blocks as the printed table."""

from __future__ import annotations

from tradecli.components.base import Reach, Topic
from tradecli.engine.snapshot import Reported, Snapshot
from tradecli.present.blocks import Panel as Shown
from tradecli.present.blocks import Tone
from tradecli.present.format import age
from tradecli.tui.drawing import aged, draw
from tradecli.tui.lines import Line, dimmed, line, span, wrap
from tradecli.tui.look import Look, Rests
from tradecli.tui.panel import Panel

_OLD_MS = 120_000


class ReportPanel(Panel):
    """One topic: the focused symbol's report, or the portfolio's."""

    KEYS = "[ ] symbol · ↑↓ scroll · z zoom"

    def __init__(self, name: str, topic: str, title: str) -> None:
        super().__init__(name)
        self.topic = topic
        self.title = title
        self._made: tuple[object, Shown | None] = (None, None)
        self._drawn: tuple[tuple[object, ...], list[Line]] = ((), [])

    def heading(self, look: Look) -> str:
        topic = look.topics.get(self.topic)
        if topic is None or topic.reach is Reach.PORTFOLIO or not look.focus_symbol:
            return self.title
        return f"{self.title} · {look.focus_symbol}"

    def rests_on(self, look: Look) -> Rests:
        topic = look.topics.get(self.topic)
        return Rests.HELD if topic is not None and topic.reach is Reach.PORTFOLIO else Rests.FOCUS

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        topic, snapshot = look.topics.get(self.topic), look.snapshot
        self.status = ()
        if snapshot is None:
            return [line(span("waiting for the engine", Tone.FAINT))]
        if topic is None:
            return wrap(f"{self.topic.replace('.', ' ')} is not built into this version", width, Tone.FAINT)
        reported = self._newest(look, snapshot, topic)
        if reported is None:
            return wrap(
                "the first report comes with the next cycle (every minute of engine time)", width, Tone.FAINT
            )
        old = snapshot.at - reported.at
        stale = old > max(_OLD_MS, 2 * (topic.every_ms or 0))
        self.status = (span(age(old), Tone.WARN if stale else Tone.FAINT),)
        shown = aged(self._shown_of(topic, reported), snapshot.at)
        key = (width, stale, shown)
        if key != self._drawn[0]:
            lines = draw(shown, width)
            self._drawn = (key, [dimmed(each) for each in lines] if stale else lines)
        return self._drawn[1]

    def _shown_of(self, topic: Topic, reported: Reported) -> Shown:
        """Return the report as shown, made once; ages in it are told anew at every look."""
        report, shown = self._made
        if shown is None or report is not reported.report:
            shown = topic.present(reported.report)
            self._made = (reported.report, shown)
        return shown

    def _newest(self, look: Look, snapshot: Snapshot, topic: Topic) -> Reported | None:
        focus = None if topic.reach is Reach.PORTFOLIO else look.focus
        if topic.live and look.session is not None:
            return look.session.report(self.topic, focus)
        return snapshot.reports.get((self.topic, focus))
