"""The desk of the crash and kill runs: two perpetuals of the fake venue, and a trader that follows its seed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from random import Random

from tests.fakes.desk import limits
from tradecli.domain.enums import OrderType, Side, TimeInForce
from tradecli.domain.events import CancelAsked, OrderAsked
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.order import OrderRequest
from tradecli.engine.assess import Assessor
from tradecli.engine.core import Desk, Engine
from tradecli.engine.live import Live

PREFIX = "crash"


def build(
    instruments: Sequence[Instrument], max_symbol_pct: float = 200.0, prefix: str = PREFIX
) -> tuple[Engine, Assessor]:
    """Return a fresh engine without strategies, and its assessor."""
    traded = tuple(sorted(spec.id for spec in instruments))
    desk = Desk(
        limits=limits(
            max_orders_per_min=100_000,
            max_open_orders=200,
            max_symbol_pct=max_symbol_pct,
            max_gross_pct=400.0,
            max_net_pct=400.0,
            max_venue_pct=400.0,
            max_drawdown_pct=50.0,
            max_daily_loss_pct=50.0,
            stale_clean_s=0.2,
        ),
        strategies=(),
        standing={},
        duties=(),
        traded=traded,
        id_prefix=prefix,
    )
    engine = Engine(desk, list(instruments))
    return engine, Assessor((), engine.state, traded)


class Trader:
    """Asks for ``per_s`` orders a second: resting ones, takers and cancels, as its seed says."""

    def __init__(self, live: Live, seed: int, per_s: float, *, resting: bool = False) -> None:
        self.live = live
        self.rng = Random(seed)
        self.per_s = per_s
        self.resting = resting
        self.asked = 0

    async def trade(self) -> None:
        """Trade for good, as soon as the books are reconciled."""
        while True:
            await asyncio.sleep(1 / self.per_s)
            if all(recovery.open for recovery in self.live.recoveries.values()):
                self._ask()

    def _ask(self) -> None:
        live, rng = self.live, self.rng
        now, account = live.clock.now(), live.engine.state.account
        working = list(account.live)
        if working and (rng.random() < 0.25 or len(working) > 60):
            live.inbox.append(CancelAsked(client_id=rng.choice(working), ts=now, reason="drawn"))
            if not self.resting:
                return
        instrument = rng.choice(sorted(live.engine.state.instruments))
        mid = live.engine.state.mid(instrument)
        if mid is not None:
            self.asked += 1
            request = self._request(live.engine.state.instruments[instrument], mid)
            live.inbox.append(OrderAsked(request=request, ts=now))

    def _request(self, spec: Instrument, mid: Decimal) -> OrderRequest:
        rng = self.rng
        held = self.live.engine.state.account.position(InstrumentId(spec.id)).qty
        side = (
            Side.SELL if held > 0 and rng.random() < 0.7 else Side.BUY if held < 0 else rng.choice(list(Side))
        )
        takes = not self.resting and rng.random() < 0.4
        away = spec.tick * (
            rng.randint(-8, -1) if takes else rng.randint(1, 40 if not self.resting else 4_000)
        )
        return OrderRequest(
            instrument=spec.id,
            side=side,
            qty=spec.lot * rng.randint(5, 40),
            type=OrderType.LIMIT,
            price=spec.round_price(mid - side.sign * away, side),
            tif=TimeInForce.IOC if takes and rng.random() < 0.5 else TimeInForce.GTC,
            source="operator",
        )
