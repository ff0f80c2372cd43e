"""NautilusTrader's side of ``benchmarks.engines``: the same bars, its own averages, market orders on each cross."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from benchmarks.engines import bars

PERP = TestInstrumentProvider.btcusdt_perp_binance()
KIND = BarType.from_str(f"{PERP.id}-1-MINUTE-LAST-EXTERNAL")
SIZE = Decimal("0.100")


class Cross(Strategy):  # type: ignore[misc]
    """Long above, short below; each turn closes what is open and opens the other side."""

    def __init__(self) -> None:
        super().__init__()
        self.fast, self.slow = ExponentialMovingAverage(10), ExponentialMovingAverage(30)
        self.side = 0
        self.orders = 0

    def on_start(self) -> None:
        self.register_indicator_for_bars(KIND, self.fast)
        self.register_indicator_for_bars(KIND, self.slow)
        self.subscribe_bars(KIND)

    def on_bar(self, bar: Any) -> None:
        if not self.slow.initialized:
            return
        side = 1 if self.fast.value > self.slow.value else -1
        if side == self.side:
            return
        size = SIZE if self.side == 0 else 2 * SIZE
        self.side = side
        self.orders += 1
        wanted = OrderSide.BUY if side > 0 else OrderSide.SELL
        self.submit_order(self.order_factory.market(PERP.id, wanted, PERP.make_qty(size)))


def main(count: int) -> None:
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(
        Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USDT)], base_currency=None
    )
    engine.add_instrument(PERP)
    volume, digits = Quantity(500, PERP.size_precision), PERP.price_precision
    rows = [
        Bar(
            KIND,
            *(Price(value, digits) for value in prices),
            volume,
            (ts + 60_000) * 10**6,
            (ts + 60_000) * 10**6,
        )
        for ts, *prices, _ in bars(count)
    ]
    engine.add_data(rows, validate=False)
    strategy = Cross()
    engine.add_strategy(strategy)
    cpu = time.process_time()
    engine.run()
    cpu = time.process_time() - cpu
    print(json.dumps({"bars": count, "orders": strategy.orders, "cpu_s": cpu}))
