"""Runs topics: builds the view, calls ``assess`` and ``propose``, and turns what goes wrong into an answer.

Missing data are an answer without a report. Anything else a topic raises is its own fault: it is caught here, at
the supervisor's edge, and the engine halts that strategy; cancels go on working.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from tradecli.components.base import Reach, Topic
from tradecli.domain.commands import Assess
from tradecli.domain.events import Assessed
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.engine.cycle import Duty
from tradecli.engine.state import State
from tradecli.engine.view import StateView
from tradecli.errors import NotEnoughData
from tradecli.redaction import redacted

log = logging.getLogger(__name__)


class Running(msgspec.Struct, frozen=True):
    """A topic as this desk runs it: its key such as ``vol.show``, and its component's settings."""

    key: str
    topic: Topic
    settings: Any


class Assessor:
    """Answers ``Assess`` commands from the state, in line."""

    def __init__(self, running: tuple[Running, ...], state: State, watched: tuple[InstrumentId, ...]) -> None:
        self.running: Mapping[str, Running] = {each.key: each for each in running}
        self.state = state
        self.watched = watched
        self._newest: dict[str, int] = {}

    def kept(self, answer: Assessed) -> list[VolIndex]:
        """Return the numbers of an answer that are to be kept as series, each moment of a series once."""
        running = self.running.get(answer.topic)
        rows = [] if running is None or answer.report is None else running.topic.kept(answer.report)
        fresh = []
        for row in rows:
            if row.ts > self._newest.get(row.name, -1):
                self._newest[row.name] = row.ts
                fresh.append(row)
        return fresh

    def answer(self, command: Assess, at: int) -> Assessed:
        """Compute one topic's report and intents at ``at``."""
        return self.answer_from(StateView(self.state, at, command.focus, self.watched), command, at)

    def fresh(self, key: str, focus: InstrumentId | None, at: int) -> Any:
        """Return the report at ``at`` of a topic that is live, for somebody who looks; None of any other.

        It is kept nowhere. What goes wrong here goes wrong in the topic's own turn too, and is told there.
        """
        running = self.running.get(key)
        if running is None or not running.topic.live:
            return None
        topic = running.topic
        view = StateView(self.state, at, focus, self.watched)
        try:
            return topic.assess(
                view, running.settings, topic.query() if topic.standing is None else topic.standing
            )
        except Exception:  # the supervisor's edge, as in ``answer_from``
            return None

    def answer_from(self, view: StateView, command: Assess, at: int) -> Assessed:
        """Compute them from a view."""
        running = self.running[command.topic]
        topic, settings = running.topic, running.settings
        try:
            report = topic.assess(view, settings, topic.query() if topic.standing is None else topic.standing)
            intents = topic.propose(report, view, settings) if topic.propose is not None else ()
            inputs = topic.inputs(report)
        except NotEnoughData as short:
            return _without(command, at, short.message, fault=False)
        except Exception as broken:
            log.exception("topic %s broke", command.topic)
            return _without(command, at, f"{type(broken).__name__}: {broken}", fault=True)
        return Assessed(
            topic=command.topic,
            focus=command.focus,
            cycle=command.cycle,
            ts=at,
            report=report,
            intents=intents,
            inputs=inputs,
        )


def _without(command: Assess, at: int, error: str, *, fault: bool) -> Assessed:
    return Assessed(
        topic=command.topic,
        focus=command.focus,
        cycle=command.cycle,
        ts=at,
        report=None,
        error=redacted(error),
        fault=fault,
    )


def duties(
    running: tuple[Running, ...],
    traded: tuple[InstrumentId, ...],
    watched: tuple[InstrumentId, ...],
    enabled: frozenset[str],
) -> tuple[Duty, ...]:
    """Return what the engine keeps asking: topics with a beat, and of those that trade only the enabled ones."""
    result = []
    for each in running:
        topic = each.topic
        if topic.every_ms is None or (topic.strategy is not None and topic.strategy not in enabled):
            continue
        everywhere = watched if topic.every_venue else traded
        if topic.concerns is not None:
            everywhere = tuple(filter(topic.concerns, everywhere))
        focuses: tuple[InstrumentId | None, ...] = everywhere if topic.reach is Reach.INSTRUMENT else (None,)
        result.append(
            Duty(
                topic=each.key,
                focuses=focuses,
                every_ms=topic.every_ms,
                strategy=topic.strategy,
                wakes_on_fill=topic.wakes_on_fill,
            )
        )
    return tuple(result)


def declared_feeds(running: tuple[Running, ...], watched: tuple[InstrumentId, ...]) -> tuple[Feed, ...]:
    """Return every feed the running topics declare for the watched instruments, each once, in a stable order."""
    feeds: dict[Feed, None] = {}
    for each in running:
        for instrument in watched:
            feeds.update(dict.fromkeys(each.topic.feeds(instrument, each.settings)))
    return tuple(feeds)
