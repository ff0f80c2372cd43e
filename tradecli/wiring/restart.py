"""A live engine taken up from its ledger: a normal start and a start after a kill are the same (RELIABILITY 1.6)."""

from __future__ import annotations

from pathlib import Path

from tradecli.domain.control import Latch
from tradecli.domain.enums import StrategyState
from tradecli.domain.events import LatchReleased, LatchSet, Noted, OrderAsked, OrderSending, StrategySet
from tradecli.domain.instrument import InstrumentId
from tradecli.engine.restore import Past
from tradecli.store.past import PastRows

_RATE_MS = 60_000


def read_past(path: Path, run_id: str, seq: int, now: int) -> Past:
    """Read what a start at ``now`` takes up from the run ``run_id`` of the ledger at ``path``."""
    rows = PastRows(path, run_id)
    latches: list[Latch] = []
    strategies: dict[str, StrategyState] = {}
    keys: dict[str, InstrumentId] = {}
    sent: list[int] = []
    starts: list[int] = []
    before_stop: dict[str, StrategyState] | None = None
    for event in rows.events:
        match event:
            case LatchSet(latch=latch) if latch not in latches:
                latches.append(latch)
            case LatchReleased(scope=scope, level=level):
                latches = [
                    latch for latch in latches if latch.scope != scope or level not in (None, latch.level)
                ]
            case StrategySet(strategy=strategy, state=state):
                strategies[strategy] = state
            case OrderAsked(key=key, request=request) if key:
                keys[key] = request.instrument
            case OrderSending(ts=ts) if ts > now - _RATE_MS:
                sent.append(ts)
            case Noted(topic="start", ts=ts):
                starts, before_stop = [*starts, ts], None
            case Noted(topic="stopping"):
                before_stop = dict(strategies)
            case Noted(topic="stop"):
                starts = starts[:-1]
                strategies = before_stop if before_stop is not None else strategies
            case _:
                pass
    return Past(
        seq=seq,
        orders=rows.orders,
        fills=rows.fills,
        entries=rows.entries,
        capital=rows.capital,
        decisions=rows.decisions,
        latches=tuple(latches),
        strategies=strategies,
        keys=keys,
        sent_at=tuple(sent),
        crashes=tuple(starts),
    )
