"""The switchboard: what a loopback venue does wrong, on demand.

It owns the list of faults that are set and says which of them strikes a given request, message or socket. What a
fault looks like on the wire is the venue's business. A fault strikes ``times`` times and is then gone; 0 means until
it is cleared.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec


class Kind(StrEnum):
    """What can go wrong. The first group strikes requests, the second messages and sockets, the third a venue."""

    TOO_MANY = "429"
    BANNED = "418"
    UNAVAILABLE = "503"
    HANG = "hang"
    GARBAGE = "garbage"
    EMPTY = "empty"
    PARTIAL = "partial"
    TRUNCATED = "truncated"
    DROPPED = "dropped"
    REFUSED = "refused"

    DUPLICATE = "duplicate"
    MISSING = "missing"
    SILENT = "silent"
    CLOSE = "close"
    NOISE = "noise"

    SKEW = "skew"
    MAINTENANCE = "maintenance"
    HALTED = "halted"


REQUESTS = frozenset(
    [
        Kind.TOO_MANY,
        Kind.BANNED,
        Kind.UNAVAILABLE,
        Kind.HANG,
        Kind.GARBAGE,
        Kind.EMPTY,
        Kind.PARTIAL,
        Kind.TRUNCATED,
        Kind.DROPPED,
        Kind.REFUSED,
    ]
)
MESSAGES = frozenset([Kind.DUPLICATE, Kind.MISSING, Kind.SILENT, Kind.CLOSE, Kind.NOISE])
STATES = frozenset([Kind.SKEW, Kind.MAINTENANCE, Kind.HALTED])


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do wrong.

    ``where`` is a pattern: of the path for a request, of the topic for a message, of the instrument's symbol for a
    halt. ``after`` lets that many matching requests or messages pass first. ``seconds`` is the Retry-After of 429
    and 418, ``skew_ms`` how far the venue's clock is ahead, ``code`` and ``text`` the answer of ``refused``.
    """

    kind: Kind
    venue: str
    where: str = "*"
    times: int = 1
    after: int = 0
    seconds: int = 1
    skew_ms: int = 0
    code: str = ""
    text: str = ""


class _Armed:
    """A fault with what is left of it."""

    __slots__ = ("fault", "left", "pass_first")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self.pass_first = fault.after

    def strikes(self) -> bool:
        """Count one match and say whether the fault strikes it."""
        if self.pass_first:
            self.pass_first -= 1
            return False
        self.left -= 1
        return True

    @property
    def spent(self) -> bool:
        return self.left == 0


class Switchboard:
    """The faults that are set, in the order of setting, and how often each kind has struck."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self.struck: dict[str, int] = {}

    def set(self, fault: Fault) -> None:
        """Arm a fault. A state (skew, maintenance, halt) stands until it is cleared, whatever ``times`` says."""
        self._armed.append(_Armed(fault))

    def clear(self, venue: str | None = None, kind: Kind | None = None) -> None:
        """Disarm every fault of ``venue`` and ``kind``; None means any."""
        self._armed = [
            each
            for each in self._armed
            if (venue is not None and each.fault.venue != venue)
            or (kind is not None and each.fault.kind is not kind)
        ]

    def armed(self) -> tuple[Fault, ...]:
        return tuple(each.fault for each in self._armed)

    def for_request(self, venue: str, path: str) -> Fault | None:
        """Return the fault that strikes a request of ``path``, and count it."""
        return self._strike(REQUESTS, venue, path)

    def for_message(self, venue: str, topic: str) -> Fault | None:
        """Return the fault that strikes a pushed message of ``topic``, and count it."""
        return self._strike(MESSAGES, venue, topic)

    def skew_ms(self, venue: str) -> int:
        """Return how far the venue's clock is ahead."""
        return sum(fault.skew_ms for fault in self._states(Kind.SKEW, venue))

    def in_maintenance(self, venue: str) -> bool:
        return any(True for _ in self._states(Kind.MAINTENANCE, venue))

    def is_halted(self, venue: str, symbol: str) -> bool:
        return any(fnmatchcase(symbol, fault.where) for fault in self._states(Kind.HALTED, venue))

    def _states(self, kind: Kind, venue: str) -> Iterable[Fault]:
        return (
            each.fault for each in self._armed if each.fault.kind is kind and each.fault.venue in (venue, "*")
        )

    def _strike(self, kinds: frozenset[Kind], venue: str, name: str) -> Fault | None:
        if not self._armed:
            return None
        for each in self._armed:
            fault = each.fault
            if (
                fault.kind in kinds
                and fault.venue in (venue, "*")
                and fnmatchcase(name, fault.where)
                and each.strikes()
            ):
                if each.spent:
                    self._armed.remove(each)
                self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
                return fault
        return None
