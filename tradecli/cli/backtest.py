"""``tradecli backtest``: trade recorded markets through the same engine, and look at what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import engines, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.domain.feed import INTERVALS_MS
from tradecli.errors import NotFound, TradecliError, UsageError
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import count, day, money, percent
from tradecli.store.reader import LedgerReader, RunRow

USES = ("symbols", "watchlist", "venue", "since", "until", "seed")
app = Commands("backtest", "Trade recorded markets through the same engine.")


class BacktestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run over recorded data, as listed; ``finished`` null: it was cut off."""

    run_id: str
    venue: str
    symbols: tuple[str, ...]
    since: int | None
    until: int | None
    finished: int | None
    decisions: int | None
    fills: int | None
    pnl: str | None
    max_drawdown_pct: float | None
    audit_hash: str | None


def _row() -> Any:
    from tradecli.engine.summary import RunSummary

    return RunSummary


@app.answers(
    "run",
    uses=("symbols", "watchlist", "venue", "since", "until", "seed"),
    schema="tradecli.backtest.run/1",
    row=_row,
)
def run_backtest(
    strategy: Annotated[
        str,
        typer.Option("--strategy", help="strategies, as A,B [default: run.strategies]", show_default=False),
    ] = "",
    interval: Annotated[
        str, typer.Option("--interval", help="bars that drive the run [default: 1m]", show_default=False)
    ] = "1m",
) -> Answer:
    """Trade recorded bars between --since and --until; the run is kept in a file of its own.

    Example: tradecli backtest run --symbols BTCUSDT --venue binance --since 2023-07-18T12:00Z --until 2023-08-17T11:00Z
    """
    given = options.current()
    if given.since is None or given.until is None:
        raise UsageError("a backtest needs --since and --until", number=107, hint="ISO times with their zone")
    from tradecli.wiring import run_recorded  # the engine and its numerics: only now

    flags = {} if given.seed is None else {"paper.seed": given.seed}
    with engines.logged("backtest"):
        outcome = run_recorded(
            config_path=given.config,
            symbols=_symbols(given),
            venue=given.venue or _venue_of_symbols(given) or "binance",
            since=given.since,
            until=given.until,
            strategies=[parse.name(name, "strategy") for name in strategy.split(",")] if strategy else (),
            interval_ms=INTERVALS_MS[parse.one_of(interval, tuple(INTERVALS_MS), "--interval")],
            flags=flags,
        )
    return engines.run_answer("tradecli.backtest.run/1", outcome.summary, outcome.timing, timed=True)


@app.answers("list", uses=("since", "until"), schema="tradecli.backtest.list/1", row=BacktestRow)
def list_backtests() -> Answer:
    """List the runs over recorded data, newest first; --since and --until choose those whose data overlap."""
    rows, warnings = [], []
    for path in sorted(folders.runs_dir().glob("*.db"), key=_age):
        if path.name.endswith(".new.db"):
            continue
        try:
            with LedgerReader(path) as reader:
                rows += [row for row in map(backtest_row, reader.runs()) if _overlaps(row)]
        except TradecliError as error:
            warnings.append(error.line())
    return Answer(
        schema="tradecli.backtest.list/1",
        mode=Mode.REPLAY,
        data=rows,
        as_of=options.current().now,
        units={"pnl": "USDT", "max_drawdown_pct": "%"},
        warnings=warnings,
        panels=lambda: [_table(rows)],
    )


@app.answers("show", schema="tradecli.backtest.show/1", row=_row)
def show_backtest(
    run_id: Annotated[
        str, typer.Argument(metavar="[RUN_ID]", help="a run; none: the newest", show_default=False)
    ] = "",
) -> Answer:
    """Show what one run came to."""
    path = file_of(run_id)
    with LedgerReader(path) as reader:
        run = reader.run(run_id or None)
    if run.summary is None:
        raise NotFound(f"run {run.run_id} did not finish", number=104, hint="run it again")
    summary: Mapping[str, Any] = run.summary
    return Answer(
        schema="tradecli.backtest.show/1",
        mode=run.mode,
        data=[summary],
        as_of=summary["until"],
        asked_at=summary["until"],
        units=engines.UNITS,
        source=str(run.body.get("data", {}).get("source", "")),
        panels=lambda: [engines.summary_panel(summary, {})],
    )


def file_of(run_id: str) -> Path:
    """Return the file of a run, or of the newest; ``NotFound`` where there is none."""
    folder = folders.runs_dir()
    if run_id:
        path = folder / f"{parse.name(run_id, 'run')}.db"
        if not path.exists():
            raise NotFound(f"no run {run_id!r}", number=101, hint="tradecli backtest list")
        return path
    found = [path for path in folder.glob("*.db") if not path.name.endswith(".new.db")]
    if not found:
        raise NotFound("no run over recorded data yet", number=101, hint="tradecli backtest run --help")
    return min(found, key=_age)


def backtest_row(run: RunRow) -> BacktestRow:
    """Return a run as listed."""
    data: Mapping[str, Any] = run.body.get("data", {})
    summary: Mapping[str, Any] = run.summary or {}
    return BacktestRow(
        run_id=run.run_id,
        venue=str(data.get("venue", "")),
        symbols=tuple(data.get("symbols", ())),
        since=data.get("since"),
        until=data.get("until"),
        finished=run.finished,
        decisions=summary.get("decisions"),
        fills=summary.get("fills"),
        pnl=summary.get("pnl"),
        max_drawdown_pct=summary.get("max_drawdown_pct"),
        audit_hash=summary.get("audit_hash"),
    )


def _overlaps(row: BacktestRow) -> bool:
    given = options.current()
    after = given.since is None or row.until is None or row.until > given.since
    return after and (given.until is None or row.since is None or row.since < given.until)


def _age(path: Path) -> float:
    return -path.stat().st_mtime


def _symbols(given: options.Options) -> list[str]:
    if given.watchlist:
        from tradecli.cli.watch import symbols_of

        return [parse.symbol(text)[0] for text in symbols_of(given.watchlist)]
    return [symbol for symbol, _ in given.symbols]


def _venue_of_symbols(given: options.Options) -> str | None:
    venues = {venue for _, venue in given.symbols if venue}
    if len(venues) > 1:
        raise UsageError("a backtest runs at one venue", number=108, hint="--venue NAME")
    return next(iter(venues), None)


def _table(rows: list[BacktestRow]) -> Panel:
    columns = (
        Column(name="run", align=Align.LEFT),
        Column(name="symbols", align=Align.LEFT, priority=2),
        Column(name="venue", align=Align.LEFT, priority=3),
        Column(name="from", align=Align.LEFT, priority=2),
        Column(name="to", align=Align.LEFT, priority=2),
        Column(name="decisions", priority=4),
        Column(name="fills"),
        Column(name="profit", unit="USDT"),
        Column(name="worst drawdown", priority=2),
    )
    cells = tuple(
        (
            Cell(row.run_id),
            Cell(" ".join(row.symbols)),
            Cell(row.venue),
            Cell(day(row.since)),
            Cell(day(row.until)),
            Cell(count(row.decisions)),
            Cell(count(row.fills)),
            Cell(money(None if row.pnl is None else float(row.pnl), sign=True), Tone.TEXT),
            Cell(percent(row.max_drawdown_pct)),
        )
        for row in rows
    )
    return Panel(title="backtests", blocks=(Table(columns=columns, rows=cells, empty="none yet"),))
