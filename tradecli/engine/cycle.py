"""The beat of the desk: what is asked each cycle, what came back, and the intents that stand until replaced.

A cycle asks every topic that is due, in the order of assessment, and is complete when all have answered or time is
up. Bars close on the minute, so cycles run two seconds after it (METHODS section 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tradecli.domain.commands import Assess
from tradecli.domain.decision import Input
from tradecli.domain.events import Assessed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.intent import Caution, Intent, Wish

CLOSE_ALLOWANCE_MS = 2_000
"""How long after its close a bar is taken to be known."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One topic the engine keeps asking: for whom, how often, and whose intents it speaks for."""

    topic: str
    focuses: tuple[InstrumentId | None, ...]
    every_ms: int
    strategy: str | None = None
    wakes_on_fill: bool = False


class Cycle:
    """Outstanding questions and standing answers."""

    def __init__(self, duties: Sequence[Duty], period_ms: int, timeout_ms: int) -> None:
        self.duties = tuple(duties)
        self.period_ms = period_ms
        self.timeout_ms = timeout_ms
        self.number = 0
        self.next_at: int | None = None
        self.deadline: int | None = None
        self._pending: set[tuple[str, InstrumentId | None]] = set()
        self._asked: dict[tuple[str, InstrumentId | None], int] = {}
        self._intents: dict[tuple[str, InstrumentId], Intent] = {}
        self._inputs: dict[tuple[str, InstrumentId | None], tuple[Input, ...]] = {}
        self._strategies = {duty.topic: duty.strategy for duty in self.duties}
        self.errors: dict[tuple[str, InstrumentId | None], str] = {}

    @property
    def due_at(self) -> int:
        """Return when the next beat or deadline is; 0 before the first beat was placed."""
        if self.next_at is None:
            return 0
        return self.next_at if self.deadline is None else min(self.next_at, self.deadline)

    def schedule(self, at: int) -> None:
        """Place the first cycle on the next beat after ``at``."""
        beat = (at - CLOSE_ALLOWANCE_MS) // self.period_ms + 1
        self.next_at = beat * self.period_ms + CLOSE_ALLOWANCE_MS

    def begin(self, at: int) -> list[Assess]:
        """Start a cycle: return what to ask. Beats that were missed are skipped, not caught up."""
        self.number += 1
        self.schedule(at)
        self.deadline = at + self.timeout_ms
        asked = []
        for duty in self.duties:
            for focus in duty.focuses:
                key = (duty.topic, focus)
                last = self._asked.get(key)
                if last is None or at - last >= duty.every_ms:
                    self._asked[key] = at
                    self._pending.add(key)
                    asked.append(Assess(duty.topic, focus, self.number))
        return asked

    def wake(self, instrument: InstrumentId) -> list[Assess]:
        """Return the questions that a fill on ``instrument`` raises outside a cycle."""
        return [
            Assess(duty.topic, focus, 0)
            for duty in self.duties
            if duty.wakes_on_fill
            for focus in duty.focuses
            if focus is None or focus == instrument
        ]

    def take(self, answer: Assessed) -> set[InstrumentId]:
        """Keep an answer; return the instruments whose intents it replaced."""
        key = (answer.topic, answer.focus)
        self._pending.discard(key)
        if answer.error:
            self.errors[key] = answer.error
            self._inputs.pop(key, None)
            return set()
        self.errors.pop(key, None)
        scope = answer.focus or ""
        self._inputs[key] = tuple(_recorded(each, scope) for each in answer.inputs)
        source = self._strategies.get(answer.topic)
        if source is None:
            return set()
        standing = [each for each in answer.intents if not isinstance(each, Wish | Caution)]
        touched = {intent.instrument for intent in standing}
        if answer.focus is not None:
            touched.add(answer.focus)
        for instrument in touched:
            self._intents.pop((source, instrument), None)
        for intent in standing:
            self._intents[(source, intent.instrument)] = intent
        return touched

    @property
    def is_waiting(self) -> bool:
        return bool(self._pending)

    def give_up(self) -> tuple[tuple[str, InstrumentId | None], ...]:
        """Forget what did not answer in time, and return it."""
        late = tuple(sorted(self._pending, key=str))
        self._pending.clear()
        return late

    def close(self) -> None:
        self.deadline = None

    def intents_on(self, instrument: InstrumentId) -> list[Intent]:
        return [intent for (_, on), intent in self._intents.items() if on == instrument]

    def instruments(self) -> set[InstrumentId]:
        return {instrument for _, instrument in self._intents}

    def inputs(self, focuses: Iterable[InstrumentId | None] | None = None) -> tuple[Input, ...]:
        """Return the inputs behind the standing answers, in the order of assessment."""
        wanted = None if focuses is None else set(focuses)
        return tuple(
            each
            for duty in self.duties
            for focus in duty.focuses
            if wanted is None or focus in wanted
            for each in self._inputs.get((duty.topic, focus), ())
        )


def _recorded(found: Input, scope: str) -> Input:
    """Return an input as it is recorded: with its scope, and to six digits.

    Optimisers and vector libraries differ between platforms in the ninth digit; a record should not.
    """
    value = found.value
    return msgspec.structs.replace(found, scope=scope, value=None if value is None else float(f"{value:.6g}"))
