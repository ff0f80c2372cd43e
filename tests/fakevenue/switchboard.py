"""The fault switchboard of the fake venue: which faults happen, by chance and by force, and how often each did.

One seed decides. ``armed`` is off in a healing phase: then everything arrives, once, in order. A fault that is forced
strikes the next request of its kind whether armed or not.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What can go wrong, by where it strikes."""

    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"
    LOST_REQUEST = "lost_request"
    DROPPED_BEFORE = "dropped_before"
    DROPPED_AFTER = "dropped_after"
    BUSY = "busy_429"
    ERROR_503 = "error_503"
    GARBAGE = "garbage_body"
    LATE_ANSWER = "late_answer"
    CANCEL_LOST = "cancel_lost"
    CANCEL_REPLY_LOST = "cancel_reply_lost"
    CANCEL_NOT_FOUND = "cancel_not_found"
    FILL_RACES_CANCEL = "fill_races_cancel"

    LOOK_UP_FAILS = "look_up_fails"
    READ_LAG = "read_lag"
    FLICKERING_LIST = "flickering_list"
    PARTIAL_PAGE = "partial_page"
    SNAPSHOT_FAILS = "snapshot_fails"

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    LATE_FILL = "late_fill_after_cancel"
    DISCONNECT = "disconnect"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"


CREATES = (
    Fault.TIMEOUT_AFTER_ACCEPT,
    Fault.LOST_REQUEST,
    Fault.DROPPED_BEFORE,
    Fault.DROPPED_AFTER,
    Fault.BUSY,
    Fault.ERROR_503,
    Fault.GARBAGE,
    Fault.LATE_ANSWER,
)
CANCELS = (Fault.CANCEL_LOST, Fault.CANCEL_REPLY_LOST, Fault.CANCEL_NOT_FOUND, Fault.FILL_RACES_CANCEL)
SOME = dict.fromkeys(Fault, 0.02) | {Fault.MAINTENANCE: 0.0, Fault.DISCONNECT: 0.005, Fault.SILENCE: 0.005}
"""A rough day: every fault at a rate that lets most requests pass."""


class Switchboard:
    """Which faults happen; ``counts`` says how often each did."""

    def __init__(self, rng: Random, rates: dict[Fault, float]) -> None:
        self.rng = rng
        self.rates = rates
        self.armed = True
        self.counts: Counter[str] = Counter()
        self.down_until = 0
        self.silent_until = 0
        self._forced: list[Fault] = []

    def force(self, fault: Fault, times: int = 1) -> None:
        """Make the next ``times`` chances of ``fault`` certain."""
        self._forced += [fault] * times

    def hits(self, fault: Fault) -> bool:
        """Say whether ``fault`` strikes here."""
        if fault in self._forced:
            self._forced.remove(fault)
        elif not self.armed or self.rng.random() >= self.rates.get(fault, 0.0):
            return False
        self.counts[fault.value] += 1
        return True

    def one_of(self, faults: tuple[Fault, ...]) -> Fault | None:
        """Return the first of ``faults`` that strikes."""
        return next((fault for fault in faults if self.hits(fault)), None)

    def is_down(self, at: int) -> bool:
        """Say whether the venue is under maintenance."""
        if at >= self.down_until:
            return False
        self.counts[Fault.MAINTENANCE.value] += 1
        return True
