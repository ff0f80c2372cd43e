"""Short stretches of the simulated market for the tests, each made once a session."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

import msgspec

from tests.venues.simulated import LONG_VARIABLE
from tradecli.domain.events import Event
from tradecli.domain.feed import Feed
from tradecli.domain.market import MARKET_TYPES, available_at
from tradecli.errors import ExitCode
from tradecli.venues.simulated import START_MS, SimulatedMarket, Tape, tape_named

T = TypeVar("T")

LONG = bool(os.environ.get(LONG_VARIABLE))
"""Set by ``python -m tests.venues.simulated.long``."""

PLAIN = Tape(
    name="plain", summary="", teaches="", breaker="", alerts=(), exit_code=ExitCode.OK, lasts_s=0.0
)  # fmt: skip
"""The process with nothing laid over it."""

_hex = msgspec.json.Encoder()


def known_at(event: Event) -> int:
    """Return when an event of a stream was known."""
    return available_at(event) if isinstance(event, MARKET_TYPES) else event.ts  # type: ignore[union-attr]


def listen(seed: int, tape: Tape, seconds: float, feeds: Iterable[Feed] | None = None) -> list[Event]:
    """Return the events of the first ``seconds``; without ``feeds``, everything."""
    market = SimulatedMarket(seed, tape)
    end = START_MS + round(1000 * seconds)
    found = []
    for event in market.events(market.all_feeds() if feeds is None else feeds):
        if known_at(event) >= end:
            return found
        found.append(event)
    raise AssertionError("the stream ended")


@cache
def everything(seed: int = 42, name: str = "plain", seconds: int = 70) -> tuple[Event, ...]:
    """Return all events of a minute and some, made once."""
    return tuple(listen(seed, PLAIN if name == "plain" else tape_named(name), seconds))


def sized(short: T, long: T) -> T:
    """Return the size of a check: short in a suite that runs often, long by the command."""
    return long if LONG else short


def of(kind: type[T], events: Iterable[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def fingerprint(events: Iterable[Event]) -> str:
    """Return a hash of every field of every event, in order."""
    digest = hashlib.sha256()
    for event in events:
        digest.update(_hex.encode(event))
    return digest.hexdigest()
