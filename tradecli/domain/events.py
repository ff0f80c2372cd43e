"""Everything the engine can be told: market, account, links, timers, assessments, operators. A closed union.

Account events carry the venue's time in ``ts``; the runner adds our own. Each is frozen and tagged by its class name,
which is its name in the store: renaming one is a migration.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from tradecli.domain.control import Latch, Scope
from tradecli.domain.decision import Input
from tradecli.domain.enums import KillLevel, Liquidity, Severity, Side, StrategyState
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.intent import Intent
from tradecli.domain.market import MarketEvent
from tradecli.domain.order import Order, OrderRequest


class OrderSending(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The send mark is durable: from here on the request may be out."""

    client_id: str
    ts: int


class OrderAccepted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    client_id: str
    ts: int
    venue_id: str | None = None


class OrderRejected(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue said no, with its own code."""

    client_id: str
    ts: int
    code: str
    reason: str


class OrderVoided(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The gate said no in this process: nothing was sent."""

    client_id: str
    ts: int
    reason: str


class OrderAmbiguous(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the venue has the order is not known; ``check_at`` is when to ask next (None: soon)."""

    client_id: str
    ts: int
    reason: str
    check_at: int | None = None


class OrderCanceled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    client_id: str
    ts: int
    reason: str = ""
    cum_filled: Decimal | None = None


class OrderExpired(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What an IOC or FOK left, or a dated order at its end."""

    client_id: str
    ts: int
    reason: str = ""
    cum_filled: Decimal | None = None


class OrderAbsent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Proof of absence (RELIABILITY section 3) is complete; ``evidence`` says of what it consists."""

    client_id: str
    ts: int
    evidence: str


class CancelRequested(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A cancel is on its way: a mark on a live order, not a state."""

    client_id: str
    ts: int


class CancelFailed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The cancel was refused or its outcome is unclear: the order stays live."""

    client_id: str
    ts: int
    reason: str


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One execution of ours, counted once by (venue, account, instrument, trade id)."""

    instrument: InstrumentId
    trade_id: str
    client_id: str | None
    side: Side
    qty: Decimal
    price: Decimal
    fee: Decimal
    fee_coin: str
    liquidity: Liquidity
    ts: int
    cause: str = ""
    """Empty, or ``liquidation``, ``adl``, ``settlement``, ``foreign``."""

    @property
    def signed_qty(self) -> Decimal:
        return self.qty if self.side is Side.BUY else -self.qty


class OrderAdopted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue has an order of ours that our books do not: taken over as the venue describes it, with an alarm."""

    order: Order
    ts: int
    reason: str


OrderEvent: TypeAlias = (
    OrderSending
    | OrderAccepted
    | OrderRejected
    | OrderVoided
    | OrderAmbiguous
    | OrderCanceled
    | OrderExpired
    | OrderAbsent
    | CancelRequested
    | CancelFailed
    | Fill
)


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Funding received (+) or paid (-), once per (venue, instrument, settlement time)."""

    instrument: InstrumentId
    payment_id: str
    ts: int
    rate: Decimal
    position: Decimal
    mark: Decimal
    amount: Decimal
    coin: str


class Transferred(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A deposit (+), a withdrawal (-) or an adjustment that an operator confirmed."""

    venue: str
    coin: str
    amount: Decimal
    ts: int
    ref: str
    kind: str = "transfer"


class LinkChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A feed or a private stream of a venue went up or down. ``feed`` empty: the whole venue's market data.

    ``account``: our books of that venue are not reconciled while it is down, and only cancels go there.
    """

    venue: str
    up: bool
    ts: int
    feed: str = ""
    reason: str = ""


class TimerFired(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Time passed without any other event."""

    ts: int


class Assessed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A topic's answer. ``report`` is the component's own Struct, or None with ``error`` when it could not be made.

    ``fault`` says that the topic itself broke, as opposed to data that are missing. ``cycle`` 0: asked outside a cycle.
    """

    topic: str
    focus: InstrumentId | None
    cycle: int
    ts: int
    report: Any
    intents: tuple[Intent, ...] = ()
    inputs: tuple[Input, ...] = ()
    error: str = ""
    fault: bool = False


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An operator asked for an order. ``key`` makes a repeated request the same request (O03)."""

    request: OrderRequest
    ts: int
    key: str = ""


class CancelAsked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An operator asked to cancel one order, or every working order when ``client_id`` is None."""

    client_id: str | None
    ts: int
    reason: str = ""


class LatchSet(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A kill level is durable and binds from now on."""

    latch: Latch
    ts: int


class LatchReleased(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An operator released every latch of ``scope``, or of one level there, with a reason."""

    scope: Scope
    reason: str
    ts: int
    level: KillLevel | None = None


class StrategySet(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    strategy: str
    state: StrategyState
    reason: str
    ts: int


class LimitsTightened(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Risk limits that bind tighter from now on, by key, as they are written; ``digest`` is that of the whole
    configuration that says so.
    """

    changed: dict[str, str]
    digest: str
    reason: str
    ts: int


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The shell tells what it saw or did: a start, a stop, a store that fails, a difference. ``topic`` is one word."""

    topic: str
    severity: Severity
    text: str
    ts: int
    instrument: InstrumentId | None = None


AccountEvent: TypeAlias = OrderEvent | OrderAdopted | FundingPaid | Transferred
ControlEvent: TypeAlias = (
    LinkChanged
    | TimerFired
    | Assessed
    | OrderAsked
    | CancelAsked
    | LatchSet
    | LatchReleased
    | StrategySet
    | LimitsTightened
    | Noted
)
Event: TypeAlias = MarketEvent | AccountEvent | ControlEvent
