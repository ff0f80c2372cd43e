"""What a finished run comes to: counts, money, drawdown, and the residual that must be zero."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.domain.enums import Mode, OrderStatus
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO
from tradecli.engine.core import Engine
from tradecli.engine.snapshot import Snapshot


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One position at the end, in base units and quote currency, at ``mark``."""

    instrument: InstrumentId
    qty: Decimal
    mark: Decimal | None
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal
    funding: Decimal
    fills: int


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Money in USDT; ``pnl_residual`` is equity less what deposits, profit, fees and funding explain
    (INV-03).

    Everything here is a function of the seed, the data and the configuration. How long it took is not, and stands
    elsewhere.
    """

    run_id: str
    mode: Mode
    seed: int | None
    since: int
    until: int
    cycles: int
    decisions: int
    orders: int
    fills: int
    fees: Decimal
    funding: Decimal
    realised: Decimal
    unrealised: Decimal
    start_equity: Decimal
    equity: Decimal
    pnl: Decimal
    pnl_residual: Decimal
    max_drawdown_pct: float
    events: int
    market_events: int
    market_events_per_sim_s: float
    positions: tuple[Held, ...]
    latches: tuple[str, ...]
    audit_hash: str
    config_digest: str
    note: str


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a run took. Not part of its result."""

    wall_s: float
    cpu_s: float
    events_per_s: float
    times_real_time: float


def summarise(
    engine: Engine,
    *,
    run_id: str,
    mode: Mode,
    seed: int | None,
    since: int,
    until: int,
    market_events: int,
    audit_hash: str,
    config_digest: str,
    note: str,
) -> RunSummary:
    """Return the summary of what ``engine`` did between ``since`` and ``until``; raise ``ValueError`` without a
    price.
    """
    state = engine.state
    equity, residual = state.equity_now(), state.residual()
    if equity is None or residual is None:
        raise ValueError("a held coin or position has no price, so equity is not known")
    held = tuple(_held(engine, instrument) for instrument in sorted(state.account.positions))
    seconds = max((until - since) / 1000, 1e-3)
    return RunSummary(
        run_id=run_id,
        mode=mode,
        seed=seed,
        since=since,
        until=until,
        cycles=engine.cycle.number,
        decisions=engine.decider.number,
        orders=state.account.order_count,
        fills=state.account.fill_count,
        fees=sum((each.fees for each in held), ZERO),
        funding=sum((each.funding for each in held), ZERO),
        realised=sum((each.realised for each in held), ZERO),
        unrealised=sum((each.unrealised or ZERO for each in held), ZERO),
        start_equity=state.account.deposits,
        equity=equity,
        pnl=equity - state.account.deposits,
        pnl_residual=residual if residual else ZERO,
        max_drawdown_pct=round(100 * state.equity.max_drawdown, 6),
        events=state.events,
        market_events=market_events,
        market_events_per_sim_s=round(market_events / seconds, 3),
        positions=held,
        latches=tuple(f"{latch.level} {latch.scope}: {latch.reason}" for latch in state.latches),
        audit_hash=audit_hash,
        config_digest=config_digest,
        note=note,
    )


def _held(engine: Engine, instrument: InstrumentId) -> Held:
    position = engine.state.account.positions[instrument]
    mark = engine.state.price(instrument)
    return Held(
        instrument=instrument,
        qty=position.qty,
        mark=mark,
        realised=position.realised,
        unrealised=position.unrealised(mark) if mark is not None else None,
        fees=position.fees,
        funding=position.funding,
        fills=position.fills,
    )


class DeskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a running desk in one record: its sign of life, and what ``tradecli status`` answers with."""

    run_id: str
    mode: Mode
    state: str
    running: bool
    at: int
    cycle: int
    events: int
    events_per_s: float | None
    equity: Decimal | None
    pnl_day: Decimal | None
    dd_pct: float | None
    gross_pct: float | None
    net_pct: float | None
    open_orders: int
    unknown_orders: int
    positions: int
    latches: tuple[str, ...]
    strategies: dict[str, str]
    feeds_up: int
    feeds: int
    oldest_feed_age_s: float | None
    prices_at: int | None
    """The time of the newest price of the venue that is furthest behind."""
    note: str


def desk_status(snapshot: Snapshot) -> DeskStatus:
    """Return the compact status of what ``snapshot`` shows."""
    live = [order for order in snapshot.orders if order.is_live]
    ages = [feed.age_ms / 1000 for feed in snapshot.feeds if feed.age_ms is not None]
    prices = [feed.age_ms for feed in snapshot.feeds if feed.has_prices and feed.age_ms is not None]
    return DeskStatus(
        run_id=snapshot.run_id,
        mode=snapshot.mode,
        state=snapshot.state.value,
        running=snapshot.running,
        at=snapshot.at,
        cycle=snapshot.cycle,
        events=snapshot.events,
        events_per_s=snapshot.events_per_s,
        equity=snapshot.equity,
        pnl_day=snapshot.pnl_day,
        dd_pct=snapshot.drawdown_pct,
        gross_pct=snapshot.gross_pct,
        net_pct=snapshot.net_pct,
        open_orders=len(live),
        unknown_orders=sum(order.status is OrderStatus.UNKNOWN for order in live),
        positions=sum(1 for position in snapshot.positions if position.qty),
        latches=tuple(f"{latch.level} {latch.scope}: {latch.reason}" for latch in snapshot.latches),
        strategies={each.name: each.state.value for each in snapshot.strategies},
        feeds_up=sum(feed.is_fine for feed in snapshot.feeds),
        feeds=len(snapshot.feeds),
        oldest_feed_age_s=max(ages, default=None),
        prices_at=None if not prices else snapshot.at - max(prices),
        note=snapshot.note,
    )
