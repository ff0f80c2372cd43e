"""What was heard and not yet taken, bounded: the newest of what only its newest value matters, and every print.

Books, quotes, marks, rates and open interest are conflated to the latest of each instrument and keep their place in
the queue. Prints are kept in order up to a limit; beyond it the oldest are lost, and counted. Link events are never
lost. A book is made only when it is taken: what happened to it between two looks costs nothing here.

Conflation is for who looks; a recorder hears everything before it comes here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from tradecli.domain.events import Event
from tradecli.domain.market import FundingRate, MarkPrice, OpenInterest, OptionChain, Quote, VolIndex

MOST_KEPT = 20_000
Key: TypeAlias = tuple[Any, ...]
Made: TypeAlias = Callable[[], Event | None]

_CONFLATED = (Quote, MarkPrice, OpenInterest)


class Inbox:
    """Filled by callbacks, emptied by one reader."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._order: deque[Key] = deque()
        self._values: dict[Key, Event | Made] = {}
        self._number = 0
        self._most = most
        self._some = asyncio.Event()
        self.conflated = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._order)

    def put(self, event: Event) -> None:
        """Keep an event, or let it take the place of an older one that it replaces."""
        key = _key(event)
        if key is None:
            self._number += 1
            key = (self._number,)
            if len(self._order) >= self._most:
                self._lose()
        self.put_as(key, event)

    def put_as(self, key: Key, value: Event | Made) -> None:
        """Keep a value under a key of its own; what waits under the same key is replaced in its place."""
        if key in self._values:
            self.conflated += 1
        else:
            self._order.append(key)
        self._values[key] = value
        self._some.set()

    def _lose(self) -> None:
        """Drop the oldest print; what is conflated or says that a link changed stays."""
        for place, key in enumerate(self._order):
            if len(key) == 1 and hasattr(self._values[key], "trade_id"):
                del self._order[place]
                del self._values[key]
                self.lost += 1
                return

    def take(self) -> Event | None:
        """Return the next event, or None when there is none."""
        while self._order:
            value = self._values.pop(self._order.popleft())
            made = value() if callable(value) else value
            if made is not None:
                return made
        self._some.clear()
        return None

    def wake(self) -> None:
        """Let the reader look again although nothing came: the writer ended."""
        self._some.set()

    async def wait(self) -> None:
        """Wait until there may be something to take."""
        await self._some.wait()


def _key(event: Event) -> Key | None:
    if isinstance(event, _CONFLATED):
        return type(event), event.instrument
    if isinstance(event, FundingRate):
        return FundingRate, event.instrument, event.kind, event.ts if event.kind.value == "settled" else 0
    if isinstance(event, OptionChain):
        return OptionChain, event.venue, event.currency
    if isinstance(event, VolIndex):
        return VolIndex, event.name
    return None
