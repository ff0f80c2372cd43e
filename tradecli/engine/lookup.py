"""Orders of unknown outcome at one venue: asked about by id until the venue's answer, or proof of absence, ends it.

The times are those of ``absence``; a count of failed questions is no evidence (RELIABILITY section 3). Where evidence
stays out, the order stays UNKNOWN and a person is asked. Cancels that nobody confirmed are looked up here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tradecli.domain.enums import OrderStatus, Severity
from tradecli.domain.events import OrderAbsent, OrderAmbiguous
from tradecli.domain.order import Order
from tradecli.engine import absence
from tradecli.engine.reconcile import CANCEL_PATIENCE_MS, differences, settle_found
from tradecli.engine.recovery import CALL_S, Recovery

_TICK_MS = 500
_UNCLEAR_MS = 5_000
"""A send mark without a running request and without an outcome is asked about after this."""


class LookUps:
    """The open questions of one venue."""

    def __init__(self, recovery: Recovery) -> None:
        self.recovery = recovery
        self.spine = recovery.spine
        self.road = recovery.road
        self._searches: dict[str, absence.Search] = {}
        self._asked_operator: set[str] = set()

    async def ask(self) -> None:
        """Ask by id for every order whose outcome is not known, when its time has come."""
        while True:
            await self.recovery.pause(_TICK_MS)
            for order in self._due(self.spine.clock.now()):
                await self._look_at(order)

    def _due(self, now: int) -> Iterable[Order]:
        for order in self.recovery.live_orders():
            if order.status is OrderStatus.UNKNOWN:
                if (order.next_check_at or 0) <= now:
                    yield order
            elif order.client_id in self.road.in_flight:
                continue
            elif order.status is OrderStatus.SENDING:
                if now - order.updated_at >= _UNCLEAR_MS:
                    yield order
            elif order.cancel_pending and now - order.updated_at >= CANCEL_PATIENCE_MS:
                yield order

    async def _look_at(self, order: Order) -> None:
        name = order.client_id
        try:
            found = await self.recovery.find(name)
        except Exception as broken:
            self.road.pace.heard(self.road.venue, broken)
            self._again(name, f"look-up failed: {type(broken).__name__}: {broken}", absence.AGAIN_MS)
            return
        current = self.spine.engine.state.account.order(name)
        if current is None or not current.is_live:
            self._searches.pop(name, None)
            return
        now = self.spine.clock.now()
        if found:
            self._searches.pop(name, None)
            for event in settle_found(current, found, now):
                self.spine.take(event)
            if found[0].filled > current.filled or current.status is OrderStatus.UNKNOWN:
                await self.recovery.after_found(name)
            after = self.spine.engine.state.account.order(name)
            if after is not None and after.status is OrderStatus.UNKNOWN:
                self._again(name, f"the venue says {found[0].status}, which is not known here", 10_000)
        elif current.status is OrderStatus.UNKNOWN:
            await self._on_absent(current, now)
        else:
            for event in settle_found(current, found, now):
                self.spine.take(event)

    async def _on_absent(self, order: Order, now: int) -> None:
        execution = self.road.execution
        name = order.client_id
        search = self._searches.get(name) or absence.Search(
            client_id=name, sent_at=order.updated_at, window_ms=execution.validity_ms + execution.settle_ms
        )
        search = self._searches[name] = absence.heard_absent(search, now)
        if not absence.is_complete(search):
            told = f"look-up {len(search.absent_at)} of {absence.LOOKS}: the venue finds no such order"
            self._again(name, told, absence.next_look_at(search, now) - now)
            return
        against = await self._against_absence(name)
        if against is None:
            del self._searches[name]
            now = self.spine.clock.now()
            self.spine.take(OrderAbsent(client_id=name, ts=now, evidence=absence.evidence(search)))
        else:
            if name not in self._asked_operator:
                self._asked_operator.add(name)
                text = f"{name} stays unknown: {against}; look at the venue and decide"
                self.spine.note(Severity.CRITICAL, "order", text, order.request.instrument)
            self._again(name, against, absence.AGAIN_MS)

    async def _against_absence(self, name: str) -> str | None:
        """Say what speaks against the absence of an order in the venue's lists and our books, or None."""
        moved = self.recovery.movement()
        try:
            async with asyncio.timeout(CALL_S):
                snapshot = await self.road.execution.account()
        except Exception as broken:
            return f"the lists cannot be had: {type(broken).__name__}: {broken}"
        if any(order.client_id == name for order in snapshot.open_orders):
            return "it is in the list of open orders"
        if any(fill.client_id == name for fill in snapshot.fills):
            return "it has fills"
        if moved != self.recovery.movement():
            return "the account moved meanwhile"
        left = differences(self.spine.engine.state.account, snapshot)
        return f"{left[0].what} differs" if left else None

    def _again(self, name: str, reason: str, in_ms: int) -> None:
        now = self.spine.clock.now()
        order = self.spine.engine.state.account.order(name)
        if order is not None and order.status is OrderStatus.UNKNOWN:
            event = OrderAmbiguous(client_id=name, ts=now, reason=reason, check_at=now + max(in_ms, _TICK_MS))
            self.spine.take(event)
