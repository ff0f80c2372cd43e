"""The live shell over the paper venue and a real ledger: a start, trading, an end, and a start from what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_runner import TOPIC
from tests.fakes.desk import BTC, T0, limits, linear
from tests.fakes.inline import InlineConnection
from tests.fakes.virtual import VirtualClock, run_virtually
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, OrderStatus, ScopeKind, StrategyState, TradingState
from tradecli.domain.events import Event
from tradecli.domain.market import Quote
from tradecli.engine.assess import Assessor, Running, duties
from tradecli.engine.core import Desk, Engine
from tradecli.engine.live import Before, Live
from tradecli.engine.picture import Pictures
from tradecli.engine.plan import Strategy
from tradecli.engine.restore import Past, restore_engine
from tradecli.engine.session import EngineSession, Plan
from tradecli.engine.settings import PaperSettings
from tradecli.errors import ReconciliationMismatch
from tradecli.ports import AccountSnapshot, Clock
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import HeldLease
from tradecli.store.reader import LedgerReader
from tradecli.venues.paper.execution import PaperExecution
from tradecli.venues.paper.venue import PaperVenue
from tradecli.wiring.restart import read_past

RUN = Run(
    run_id="p", mode=Mode.PAPER, started=T0, seed=1, config_digest="c", config={}, data={}, code="test"
)  # fmt: skip


class House:
    """One start of a paper desk in ``folder``."""

    def __init__(self, folder: Path, clock: Clock, **changed_limits: Any) -> None:
        self.folder = folder
        self.clock = clock
        running = (Running("vol.grid", msgspec.structs.replace(TOPIC, every_ms=1_000), None),)
        desk = Desk(
            limits=limits(**({"stale_clean_s": 0.5} | changed_limits)),
            strategies=(Strategy(name="grid", priority=1, budget_pct=50),),
            standing={"grid": StrategyState.ACTIVE},
            duties=duties(running, (BTC,), (BTC,), frozenset({"grid"})),
            traded=(BTC,),
            id_prefix="t",
            cycle_ms=2_000,
        )
        self.engine = Engine(desk, [linear()])
        self.assessor = Assessor(running, self.engine.state, (BTC,))
        self.switch = KillSwitch(folder / "kill.json")
        self.past = Past()
        self.live: Live | None = None

    async def open(self, left: AccountSnapshot | None = None) -> Live:
        ledger = await Ledger.open(
            self.folder / "l.db", mode=Mode.PAPER, account="paper", connect=InlineConnection.connect
        )
        run_id, seq = await ledger.continue_run(RUN)
        fence = await ledger.take_lease("test")
        self.past = read_past(ledger.path, run_id, seq, self.clock.now())
        restore_engine(self.engine, self.past)
        venue = PaperVenue({BTC: linear()}, PaperSettings(), 1)
        if left is not None:
            venue.restore(left)
        execution = PaperExecution(venue, "binance", self.clock)
        self.live = Live(
            self.engine,
            self.assessor,
            {"binance": execution},
            self.clock,
            ledger,
            HeldLease(fence),
            self.switch,
            before=Before(latches=self.past.latches, crashes=self.past.crashes),
            on_market=execution.on_market,
        )
        return self.live

    async def quotes(self, price: float = 60_180.0) -> AsyncIterator[Event]:
        step = 0
        while True:
            await self.clock.sleep_until(self.clock.now() + 250)
            step += 1
            at = price + 130 * ((step // 12) % 3 - 1)
            yield Quote(BTC, self.clock.now(), at - 0.1, 1.0, at, 1.0)


def left_at(house: House) -> AccountSnapshot:
    account = house.engine.state.account
    return AccountSnapshot(
        venue="binance",
        ts=house.clock.now(),
        balances={coin: str(amount) for (_, coin), amount in account.balances.items()},
        positions=tuple(account.positions.values()),
        open_orders=tuple(o for o in account.live.values() if o.status is OrderStatus.OPEN),
        fills=house.past.fills,
    )


def test_a_paper_desk_starts_closed_reconciles_trades_and_goes_on_from_its_ledger(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> dict[str, Any]:
        first = House(tmp_path, clock)
        live = await first.open()
        states: list[TradingState] = []

        async def look() -> None:
            states.append(first.engine.state.trading_state())

        live.on_breath = look
        await live.run(first.quotes(), T0, T0 + 20_000)
        await live.cancel_all("the test ends", 5_000)
        await live.close()
        account = first.engine.state.account
        assert states[0] is TradingState.RECONCILING and states[-1] is TradingState.ACTIVE
        assert account.fill_count > 0 and not account.live
        assert first.engine.state.residual() == 0
        ids = first.engine.decider.ids

        second = House(tmp_path, clock)
        left = left_at(first)
        live = await second.open(msgspec.structs.replace(left, fills=tuple(read_fills(tmp_path))))
        assert second.past.crashes == ()
        assert second.engine.state.strategies["grid"] is StrategyState.ACTIVE
        again = second.engine.state.account
        assert (again.positions, again.balances) == (account.positions, account.balances)
        assert second.engine.decider.ids == ids
        await live.run(second.quotes(), clock.now(), clock.now() + 10_000)
        await live.cancel_all("the test ends", 5_000)
        await live.close()
        assert second.engine.state.account.fill_count > account.fill_count
        assert not any(latch for latch in second.engine.state.latches)
        return {"ids": second.engine.decider.ids}

    run_virtually(main, T0)
    with LedgerReader(tmp_path / "l.db") as reader:
        assert reader.verify("p").ok
        built = reader.rebuild("p")
        assert (built.difference, built.before) == (None, 0) and built.compared["orders"] > 0
        names = [order.client_id for order in reader.orders("p", limit=-1)]
        assert len(names) == len(set(names))


def read_fills(folder: Path) -> list[Any]:
    with LedgerReader(folder / "l.db") as reader:
        return reader.fills("p")


def test_o06_m10_a_latch_of_the_store_binds_where_the_flag_is_lost_and_not_where_it_was_lifted(
    tmp_path: Path,
) -> None:
    latch = Latch(level=KillLevel.HALT, scope=Scope(), reason="why", by="operator", at=T0)

    async def once(clock: VirtualClock, stored: tuple[Latch, ...]) -> House:
        house = House(tmp_path, clock)
        live = await house.open()
        live.before = Before(latches=stored)
        await live.run(house.quotes(), clock.now(), clock.now() + 3_000)
        await live.close()
        return house

    async def main(clock: VirtualClock) -> None:
        house = await once(clock, (latch,))
        assert house.engine.state.latches == (latch,) == house.switch.load()
        assert house.engine.state.account.order_count == 0
        house.switch.release(Scope())
        house = await once(clock, (latch,))
        assert house.engine.state.latches == () == house.switch.load()

    run_virtually(main, T0)


def test_c_more_than_five_crashes_in_ten_minutes_halt_the_desk(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        for n in range(7):
            house = House(tmp_path, clock)
            live = await house.open()
            running = asyncio.ensure_future(live.run(house.quotes(), clock.now(), None))
            await clock.sleep_until(clock.now() + 3_000)
            assert bool(house.engine.state.latches) is (n == 6), n
            for task in (running, *live._tasks):
                task.cancel()
            await asyncio.gather(running, *live._tasks, return_exceptions=True)

    run_virtually(main, T0)


def test_while_the_books_differ_from_the_venues_no_face_may_release_and_the_ledger_says_so(
    tmp_path: Path,
) -> None:
    async def main(clock: VirtualClock) -> None:
        first = House(tmp_path, clock)
        live = await first.open()
        await live.run(first.quotes(), T0, T0 + 5_000)
        await live.cancel_all("the test ends", 5_000)
        await live.close()
        left = left_at(first)
        gone = msgspec.structs.replace(left, balances={"USDT": "1"}, fills=tuple(read_fills(tmp_path)))
        second = House(tmp_path, clock)
        live = await second.open(gone)
        assert live.mismatch(Scope()) is None
        await live.run(second.quotes(), clock.now(), clock.now() + 10_000)
        assert live.mismatch(Scope()) == live.mismatch(Scope(ScopeKind.VENUE, "binance"))
        assert "balance USDT@binance" in (live.mismatch(Scope()) or "")
        assert live.mismatch(Scope(ScopeKind.VENUE, "okx")) is None
        await live.close()
        with LedgerReader(tmp_path / "l.db") as reader:
            assert "balance USDT@binance" in reader.mismatches("p")["binance"]
        pictures = Pictures(second.engine, live.heard, Mode.PAPER, "p", 1, "a test")
        released: list[Scope] = []
        plan = Plan(source=second.quotes(), start=T0, until=None)
        session = EngineSession(
            Mode.PAPER, live, pictures, plan, release=lambda scope, _: released.append(scope)
        )
        with pytest.raises(ReconciliationMismatch, match="not released: balance USDT@binance"):
            session.release(Scope(), "why not")
        assert released == []
        session.release(Scope(ScopeKind.VENUE, "okx"), "that one is equal")
        assert released == [Scope(ScopeKind.VENUE, "okx")]
        recovery = live.recoveries["binance"]
        recovery.road.execution._paper.restore(left_at(second))  # type: ignore[attr-defined]
        await recovery.light_pass()
        assert live.mismatch(Scope()) is None
        assert "equals our books again" in live.heard.told[0][1].text

    run_virtually(main, T0)
