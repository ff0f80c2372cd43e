"""The desk that trades in the simulation: a ladder that moves every second and a target that flips, on two symbols."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tests.fakes.desk import limits, linear
from tradecli.components.base import Topic
from tradecli.domain.enums import Side, StrategyState
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.intent import Intent, Ladder, Rung, Target
from tradecli.engine.assess import Assessor, Running, duties
from tradecli.engine.core import Desk, Engine
from tradecli.engine.plan import Strategy
from tradecli.errors import NotEnoughData

A = InstrumentId("AAAUSDT@twin")
B = InstrumentId("BBBUSDT@twin")
STARTS = {A: 100_000, B: 50_000}
INSTRUMENTS = {A: linear(A, "0.1"), B: linear(B, "0.1")}
PREFIX = "sim"
BEAT_MS = 400
D = Decimal


class Seen(msgspec.Struct, frozen=True):
    """What the strategy looks at."""

    mid: float
    at: int


class Whims:
    """What the test does to the strategy: ``breaks`` makes its next assessment fail."""

    def __init__(self) -> None:
        self.breaks = False

    def assess(self, view: Any, settings: None, query: object) -> Seen:
        if self.breaks:
            self.breaks = False
            raise RuntimeError("the topic broke on purpose")
        quote = view.quote(view.focus)
        if quote is None:
            raise NotEnoughData("no quote yet")
        return Seen(quote.mid, view.at)


def _ladder(report: Seen, view: Any, settings: None) -> tuple[Intent, ...]:
    spec = view.instrument(view.focus)
    mid = D(str(round(report.mid, 1)))
    offset = (report.at // BEAT_MS) % 5
    rungs = tuple(
        Rung(
            side,
            spec.round_price(mid - side.sign * spec.tick * (3 * step + offset), side),
            D("0.010") * step,
        )
        for side in (Side.BUY, Side.SELL)
        for step in (1, 2, 3)
    )
    return (Ladder(instrument=view.focus, source="grid", rungs=rungs, reason="around the mid"),)


def _target(report: Seen, view: Any, settings: None) -> tuple[Intent, ...]:
    qty = D("0.05") if (report.at // (4 * BEAT_MS)) % 2 else D("-0.05")
    return (Target(instrument=view.focus, source="swing", qty=qty, reason="flip"),)


def _unseen(report: Any) -> Any:
    raise AssertionError("not shown here")


def build(whims: Whims) -> tuple[Engine, Assessor]:
    """Return a fresh engine and its assessor."""
    topics = {
        "vol.grid": Topic(
            name="grid", summary="", report=Seen, assess=whims.assess, present=_unseen, propose=_ladder,
            strategy="grid", every_ms=BEAT_MS // 2,
        ),
        "signals.swing": Topic(
            name="swing", summary="", report=Seen, assess=whims.assess, present=_unseen, propose=_target,
            strategy="swing", every_ms=4 * BEAT_MS - 100,
        ),
    }  # fmt: skip
    running = tuple(Running(key, topic, None) for key, topic in topics.items())
    names = ("grid", "swing")
    desk = Desk(
        limits=limits(
            max_orders_per_min=5_000,
            max_open_orders=60,
            max_symbol_pct=1.2,
            max_net_pct=1.4,
            stale_clean_s=1.0,
        ),
        strategies=tuple(Strategy(name=name, priority=n, budget_pct=4) for n, name in enumerate(names)),
        standing=dict.fromkeys(names, StrategyState.ACTIVE),
        duties=duties(running, (A, B), (A, B), frozenset(names)),
        traded=(A, B),
        id_prefix=PREFIX,
        cycle_ms=BEAT_MS,
    )
    engine = Engine(desk, list(INSTRUMENTS.values()))
    return engine, Assessor(running, engine.state, (A, B))
