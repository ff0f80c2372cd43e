"""What a flatten latch makes of the positions in its scope: parent orders that close them, until nothing is held. Pure.

A fill that comes late, of an order that was under way when the latch fell, changes what there is to close. So the
parents are looked at again with every evaluation: one on the wrong side is given up, and what no parent works on gets
a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tradecli.domain.control import Latch
from tradecli.domain.enums import Side
from tradecli.domain.position import Position
from tradecli.engine.execute import Parent, ParentStatus, canceled
from tradecli.engine.state import State

SOURCE = "flatten"
_SLICES = 5
_EVERY_MS = 2_000
_SLIPPAGE_BPS = Decimal(50)


def held_in_scope(state: State, latch: Latch) -> list[Position]:
    """Return the open positions that the latch binds, in the order of their names."""
    positions = sorted(state.account.positions.items())
    return [position for name, position in positions if position.qty and latch.scope.binds(name, "")]


def closing_parents(state: State, latch: Latch, parents: Mapping[str, Parent], at: int) -> dict[str, Parent]:
    """Return the parents to add or to give up, by their id."""
    changed: dict[str, Parent] = {}
    for position in held_in_scope(state, latch):
        side = Side.SELL if position.qty > 0 else Side.BUY
        ours = [p for p in parents.values() if p.source == SOURCE and p.instrument == position.instrument]
        for parent in ours:
            if parent.is_working and parent.side is not side:
                changed[parent.id] = canceled(parent, "the position is on the other side now")
        if any(p.side is side and (p.is_working or p.status is ParentStatus.FAILED) for p in ours):
            continue  # one that failed was told to a person
        name = f"flatten{len(parents) + sum(key not in parents for key in changed) + 1}"
        changed[name] = Parent(
            id=name,
            instrument=position.instrument,
            side=side,
            qty=abs(position.qty),
            source=SOURCE,
            slices=_SLICES,
            every_ms=_EVERY_MS,
            slippage_bps=_SLIPPAGE_BPS,
            next_at=at,
            reduce_only=True,
        )
    return changed
