"""What a topic or an operator wants. Wishes, not orders: ``engine.plan`` turns them into requests."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import OrderRequest


class Target(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The position that ``source`` wants to hold of its own, in signed base units."""

    instrument: InstrumentId
    source: str
    qty: Decimal
    reason: str
    max_slippage_bps: float = 20.0
    group: str | None = None


class Rung(msgspec.Struct, frozen=True):
    """One resting order of a ladder: side, limit price (quote) and quantity (base)."""

    side: Side
    price: Decimal
    qty: Decimal


class Ladder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The resting orders that ``source`` wants at this moment, best prices first on each side; empty withdraws all."""

    instrument: InstrumentId
    source: str
    rungs: tuple[Rung, ...]
    reason: str
    heeded: Decimal = Decimal(1)
    """The size factor of a ``Caution`` that these quantities already carry, so that it is not applied twice."""


class Caution(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How much less may be risked on an instrument, for ``reason``: the engine holds every strategy to it.

    ``size_factor`` scales what is newly wanted; ``reduce_only`` lets nothing grow. ``level`` is the band it acts for,
    ``score`` beside ``threshold`` is what the record shows.
    """

    instrument: InstrumentId
    source: str
    level: str
    score: float | None
    threshold: float | None
    size_factor: Decimal = Decimal(1)
    reduce_only: bool = False
    reason: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One order exactly as a person asked for it on the ticket or the command line."""

    request: OrderRequest


Intent: TypeAlias = Target | Ladder | Caution | Wish
