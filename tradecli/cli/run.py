"""``tradecli run``: the engine without a screen, for a service or a crontab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradecli.cli import engines, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.place import locate
from tradecli.domain.enums import Mode
from tradecli.errors import UsageError
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.present.format import count, moment, money, percent

if TYPE_CHECKING:
    from tradecli.engine.session import EngineSession
    from tradecli.engine.snapshot import Snapshot

app = Commands("run", "Run the engine without a screen.", single=True)
SCHEMA = "tradecli.run/1"
_AS_FAST_AS_IT_GOES = 1_000.0
_MOST_CYCLES = 1_000_000


def _row() -> Any:
    from tradecli.engine.summary import DeskStatus

    return DeskStatus


@app.answers(uses=("seed",), schema=SCHEMA, row=_row)
def run(
    headless: Annotated[
        bool, typer.Option("--headless", help="without a screen; run has none, so this is accepted")
    ] = False,
    for_time: Annotated[str, typer.Option("--for", help="how long: 8h, 30m", show_default=False)] = "",
    cycles: Annotated[
        str, typer.Option("--cycles", help="end after this many decision cycles", show_default=False)
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="one cycle: the same as --cycles 1")] = False,
    on_exit: Annotated[
        str,
        typer.Option(
            "--on-exit",
            help="at the end: leave, cancel or flatten [default: run.on_exit]",
            show_default=False,
        ),
    ] = "",
) -> Answer:
    """Run the engine until it is stopped, or for a time or a number of cycles.

    Cycles of the simulated market run as fast as they go, a time runs in real time.
    """
    if sum((bool(for_time), bool(cycles), once)) > 1:
        raise UsageError("--for, --cycles and --once contradict each other", number=103)
    wanted = 1 if once else parse.whole(cycles, "--cycles", most=_MOST_CYCLES) if cycles else None
    for_ms = parse.duration(for_time, "--for", least_ms=1_000) if for_time else None
    leave_by = parse.one_of(on_exit, engines.ON_EXIT, "--on-exit") if on_exit else None
    given = options.current()
    place = locate(given.profile, given.config, given.db)
    with engines.logged(f"run of profile {place.profile}"):
        session = _started(place.mode, for_ms, wanted)
        if leave_by is not None:
            session.end_by(leave_by)
        last = engines.wait(session, leave_by, (lambda shot: shot.cycle >= wanted) if wanted else None)
    return _answer(last)


def _started(mode: Mode, for_ms: int | None, cycles: int | None) -> EngineSession:
    """Start the engine over the market of the profile: simulated, or that of its venues."""
    given = options.current()
    if mode is Mode.DEMO:
        from tradecli.wiring import demo_session  # the engine and its numerics: only now

        return demo_session(  # type: ignore[no-any-return]
            profile=given.profile,
            config_path=given.config,
            db=given.db,
            seed=given.seed,
            speed=_AS_FAST_AS_IT_GOES if cycles else 1.0,
            for_ms=for_ms,
        )
    engines.need_live(mode)
    from tradecli.wiring import live_session

    return live_session(  # type: ignore[no-any-return]
        profile=given.profile, config_path=given.config, db=given.db, for_ms=for_ms
    )


def _answer(last: Snapshot) -> Answer:
    from tradecli.engine.summary import desk_status

    status = desk_status(last)
    return Answer(
        schema=SCHEMA,
        mode=last.mode,
        data=[status],
        as_of=last.at,
        asked_at=last.at,
        units={"equity": "USDT", "pnl_day": "USDT", "dd_pct": "%", "gross_pct": "%", "net_pct": "%"},
        codes=engines.halted(last.state, last.latches),
        source=last.note,
        panels=lambda: [_panel(last)],
    )


def _panel(last: Snapshot) -> Panel:
    facts = (
        ("at", Cell(moment(last.at))),
        ("state", Cell(last.state.value)),
        ("cycles", Cell(count(last.cycle))),
        ("events", Cell(count(last.events))),
        ("equity", Cell(money(last.equity, "USDT"))),
        ("drawdown", Cell(percent(last.drawdown_pct))),
        ("orders", Cell(count(sum(order.is_live for order in last.orders)))),
        ("positions", Cell(count(sum(bool(position.qty) for position in last.positions)))),
    )
    return Panel(title=f"run {last.run_id}", blocks=(Facts(rows=facts),))
