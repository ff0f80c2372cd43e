"""A small recorded run, written by the real ledger: two orders, two fills, funding, a decision, a notice."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradecli import codec
from tradecli.domain.commands import Notify, Record, Step
from tradecli.domain.decision import Check, Decision, Input, Netting, Proposal
from tradecli.domain.enums import (
    Liquidity,
    Mode,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    TradingState,
    Verdict,
)
from tradecli.domain.events import Fill, FundingPaid, OrderAccepted, TimerFired
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.position import LedgerEntry
from tradecli.store.ledger import Ledger, Run

T0 = 1_691_625_600_000
BTC, ETH = InstrumentId("BTCUSDT@binance"), InstrumentId("ETHUSDT@okx")
SUMMARY = {
    "equity": "100012.50",
    "pnl": "12.50",
    "drawdown_pct": 0.4,
    "max_drawdown_pct": 1.2,
    "cycles": 7,
    "positions": [{"instrument": BTC, "mark": "30100"}],
}


def order(client_id: str, instrument: InstrumentId, side: Side, **more: Any) -> Order:
    request = OrderRequest(
        instrument=instrument,
        side=side,
        qty=Decimal("0.010"),
        type=OrderType.LIMIT,
        price=Decimal("30000.0"),
        source="grid",
        post_only=True,
    )
    start = {"status": OrderStatus.INTENT, "created_at": T0, "updated_at": T0}
    return Order(client_id=client_id, request=request, **(start | more))


def fill(trade_id: str, instrument: InstrumentId, side: Side, price: str, ts: int) -> Fill:
    return Fill(
        instrument=instrument,
        trade_id=trade_id,
        client_id="tcx1",
        side=side,
        qty=Decimal("0.010"),
        price=Decimal(price),
        fee=Decimal("0.06"),
        fee_coin="USDT",
        liquidity=Liquidity.MAKER,
        ts=ts,
    )


DECISION = Decision(
    number=7,
    at=T0 + 60_000,
    trigger="cycle",
    state=TradingState.ACTIVE,
    inputs=(Input(name="vol.composite", value=0.52, as_of=T0 + 58_000, source="garch"),),
    proposals=(
        Proposal(
            source="grid",
            instrument=BTC,
            wanted="2 levels",
            reason="spacing 0.67%",
            verdict=Verdict.REFUSE,
            why="[bold]confidence[/] below 0.70",
        ),
    ),
    netting=(
        Netting(instrument=BTC, asked=(("grid", Decimal("0.01")),), net=Decimal("0.01"), crossed=Decimal(0)),
    ),
    checks=(
        Check(name="data age", value="1 s", threshold="5 s", verdict=Verdict.PASS, scope="BTCUSDT@binance"),
        Check(
            name="symbol limit",
            value="11.1 %",
            threshold="10 %",
            verdict=Verdict.REFUSE,
            scope="BTCUSDT@binance",
        ),
    ),
    orders=("tcx2",),
    cancels=(),
    equity=Decimal("100010"),
    drawdown_pct=0.4,
    notices=("one feed is slow",),
)


def steps() -> list[Step]:
    filled = {"filled": Decimal("0.010"), "cost": Decimal("300.00")}
    first = order("tcx1", BTC, Side.BUY)
    opened = order("tcx1", BTC, Side.BUY, status=OrderStatus.OPEN, updated_at=T0 + 1_000, venue_id="v-1")
    done = order(
        "tcx1", BTC, Side.BUY, status=OrderStatus.FILLED, updated_at=T0 + 2_000, venue_id="v-1", **filled
    )
    second = order(
        "tcx2", ETH, Side.SELL, created_at=T0 + 60_000, updated_at=T0 + 60_000, status=OrderStatus.UNKNOWN
    )
    buy = fill("t1", BTC, Side.BUY, "30000.0", T0 + 2_000)
    paid = FundingPaid(
        instrument=BTC,
        payment_id="p1",
        ts=T0 + 3_000,
        rate=Decimal("0.0001"),
        position=Decimal("0.010"),
        mark=Decimal("30000"),
        amount=Decimal("-0.03"),
        coin="USDT",
    )
    entry = LedgerEntry(
        venue="binance",
        coin="USDT",
        amount=Decimal("-0.03"),
        kind="funding",
        ts=paid.ts,
        ref="funding:p1",
        instrument=BTC,
    )
    record = (Record(DECISION), Notify(Severity.WARN, "feed", "okx is slow"))
    tick, accepted = TimerFired(ts=T0), OrderAccepted(client_id="tcx1", ts=T0 + 1_000)
    return [
        Step(seq=1, at=T0, event=tick, commands=(), orders=(first,)),
        Step(seq=2, at=T0 + 1_000, event=accepted, commands=(), orders=(opened,)),
        Step(seq=3, at=T0 + 2_000, event=buy, commands=(), orders=(done,)),
        Step(seq=4, at=T0 + 3_000, event=paid, commands=(), entries=(entry,)),
        Step(seq=5, at=T0 + 60_000, event=tick, commands=record, orders=(second,)),
    ]


def write(
    path: Path,
    *,
    mode: Mode = Mode.DEMO,
    run_id: str = "d-1",
    finished: bool = True,
    data: Any = None,
    beat: dict[str, Any] | None = None,
) -> None:
    """Write the run into the ledger at ``path``; with ``beat`` it still runs, and said that at its last minute."""

    async def go() -> None:
        ledger = await Ledger.open(path, mode=mode, account="test")
        try:
            fence = await ledger.take_lease("test")
            run = Run(
                run_id=run_id,
                mode=mode,
                started=T0,
                seed=42,
                config_digest="c",
                config={},
                data=data or {},
                code="0",
            )
            await ledger.begin_run(run)
            await ledger.commit(steps(), fence)
            if beat is not None:
                await ledger.beat(T0 + 60_000, T0 + 60_000, codec.encode(beat))
            elif finished:
                await ledger.finish_run(T0 + 60_000, SUMMARY)
        finally:
            await ledger.close()

    asyncio.run(go())


def go_on(path: Path, mode: Mode, at: int, *told: Notify) -> None:
    """Add one step to the run at ``path``: what was told, or else that its working order is cancelled."""

    async def go() -> None:
        ledger = await Ledger.open(path, mode=mode, account="test")
        try:
            run = Run(
                run_id="x", mode=mode, started=T0, seed=42, config_digest="c", config={}, data={}, code="0"
            )
            _, seq = await ledger.continue_run(run)
            ended = order("tcx2", ETH, Side.SELL, created_at=T0, updated_at=at, status=OrderStatus.CANCELED)
            orders = () if told else (ended,)
            step = Step(seq=seq + 1, at=at, event=TimerFired(ts=at), commands=told, orders=orders)
            await ledger.commit([step], await ledger.take_lease("test"))
        finally:
            await ledger.close()

    asyncio.run(go())
