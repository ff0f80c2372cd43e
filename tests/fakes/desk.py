"""Builders for engine tests: instruments, limits, a desk in one line, and events in another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tradecli.domain.enums import InstrumentKind, Liquidity, OrderType, Side, StrategyState
from tradecli.domain.events import Fill, OrderAccepted, OrderSending, Transferred
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Quote
from tradecli.domain.order import Approved, Order, OrderRequest
from tradecli.engine.core import Desk, Engine
from tradecli.engine.cycle import Duty
from tradecli.engine.plan import Strategy
from tradecli.engine.settings import RiskSettings

BTC = InstrumentId("BTCUSDT@binance")
ETH = InstrumentId("ETHUSDT@binance")
SPOT = InstrumentId("BTCUSDT.spot@binance")
T0 = 1_700_000_040_000
"""A whole minute."""


def linear(instrument: InstrumentId = BTC, tick: str = "0.1", lot: str = "0.001") -> Instrument:
    base = instrument[:3]
    return Instrument(
        id=instrument,
        kind=InstrumentKind.LINEAR,
        base=base,
        quote="USDT",
        settle="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_qty=Decimal(lot),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
    )


def spot() -> Instrument:
    return msgspec.structs.replace(linear(SPOT), kind=InstrumentKind.SPOT)


def limits(**changes: Any) -> RiskSettings:
    values: dict[str, Any] = {
        "max_order_notional_usd": Decimal(20_000),
        "max_symbol_pct": 50.0,
        "max_venue_pct": 100.0,
        "max_gross_pct": 200.0,
        "max_net_pct": 100.0,
        "max_open_orders": 50,
        "max_orders_per_min": 100,
        "max_drawdown_pct": 15.0,
        "max_daily_loss_pct": 4.0,
    }
    return RiskSettings(**(values | changes))


def engine(
    *,
    duties: tuple[Duty, ...] = (),
    strategies: tuple[Strategy, ...] = (Strategy(name="grid", priority=1, budget_pct=50),),
    standing: dict[str, StrategyState] | None = None,
    instruments: tuple[Instrument, ...] = (linear(), linear(ETH, "0.01"), spot()),
    traded: tuple[InstrumentId, ...] = (BTC,),
    **changed_limits: Any,
) -> Engine:
    """Return an engine with 100,000 USDT and a fresh BTC quote of 60,000 at T0."""
    desk = Desk(
        limits=limits(**changed_limits),
        strategies=strategies,
        standing=standing or {strategy.name: StrategyState.ACTIVE for strategy in strategies},
        duties=duties,
        traded=traded,
        id_prefix="t",
    )
    made = Engine(desk, instruments)
    made.process(Transferred(venue="binance", coin="USDT", amount=Decimal(100_000), ts=T0, ref="start"), T0)
    made.process(quote(60_000), T0)
    return made


def quote(mid: float, ts: int = T0, instrument: InstrumentId = BTC, half_spread: float = 0.5) -> Quote:
    return Quote(instrument, ts, mid - half_spread, 1.0, mid + half_spread, 1.0)


def request(
    side: Side = Side.BUY,
    qty: str = "0.1",
    price: str | None = "60000",
    instrument: InstrumentId = BTC,
    source: str = "grid",
    **more: Any,
) -> OrderRequest:
    return OrderRequest(
        instrument=instrument,
        side=side,
        qty=Decimal(qty),
        type=OrderType.LIMIT if price is not None else OrderType.MARKET,
        price=Decimal(price) if price is not None else None,
        source=source,
        **more,
    )


def enter(
    made: Engine, asked: OrderRequest, client_id: str = "t1", at: int = T0, *, live: bool = True
) -> Order:
    """Enter an order past the limits; ``live`` also has it sent and accepted."""
    approved = Approved(client_id=client_id, request=asked, reserved=Decimal(0), at=at)
    made.state.account.open_intent(approved, at)
    if live:
        made.process(OrderSending(client_id=client_id, ts=at), at)
        made.process(OrderAccepted(client_id=client_id, ts=at, venue_id="v1"), at)
    order = made.state.account.order(client_id)
    assert order is not None
    return order


def fill(
    client_id: str | None,
    side: Side = Side.BUY,
    qty: str = "0.1",
    price: str = "60000",
    trade_id: str = "1",
    instrument: InstrumentId = BTC,
    fee: str = "0",
    fee_coin: str = "USDT",
    ts: int = T0,
) -> Fill:
    return Fill(
        instrument=instrument,
        trade_id=trade_id,
        client_id=client_id,
        side=side,
        qty=Decimal(qty),
        price=Decimal(price),
        fee=Decimal(fee),
        fee_coin=fee_coin,
        liquidity=Liquidity.MAKER,
        ts=ts,
    )
