"""The seams: what the engine's shell needs of the world, as Protocols. Adapters share nothing by inheritance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from tradecli.domain.budget import Allowance, Priority, Stop
from tradecli.domain.commands import Step
from tradecli.domain.control import Latch
from tradecli.domain.decision import Decision
from tradecli.domain.events import AccountEvent, Event, Fill, FundingPaid, LinkChanged, Transferred
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import BookDelta, MarketEvent
from tradecli.domain.order import Approved, Order
from tradecli.domain.position import LedgerEntry, Position

Gate: TypeAlias = Callable[[], str | None]
"""The last look, taken right before the bytes leave. None: go; otherwise the reason the order is void."""


class Clock(Protocol):
    """Time, told. Every other module receives it; none reads it."""

    def now(self) -> int:
        """Return UTC milliseconds."""
        ...

    def monotonic(self) -> int:
        """Return milliseconds that never go back, for durations."""
        ...

    async def sleep_until(self, ts: int) -> None: ...


class MarketData(Protocol):
    """Where market events come from: recorded, simulated, or a venue."""

    async def instruments(self) -> Sequence[Instrument]: ...

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what ``feed`` declares of the past, oldest first, all of it known before ``until``."""
        ...

    def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        """Yield market and link events in the order they became known."""
        ...


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a venue says about one account at one moment: complete, or not given at all.

    ``income``: funding and transfers since the account was last reconciled, with overlap.
    """

    venue: str
    ts: int
    balances: dict[str, str]
    positions: tuple[Position, ...]
    open_orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    income: tuple[FundingPaid | Transferred, ...] = ()


class KillFlag(Protocol):
    """The kill state on disk: read at the gate, written before a latch acts."""

    def load(self) -> tuple[Latch, ...]: ...
    def set(self, latch: Latch) -> object: ...
    def changed(self) -> bool: ...
    def lifted(self) -> tuple[Latch, ...]:
        """Return the newest latches that were lifted by hand."""
        ...


class Execution(Protocol):
    """Where orders go. Outcomes come back as events, never as return values."""

    @property
    def validity_ms(self) -> int:
        """How long after its sending a create request can still be accepted."""
        ...

    @property
    def settle_ms(self) -> int:
        """How long the venue's lists may lag behind what it has accepted."""
        ...

    async def submit(self, order: Approved, gate: Gate) -> None: ...

    async def cancel(self, client_id: str) -> None: ...

    async def find(self, client_id: str) -> tuple[Order, ...]:
        """Return every order that the venue knows by this client id, or raise.

        An empty tuple is a definite "no such order".
        """
        ...

    async def account(self) -> AccountSnapshot:
        """Return the whole account, or raise: a partial answer never means empty."""
        ...

    def stream(self) -> AsyncIterator[AccountEvent | LinkChanged]:
        """Yield outcomes as they become known.

        The private stream is down when this ends, raises or yields a ``LinkChanged`` that says so; it is then asked
        for again, and our books are reconciled before anything is sent.
        """
        ...


class Store(Protocol):
    """The ledger: steps, orders, fills, decisions, audit chain. Writes are fenced by the lease."""

    async def commit(self, steps: Sequence[Step], fence: int) -> None:
        """Make steps durable, in order, in one transaction: events, commands, order rows, entries, audit links."""
        ...

    def steps(self, run_id: str) -> AsyncIterator[Step]: ...

    async def decisions(
        self, run_id: str, *, limit: int = 100, until: int | None = None
    ) -> Sequence[Decision]: ...


Recordable: TypeAlias = MarketEvent | BookDelta
"""What a history keeps: market events, and the book messages that books are rebuilt from."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What a history holds of one series: ``kind`` is its rows' class name, ``subject`` its instrument or name."""

    kind: str
    subject: str
    interval_ms: int | None
    first_ts: int
    last_ts: int
    rows: int


class History(Protocol):
    """The market store: recorded data, in the order it became known."""

    async def write(self, rows: Sequence[Recordable]) -> int:
        """Keep rows, all in one transaction. Return how many were new, or told what a stored row did not know.

        A row that is already there changes nothing else.
        """
        ...

    def read(self, feed: Feed, since: int, until: int) -> AsyncIterator[Recordable]:
        """Yield rows known in [since, until), ties as written; a book feed gives books and book messages."""
        ...

    async def coverage(self) -> Sequence[Coverage]:
        """Return what there is of every series: for option chains the subject is ``BTC@deribit``."""
        ...


class Budget(Protocol):
    """The one budget of all processes: ``account`` is a venue, or a venue and a key of it."""

    def take(self, account: str, allowance: Allowance, weight: int, priority: Priority, now: int) -> int:
        """Take ``weight``, or return the milliseconds to wait before trying again."""
        ...

    def observe(self, account: str, allowance: Allowance, used: int, now: int) -> None:
        """Hear how much the venue itself has counted in this window."""
        ...

    def stop(self, venue: str, until: int, reason: str) -> None:
        """Keep everybody from asking a venue before ``until``; a later stop holds."""
        ...

    def stopped(self, venue: str, now: int) -> Stop | None: ...

    def used(self, account: str, allowance: Allowance, now: int) -> int: ...


class Lease(Protocol):
    """The right to send for one account and store; ``fence`` grows with each holder."""

    @property
    def fence(self) -> int: ...

    def held(self) -> bool: ...


__all__ = [
    "AccountSnapshot",
    "Budget",
    "Clock",
    "Coverage",
    "Execution",
    "Gate",
    "History",
    "InstrumentId",
    "KillFlag",
    "Lease",
    "LedgerEntry",
    "MarketData",
    "Recordable",
    "Store",
]
