"""``--plan`` and ``--apply``: orders written down now, and sent by name within minutes or not at all.

A plan is kept only where there is an account to apply it on. It is taken before its first order leaves, so that it is
sent once at most.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tradecli.cli import options, parse
from tradecli.cli.output import Answer
from tradecli.domain.enums import Mode
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO
from tradecli.errors import ExitCode, UsageError
from tradecli.present.blocks import Align, Cell, Column, Facts, Panel, Table, Tone
from tradecli.present.format import moment, money, number, price, qty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradecli.domain.order import Order
    from tradecli.domain.order_plan import OrderPlan
    from tradecli.wiring import TopicAnswer

SCHEMA = "tradecli.plan/1"
ACCOUNTS = (Mode.PAPER, Mode.REHEARSAL)
UNITS = {
    "tolerance": "fraction",
    "orders.qty": "base",
    "orders.price": "quote",
    "legs.mid": "quote",
    "legs.worst_long": "quote",
    "legs.worst_short": "quote",
    "legs.fee": "quote",
}
_LONGEST_MS = 3_600_000
_WIDEST = Decimal("0.1")
PARAMETERS: tuple[tuple[str, Any, Any], ...] = (
    ("plan", Annotated[bool, typer.Option("--plan", help="write the orders down as a plan")], False),
    (
        "ttl",
        Annotated[str, typer.Option("--ttl", help="how long a plan holds [default: 5m]", show_default=False)],
        None,
    ),
    (
        "tolerance",
        Annotated[
            str,
            typer.Option("--tolerance", help="move of a mid it bears [default: 0.5%]", show_default=False),
        ],
        None,
    ),
    (
        "apply",
        Annotated[
            str,
            typer.Option("--apply", metavar="PLAN", help="send the orders of a plan", show_default=False),
        ],
        None,
    ),
    ("yes", Annotated[bool, typer.Option("--yes", help="apply without asking")], False),
)


class Wish(msgspec.Struct, frozen=True):
    """What the options of a plan ask for: to make one, to apply one by its id, or neither."""

    plan: bool
    ttl_ms: int
    tolerance: float
    apply: str
    yes: bool


class PlannedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a plan: quantity in base units, price in quote units."""

    instrument: InstrumentId
    side: str
    type: str
    qty: Decimal
    price: Decimal | None
    post_only: bool
    reduce_only: bool
    source: str


class PlannedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a plan: what it stands on, and what it may come to, in quote currency."""

    instrument: InstrumentId
    mid: float
    mid_at: int
    worst_long: Decimal
    worst_short: Decimal
    fee: Decimal


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is kept; ``id`` None: it is only shown, because there is no account to apply it on."""

    id: str | None
    topic: str
    profile: str
    made_at: int
    expires_at: int
    tolerance: float
    orders: tuple[PlannedOrder, ...]
    legs: tuple[PlannedLeg, ...]


def wish(values: dict[str, Any]) -> Wish | None:
    """Take the options of a plan out of ``values``; None where none of them was given."""
    plan, yes = bool(values.pop("plan", False)), bool(values.pop("yes", False))
    ttl, tolerance, apply = (values.pop(name, None) for name in ("ttl", "tolerance", "apply"))
    if apply is not None and (plan or ttl is not None or tolerance is not None):
        raise UsageError("--apply takes a plan as it is: --plan, --ttl and --tolerance made it", number=103)
    if not plan and (ttl is not None or tolerance is not None):
        raise UsageError("--ttl and --tolerance go with --plan", number=103)
    if yes and apply is None:
        raise UsageError("--yes goes with --apply", number=103)
    if not plan and apply is None:
        return None
    if plan and options.current().at is not None:
        raise UsageError("--plan is made of what is known now: it takes no --at", number=103)
    from tradecli.domain.order_plan import TOLERANCE, TTL_MS

    ttl_ms = TTL_MS if ttl is None else parse.duration(ttl, "--ttl", least_ms=1_000)
    if ttl_ms > _LONGEST_MS:
        raise UsageError("--ttl: a plan holds an hour at most", number=134)
    borne = Decimal(str(TOLERANCE)) if tolerance is None else parse.ratio(tolerance, "--tolerance")
    if not 0 <= borne <= _WIDEST:
        raise UsageError("--tolerance must be between 0% and 10%", number=143)
    return Wish(plan, ttl_ms, float(borne), apply or "", yes)


def planned(found: TopicAnswer, key: str, asked: Wish) -> Answer:
    """Make the plan of an answer, keep it where it can be applied, and show it."""
    from tradecli.config.folders import profile_dir
    from tradecli.config.place import locate
    from tradecli.store.plans import Plans
    from tradecli.wiring.planning import plan_of

    given = options.current()
    place = locate(given.profile, given.config, given.db)
    plan = plan_of(found, key, place.profile, asked.ttl_ms, asked.tolerance)
    kept = found.mode in ACCOUNTS and not given.offline
    name = Plans(profile_dir(place.profile)).keep(plan) if kept else None
    warnings = [] if kept else [f"shown, not kept: {_why_not(found.mode)}"]
    report = _report(plan, name)
    return Answer(
        schema=SCHEMA,
        mode=found.mode,
        data=[report],
        as_of=found.as_of,
        asked_at=found.at if found.mode is Mode.DEMO else None,
        units=UNITS,
        warnings=[*found.warnings, *warnings],
        panels=lambda: [_panel(report)],
    )


def _why_not(mode: Mode) -> str:
    if mode in ACCOUNTS:
        return "a plan to apply needs prices that are live, and this one rests on stored ones"
    return f"mode {mode} has no account to apply a plan on"


def _report(plan: OrderPlan, name: str | None) -> PlanReport:
    return PlanReport(
        id=name,
        topic=plan.topic,
        profile=plan.profile,
        made_at=plan.made_at,
        expires_at=plan.expires_at,
        tolerance=plan.tolerance,
        orders=tuple(
            PlannedOrder(
                instrument=each.instrument,
                side=each.side.value,
                type=each.type.value,
                qty=each.qty,
                price=each.price,
                post_only=each.post_only,
                reduce_only=each.reduce_only,
                source=each.source,
            )
            for each in plan.orders
        ),
        legs=tuple(msgspec.convert(msgspec.structs.asdict(each), PlannedLeg) for each in plan.legs),
    )


def _panel(report: PlanReport) -> Panel:
    columns = (
        Column(name="instrument", align=Align.LEFT, priority=2),
        Column(name="side", align=Align.LEFT),
        Column(name="qty"),
        Column(name="price"),
        Column(name="type", align=Align.LEFT, priority=3),
    )
    rows = tuple(
        (
            Cell(each.instrument, Tone.MUTED),
            Cell(each.side, Tone.GOOD if each.side == "buy" else Tone.BAD),
            Cell(qty(each.qty)),
            Cell(price(each.price)),
            Cell("post-only" if each.post_only else each.type, Tone.MUTED),
        )
        for each in report.orders
    )
    facts: list[tuple[str, Cell]] = []
    for leg in report.legs:
        facts += [
            (f"{leg.instrument} mid", Cell(price(leg.mid))),
            ("if all buys fill", Cell(f"{money(leg.worst_long)} long")),
            ("if all sells fill", Cell(f"{money(leg.worst_short)} short")),
        ]
    facts.append(("fees if all fill", Cell(number(sum((leg.fee for leg in report.legs), ZERO), 4))))
    facts.append(("holds until", Cell(f"{moment(report.expires_at)}, mid ±{report.tolerance:.2%}")))
    if report.id is not None:
        word = report.topic.replace(".", " ")
        facts.append(("apply it", Cell(f"tradecli {word} --apply {report.id}", Tone.ACCENT)))
    title = f"Plan {report.id or 'that is only shown'}"
    return Panel(
        title=title,
        status=f"{len(rows)} orders",
        as_of=report.made_at,
        blocks=(Table(columns=columns, rows=rows), Facts(tuple(facts))),
    )


def applied(name: str, key: str, *, yes: bool) -> Answer:
    """Send the orders of a kept plan, once and only while it holds, and say what became of each."""
    from tradecli.cli import order_entry, orders
    from tradecli.config.folders import profile_dir
    from tradecli.engine.once import raise_unless_placed
    from tradecli.store.plans import Plans
    from tradecli.wiring.ordering import place_plan

    config = order_entry.account()
    plans = Plans(profile_dir(config.profile))
    plan = plans.read(name)
    if plan.topic != key:
        word = plan.topic.replace(".", " ")
        raise UsageError(f"plan {name} is one of {word}", number=103, hint=f"tradecli {word} --apply {name}")
    order_entry.confirm(f"{config.mode.upper()}: send {len(plan.orders)} orders of plan {name}", yes=yes)
    made = place_plan(config, plan, plans.take, order_entry.within_ms())
    if len(made) == len(plan.orders) == 1:
        raise_unless_placed(made[0])
    left = len(plan.orders) - len(made)
    warnings = [f"{left} of {len(plan.orders)} orders were not sent: plan again"] if left else []
    rows = [orders.order_row(order) for order in made]
    return orders.done("tradecli.plan.applied/1", rows, warnings, _codes(made, left))


def _codes(made: Sequence[Order], left: int) -> tuple[ExitCode, ...]:
    """Return what orders ask for that are not at the venue, or of which it is not known."""
    from tradecli.domain.enums import OrderStatus
    from tradecli.wiring.ordering import NEVER_SENT

    on_the_way = (OrderStatus.INTENT, OrderStatus.SENDING, OrderStatus.UNKNOWN)
    if any(order.status in on_the_way for order in made):
        return (ExitCode.UNKNOWN_OUTCOME,)
    refused = sum(order.status in NEVER_SENT for order in made)
    if refused and refused == len(made):
        return (ExitCode.DENIED,)
    return (ExitCode.PARTIAL,) if refused or left else ()
