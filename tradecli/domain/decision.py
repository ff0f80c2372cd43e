"""The record of one cycle: what was known, what was wanted, what each check said, what was done."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.domain.enums import Quality, TradingState, Verdict
from tradecli.domain.instrument import InstrumentId


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One number a decision rested on, with its age and source. ``value`` None: unknown, for ``reason``.

    ``scope`` is the instrument it is of, empty for the whole desk.
    """

    name: str
    value: float | None
    as_of: int | None
    source: str
    quality: Quality = Quality.OK
    reason: str = ""
    scope: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded condition: its value beside its threshold, and the verdict. ``scope`` says of what."""

    name: str
    value: str
    threshold: str
    verdict: Verdict
    scope: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy wanted of one instrument in this cycle, and what became of it."""

    source: str
    instrument: InstrumentId
    wanted: str
    reason: str
    verdict: Verdict
    why: str = ""


class Netting(msgspec.Struct, frozen=True, kw_only=True):
    """Targets of several strategies on one instrument: the change each asked for, and the one order that remains."""

    instrument: InstrumentId
    asked: tuple[tuple[str, Decimal], ...]
    net: Decimal
    crossed: Decimal
    """Quantity that met inside and needs no order."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One cycle. ``trigger``: ``cycle``, ``fill``, ``operator`` or ``breaker``; ``orders``, ``cancels``: client ids."""

    number: int
    at: int
    trigger: str
    state: TradingState
    inputs: tuple[Input, ...]
    proposals: tuple[Proposal, ...]
    netting: tuple[Netting, ...]
    checks: tuple[Check, ...]
    orders: tuple[str, ...]
    cancels: tuple[str, ...]
    equity: Decimal | None
    drawdown_pct: float | None
    notices: tuple[str, ...] = ()
