"""Ops and risk: the venues' feeds, the engine's own figures, and the limits with their newest values."""

from __future__ import annotations

from collections.abc import Sequence

from tradecli.domain.enums import Verdict
from tradecli.engine.snapshot import FeedState
from tradecli.present.blocks import Align, Cell, Column, Tone
from tradecli.present.format import UNKNOWN, age, count, duration, moment, number, time
from tradecli.tui.lines import Line, Span, left, line, span, wrap
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.panels.journal import VERDICTS
from tradecli.tui.table import Row, TablePanel

_LABEL = 12


class FeedsPanel(TablePanel):
    """Each venue's feeds: up or down, how old the newest value is, and why."""

    TITLE = "Venues"
    EMPTY_TEXT = "feeds appear when a venue first speaks"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="venue", align=Align.LEFT, width=8),
            Column(name="feed", align=Align.LEFT, priority=2),
            Column(name="state", align=Align.LEFT, width=6),
            Column(name="newest", priority=1, width=6),
            Column(name="why", align=Align.LEFT, priority=3, width=10),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        if look.snapshot is None:
            return ()
        out = []
        for feed in look.snapshot.feeds:
            stale = feed.is_stale
            cells = (
                Cell(feed.venue),
                Cell(feed.feed, Tone.MUTED),
                _standing(feed),
                Cell(age(feed.age_ms), Tone.WARN if stale else Tone.MUTED),
                Cell(feed.reason or UNKNOWN, Tone.MUTED),
            )
            out.append(Row(f"{feed.venue}/{feed.feed}", cells))
        return out


def _standing(feed: FeedState) -> Cell:
    if not feed.up:
        return Cell("○ down", Tone.BAD)
    return Cell("◌ stale", Tone.WARN) if feed.is_stale else Cell("● up", Tone.GOOD)


class EnginePanel(Panel):
    """What runs, since when, and how fast; the topics with the age of their reports."""

    TITLE = "Engine"
    KEYS = "↑↓ scroll"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        snapshot = look.snapshot
        if snapshot is None:
            return [line(span("starting", Tone.FAINT))]
        speed = look.session.speed if look.session is not None else None
        run = span("● running", Tone.GOOD) if snapshot.running else span("○ stopped", Tone.BAD, bold=True)
        pace = "real time" if speed is None else f"{number(speed, 2)} times real time"
        out = [
            _fact("engine", run, span(f"  cycle {count(snapshot.cycle)}", Tone.MUTED)),
            _fact("run", span(snapshot.run_id)),
            *_wrapped("source", snapshot.note, width, Tone.MUTED),
            _fact("seed", span(UNKNOWN if snapshot.seed is None else str(snapshot.seed))),
            *_wrapped("time", f"{moment(snapshot.at)}, {pace}", width),
            _fact(
                "events",
                span(
                    f"{count(snapshot.events, wide=look.wide)}  {number(snapshot.events_per_s, 0)} a second"
                ),
            ),
            _fact(
                "open, kept",
                span(
                    f"{sum(o.is_live for o in snapshot.orders)} orders, {len(snapshot.decisions)} decisions"
                ),
            ),
            (),
            line(span("reports", Tone.ACCENT, bold=True)),
        ]
        newest: dict[str, int] = {}
        for (key, _), reported in snapshot.reports.items():
            newest[key] = max(newest.get(key, 0), reported.at)
        for key in sorted({*newest, *look.topics}):
            at = newest.get(key)
            said = (
                span("never asked", Tone.FAINT)
                if at is None
                else span(f"{duration(snapshot.at - at)} ago", Tone.MUTED)
            )
            out.append(
                line(
                    span(" ● " if at is not None else " ○ ", Tone.GOOD if at is not None else Tone.FAINT),
                    Span(left(key, 20)),
                    said,
                )
            )
        return out


class LimitsPanel(TablePanel):
    """The checks of the newest decision that made any: value, threshold and verdict."""

    TITLE = "Limits"
    EMPTY_TEXT = "limits appear with the first order that is checked"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="check", align=Align.LEFT, width=15),
            Column(name="value", align=Align.LEFT, width=8),
            Column(name="limit", align=Align.LEFT, width=8),
            Column(name="", align=Align.LEFT, width=2),
            Column(name="of", align=Align.LEFT, priority=3, width=8),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        decisions = look.snapshot.decisions if look.snapshot is not None else ()
        newest = next((each for each in decisions if each.checks), None)
        if newest is None:
            return ()
        self.status = (span(f"cycle {newest.number}, {time(newest.at)}", Tone.FAINT),)
        worst: dict[tuple[str, str], int] = {}
        out = []
        for i, check in enumerate(newest.checks):
            if worst.setdefault((check.name, check.scope), i) != i:
                continue
            mark, tone = VERDICTS[check.verdict]
            shown = Tone.TEXT if check.verdict is Verdict.PASS else tone
            cells = (
                Cell(check.name),
                Cell(check.value, shown),
                Cell(check.threshold, Tone.MUTED),
                Cell(mark, tone),
                Cell(check.scope, Tone.MUTED),
            )
            out.append(Row(f"{check.name}/{check.scope}", cells))
        return out


def _fact(label: str, *values: Span) -> Line:
    return (Span(left(label, _LABEL), Tone.MUTED), *values)


def _wrapped(label: str, text: str, width: int, tone: Tone = Tone.TEXT) -> list[Line]:
    lines = wrap(text, max(width - _LABEL, 8), tone)
    return [_fact("" if i else label, *each) for i, each in enumerate(lines)]
