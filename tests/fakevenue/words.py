"""What goes over the fake venue's socket: one JSON line a message, requests and answers by number, pushes as events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tradecli.domain.events import Event, Fill, FundingPaid, Transferred
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.order import Approved, Order
from tradecli.domain.position import Position


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request. ``op`` is create, cancel, find, open, fills, account, instruments, or the tests' own: truth, faults.

    ``stream`` turns the connection into the private stream, ``market`` into the public one.
    """

    n: int
    op: str
    client_id: str = ""
    order: Approved | None = None
    page: int = 0
    version: int = 0
    rates: dict[str, float] | None = None
    forced: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to request ``n``: ``code`` empty when it was carried out."""

    n: int
    code: str = ""
    reason: str = ""
    venue_id: str = ""
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    income: tuple[FundingPaid | Transferred, ...] = ()
    positions: tuple[Position, ...] = ()
    balances: dict[str, str] = {}
    instruments: tuple[Instrument, ...] = ()
    more: bool = False
    version: int = 0
    """Of which moment the lists are: pages of one version belong together."""
    counts: dict[str, int] = {}


class Push(msgspec.Struct, frozen=True):
    """One event of a stream."""

    event: Any


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the request log on disk. ``ns`` is the machine's UTC time in nanoseconds."""

    ns: int
    kind: str
    client_id: str
    instrument: InstrumentId | None = None
    qty: Decimal | None = None
    answer: str = "ok"


def read_push(line: bytes) -> Event:
    """Return the event that a line of a stream carries."""
    raw = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    return msgspec.json.decode(raw["event"], type=Event)  # type: ignore[arg-type]
