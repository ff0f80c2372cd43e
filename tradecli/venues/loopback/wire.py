"""A venue's topics: who listens to what, and the faults that strike a message on its way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from tradecli.venues.loopback.faults import Kind, Switchboard
from tradecli.venues.loopback.socket import Socket

_WORDS = re.compile(r"[^a-z0-9_-]+")
NOISE = '{"e":"depthUpd'


class Listed(Protocol):
    """What has a name at the venue."""

    symbol: str


T = TypeVar("T", bound=Listed)


class Wire:
    """The subscriptions of one venue."""

    def __init__(self, venue: str, switchboard: Switchboard) -> None:
        self.venue = venue
        self.switchboard = switchboard
        self.sockets: dict[Socket, None] = {}
        self._listeners: dict[str, dict[Socket, None]] = {}
        self.published = 0
        self._live: list[Any] | None = None

    def skewed(self, ts: int) -> int:
        """Return what the venue's clock shows at ``ts``."""
        return ts + self.switchboard.skew_ms(self.venue)

    def opened(self, socket: Socket) -> None:
        self.sockets[socket] = None

    def left(self, socket: Socket) -> None:
        self.sockets.pop(socket, None)
        for topic in list(socket.topics):
            self.leave(socket, topic)

    def join(self, socket: Socket, topic: str) -> None:
        self._live = None
        socket.topics.add(topic)
        self._listeners.setdefault(topic, {})[socket] = None

    def leave(self, socket: Socket, topic: str) -> None:
        self._live = None
        socket.topics.discard(topic)
        listeners = self._listeners.get(topic)
        if listeners is not None:
            listeners.pop(socket, None)
            if not listeners:
                del self._listeners[topic]

    def heard_by(self, topic: str) -> bool:
        return topic in self._listeners

    def live(self, markets: Iterable[T]) -> Sequence[T]:
        """Return those of ``markets`` that anybody listens to: the others need no beat until they are asked for."""
        if self._live is None:
            names = frozenset(_WORDS.split(" ".join(self._listeners).lower()))
            self._live = [each for each in markets if each.symbol.lower() in names]
        return self._live

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._listeners)

    def publish(self, topic: str, text: str) -> None:
        """Send ``text`` to everyone who listens to ``topic``, unless a fault strikes it."""
        listeners = self._listeners.get(topic)
        if not listeners:
            return
        self.published += 1
        fault = self.switchboard.for_message(self.venue, topic)
        if fault is None:
            for socket in listeners:
                socket.send(text)
            return
        for socket in list(listeners):
            if fault.kind is Kind.DUPLICATE:
                socket.send(text)
                socket.send(text)
            elif fault.kind is Kind.SILENT:
                socket.silent = True
            elif fault.kind is Kind.CLOSE:
                socket.close()
            elif fault.kind is Kind.NOISE:
                socket.send(NOISE)
                socket.send(text)

    def cut(self) -> None:
        """Close every socket."""
        for socket in list(self.sockets):
            socket.close()
