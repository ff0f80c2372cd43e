"""Everything the engine can ask for, and ``Step``: one event, what it changed and what followed."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from tradecli.domain.control import Latch
from tradecli.domain.decision import Decision
from tradecli.domain.enums import Severity
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Approved, Order
from tradecli.domain.position import LedgerEntry


class SubmitOrder(msgspec.Struct, frozen=True, tag=True):
    """Send this order once its intent is durable. Can only be built from an ``Approved``."""

    approved: Approved


class CancelOrder(msgspec.Struct, frozen=True, tag=True):
    client_id: str
    instrument: InstrumentId
    reason: str


class Assess(msgspec.Struct, frozen=True, tag=True):
    """Compute ``topic`` for ``focus`` off the loop and answer with ``Assessed``."""

    topic: str
    focus: InstrumentId | None
    cycle: int


class SetLatch(msgspec.Struct, frozen=True, tag=True):
    """Make a kill level durable, then tell the engine with ``LatchSet``."""

    latch: Latch


class Record(msgspec.Struct, frozen=True, tag=True):
    """Keep this decision."""

    decision: Decision


class Notify(msgspec.Struct, frozen=True, tag=True):
    """Tell the people who watch. ``topic`` is a short word such as ``fill``, ``feed``, ``breaker``."""

    severity: Severity
    topic: str
    text: str
    instrument: InstrumentId | None = None


Command: TypeAlias = SubmitOrder | CancelOrder | Assess | SetLatch | Record | Notify


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call of ``Engine.process``: the event, its commands, and the rows it changed.

    ``event`` is any member of the Event union; ``orders`` are the orders as they stand afterwards; ``entries`` the
    movements of money. A step of pure market data has none of the last three and is not kept in the ledger.
    """

    seq: int
    at: int
    event: Any
    commands: tuple[Command, ...]
    orders: tuple[Order, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()

    @property
    def is_account_step(self) -> bool:
        return bool(self.orders or self.entries)
