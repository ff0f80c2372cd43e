"""The one road of an order to a venue, and of its cancel: durable, paced, looked at once more, sent once.

Intent durable, our rate budget, send mark durable, then the transport, which takes the last look (the gate) right
before the bytes. The gate lets one request through and no second, whatever a library retries. What the transport
raises says nothing about the order: it is UNKNOWN until the venue answers (N01). A record of that cannot be
cancelled (N16): it is made before the cancellation goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradecli.domain.commands import CancelOrder
from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import CancelFailed, OrderAmbiguous, OrderSending, OrderVoided
from tradecli.domain.order import Approved
from tradecli.engine.freshness import Freshness
from tradecli.engine.gate import last_look
from tradecli.engine.pace import Pace
from tradecli.engine.spine import Spine
from tradecli.ports import Execution, Lease

SEND_TIMEOUT_S = 10.0
LEFT_ALREADY = "a request for this order has left already"

Point = Callable[[str], None]
"""Called at named moments between which a crash makes a difference; does nothing in a real run."""

POINTS = (
    "intent.kept",
    "intent.durable",
    "mark.durable",
    "sent",
    "outcome.heard",
    "outcome.taken",
    "cancel.kept",
    "cancel.durable",
    "canceled",
    "kill.heard",
    "reconcile.begun",
    "reconcile.fetched",
    "reconcile.applied",
    "reconcile.done",
)


class Road:
    """Carries orders and cancels to one venue. ``in_flight`` are the orders on their way in this process."""

    def __init__(
        self, spine: Spine, execution: Execution, lease: Lease, pace: Pace, point: Point, venue: str
    ) -> None:
        self.spine = spine
        self.execution = execution
        self.lease = lease
        self.pace = pace
        self.point = point
        self.venue = venue
        self.in_flight: dict[str, None] = {}

    async def send(self, approved: Approved) -> None:
        """Carry one approved order; whatever happens, its state says what is known afterwards."""
        name = approved.client_id
        self.in_flight[name] = None
        try:
            self.point("intent.kept")
            if not await self.spine.durable():
                self._void(name, "denied: the intent could not be made durable")
                self.spine.on_undurable_intent()
                return
            self.point("intent.durable")
            await self.pace.wait(self.venue, cancel=False)
            if not self._is_intent(name):
                return  # canceled while it waited
            void = self._look(approved)
            if void is not None:
                self._void(name, void)
                return
            self.spine.take(OrderSending(client_id=name, ts=self.spine.clock.now()))
            if not await self.spine.durable():
                self._void(name, "the send mark could not be made durable")
                return
            self.point("mark.durable")
            await self._submit(approved)
            self.point("sent")
        finally:
            self.in_flight.pop(name, None)

    async def _submit(self, approved: Approved) -> None:
        gate = Gate(lambda: self._look(approved))
        reason = ""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self.execution.submit(approved, gate)
        except asyncio.CancelledError:
            self._unclear(approved, gate, "the sending was interrupted")
            raise
        except TimeoutError:
            reason = f"no answer within {SEND_TIMEOUT_S:g} s"
        except Exception as broken:
            self.pace.heard(self.venue, broken)
            reason = f"{type(broken).__name__}: {broken}"
        if reason or gate.refused is not None:
            self._unclear(approved, gate, reason)

    def _unclear(self, approved: Approved, gate: Gate, reason: str) -> None:
        now = self.spine.clock.now()
        if gate.refused is not None and not gate.passed:
            self._void(approved.client_id, gate.refused)
        else:
            self.spine.take(OrderAmbiguous(client_id=approved.client_id, ts=now, reason=reason))

    def _void(self, client_id: str, reason: str) -> None:
        self.spine.take(OrderVoided(client_id=client_id, ts=self.spine.clock.now(), reason=reason))

    def _look(self, approved: Approved) -> str | None:
        engine, spine = self.spine.engine, self.spine
        if spine.lost is not None:
            return "the lease is lost: another process may send for this account"
        freshness: Freshness = engine.breakers.freshness
        return last_look(
            approved,
            state=engine.state,
            freshness=freshness,
            limits=engine.desk.limits,
            latches=spine.look_at_flag(),
            lease_held=self.lease.held(),
            at=spine.clock.now(),
            closing=approved.request.source == "flatten",
        )

    def _is_intent(self, client_id: str) -> bool:
        order = self.spine.engine.state.account.order(client_id)
        return order is not None and order.status is OrderStatus.INTENT

    async def cancel(self, command: CancelOrder) -> None:
        """Ask the venue to cancel; what the store does cannot hold it up for good (S01).

        An order that was not sent yet is void at once, and costs none of the budget that it waits for.
        """
        if self._is_intent(command.client_id):
            self._void(command.client_id, f"canceled before it was sent: {command.reason}")
            return
        self.point("cancel.kept")
        await self.spine.durable()
        self.point("cancel.durable")
        await self.pace.wait(self.venue, cancel=True)
        reason = ""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self.execution.cancel(command.client_id)
        except TimeoutError:
            reason = f"no answer within {SEND_TIMEOUT_S:g} s"
        except Exception as broken:
            self.pace.heard(self.venue, broken)
            reason = f"{type(broken).__name__}: {broken}"
        if reason:
            now = self.spine.clock.now()
            self.spine.take(CancelFailed(client_id=command.client_id, ts=now, reason=reason))
        self.point("canceled")


class Gate:
    """The last look as the transport calls it: it passes at most once."""

    def __init__(self, look: Callable[[], str | None]) -> None:
        self._look = look
        self.passed = False
        self.refused: str | None = None

    def __call__(self) -> str | None:
        if self.passed:
            return LEFT_ALREADY
        self.refused = self._look()
        self.passed = self.refused is None
        return self.refused
