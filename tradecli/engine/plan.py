"""From wishes to order requests: netting of targets, keeping of ladders. Pure; it sends and changes nothing.

Targets. Each strategy says what it wants to hold of an instrument. In order of priority each target is cut to the
strategy's budget and to what the symbol limit leaves; the changes are then netted, what meets inside is crossed
between the strategies' books without an order, and one order carries the rest, its fills shared in proportion to
what was asked.

Ladders. A ladder names the resting orders that should exist. Those that already do are left alone, so that queue
position is kept; the others are cancelled or placed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from tradecli.domain.decision import Netting, Proposal
from tradecli.domain.enums import OrderType, Side, StrategyState, TimeInForce, Verdict
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.intent import Caution, Intent, Ladder, Rung, Target, Wish
from tradecli.domain.number import ZERO, plain
from tradecli.domain.order import Order, OrderRequest
from tradecli.engine.state import State

BPS = Decimal(10_000)
HUNDRED = Decimal(100)


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """A source of intents: who comes first (low numbers), and the share of equity it may hold on one symbol."""

    name: str
    priority: int
    budget_pct: float


class Planned(msgspec.Struct, frozen=True):
    """A request to put before the limits, and how its fills are shared among strategies."""

    request: OrderRequest
    shares: tuple[tuple[str, Decimal], ...] = ()


class Cross(msgspec.Struct, frozen=True):
    """A quantity that two strategies exchange inside, at the market's mid."""

    instrument: InstrumentId
    qty: Decimal
    buyer: str
    seller: str
    price: Decimal


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about one instrument."""

    requests: tuple[Planned, ...] = ()
    cancels: tuple[tuple[Order, str], ...] = ()
    crosses: tuple[Cross, ...] = ()
    netting: tuple[Netting, ...] = ()
    proposals: tuple[Proposal, ...] = ()


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds a plan: strategies by name, the symbol limit, how much sizes are scaled, and what blocks an
    instrument.
    """

    strategies: Mapping[str, Strategy]
    max_symbol_pct: float
    size_factor: Decimal = Decimal(1)
    blocked: Mapping[InstrumentId, str] = {}
    cautions: Mapping[InstrumentId, Caution] = {}

    def factor(self, instrument: InstrumentId) -> Decimal:
        """Return what sizes on an instrument are scaled by: the desk's factor times that of a caution."""
        caution = self.cautions.get(instrument)
        return self.size_factor * caution.size_factor if caution is not None else self.size_factor

    def only_reduces(self, instrument: InstrumentId) -> Caution | None:
        """Return the caution that lets nothing grow on an instrument, or None."""
        caution = self.cautions.get(instrument)
        return caution if caution is not None and caution.reduce_only else None


def plan_instrument(instrument: InstrumentId, intents: Sequence[Intent], state: State, room: Room) -> Plan:
    """Return the plan for one instrument from everything that is wanted of it."""
    plans = []
    targets = [intent for intent in intents if isinstance(intent, Target)]
    if targets:
        plans.append(_plan_targets(instrument, targets, state, room))
    for intent in intents:
        if isinstance(intent, Ladder):
            plans.append(_plan_ladder(intent, state, room))
        elif isinstance(intent, Wish):
            plans.append(Plan(requests=(Planned(intent.request),)))
    return Plan(
        requests=tuple(each for plan in plans for each in plan.requests),
        cancels=tuple(each for plan in plans for each in plan.cancels),
        crosses=tuple(each for plan in plans for each in plan.crosses),
        netting=tuple(each for plan in plans for each in plan.netting),
        proposals=tuple(each for plan in plans for each in plan.proposals),
    )


def _refusal(source: str, instrument: InstrumentId, state: State, room: Room) -> str | None:
    standing = state.strategies.get(source, StrategyState.OFF)
    if standing is not StrategyState.ACTIVE:
        return f"strategy is {standing}"
    return room.blocked.get(instrument)


def _plan_targets(instrument: InstrumentId, targets: Sequence[Target], state: State, room: Room) -> Plan:
    spec, mid = state.instruments[instrument], state.mid(instrument)
    proposals: list[Proposal] = []
    changes: list[tuple[Target, Decimal]] = []
    total = ZERO
    for target in sorted(targets, key=lambda each: (_priority(each.source, room), each.source)):
        why = _refusal(target.source, instrument, state, room) or ("no market price" if mid is None else None)
        if why is None and any(_is_for_target(order) for order in state.account.orders_on(instrument)):
            why = "an order for this instrument is still open"
        if why is not None or mid is None:
            proposals.append(_proposal(target, f"hold {plain(target.qty)}", Verdict.REFUSE, why or ""))
            continue
        wanted, note = _within_room(target, total, spec, mid, state, room)
        total += wanted
        change = wanted - state.account.book(instrument, target.source).qty
        changes.append((target, change))
        proposals.append(
            _proposal(target, f"hold {plain(wanted)}", Verdict.WARN if note else Verdict.PASS, note)
        )
    moving = [(target, change) for target, change in changes if change]
    if not moving or mid is None:
        return Plan(proposals=tuple(proposals))
    return _net(instrument, moving, spec, mid, tuple(proposals))


def _within_room(
    target: Target, total: Decimal, spec: Instrument, mid: Decimal, state: State, room: Room
) -> tuple[Decimal, str]:
    """Cut a target to the strategy's budget, then to what higher priorities left of the symbol limit."""
    equity = state.equity.value or ZERO
    strategy = room.strategies.get(target.source)
    budget = equity * Decimal(str(strategy.budget_pct)) / HUNDRED / mid if strategy else ZERO
    symbol = equity * Decimal(str(room.max_symbol_pct)) / HUNDRED / mid
    wanted = max(-budget, min(budget, target.qty * room.factor(target.instrument)))
    wanted = max(-symbol, min(symbol, total + wanted)) - total
    caution = room.only_reduces(target.instrument)
    if caution is not None:
        held = state.account.book(target.instrument, target.source).qty
        cut = max(min(wanted, held), ZERO) if held > 0 else min(max(wanted, held), ZERO)
        if cut != wanted:
            return spec.round_qty(cut), f"{caution.source} {caution.level}: reduce only"
    wanted = spec.round_qty(wanted)
    return wanted, "" if wanted == spec.round_qty(target.qty) else f"cut from {plain(target.qty)}"


def _net(
    instrument: InstrumentId,
    moving: Sequence[tuple[Target, Decimal]],
    spec: Instrument,
    mid: Decimal,
    proposals: tuple[Proposal, ...],
) -> Plan:
    net = sum((change for _, change in moving), ZERO)
    crosses, left = _cross(instrument, moving, mid)
    crossed = sum((cross.qty for cross in crosses), ZERO)
    asked = tuple((target.source, change) for target, change in moving)
    netting = (Netting(instrument=instrument, asked=asked, net=net, crossed=crossed),)
    qty = spec.round_qty(abs(net))
    if qty < max(spec.min_qty, spec.lot) or spec.notional(qty, mid) < spec.min_notional:
        return Plan(crosses=crosses, netting=netting, proposals=proposals)
    side = Side.BUY if net > 0 else Side.SELL
    slippage = min(Decimal(str(target.max_slippage_bps)) for target, _ in moving) / BPS
    price = spec.round_price(mid * (1 + slippage * side.sign), side)
    parts = [(target.source, change) for target, change in left]
    whole = sum((change for _, change in parts), ZERO)
    lead = moving[0][0]
    request = OrderRequest(
        instrument=instrument,
        side=side,
        qty=qty,
        type=OrderType.LIMIT,
        price=price,
        tif=TimeInForce.IOC,
        source="+".join(source for source, _ in parts),
        group=lead.group,
        reason="; ".join(target.reason for target, _ in moving),
    )
    shares = tuple((source, change / whole) for source, change in parts)
    return Plan(requests=(Planned(request, shares),), crosses=crosses, netting=netting, proposals=proposals)


def _cross(
    instrument: InstrumentId, moving: Sequence[tuple[Target, Decimal]], mid: Decimal
) -> tuple[tuple[Cross, ...], list[tuple[Target, Decimal]]]:
    """Match buyers with sellers in order of priority; return the crosses and what is left of each change."""
    targets = [target for target, _ in moving]
    left = [change for _, change in moving]
    crosses: list[Cross] = []
    for buyer in range(len(left)):
        for seller in range(len(left)):
            qty = min(left[buyer], -left[seller])
            if qty > 0:
                crosses.append(Cross(instrument, qty, targets[buyer].source, targets[seller].source, mid))
                left[buyer] -= qty
                left[seller] += qty
    return tuple(crosses), [(target, change) for target, change in zip(targets, left, strict=True) if change]


def _plan_ladder(ladder: Ladder, state: State, room: Room) -> Plan:
    spec = state.instruments[ladder.instrument]
    why = _refusal(ladder.source, ladder.instrument, state, room)
    rungs = () if why else _scaled(ladder.rungs, spec, room.factor(ladder.instrument) / ladder.heeded)
    caution = room.only_reduces(ladder.instrument)
    note = ""
    if caution is not None:
        held = state.account.book(ladder.instrument, ladder.source).qty
        reducing = _reducing(rungs, held, spec)
        note = f"{caution.source} {caution.level}: reduce only" if reducing != rungs else ""
        rungs = reducing
    standing = [
        order
        for order in state.account.orders_on(ladder.instrument)
        if order.request.source == ladder.source and not order.cancel_pending and not order.request.protective
    ]
    wanted = {(rung.side, rung.price, rung.qty): rung for rung in rungs}
    cancels = []
    for order in standing:
        key = (order.request.side, order.request.price or ZERO, order.request.qty)
        if wanted.pop(key, None) is None:
            cancels.append((order, why or note or "no longer wanted by the ladder"))
    requests = tuple(
        Planned(
            OrderRequest(
                instrument=ladder.instrument,
                side=rung.side,
                qty=rung.qty,
                type=OrderType.LIMIT,
                price=rung.price,
                post_only=True,
                source=ladder.source,
                reason=ladder.reason,
            )
        )
        for rung in wanted.values()
    )
    verdict = Verdict.REFUSE if why else Verdict.WARN if note else Verdict.PASS
    words = f"{len(ladder.rungs)} rungs, {len(requests)} new, {len(cancels)} withdrawn"
    proposal = Proposal(
        source=ladder.source,
        instrument=ladder.instrument,
        wanted=words,
        reason=ladder.reason,
        verdict=verdict,
        why=why or note,
    )
    return Plan(requests=requests, cancels=tuple(cancels), proposals=(proposal,))


def _scaled(rungs: Sequence[Rung], spec: Instrument, factor: Decimal) -> tuple[Rung, ...]:
    """Scale sizes; a rung that becomes too small for the venue is left out."""
    if factor == 1:
        return tuple(rungs)
    scaled = (Rung(rung.side, rung.price, spec.round_qty(rung.qty * factor)) for rung in rungs)
    return tuple(
        rung
        for rung in scaled
        if rung.qty >= max(spec.min_qty, spec.lot)
        and spec.notional(rung.qty, rung.price) >= spec.min_notional
    )


def _reducing(rungs: Sequence[Rung], held: Decimal, spec: Instrument) -> tuple[Rung, ...]:
    """Keep the rungs that take a position down, the nearest first, as far as it goes; none where nothing is held."""
    left, kept = abs(held), []
    closing = Side.SELL if held > 0 else Side.BUY
    for rung in rungs:
        qty = min(rung.qty, spec.round_qty(left))
        if rung.side is not closing or qty < max(spec.min_qty, spec.lot):
            continue
        if spec.notional(qty, rung.price) >= spec.min_notional:
            kept.append(Rung(rung.side, rung.price, qty))
            left -= qty
    return tuple(kept)


def _is_for_target(order: Order) -> bool:
    return order.request.tif is TimeInForce.IOC


def _priority(source: str, room: Room) -> int:
    strategy = room.strategies.get(source)
    return strategy.priority if strategy else 1_000


def _proposal(target: Target, wanted: str, verdict: Verdict, why: str) -> Proposal:
    return Proposal(
        source=target.source,
        instrument=target.instrument,
        wanted=wanted,
        reason=target.reason,
        verdict=verdict,
        why=why,
    )
