"""A lively session without an engine: every figure is a function of a counter, and every request is remembered."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from tests.fakes.desk import linear
from tradecli.domain.control import Latch, Scope
from tradecli.domain.decision import Check, Decision, Input, Netting, Proposal
from tradecli.domain.enums import (
    KillLevel,
    Liquidity,
    Mode,
    OrderStatus,
    OrderType,
    Quality,
    Severity,
    Side,
    StrategyState,
    TradingState,
    Verdict,
)
from tradecli.domain.events import Fill
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, Quote
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.position import Position
from tradecli.domain.series import CandleSeries, TradeSeries
from tradecli.engine.snapshot import FeedState, Preview, Reported, Snapshot, StrategyView, Told
from tradecli.errors import ReconciliationMismatch

T0 = 1_700_000_040_000
PRICES = {"BTCUSDT@binance": 60_412.5, "ETHUSDT@binance": 3_018.75, "BNBUSDT@binance": 571.2}
TICKS = {"BTCUSDT@binance": "0.1", "ETHUSDT@binance": "0.01", "BNBUSDT@binance": "0.01"}
IDS = tuple(InstrumentId(name) for name in PRICES)


class FakeSession:
    """``beat`` moves time on by one look; ``calls`` lists what a face asked for."""

    def __init__(self, mode: Mode = Mode.DEMO, *, hostile: str = "") -> None:
        self._mode = mode
        self.hostile = hostile
        self.beat = 0
        self.calls: list[tuple[Any, ...]] = []
        self.latches: tuple[Latch, ...] = ()
        self.differs = ""
        self.refusal: str | None = None
        self.reports: dict[tuple[str, InstrumentId | None], Reported] = {}
        self.changes: dict[str, Any] = {}
        self._speed = 1.0

    @property
    def mode(self) -> Mode:
        return self._mode

    def mid(self, instrument: InstrumentId) -> float:
        step = float(TICKS[instrument])
        swing = PRICES[instrument] * (1 + 0.002 * math.sin(self.beat / 7 + len(instrument)))
        return round(swing / step) * step

    def report(self, topic: str, focus: InstrumentId | None) -> Reported | None:
        self.calls.append(("report", topic, focus))
        return self.snapshot().reports.get((topic, focus))

    def snapshot(self) -> Snapshot:
        at = T0 + 250 * self.beat
        word = self.hostile
        made = Snapshot(
            at=at,
            mode=self._mode,
            run_id="run-1",
            seed=42,
            note=f"Simulated market, seed 42. Nothing leaves this machine.{word}",
            running=True,
            events=1_000 * self.beat,
            events_per_s=412.0,
            cycle=8_812,
            state=TradingState.ACTIVE,
            latches=self.latches,
            equity=Decimal("100191.40") + self.beat,
            start_equity=Decimal(100_000),
            pnl_day=Decimal("191.40") + self.beat,
            drawdown_pct=1.2,
            max_drawdown_pct=1.9,
            drawdown_limit_pct=15.0,
            gross_pct=42.0,
            net_pct=7.7,
            instruments=IDS,
            quotes={
                each: Quote(each, at - 100, self.mid(each) - 0.05, 3.4, self.mid(each) + 0.05, 2.0)
                for each in IDS
            },
            change_24h={IDS[0]: 0.011, IDS[1]: -0.004, IDS[2]: None},
            closes={
                each: tuple(PRICES[each] * (1 + 0.003 * math.sin(i / 9)) for i in range(120)) for each in IDS
            },
            equity_curve=tuple(100_000 + 40 * math.sin(i / 11) + i for i in range(120)),
            positions=(
                Position(
                    instrument=IDS[0],
                    qty=Decimal("0.134"),
                    open_cost=Decimal(8_000),
                    realised=Decimal("212.1"),
                ),
            ),
            orders=tuple(self._orders(at)),
            fills=tuple(self._fills(at)),
            decisions=tuple(self._decision(8_812 - i, at - 60_000 * i) for i in range(12)),
            told=(
                Told(
                    at=at - 1_000,
                    severity=Severity.NOTE,
                    topic="fill",
                    text=f"BUY .010 BTC{word}",
                    instrument=IDS[0],
                ),
                Told(at=at - 9_000, severity=Severity.WARN, topic="feed", text="okx: websocket timed out"),
            ),
            strategies=(
                StrategyView(
                    name="grid",
                    state=StrategyState.ACTIVE,
                    share_pct=30.0,
                    pnl_day=Decimal("212.10"),
                    last=f"hold: spacing ok{word}",
                ),
                StrategyView(
                    name="hedge", state=StrategyState.OBSERVE, share_pct=None, pnl_day=Decimal(0), last=""
                ),
            ),
            feeds=(
                FeedState(venue="binance", feed="market", up=True, age_ms=120),
                FeedState(venue="okx", feed="market", up=False, age_ms=45_000, reason=f"timeout{word}"),
            ),
            reports=self.reports,
        )
        return msgspec.structs.replace(made, **self.changes)

    def _orders(self, at: int) -> list[Order]:
        made = []
        for i in range(26):
            side = Side.BUY if i % 2 == 0 else Side.SELL
            instrument = IDS[i % 3]
            status = (OrderStatus.OPEN, OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.UNKNOWN)[i % 4]
            price = Decimal(str(PRICES[instrument])) * (1 - side.sign * Decimal("0.002") * (1 + i // 2))
            request = OrderRequest(
                instrument=instrument,
                side=side,
                qty=Decimal("0.010"),
                type=OrderType.LIMIT,
                source="grid" if i else f"manual{self.hostile}",
                price=linear(instrument, TICKS[instrument]).round_price(price, side),
                post_only=True,
                reason=f"rung {i}{self.hostile}",
            )
            made.append(
                Order(
                    client_id=f"tc{5_512 - i}",
                    request=request,
                    status=status,
                    created_at=at - 20_000 * (i + 1),
                    updated_at=at - 19_000 * (i + 1),
                    filled=Decimal("0.010") if status is OrderStatus.FILLED else Decimal(0),
                    cost=Decimal(604),
                    venue_id=f"v{991_000 + i}",
                    reason=self.hostile,
                )
            )
        return made

    def _fills(self, at: int) -> list[Fill]:
        return [
            Fill(
                instrument=IDS[i % 3],
                trade_id=f"t{i}",
                client_id=f"tc{5_512 - i}",
                side=Side.BUY,
                qty=Decimal("0.010"),
                price=Decimal("60398.0"),
                fee=Decimal("0.12"),
                fee_coin="USDT",
                liquidity=Liquidity.MAKER,
                ts=at - 9_000 * i,
            )
            for i in range(8)
        ]

    def _decision(self, number: int, at: int) -> Decision:
        word = self.hostile
        return Decision(
            number=number,
            at=at,
            trigger="cycle",
            state=TradingState.ACTIVE,
            inputs=(
                Input(name="composite volatility", value=0.522, as_of=at - 1_000, source=f"vol.show{word}"),
                Input(
                    name="iv",
                    value=None,
                    as_of=None,
                    source="",
                    quality=Quality.UNAVAILABLE,
                    reason="no chain",
                ),
            ),
            proposals=(
                Proposal(
                    source="grid",
                    instrument=IDS[0],
                    wanted="8 rungs",
                    reason=f"spacing 0.67%{word}",
                    verdict=Verdict.PASS,
                ),
                Proposal(
                    source="signals",
                    instrument=IDS[0],
                    wanted="long 0.02",
                    reason="trend",
                    verdict=Verdict.REFUSE,
                    why="confidence 0.61 < 0.70",
                ),
            ),
            netting=(
                Netting(
                    instrument=IDS[0],
                    asked=(("grid", Decimal("0.01")), ("hedge", Decimal("-0.004"))),
                    net=Decimal("0.006"),
                    crossed=Decimal("0.004"),
                ),
            ),
            checks=(
                Check(
                    name="symbol exposure",
                    value="8.1%",
                    threshold="10%",
                    verdict=Verdict.PASS,
                    scope=f"BTCUSDT{word}",
                ),
                Check(name="order notional", value="20 400", threshold="20 000", verdict=Verdict.REFUSE),
            ),
            orders=("tc5512",),
            cancels=("tc5498",),
            equity=Decimal("100191.40"),
            drawdown_pct=1.2,
            notices=(f"calm{word}",),
        )

    def instrument(self, instrument: InstrumentId) -> Instrument | None:
        return linear(instrument, TICKS[instrument]) if instrument in TICKS else None

    def book(self, instrument: InstrumentId) -> Book | None:
        tick = float(TICKS[instrument])
        top = round(self.mid(instrument) / tick)
        bids = tuple((top - i, 0.5 + (i * 7 % 5)) for i in range(20))
        asks = tuple((top + 1 + i, 0.4 + (i * 11 % 6)) for i in range(20))
        return Book(instrument, T0, tick, bids, asks)

    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries:
        n = 240
        i = np.arange(n)
        close = PRICES[instrument] * (1 + 0.01 * np.sin(i / 17) + 0.002 * np.sin(i * 1.7))
        opened = np.roll(close, 1)
        opened[0] = close[0]
        high, low = np.maximum(opened, close) * 1.0008, np.minimum(opened, close) * 0.9992
        ts = T0 - (n - i) * interval_ms
        return CandleSeries(interval_ms, ts, opened, high, low, close, 10 + 5 * np.sin(i) ** 2)

    def trades(self, instrument: InstrumentId) -> TradeSeries:
        n = 60
        i = np.arange(n)
        return TradeSeries(
            T0 - 500 * (n - i),
            PRICES[instrument] + np.sin(i),
            0.1 + 0.5 * (i % 7),
            np.where(i % 3 == 0, -1.0, 1.0),
        )

    def preview(self, request: OrderRequest) -> Preview:
        self.calls.append(("preview", request))
        refused = self.refusal
        verdict = Verdict.PASS if refused is None else Verdict.REFUSE
        price = request.price or Decimal(60_000)
        return Preview(
            request=request,
            executable=request.qty,
            notional=request.qty * price,
            fee=Decimal("0.60"),
            largest_allowed=Decimal("0.0318"),
            refused=refused,
            number=None if refused is None else 103,
            checks=(
                Check(
                    name="symbol limit",
                    value="11.1%",
                    threshold="10%",
                    verdict=verdict,
                    scope=f"BTC{self.hostile}",
                ),
            ),
        )

    def submit(self, request: OrderRequest, key: str = "") -> None:
        self.calls.append(("submit", request, key))

    def cancel(self, client_id: str | None, reason: str) -> None:
        self.calls.append(("cancel", client_id, reason))

    def kill(self, level: KillLevel, scope: Scope, reason: str) -> None:
        self.calls.append(("kill", level, scope, reason))

    def release(self, scope: Scope, reason: str) -> None:
        self.calls.append(("release", scope, reason))
        if self.differs:
            raise ReconciliationMismatch(self.differs, number=120)

    def set_strategy(self, strategy: str, state: StrategyState, reason: str) -> None:
        self.calls.append(("set_strategy", strategy, state, reason))

    @property
    def speed(self) -> float | None:
        return self._speed

    def set_speed(self, speed: float) -> None:
        self.calls.append(("set_speed", speed))
        self._speed = speed

    def stop(self, on_exit: str | None = None) -> None:
        self.calls.append(("stop", on_exit))

    @property
    def writes(self) -> list[tuple[Any, ...]]:
        """What was asked for beyond looking."""
        return [call for call in self.calls if call[0] not in ("preview", "stop")]
