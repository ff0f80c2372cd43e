"""One decision: plan, check, enter the approved orders, and write down why.

This is where a wish becomes an order. Everything that was looked at is in the record: inputs with their age, what
each strategy wanted and what became of it, netting, every check with value, threshold and verdict, the orders that
followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tradecli.domain.commands import Command, Record, SubmitOrder
from tradecli.domain.decision import Check, Decision, Input, Netting, Proposal
from tradecli.domain.enums import OrderStatus, Verdict
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.intent import Intent
from tradecli.domain.number import plain
from tradecli.domain.order import Approved, Denied, Order
from tradecli.engine.breakers import Breakers
from tradecli.engine.latching import refusal
from tradecli.engine.plan import Planned, Room, Strategy, plan_instrument
from tradecli.engine.risk import Ruling, ask, check
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State

_DIGITS = re.compile(r"[0-9]+")


class Made(msgspec.Struct):
    """What a decision produced, for the engine to hand on."""

    commands: list[Command] = []
    orders: list[Order] = []
    cancels: list[tuple[Order, str]] = []


class Decider:
    """Numbers decisions and client ids; both count from one and never repeat within an installation prefix."""

    def __init__(
        self,
        limits: RiskSettings,
        strategies: Sequence[Strategy],
        state: State,
        breakers: Breakers,
        id_prefix: str,
    ) -> None:
        self.limits = limits
        self.strategies = {strategy.name: strategy for strategy in strategies}
        self.state = state
        self.breakers = breakers
        self.id_prefix = id_prefix
        self.number = 0
        self.ids = 0

    def reserve_ids(self, client_ids: Iterable[str]) -> None:
        """Never give out an id again that is known here or at a venue (INV-06)."""
        for name in client_ids:
            digits = _DIGITS.match(name, len(self.id_prefix))
            if digits is not None and name.startswith(self.id_prefix):
                self.ids = max(self.ids, int(digits.group()))

    def decide(
        self,
        trigger: str,
        wanted: Mapping[InstrumentId, Sequence[Intent]],
        inputs: tuple[Input, ...],
        errors: tuple[tuple[tuple[str, InstrumentId | None], str], ...],
        traded: tuple[InstrumentId, ...],
        at: int,
    ) -> Made:
        """Plan every instrument in ``wanted``, put the requests before the limits, and record the decision."""
        room = Room(
            strategies=self.strategies,
            max_symbol_pct=self.limits.max_symbol_pct,
            size_factor=self.breakers.size_factor(self.state),
            blocked=self._blocked(wanted, at),
            cautions=self.state.cautions,
        )
        made = Made(commands=[], orders=[], cancels=[])
        netting: list[Netting] = []
        proposals: list[Proposal] = []
        rows: dict[tuple[str, str], Check] = {}
        for instrument, intents in wanted.items():
            plan = plan_instrument(instrument, intents, self.state, room)
            for cross in plan.crosses:
                self.state.account.cross_inside(
                    cross.instrument, cross.qty, cross.buyer, cross.seller, cross.price
                )
            made.cancels.extend(plan.cancels)
            netting.extend(plan.netting)
            proposals.extend(plan.proposals)
            self._submit(plan.requests, made, rows, at)
        if trigger != "cycle" and not (made.orders or made.cancels):
            return made
        desk_rows = (*self.breakers.rows(self.state, traded, at), *_caution_rows(self.state, traded))
        notices = tuple(f"{topic} {focus or ''}: {error}".strip() for (topic, focus), error in errors)
        self._record(
            trigger, made, inputs, tuple(proposals), tuple(netting), (*desk_rows, *rows.values()), notices, at
        )
        return made

    def decide_requests(
        self,
        trigger: str,
        planned: Sequence[Planned],
        at: int,
        *,
        keep_denied: bool = False,
        closing: bool = False,
    ) -> Made:
        """Put requests before the limits as they are, and record the decision."""
        made = Made(commands=[], orders=[], cancels=[])
        rows: dict[tuple[str, str], Check] = {}
        self._submit(planned, made, rows, at, keep_denied=keep_denied, closing=closing)
        proposals = tuple(
            Proposal(
                source=each.request.source,
                instrument=each.request.instrument,
                wanted=f"{each.request.side} {each.request.qty}",
                reason=each.request.reason,
                verdict=Verdict.PASS if made.commands else Verdict.REFUSE,
            )
            for each in planned
        )
        self._record(trigger, made, (), proposals, (), tuple(rows.values()), (), at)
        return made

    def _blocked(self, wanted: Mapping[InstrumentId, Sequence[Intent]], at: int) -> dict[InstrumentId, str]:
        """Say why whole instruments are closed, so that nothing is asked of the limits in vain."""
        blocked = {}
        for instrument in wanted:
            why = self.state.unreconciled(instrument)
            why = why or refusal(self.state.latches, instrument, "", reducing=False)
            why = why or self.breakers.freshness.why_closed(self.state, instrument, at)
            if why is not None:
                blocked[instrument] = why
        return blocked

    def _submit(
        self,
        planned: Sequence[Planned],
        made: Made,
        rows: dict[tuple[str, str], Check],
        at: int,
        *,
        keep_denied: bool = False,
        closing: bool = False,
    ) -> None:
        for each in planned:
            ruling = self._rule(each, at, closing=closing)
            _keep_rows(ruling.checks, rows)
            match ruling.outcome:
                case Approved() as approved:
                    made.orders.append(self.state.account.open_intent(approved, at, each.shares))
                    made.commands.append(SubmitOrder(approved))
                case Denied() as denied:
                    if keep_denied:
                        made.orders.append(self.state.account.enter_denied(denied))

    def _rule(self, planned: Planned, at: int, *, closing: bool) -> Ruling:
        self.ids += 1
        client_id = f"{self.id_prefix}{self.ids:08d}"
        question = ask(planned.request, self.state, self.breakers.freshness, self.limits, at, closing=closing)
        if question is None:
            reason = f"{planned.request.instrument} is not among the known instruments"
            denied = Denied(
                client_id=client_id,
                request=planned.request,
                check="instrument",
                reason=reason,
                number=102,
                at=at,
            )
            return Ruling(denied, ())
        return check(question, client_id)

    def _record(
        self,
        trigger: str,
        made: Made,
        inputs: tuple[Input, ...],
        proposals: tuple[Proposal, ...],
        netting: tuple[Netting, ...],
        checks: tuple[Check, ...],
        notices: tuple[str, ...],
        at: int,
    ) -> None:
        self.number += 1
        curve = self.state.equity
        decision = Decision(
            number=self.number,
            at=at,
            trigger=trigger,
            state=self.state.trading_state(),
            inputs=inputs,
            proposals=proposals,
            netting=netting,
            checks=checks,
            orders=tuple(order.client_id for order in made.orders if order.status is OrderStatus.INTENT),
            cancels=tuple(order.client_id for order, _ in made.cancels),
            equity=curve.value,
            drawdown_pct=round(100 * curve.drawdown(), 6),
            notices=notices,
        )
        made.commands.append(Record(decision))


def _caution_rows(state: State, traded: tuple[InstrumentId, ...]) -> list[Check]:
    """Return each caution as a recorded check: its score beside the edge of its band, what it does, and why."""
    rows = []
    for caution in (state.cautions[each] for each in traded if each in state.cautions):
        binds = caution.reduce_only or caution.size_factor != 1
        score = "unknown" if caution.score is None else f"{caution.score:.1f}"
        act = "reduce only" if caution.reduce_only else f"size ×{plain(caution.size_factor)}"
        rows.append(
            Check(
                name=caution.source,
                value=f"{score} {caution.level}, {act}: {caution.reason}",
                threshold="none" if caution.threshold is None else f"{caution.threshold:g}",
                verdict=Verdict.WARN if binds else Verdict.PASS,
                scope=caution.instrument,
            )
        )
    return rows


def _keep_rows(checks: Sequence[Check], rows: dict[tuple[str, str], Check]) -> None:
    """Keep one row per check and instrument: the latest, but a refusal is never overwritten."""
    for row in checks:
        known = rows.get((row.name, row.scope))
        if known is None or known.verdict is not Verdict.REFUSE:
            rows[(row.name, row.scope)] = row
