"""One venue's side of recovery: its private stream and reconciliation.

The same pass serves a start, a restart after a kill and a reconnect (RELIABILITY section 4): close the venue, hold the
private stream back, fetch everything or nothing, apply what is missed, let the stream go on, compare exactly. It sends
cancels at most, and nothing to make numbers agree. What it decides from is in ``reconcile``, which is pure; orders of
unknown outcome are asked about one by one in ``lookup``.
"""

from __future__ import annotations

import asyncio
from collections import deque

from tradecli.domain.control import Scope
from tradecli.domain.enums import KillLevel, OrderStatus, ScopeKind, Severity
from tradecli.domain.events import AccountEvent, Fill, LinkChanged
from tradecli.domain.instrument import venue_of
from tradecli.domain.order import Order
from tradecli.engine.reconcile import Mismatch, Reconciled, differences, reconcile
from tradecli.engine.road import Point, Road
from tradecli.engine.spine import Spine
from tradecli.engine.state import ACCOUNT_FEED
from tradecli.errors import ReconciliationMismatch
from tradecli.ports import AccountSnapshot

LIGHT_MS = 30_000
_TICK_MS = 500
CALL_S = 10.0
_BACKOFF_MS = (500, 1_000, 2_000, 5_000)
_HELD_BACK = 10_000
_QUIET_TRIES = 3


class Recovery:
    """Keeps our books of one venue equal to the venue's."""

    def __init__(
        self, spine: Spine, road: Road, point: Point, *, own_prefix: str, foreign_ok: bool = False
    ) -> None:
        self.spine = spine
        self.road = road
        self.point = point
        self.venue = road.venue
        self.own_prefix = own_prefix
        self.foreign_ok = foreign_ok
        self.open = False
        self.mismatches: tuple[Mismatch, ...] = ()
        self.heard = 0
        self._held: deque[AccountEvent] | None = deque()
        self._overflowed = False
        self._wanted = asyncio.Event()
        self._why = "start"
        self._told_failure = ""

    # -- the private stream ----------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Hear the venue's private stream for good; each time it breaks, close the venue and reconcile."""
        tries = 0
        while True:
            begun = self.spine.clock.monotonic()
            try:
                async for event in self.road.execution.stream():
                    self._hear(event)
                reason = "the private stream ended"
            except Exception as broken:
                reason = f"{type(broken).__name__}: {broken}"
            tries = 0 if self.spine.clock.monotonic() - begun > LIGHT_MS else tries + 1
            self.close(reason)
            await self.pause(_BACKOFF_MS[min(tries, len(_BACKOFF_MS) - 1)])
            self.want(f"reconnect after: {reason}")

    def _hear(self, event: AccountEvent | LinkChanged) -> None:
        if isinstance(event, LinkChanged):
            if event.up:
                self.want("the private stream is up again")
            else:
                self.close(event.reason or "the private stream is down")
            return
        self.point("outcome.heard")
        self.heard += 1
        if isinstance(event, Fill) and event.instrument not in self.spine.engine.state.instruments:
            self.want(f"a fill on {event.instrument}, which is not known here")
        elif self._held is None:
            self.spine.take(event)
            self.point("outcome.taken")
        elif len(self._held) < _HELD_BACK:
            self._held.append(event)
        else:
            self._overflowed = True

    def close(self, reason: str) -> None:
        """Let only cancels go to the venue until our books are reconciled."""
        self.open = False
        if self._held is None:
            self._held = deque()
        link = self.spine.engine.state.links.get((self.venue, ACCOUNT_FEED))
        if link is None or link.up:
            self._tell_link(up=False, reason=reason)

    def want(self, why: str) -> None:
        """Ask for a full pass."""
        self._why = why
        self._wanted.set()

    def _tell_link(self, *, up: bool, reason: str) -> None:
        now = self.spine.clock.now()
        self.spine.take(LinkChanged(venue=self.venue, feed=ACCOUNT_FEED, up=up, ts=now, reason=reason))

    # -- passes ----------------------------------------------------------------------------------------------------

    async def keep_equal(self) -> None:
        """Reconcile at the start, when asked, and each 30 s."""
        while True:
            if self._wanted.is_set() or not self.open:
                self._wanted.clear()
                await self._full_pass(self._why)
            else:
                await self.light_pass()
            await self._wait_for_wish(LIGHT_MS)

    async def _wait_for_wish(self, most_ms: int) -> None:
        clock = self.spine.clock
        until = clock.monotonic() + most_ms
        while not self._wanted.is_set() and clock.monotonic() < until:
            await self.pause(min(_TICK_MS, until - clock.monotonic()))

    async def _full_pass(self, why: str) -> None:
        """Close the venue, bring our books up to its truth, and open it again; a difference that stays latches."""
        self.close(f"reconciling: {why}")
        self.point("reconcile.begun")
        differ_since: int | None = None
        tries = looks = 0
        while True:
            fetched = await self.fetch()
            if fetched is None:
                await self.pause(_BACKOFF_MS[min(tries, len(_BACKOFF_MS) - 1)])
                tries += 1
                continue
            tries = 0
            self.point("reconcile.fetched")
            left = self._apply(*fetched)
            self.point("reconcile.applied")
            if self._wanted.is_set():
                self._wanted.clear()  # the stream broke again meanwhile: what was fetched may be too old
                continue
            now = self.spine.clock.monotonic()
            differ_since = now if differ_since is None else differ_since
            if left and now - differ_since < self.road.execution.settle_ms:
                await self.pause(min(250 << min(looks, 10), max(self.road.execution.settle_ms // 4, 250)))
                looks += 1
                continue
            await self._finish(why, left)
            return

    async def _finish(self, why: str, left: tuple[Mismatch, ...]) -> None:
        self.mismatches = left
        if left:
            first = left[0]
            text = f"{first.told(self.venue)} ({len(left)} differences)"
            self.spine.note(Severity.CRITICAL, self._topic, text)
            scope = Scope(ScopeKind.VENUE, self.venue)
            self.spine.latch(KillLevel.REDUCE, f"books differ: {first.what}", "reconciliation", scope)
        else:
            self.spine.note(Severity.NOTE, self._topic, f"{self.venue} equals our books ({why})")
        self._let_go()
        self.open = True
        self._tell_link(up=True, reason="reconciled" if not left else "reconciled but for differences")
        self.point("reconcile.done")
        await self.spine.durable()

    @property
    def _topic(self) -> str:
        """What a verdict on this venue's books is noted under; the newest one stands (``LedgerReader.mismatches``)."""
        return f"reconcile {self.venue}"

    async def light_pass(self) -> None:
        """Compare without closing; a difference while nothing moved is a reason for a full pass."""
        for _ in range(_QUIET_TRIES):
            heard = self.movement()
            fetched = await self.fetch()
            if fetched is None:
                return
            snapshot, found = fetched
            quiet = heard == self.movement() and not self.road.in_flight
            result = self._reconcile(snapshot, found)
            for event in result.events:
                self.spine.take(event)
            if not result.events and quiet:
                if result.mismatches and self.mismatches != result.mismatches:
                    self.want(result.mismatches[0].told(self.venue))
                elif self.mismatches and not result.mismatches:
                    self.mismatches = ()
                    self.spine.note(Severity.NOTE, self._topic, f"{self.venue} equals our books again")
                return

    def movement(self) -> tuple[int, int, int]:
        """Return what changes whenever our books of any venue, or what is on its way, change."""
        account = self.spine.engine.state.account
        return self.heard, account.order_count, len(account.booked)

    async def fetch(self) -> tuple[AccountSnapshot, dict[str, tuple[Order, ...]]] | None:
        """Return the venue's whole account and its answers for what it does not list; None: not to be had."""
        try:
            async with asyncio.timeout(CALL_S):
                snapshot = await self.road.execution.account()
            listed = {order.client_id for order in snapshot.open_orders}
            found = {}
            for order in self.live_orders():
                if order.client_id in listed or order.client_id in self.road.in_flight:
                    continue
                if order.status is not OrderStatus.INTENT:
                    found[order.client_id] = await self.find(order.client_id)
        except Exception as broken:
            self._told(f"{self.venue} cannot be reconciled: {type(broken).__name__}: {broken}")
            self.road.pace.heard(self.venue, broken)
            return None
        self._told("")
        return snapshot, found

    def _told(self, text: str) -> None:
        if text and text != self._told_failure:
            self.spine.note(Severity.WARN, "reconcile", text)
        self._told_failure = text

    async def find(self, client_id: str) -> tuple[Order, ...]:
        async with asyncio.timeout(CALL_S):
            return await self.road.execution.find(client_id)

    def _reconcile(self, snapshot: AccountSnapshot, found: dict[str, tuple[Order, ...]]) -> Reconciled:
        account, now = self.spine.engine.state.account, self.spine.clock.now()
        self._learn_ids(snapshot)
        result = reconcile(
            account, snapshot, self.own_prefix, now, found=found, in_flight=self.road.in_flight
        )
        if result.foreign and not self.foreign_ok:
            self._on_foreign(result.foreign)
        return result

    def _learn_ids(self, snapshot: AccountSnapshot) -> None:
        """An id that the venue knows is never given out again, even where our books lost it."""
        decider = self.spine.engine.decider
        names = [order.client_id for order in snapshot.open_orders]
        names += [fill.client_id for fill in snapshot.fills if fill.client_id]
        decider.reserve_ids(names)

    def _on_foreign(self, foreign: tuple[Order, ...]) -> None:
        name = foreign[0].client_id[:40]
        text = f"{len(foreign)} orders at {self.venue} are not ours, the first {name}"
        if not self.open and self._why == "start":
            raise ReconciliationMismatch(
                text,
                number=110,
                hint="another program trades on this account: stop it, or allow foreign orders explicitly",
            )
        self.spine.latch(KillLevel.HALT, text, "foreign orders")

    def _apply(self, snapshot: AccountSnapshot, found: dict[str, tuple[Order, ...]]) -> tuple[Mismatch, ...]:
        """Apply what was missed, then what the stream said meanwhile; return what still differs."""
        self._halt_on_history(snapshot)
        for _ in range(_QUIET_TRIES):
            result = self._reconcile(snapshot, found)
            for event in result.events:
                self.spine.take(event)
            if not result.events:
                break
        self._replay_held()
        if self._overflowed:
            self._overflowed = False
            self.want("more came by the stream than can be held back")
        return differences(self.spine.engine.state.account, snapshot)

    def _halt_on_history(self, snapshot: AccountSnapshot) -> None:
        """Trade on an account with a history only with its ledger, or once a person has released the halt (S07)."""
        account = self.spine.engine.state.account
        if account.order_count or any(not key.startswith("transfer:") for key in account.booked):
            return
        ours = any(order.client_id.startswith(self.own_prefix) for order in snapshot.open_orders)
        if ours or snapshot.fills or any(position.qty for position in snapshot.positions):
            text = f"the ledger is empty, and the account at {self.venue} has a history: release to adopt it"
            self.spine.latch(KillLevel.HALT, text, "empty ledger", Scope(ScopeKind.VENUE, self.venue))

    def _replay_held(self) -> None:
        while self._held:
            self.spine.take(self._held.popleft())
            self.point("outcome.taken")

    def _let_go(self) -> None:
        self._replay_held()
        self._held = None

    # -- what the look-ups use -------------------------------------------------------------------------------------

    def live_orders(self) -> list[Order]:
        """Return the unresolved orders at this venue, oldest first."""
        account = self.spine.engine.state.account
        return [each for each in account.live.values() if venue_of(each.request.instrument) == self.venue]

    async def after_found(self, client_id: str) -> None:
        """Bring in what else the venue knows, once an order of unknown outcome was found there."""
        if self.open:
            await self.light_pass()
        else:
            self.want(f"{client_id} was found")

    async def pause(self, ms: int) -> None:
        await self.spine.clock.sleep_until(self.spine.clock.now() + ms)
