"""The shell: order of time, nothing sent before it is kept, kill flags of other processes, the same run twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tests.fakes.desk import BTC, T0, limits, linear
from tradecli import codec
from tradecli.components.base import Topic
from tradecli.domain.commands import Record, Step, SubmitOrder
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, OrderStatus, Side, StrategyState
from tradecli.domain.events import Event, OrderSending, OrderVoided
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.intent import Intent, Ladder, Rung
from tradecli.domain.market import Candle
from tradecli.engine.assess import Assessor, Running, duties
from tradecli.engine.clock import SimulatedClock
from tradecli.engine.core import Desk, Engine
from tradecli.engine.plan import Strategy
from tradecli.engine.runner import Runner
from tradecli.engine.settings import PaperSettings
from tradecli.errors import NotEnoughData
from tradecli.store.killswitch import NoKill
from tradecli.store.lock import HeldLease
from tradecli.venues.paper.venue import PaperVenue


class Seen(msgspec.Struct, frozen=True):
    mid: float


def assess(view: Any, settings: None, query: object) -> Seen:
    mark = view.mark(BTC)
    if mark is None:
        raise NotEnoughData("no price yet")
    return Seen(mark[0])


def propose(report: Seen, view: Any, settings: None) -> tuple[Intent, ...]:
    wanted = ((Side.BUY, 60_080), (Side.SELL, 60_280))
    rungs = tuple(
        Rung(side, Decimal(price), Decimal("0.01"))
        for side, price in wanted
        if (price - report.mid) * side.sign < 0
    )
    return (Ladder(instrument=BTC, source="grid", rungs=rungs, reason="two fixed prices"),)


def unseen(report: Any) -> Any:
    raise AssertionError("not shown here")


TOPIC = Topic(
    name="grid",
    summary="",
    report=Seen,
    assess=assess,
    present=unseen,
    propose=propose,
    strategy="grid",
    every_ms=MINUTE_MS,
    wakes_on_fill=True,
)


class Kept:
    """A store in memory that also remembers what the venue had been given when each step was kept."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.venue: PaperVenue | None = None
        self.marks: set[str] = set()

    async def commit(self, steps: Sequence[Step], fence: int) -> None:
        assert fence == 7
        for step in steps:
            self.steps.append(step)
            if isinstance(step.event, OrderSending):
                self.marks.add(step.event.client_id)


class Watched(PaperVenue):
    """The real paper venue; it notes which send marks were kept when an order arrived."""

    def __init__(self, kept: Kept, *rest: Any) -> None:
        super().__init__(*rest)
        self.kept = kept
        self.unmarked: list[str] = []
        self.sent: list[str] = []

    def submit(self, approved: Any, at: int) -> None:
        self.sent.append(approved.client_id)
        if approved.client_id not in self.kept.marks:
            self.unmarked.append(approved.client_id)
        super().submit(approved, at)


class Desk2:
    """A desk with one grid over falling and rising minutes."""

    def __init__(self, *, durable: bool = False, kill: Any = None, seed: int = 1) -> None:
        running = (Running("vol.grid", TOPIC, None),)
        desk = Desk(
            limits=limits(),
            strategies=(Strategy(name="grid", priority=1, budget_pct=50),),
            standing={"grid": StrategyState.ACTIVE},
            duties=duties(running, (BTC,), (BTC,), frozenset({"grid"})),
            traded=(BTC,),
            id_prefix="t",
        )
        self.engine = Engine(desk, [linear()])
        self.kept = Kept()
        self.venue = Watched(self.kept, {BTC: linear()}, PaperSettings(), seed)
        self.kill = kill or NoKill()
        self.runner = Runner(
            self.engine,
            Assessor(running, self.engine.state, (BTC,)),
            self.venue,
            SimulatedClock(T0),
            self.kept,  # type: ignore[arg-type]
            HeldLease(7),
            self.kill,
            durable=durable,
            keep_reports=False,
        )

    def run(self, bars: int = 40, until: int | None = None) -> Desk2:
        asyncio.run(self.runner.run(minutes(bars), T0, until))
        return self


async def minutes(count: int) -> AsyncIterator[Event]:
    price = 60_000.0
    for index in range(count):
        close = price + (180 if index % 4 < 2 else -180)
        low, high = min(price, close) - 30, max(price, close) + 30
        yield Candle(BTC, T0 + index * MINUTE_MS, MINUTE_MS, price, high, low, close, 500.0)
        price = close


def test_the_whole_road_of_an_order_is_walked_and_the_books_balance() -> None:
    made = Desk2().run()
    account = made.engine.state.account
    assert account.fill_count > 10
    assert made.engine.state.residual() == 0
    assert made.runner.heard.fills[0].instrument == BTC


def test_with_durable_steps_no_order_reaches_the_venue_before_its_send_mark_is_kept() -> None:
    made = Desk2(durable=True).run()
    assert made.venue.sent
    assert made.venue.unmarked == []


def test_every_order_at_the_venue_has_an_intent_kept_in_an_earlier_step() -> None:
    made = Desk2(durable=True).run()
    intents: dict[str, int] = {}
    for place, step in enumerate(made.kept.steps):
        for order in step.orders:
            if order.status is OrderStatus.INTENT:
                intents.setdefault(order.client_id, place)
        if isinstance(step.event, OrderSending):
            assert intents[step.event.client_id] < place


def test_time_never_goes_back_and_cycles_run_on_their_beat() -> None:
    made = Desk2().run()
    times = [step.at for step in made.kept.steps]
    assert times == sorted(times)
    cycles = [
        command.decision.at
        for step in made.kept.steps
        for command in step.commands
        if isinstance(command, Record) and command.decision.trigger == "cycle"
    ]
    assert {at % MINUTE_MS for at in cycles} == {2_000}
    assert len(cycles) == len(set(cycles)) == 40


def test_the_same_run_gives_the_same_steps_and_another_seed_gives_others() -> None:
    one, again, other = Desk2().run(), Desk2().run(), Desk2(seed=2).run()
    assert [codec.digest(step) for step in one.kept.steps] == [
        codec.digest(step) for step in again.kept.steps
    ]
    assert codec.digest(one.kept.steps) != codec.digest(other.kept.steps)


def test_durable_and_batched_runs_take_the_same_decisions() -> None:
    durable, batched = Desk2(durable=True).run(), Desk2().run()
    assert [codec.digest(step) for step in durable.kept.steps] == [
        codec.digest(step) for step in batched.kept.steps
    ]


class LateKill(NoKill):
    """A flag that another process sets while orders are on their way."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.looks = 0
        self.after = after

    def changed(self) -> bool:
        self.looks += 1
        return self.looks == self.after

    def load(self) -> tuple[Latch, ...]:
        if self.looks < self.after:
            return ()
        return (Latch(level=KillLevel.HALT, scope=Scope(), reason="cron", by="operator", at=T0),)


def test_a_kill_from_another_process_voids_at_the_gate_what_was_already_approved() -> None:
    made = Desk2(kill=LateKill(after=3)).run()
    assert len(made.venue.sent) == 2
    voided = [step.event for step in made.kept.steps if isinstance(step.event, OrderVoided)]
    assert voided
    assert "cron" in voided[0].reason
    submitted = [c for step in made.kept.steps for c in step.commands if isinstance(c, SubmitOrder)]
    assert len(submitted) > 2


def test_an_orderly_end_cancels_what_rests() -> None:
    made = Desk2()

    async def session() -> None:
        await made.runner.run(minutes(10), T0, None)
        assert made.engine.state.account.live
        await made.runner.cancel_all("session ends", 5_000)

    asyncio.run(session())
    assert made.engine.state.account.live == {}


def test_a_run_stops_at_its_end_and_not_after() -> None:
    until = T0 + 10 * MINUTE_MS
    made = Desk2().run(until=until)
    assert made.runner.clock.now() == until
    assert max(step.at for step in made.kept.steps) <= until


def test_closing_positions_asks_for_the_opposite_reduce_only_and_takes_the_road_of_every_order() -> None:
    made = Desk2(durable=True)

    async def session() -> Decimal:
        await made.runner.run(minutes(5), T0, None)
        await made.runner.cancel_all("session ends", 5_000)
        held = made.engine.state.account.positions[BTC].qty
        await made.runner.close_positions("session ends", 5_000)
        return held

    held = asyncio.run(session())
    assert held != 0
    submitted = [c.approved for step in made.kept.steps for c in step.commands if isinstance(c, SubmitOrder)]
    last = submitted[-1].request
    assert last.reduce_only and last.source == "operator" and last.reason == "session ends"
    assert last.qty == abs(held) and last.side is (Side.SELL if held > 0 else Side.BUY)
    assert made.venue.sent[-1] == submitted[-1].client_id and made.venue.unmarked == []
