"""A live engine taken up from its ledger: a normal start and a start after a kill are the same (RELIABILITY 1.6)."""

from __future__ import annotations

from pathlib import Path

from tradecli.domain.control import Latch
from tradecli.domain.enums import OrderStatus, StrategyState
from tradecli.domain.events import (
    FundingPaid,
    LatchReleased,
    LatchSet,
    Noted,
    OrderAsked,
    OrderSending,
    StrategySet,
)
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.number import ZERO, plain
from tradecli.domain.position import LedgerEntry
from tradecli.engine.account import Account
from tradecli.engine.restore import Past
from tradecli.ports import AccountSnapshot
from tradecli.store.past import PastRows

_RATE_MS = 60_000


def left_at(past: Past, account: Account, venue: str, at: int) -> AccountSnapshot | None:
    """Return the paper account at ``venue`` as the books of ``account``, restored from ``past``, have it.

    A paper venue has no memory of its own: the ledger is what it is taken up from, so that the two are equal. What was
    on its way when the process ended has never arrived. None: this venue was never funded.
    """
    if not any(entry.venue == venue for entry in past.entries):
        return None
    held = [each for each in account.positions.values() if each.qty and venue_of(each.instrument) == venue]
    return AccountSnapshot(
        venue=venue,
        ts=at,
        balances={
            coin: plain(amount) for (where, coin), amount in account.balances.items() if where == venue
        },
        positions=tuple(held),
        open_orders=tuple(
            order
            for order in account.live.values()
            if order.status is OrderStatus.OPEN and venue_of(order.request.instrument) == venue
        ),
        fills=tuple(fill for fill in past.fills if venue_of(fill.instrument) == venue),
        income=tuple(
            _paid(entry) for entry in past.entries if entry.venue == venue and entry.kind == "funding"
        ),
    )


def _paid(entry: LedgerEntry) -> FundingPaid:
    """Return a booked payment under its id; of what it was made of the ledger's entry says nothing."""
    instrument = entry.instrument or InstrumentId("")
    return FundingPaid(
        instrument=instrument,
        payment_id=entry.ref.removeprefix(f"funding:{instrument}:"),
        ts=entry.ts,
        rate=ZERO,
        position=ZERO,
        mark=ZERO,
        amount=entry.amount,
        coin=entry.coin,
    )


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
