"""The engine: one synchronous function over plain values. Read this file first.

``process`` takes one event at our time ``at`` and returns commands. It reads as a list of named steps: take the
event in, react to what it changed of ours, look at the breakers, do what is due. It awaits nothing, opens nothing
and is told what time it is. Orders leave it only as ``SubmitOrder`` around an ``Approved`` (the one road,
ARCHITECTURE section 5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from tradecli.domain.commands import CancelOrder, Command, Notify, SetLatch, Step
from tradecli.domain.control import Latch, Scope, strictest
from tradecli.domain.enums import KillLevel, OrderType, ScopeKind, Severity, StrategyState
from tradecli.domain.events import (
    Assessed,
    CancelAsked,
    CancelRequested,
    Event,
    Fill,
    LatchReleased,
    LatchSet,
    LimitsTightened,
    LinkChanged,
    Noted,
    OrderAdopted,
    OrderAsked,
    OrderRejected,
    StrategySet,
)
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.domain.intent import Caution
from tradecli.domain.order import IllegalTransition, Order
from tradecli.engine.account import Changes
from tradecli.engine.breakers import Breakers
from tradecli.engine.cycle import Cycle, Duty
from tradecli.engine.decide import Decider, Made
from tradecli.engine.execute import Parent, after_fill, canceled, next_child
from tradecli.engine.flatten import SOURCE, closing_parents, held_in_scope
from tradecli.engine.freshness import told_of
from tradecli.engine.latching import CANCELLING
from tradecli.engine.limits import tightened
from tradecli.engine.plan import Planned, Strategy
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State

_LOOK_MS = 1_000
_NEVER = 1 << 62
_CANCEL_AGAIN_MS = 5_000
_REJECTS_PER_MIN = 5


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is built from: limits, strategies with their standing, duties, the beat, the client-id prefix."""

    limits: RiskSettings
    strategies: tuple[Strategy, ...]
    standing: Mapping[str, StrategyState]
    duties: tuple[Duty, ...]
    traded: tuple[InstrumentId, ...]
    id_prefix: str
    cycle_ms: int = 60_000
    assess_timeout_ms: int = 20_000
    base_ms: int = 60_000
    """Interval in which bars arrive; longer ones are rolled up from it."""


class Engine:
    """One desk. ``touched`` and ``make_step`` speak of the last call of ``process``."""

    def __init__(self, desk: Desk, instruments: Sequence[Instrument]) -> None:
        self.desk = desk
        self.state = State(instruments, desk.standing, desk.base_ms)
        self.breakers = Breakers(desk.limits)
        self.cycle = Cycle(desk.duties, desk.cycle_ms, desk.assess_timeout_ms)
        self.decider = Decider(desk.limits, desk.strategies, self.state, self.breakers, desk.id_prefix)
        self.parents: dict[str, Parent] = {}
        self.seq = 0
        self._changes: Changes | None = None
        self._commands: list[Command] = []
        self._orders: list[Order] = []
        self.looked_at = -_LOOK_MS
        self._rejects: dict[str, deque[int]] = {}
        self._told_links: dict[tuple[str, str], bool] = {}
        self.keys: dict[str, InstrumentId] = {}
        self.waits = False  # while it is True, the engine decides nothing of itself

    def process(self, event: Event, at: int) -> tuple[Command, ...]:
        """Take in one event and return what follows from it."""
        self.seq += 1
        self._commands, self._orders = [], []
        changes = self._take_in(event, at)
        self._changes = changes
        if changes is not None:
            self._react(event, changes, at)
        if (changes is not None and changes.entries) or at - self.looked_at >= _LOOK_MS:
            self._look(at)
        if at >= self.next_due():
            self._do_what_is_due(at)
        return tuple(self._commands)

    @property
    def touched(self) -> bool:
        """Say whether the last event changed an order or moved money."""
        changes = self._changes
        return bool(self._orders) or (changes is not None and bool(changes.orders or changes.entries))

    def make_step(self, event: Event, at: int, commands: tuple[Command, ...]) -> Step:
        """Return the last event as a step: what it changed, what followed."""
        changes = self._changes
        orders = {order.client_id: order for order in (changes.orders if changes else ())}
        orders.update({order.client_id: order for order in self._orders})
        current = tuple(self.state.account.order(client_id) or order for client_id, order in orders.items())
        entries = tuple(changes.entries) if changes else ()
        return Step(seq=self.seq, at=at, event=event, commands=commands, orders=current, entries=entries)

    def next_due(self) -> int:
        """Return when time alone makes something happen: a beat, a deadline, a child order."""
        due = _NEVER if self.waits else self.cycle.due_at
        if self.parents:
            due = min(due, *(parent.next_at for parent in self.parents.values() if parent.is_working), due)
        return due

    # -- taking in -------------------------------------------------------------------------------------------------

    def _take_in(self, event: Event, at: int) -> Changes | None:
        try:
            return self.state.apply(event, at)
        except IllegalTransition as error:
            instrument = error.order.request.instrument
            self._tell(Severity.CRITICAL, "order", f"bug: {error}", instrument)
            self._latch(KillLevel.HALT, Scope(ScopeKind.SYMBOL, instrument), str(error), "order-states", at)
            return Changes()

    def _react(self, event: Event, changes: Changes, at: int) -> None:
        for order, correction in changes.corrections:
            instrument = order.request.instrument
            self._tell(Severity.CRITICAL, "order", f"correction: {order.client_id} {correction}", instrument)
            self._latch(KillLevel.HALT, Scope(ScopeKind.SYMBOL, instrument), correction, "corrections", at)
        match event:
            case Fill():
                self._on_fill(event, changes)
            case Assessed():
                self._on_assessed(event, at)
            case OrderAsked():
                self._on_order_asked(event, at)
            case CancelAsked():
                self._on_cancel_asked(event, at)
            case LatchSet():
                self._on_latch(event.latch, at)
            case LatchReleased():
                self.breakers.released()
                self._tell(Severity.ALERT, "kill", f"released {event.scope}: {event.reason}")
            case OrderRejected():
                self._on_rejected(event, at)
            case LinkChanged():
                if self._told_links.get((event.venue, event.feed)) is not event.up:
                    self._told_links[event.venue, event.feed] = event.up
                    self._tell(Severity.NOTE if event.up else Severity.WARN, *told_of(event))
            case Noted():
                self._tell(event.severity, event.topic, event.text, event.instrument)
            case OrderAdopted():
                self._on_adopted(event, at)
            case LimitsTightened():
                self._on_limits(event)
            case StrategySet():
                self._tell(Severity.NOTE, "strategy", f"{event.strategy} {event.state}: {event.reason}")
            case _:
                pass

    def _on_limits(self, event: LimitsTightened) -> None:
        limits = tightened(self.desk.limits, event.changed)
        self.desk = msgspec.structs.replace(self.desk, limits=limits)
        self.decider.limits = self.breakers.limits = self.breakers.freshness.settings = limits
        told = ", ".join(f"{key} = {value}" for key, value in sorted(event.changed.items()))
        self._tell(Severity.ALERT, "limits", f"tighter from now on by {event.reason}: {told}")

    def _on_adopted(self, adopted: OrderAdopted, at: int) -> None:
        """An order of ours that we did not know: it counts from now on, and a person must look before more is sent."""
        order = adopted.order
        instrument = order.request.instrument
        self._tell(Severity.CRITICAL, "order", f"adopted {order.client_id}: {adopted.reason}", instrument)
        self._latch(KillLevel.REDUCE, Scope(ScopeKind.SYMBOL, instrument), adopted.reason, "adoption", at)

    def _on_fill(self, fill: Fill, changes: Changes) -> None:
        if fill not in changes.fills:
            return
        text = f"{fill.side.upper()} {fill.qty} {fill.instrument} at {fill.price} ({fill.liquidity})"
        self._tell(Severity.NOTE, "fill", text, fill.instrument)
        order = self.state.account.order(fill.client_id) if fill.client_id else None
        group = order.request.group if order else None
        if group in self.parents:
            self.parents[group] = after_fill(self.parents[group], fill.qty)
        self._commands.extend(self.cycle.wake(fill.instrument))

    def _on_assessed(self, answer: Assessed, at: int) -> None:
        touched = self.cycle.take(answer)
        for caution in answer.intents:
            if isinstance(caution, Caution):
                self._on_caution(caution)
        if answer.fault:
            self._tell(
                Severity.CRITICAL, "assess", f"{answer.topic} {answer.focus or ''} broke: {answer.error}"
            )
            strategy = next((duty.strategy for duty in self.cycle.duties if duty.topic == answer.topic), None)
            if strategy is not None:
                self.state.strategies[strategy] = StrategyState.HALTED
                self._latch(
                    KillLevel.CANCEL, Scope(ScopeKind.STRATEGY, strategy), answer.error, "supervisor", at
                )
        if answer.cycle == 0:
            self._act("fill", touched, at)
        elif (
            answer.cycle == self.cycle.number
            and self.cycle.deadline is not None
            and not self.cycle.is_waiting
        ):
            self._finish_cycle(at)

    def _on_caution(self, caution: Caution) -> None:
        """Hold the instrument to a caution from now on, and say so when its level changed."""
        before = self.state.cautions.get(caution.instrument)
        self.state.cautions[caution.instrument] = caution
        if (before.level if before is not None else "") == caution.level:
            return
        binds = caution.reduce_only or caution.size_factor != 1
        if binds or (before is not None and (before.reduce_only or before.size_factor != 1)):
            severity = Severity.ALERT if binds else Severity.NOTE
            self._tell(severity, caution.source, f"{caution.level}: {caution.reason}", caution.instrument)

    def _on_order_asked(self, asked: OrderAsked, at: int) -> None:
        if asked.key and asked.key in self.keys:
            self._tell(Severity.NOTE, "order", f"asked again with key {asked.key}: nothing new is sent")
            return
        if asked.key:
            self.keys[asked.key] = asked.request.instrument
        made = self.decider.decide_requests("operator", [Planned(asked.request)], at, keep_denied=True)
        self._take(made)

    def _on_cancel_asked(self, asked: CancelAsked, at: int) -> None:
        live = self.state.account.live
        orders = [order for order in live.values() if asked.client_id in (None, order.client_id)]
        if not orders and asked.client_id is not None:
            self._tell(Severity.NOTE, "order", f"nothing to cancel: {asked.client_id} is not a working order")
        for order in orders:
            self._cancel(order, asked.reason or "operator", at)

    def _on_rejected(self, rejected: OrderRejected, at: int) -> None:
        order = self.state.account.order(rejected.client_id)
        if order is None:
            return
        venue = venue_of(order.request.instrument)
        text = f"{rejected.client_id} rejected: {rejected.code} {rejected.reason}"
        self._tell(Severity.WARN, "order", text, order.request.instrument)
        if rejected.code == "post_only":
            return
        recent = self._rejects.setdefault(venue, deque())
        recent.append(at)
        while recent[0] <= at - 60_000:
            recent.popleft()
        if len(recent) > _REJECTS_PER_MIN:
            reason = f"{len(recent)} rejections in a minute"
            self._latch(KillLevel.PAUSE, Scope(ScopeKind.VENUE, venue), reason, "breaker rejects", at)

    # -- latches ---------------------------------------------------------------------------------------------------

    def _latch(self, level: KillLevel, scope: Scope, reason: str, by: str, at: int) -> None:
        """Bind at once, and ask for it to be made durable; what the level does follows once it is."""
        known = any(latch.level is level and latch.scope == scope for latch in self.state.latches)
        if not known:
            latch = Latch(level=level, scope=scope, reason=reason, by=by, at=at)
            self.state.latches = (*self.state.latches, latch)
            self._commands.append(SetLatch(latch))

    def _on_latch(self, latch: Latch, at: int) -> None:
        self._tell(Severity.CRITICAL, "kill", f"{latch.level} {latch.scope} by {latch.by}: {latch.reason}")
        if latch.level not in CANCELLING:
            return
        for order in list(self.state.account.live.values()):
            bound = latch.scope.binds(order.request.instrument, order.request.source)
            if bound and not order.request.protective and order.request.source != SOURCE:
                self._cancel(order, f"{latch.level} {latch.scope}", at)
        if latch.level is KillLevel.FLATTEN:
            self.parents.update(closing_parents(self.state, latch, self.parents, at))
        elif latch.level is KillLevel.HALT:
            self.parents = {key: canceled(parent, "halted") for key, parent in self.parents.items()}

    def _check_flat(self, at: int) -> None:
        """Close what a flatten latch still finds held; once nothing is, turn it into a halt of its scope."""
        for latch in self.state.latches:
            if latch.level is not KillLevel.FLATTEN:
                continue
            if held_in_scope(self.state, latch):
                self.parents.update(closing_parents(self.state, latch, self.parents, at))
            elif not self._is_working_in(latch.scope):
                self._latch(KillLevel.HALT, latch.scope, f"flat after: {latch.reason}", latch.by, at)

    def _is_working_in(self, scope: Scope) -> bool:
        """Say whether an order in the scope could still fill: flat is flat only when none can."""
        return any(scope.binds(order.request.instrument, "") for order in self.state.account.live.values())

    # -- time ------------------------------------------------------------------------------------------------------

    def _look(self, at: int) -> None:
        self.looked_at = at
        for trip in self.breakers.evaluate(self.state, self.desk.traded, at):
            self._tell(trip.severity, trip.topic, trip.text)
            if trip.latch is not None:
                latch = trip.latch
                self._latch(latch.level, latch.scope, latch.reason, latch.by, at)
            if trip.closed is not None:
                self._withdraw_quotes(trip.closed, at)
        self._check_flat(at)
        if self.state.latches:
            self._withdraw_latched(at)

    def _withdraw_latched(self, at: int) -> None:
        """Cancel again what a cancelling level left live: a lost cancel must not leave an order resting (V22)."""
        for order in list(self.state.account.live.values()):
            request = order.request
            if order.updated_at > at - _CANCEL_AGAIN_MS or request.protective:
                continue
            latch = strictest(self.state.latches, request.instrument, request.source)
            if latch is not None and latch.level in CANCELLING and request.source != SOURCE:
                self._cancel(order, f"{latch.level} {latch.scope}", at)

    def _withdraw_quotes(self, instrument: InstrumentId, at: int) -> None:
        """Cancel resting strategy orders on an instrument that closed: they would be blind."""
        for order in list(self.state.account.orders_on(instrument)):
            resting = order.request.type is OrderType.LIMIT and not order.request.protective
            if resting and order.request.source not in ("manual", SOURCE):
                self._cancel(order, "data closed", at)

    def _do_what_is_due(self, at: int) -> None:
        cycle = self.cycle
        if cycle.next_at is None:
            cycle.schedule(at)
        if cycle.deadline is not None and at >= cycle.deadline:
            for topic, focus in cycle.give_up():
                self._tell(Severity.WARN, "assess", f"{topic} {focus or ''} did not answer in time")
            self._finish_cycle(at)
        self._work_parents(at)
        if cycle.next_at is not None and at >= cycle.next_at:
            self._commands.extend(cycle.begin(at))
            if not cycle.is_waiting:
                self._finish_cycle(at)

    def _work_parents(self, at: int) -> None:
        for key, parent in list(self.parents.items()):
            if not parent.is_working or at < parent.next_at:
                continue
            spec = self.state.instruments[parent.instrument]
            working = any(
                order.request.group == key for order in self.state.account.orders_on(parent.instrument)
            )
            if working:
                self.parents[key] = msgspec.structs.replace(parent, next_at=at + parent.every_ms)
                continue
            after, request = next_child(parent, spec, self.state.mid(parent.instrument), at)
            self.parents[key] = after
            if request is not None:
                closing = parent.source == SOURCE
                self._take(self.decider.decide_requests("parent", [Planned(request)], at, closing=closing))

    def _finish_cycle(self, at: int) -> None:
        self.cycle.close()
        self._act("cycle", self.cycle.instruments(), at)

    # -- acting ----------------------------------------------------------------------------------------------------

    def _act(self, trigger: str, instruments: set[InstrumentId], at: int) -> None:
        wanted = {instrument: self.cycle.intents_on(instrument) for instrument in sorted(instruments)}
        inputs = self.cycle.inputs(None if trigger == "cycle" else instruments)
        made = self.decider.decide(
            trigger, wanted, inputs, tuple(self.cycle.errors.items()), self.desk.traded, at
        )
        for order, reason in made.cancels:
            self._cancel(order, reason, at)
        self._take(made)

    def _take(self, made: Made) -> None:
        self._orders.extend(made.orders)
        self._commands.extend(made.commands)

    def _cancel(self, order: Order, reason: str, at: int) -> None:
        if order.cancel_pending or not order.is_live:
            return
        changes = Changes()
        self.state.account.apply_order(CancelRequested(client_id=order.client_id, ts=at), at, changes)
        self._orders.extend(changes.orders)
        self._commands.append(CancelOrder(order.client_id, order.request.instrument, reason))

    def _tell(
        self, severity: Severity, topic: str, text: str, instrument: InstrumentId | None = None
    ) -> None:
        self._commands.append(Notify(severity, topic, text, instrument))
