"""What a shell remembers of the engine's steps: those to be written, and what people watch.

``Keeper.keep`` turns the engine's last call into a step worth keeping; ``flush`` makes what is kept durable, in order.
It decides nothing about orders. A flush that fails keeps its steps, so that the next one writes them first.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from tradecli.domain.commands import Assess, Command, Notify, Record, Step
from tradecli.domain.decision import Decision
from tradecli.domain.events import (
    Assessed,
    CancelAsked,
    Event,
    Fill,
    LimitsTightened,
    LinkChanged,
    Noted,
    OrderAsked,
    StrategySet,
)
from tradecli.engine.core import Engine
from tradecli.ports import Lease, Store
from tradecli.redaction import redacted

_ASKED = (LinkChanged, Noted, OrderAsked, CancelAsked, StrategySet, LimitsTightened)
"""Kept even when nothing came of them: what happened to a link, and what people asked for."""


class Heard(msgspec.Struct):
    """What people watch, newest first and bounded: notices with their time, decisions, fills."""

    told: deque[tuple[int, Notify]]
    decisions: deque[Decision]
    fills: deque[Fill]


def nothing_heard() -> Heard:
    """Return an empty record of what people watch."""
    return Heard(told=deque(maxlen=500), decisions=deque(maxlen=500), fills=deque(maxlen=500))


class Keeper:
    """Steps of one engine on their way to the store."""

    def __init__(self, engine: Engine, store: Store, lease: Lease, *, keep_reports: bool) -> None:
        self.engine = engine
        self.store = store
        self.lease = lease
        self.keep_reports = keep_reports
        self.heard = nothing_heard()
        self._kept: list[Step] = []
        self._writing = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """Return how many steps are not written yet."""
        return len(self._kept)

    def keep(self, event: Event, at: int, commands: tuple[Command, ...]) -> None:
        """Keep the step if it is one of ours: it changed an order or money, or decided or told something."""
        engine = self.engine
        if isinstance(event, Fill):
            self.heard.fills.appendleft(event)
        for command in commands:
            if isinstance(command, Notify):
                self.heard.told.appendleft((at, command))
            elif isinstance(command, Record):
                self.heard.decisions.appendleft(command.decision)
        worth = engine.touched or any(not isinstance(command, Assess) for command in commands)
        if worth or (self.keep_reports and isinstance(event, Assessed)) or isinstance(event, _ASKED):
            if isinstance(event, Assessed) and not self.keep_reports:
                event = msgspec.structs.replace(event, report=None)
            self._kept.append(engine.make_step(event, at, commands))

    def go_on_with(self, store: Store, newest: int) -> None:
        """Write to a reopened store from now on; steps up to ``newest`` are durable there already."""
        self.store = store
        self._kept = [step for step in self._kept if step.seq > newest]

    async def flush(self) -> None:
        """Return once everything kept so far is durable; a store that fails raises, and loses nothing of it."""
        async with self._writing:
            if not self._kept:
                return
            steps, self._kept = self._kept, []
            commit = asyncio.ensure_future(self.store.commit(steps, self.lease.fence))
            broken, interrupted = await _to_its_end(commit)
            if broken is not None:
                self._kept[:0] = steps
            if interrupted is not None:
                raise interrupted
            if broken is not None:
                raise broken


async def _to_its_end(
    task: asyncio.Future[None],
) -> tuple[BaseException | None, asyncio.CancelledError | None]:
    """Wait for a commit whatever interrupts: whether its steps are durable must be known (N16)."""
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    if task.cancelled():
        return asyncio.CancelledError(), interrupted
    return task.exception(), interrupted


def without_secrets(event: Event) -> Event:
    """Return an event whose reason, which may quote a venue's or a library's error, is fit for store and screen."""
    told = getattr(event, "reason", "")
    kept = redacted(told) if told else told
    return event if kept == told else msgspec.structs.replace(event, reason=kept)
