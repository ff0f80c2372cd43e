"""``tradecli status``: the desk in one answer, from its ledger and kill flag. Cheap: no engine, no validator."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tradecli.cli import desk, options
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.place import Place
from tradecli.domain.control import STRICTNESS, Latch
from tradecli.domain.enums import KillLevel, OrderStatus, TradingState
from tradecli.errors import ExitCode, NotEnoughData
from tradecli.present.blocks import Block, Cell, Facts, Notice, Panel, Tone
from tradecli.present.format import moment, money, percent

app = Commands("status", "State of the desk in one answer.", single=True)
SCHEMA = "tradecli.status/1"
UNITS = {"equity": "USDT", "pnl": "USDT", "pnl_day": "USDT", "risk": "%"}
_STATE = {
    KillLevel.PAUSE: TradingState.ACTIVE,
    KillLevel.REDUCE: TradingState.REDUCE_ONLY,
    KillLevel.CANCEL: TradingState.REDUCE_ONLY,
    KillLevel.FLATTEN: TradingState.REDUCE_ONLY,
    KillLevel.HALT: TradingState.HALTED,
}


class LatchFact(msgspec.Struct, frozen=True, kw_only=True):
    level: KillLevel
    scope: str
    reason: str
    by: str
    at: int


class RiskFact(msgspec.Struct, frozen=True, kw_only=True):
    """Drawdown and exposure in percent of equity; null where it is not known."""

    dd_pct: float | None = None
    max_dd_pct: float | None = None
    gross_pct: float | None = None
    net_pct: float | None = None


class FeedFact(msgspec.Struct, frozen=True, kw_only=True):
    """How many feeds are up, and how old the oldest of them is."""

    up: int
    of: int
    oldest_age_s: float | None


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    """The desk: ``engine`` is ``running``, ``stopped`` or ``never run``; money in USDT; null where it is not known."""

    profile: str
    engine: str
    state: TradingState
    halted: bool
    latches: tuple[LatchFact, ...]
    run_id: str | None
    started: int | None
    cycle: int | None
    last_decision_at: int | None
    equity: Decimal | None
    pnl: Decimal | None
    pnl_day: Decimal | None
    risk: RiskFact
    feeds: FeedFact | None
    strategies: dict[str, str]
    open_orders: int
    unknown_orders: int
    positions: int
    fills: int
    notice: str | None


@app.answers(uses=("at",), schema=SCHEMA, row=StatusRow)
def status() -> Answer:
    """Show whether the engine runs, what is latched, equity, drawdown, orders and positions."""
    place = desk.here()
    standing = desk.latches(place)
    try:
        with desk.opened() as ledger:
            row = _row(ledger, standing)
            answer = ledger.answer(
                SCHEMA, [row], units=UNITS, panels=lambda: [_panel(row)], rests_on_prices=True
            )
    except NotEnoughData as nothing:
        row = _empty(place, standing)
        answer = Answer(schema=SCHEMA, mode=place.mode, data=[row], units=UNITS, panels=lambda: [_panel(row)])
        answer.warnings = (nothing.message,)
    answer.codes = [ExitCode.HALTED] if row.latches else []
    return answer


def _row(ledger: desk.Desk, standing: tuple[Latch, ...]) -> StatusRow:
    run, until = ledger.run, ledger.until
    live = options.current().at is None
    told: Mapping[str, Any] = (ledger.beat.body if ledger.beat else run.summary or {}) if live else {}
    newest = ledger.reader.decisions(run.run_id, at=until, limit=1)
    decision = newest[0] if newest else None
    orders = [order for order in ledger.reader.orders(run.run_id, at=until, limit=1_000_000) if order.is_live]
    equity = _decimal(told.get("equity")) if told else decision.equity if decision else None
    notices = ledger.reader.notices(run.run_id, at=until, limit=1)
    state = _state(standing)
    if decision is not None and not standing and decision.state is not TradingState.ACTIVE:
        state = decision.state
    return StatusRow(
        profile=ledger.place.profile,
        engine="running" if desk.is_alive(ledger.beat) else "stopped",
        state=state,
        halted=state is TradingState.HALTED,
        latches=_facts(standing),
        run_id=run.run_id,
        started=run.started,
        cycle=told.get("cycle", told.get("cycles")) if told else None,
        last_decision_at=decision.at if decision else None,
        equity=equity,
        pnl=_decimal(told.get("pnl")),
        pnl_day=_decimal(told.get("pnl_day")),
        risk=RiskFact(
            dd_pct=told.get("dd_pct", decision.drawdown_pct if decision else None),
            max_dd_pct=told.get("max_drawdown_pct"),
            gross_pct=told.get("gross_pct"),
            net_pct=told.get("net_pct"),
        ),
        feeds=_feeds(told),
        strategies=told.get("strategies", {}),
        open_orders=len(orders),
        unknown_orders=sum(order.status is OrderStatus.UNKNOWN for order in orders),
        positions=sum(bool(position.qty) for position in ledger.reader.positions(run.run_id, at=until)),
        fills=len(ledger.reader.fills(run.run_id, at=until)),
        notice=notices[0].text if notices else None,
    )


def _empty(place: Place, standing: tuple[Latch, ...]) -> StatusRow:
    state = _state(standing)
    return StatusRow(
        profile=place.profile,
        engine="never run",
        state=state,
        halted=state is TradingState.HALTED,
        latches=_facts(standing),
        run_id=None,
        started=None,
        cycle=None,
        last_decision_at=None,
        equity=None,
        pnl=None,
        pnl_day=None,
        risk=RiskFact(),
        feeds=None,
        strategies={},
        open_orders=0,
        unknown_orders=0,
        positions=0,
        fills=0,
        notice=None,
    )


def _state(standing: tuple[Latch, ...]) -> TradingState:
    """Return what the latches on the whole desk allow."""
    whole = [latch for latch in standing if str(latch.scope) == "all"]
    worst = max(whole, key=lambda latch: STRICTNESS[latch.level], default=None)
    return _STATE[worst.level] if worst else TradingState.ACTIVE


def _facts(standing: tuple[Latch, ...]) -> tuple[LatchFact, ...]:
    return tuple(
        LatchFact(level=latch.level, scope=str(latch.scope), reason=latch.reason, by=latch.by, at=latch.at)
        for latch in standing
    )


def _feeds(told: Mapping[str, Any]) -> FeedFact | None:
    if "feeds_up" not in told:
        return None
    return FeedFact(up=told["feeds_up"], of=told["feeds"], oldest_age_s=told.get("oldest_feed_age_s"))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _panel(row: StatusRow) -> Panel:
    good = row.state is TradingState.ACTIVE and not row.latches
    facts = (
        ("engine", Cell(row.engine, Tone.GOOD if row.engine == "running" else Tone.MUTED)),
        ("state", Cell(row.state.value, Tone.GOOD if good else Tone.BAD)),
        ("equity", Cell(money(row.equity, "USDT"))),
        ("profit", Cell(money(row.pnl, "USDT", sign=True))),
        ("drawdown", Cell(f"{percent(row.risk.dd_pct)} now, {percent(row.risk.max_dd_pct)} worst")),
        ("orders", Cell(f"{row.open_orders} open, {row.unknown_orders} unknown")),
        ("positions", Cell(f"{row.positions} open, {row.fills} fills")),
        ("last decision", Cell(moment(row.last_decision_at))),
        ("run", Cell(row.run_id or "—")),
    )
    blocks: list[Block] = [Facts(rows=facts)]
    blocks += [
        Notice(text=f"{latch.level} of {latch.scope} since {moment(latch.at)}: {latch.reason}", tone=Tone.BAD)
        for latch in row.latches
    ]
    if row.notice:
        blocks.append(Notice(text=row.notice))
    return Panel(title=f"status of {row.profile}", blocks=tuple(blocks))
