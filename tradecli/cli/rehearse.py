"""``tradecli rehearse``: the four venues on this machine, and the console or the engine against them.

Everything of a live session is real but the venues: the real clients speak their protocols to a loopback server over a
simulated market. Every answer, header and file says REHEARSAL.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradecli import codec
from tradecli.cli import engines, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.place import Place, locate
from tradecli.domain.enums import Mode
from tradecli.errors import UsageError
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.present.format import count, moment, money, percent

if TYPE_CHECKING:
    from tradecli.engine.snapshot import Snapshot
    from tradecli.wiring.rehearsal import Requests

app = Commands("rehearse", "The console against venues on this machine.", single=True)
SCHEMA = "tradecli.rehearse/1"
PROFILE = "rehearsal"
_LOOK_S = 0.2


def _row() -> Any:
    from tradecli.engine.summary import DeskStatus

    return DeskStatus


@app.answers(uses=("seed", "venue"), schema=SCHEMA, row=_row, many_venues=True)
def rehearse(
    tape: Annotated[
        str, typer.Argument(metavar="[TAPE]", help="script of the market: demo --list", show_default=False)
    ] = "quiet",
    headless: Annotated[bool, typer.Option("--headless", help="no screen: an answer at the end")] = False,
    for_time: Annotated[
        str, typer.Option("--for", help="how long: 60s, 10m [default: until stopped]", show_default=False)
    ] = "",
    serve: Annotated[
        bool,
        typer.Option("--serve", help="only the venues, for other commands of the profile, until stopped"),
    ] = False,
) -> Answer | None:
    """Run the console against Binance, OKX, Bybit and Deribit as this machine plays them.

    While it runs, every command of the same profile asks these venues. Nothing leaves the machine.
    """
    for_ms = parse.duration(for_time, "--for", least_ms=1_000) if for_time else None
    if serve and headless:
        raise UsageError("--serve and --headless contradict each other", number=103)
    given = options.current()
    place = locate(given.profile or PROFILE, given.config, given.db)
    if place.mode is not Mode.REHEARSAL:
        hint = f"tradecli rehearse, or a profile of mode {Mode.REHEARSAL}"
        raise UsageError(f"profile {place.profile} is of mode {place.mode}", number=114, hint=hint)
    if not serve and not headless:
        engines.need_terminal("tradecli rehearse --headless --for 1m")
    name = parse.one_of(tape, _tapes(), "TAPE")
    from tradecli.wiring.rehearsal import rehearsing  # the store and the venues: only now

    with rehearsing(place.profile, seed=given.seed, tape=name) as rehearsal:
        if serve:
            _serve(place, rehearsal, for_ms)
            return None
        if not headless:
            _show(place, for_ms)
            return None
        with engines.logged(f"rehearsal of profile {place.profile}"):
            last = engines.wait(_session(place, for_ms), None)
        return _answer(last, rehearsal.asked())


def _tapes() -> tuple[str, ...]:
    from tradecli.wiring import tapes

    return tuple(tape.name for tape in tapes())


def _session(place: Place, for_ms: int | None) -> Any:
    from tradecli.wiring import live_session

    given = options.current()
    flags = {"run.venues": list(given.venues)} if given.venues else {}
    return live_session(
        profile=place.profile, config_path=given.config, db=given.db, for_ms=for_ms, flags=flags
    )


def _show(place: Place, for_ms: int | None) -> None:
    from tradecli.cli.tui import show_live

    show_live(lambda: _session(place, for_ms), place.profile)


def _serve(place: Place, rehearsal: Any, for_ms: int | None) -> None:
    """Wait until stopped, and say on stderr what was asked."""
    said = (
        f"REHEARSAL: four venues on 127.0.0.1:{rehearsal.port} for --profile {place.profile}; Ctrl-C ends it"
    )
    print(said, file=sys.stderr)
    until = None if for_ms is None else time.monotonic() + for_ms / 1_000  # noqa: TID251 - how long a person waits
    try:
        while until is None or time.monotonic() < until:  # noqa: TID251
            time.sleep(_LOOK_S)  # noqa: TID251
    finally:
        asked = rehearsal.asked()
        print(f"REHEARSAL ended: {asked.requests} requests, {asked.signed_requests} signed", file=sys.stderr)


def _answer(last: Snapshot, asked: Requests) -> Answer:
    from tradecli.engine.summary import desk_status

    status = desk_status(last)
    return Answer(
        schema=SCHEMA,
        mode=last.mode,
        data=[status],
        as_of=last.at,
        asked_at=last.at,
        units={"equity": "USDT", "pnl_day": "USDT", "dd_pct": "%", "gross_pct": "%", "net_pct": "%"},
        beside={"loopback": codec.to_builtins(asked)},
        codes=engines.halted(last.state, last.latches),
        source=last.note,
        panels=lambda: [_panel(last, asked)],
    )


def _panel(last: Snapshot, asked: Requests) -> Panel:
    facts = (
        ("at", Cell(moment(last.at))),
        ("state", Cell(last.state.value)),
        ("cycles", Cell(count(last.cycle))),
        ("events", Cell(count(last.events))),
        ("equity", Cell(money(last.equity, "USDT"))),
        ("drawdown", Cell(percent(last.drawdown_pct))),
        ("requests", Cell(count(asked.requests))),
        ("signed requests", Cell(count(asked.signed_requests))),
    )
    return Panel(title=f"REHEARSAL {last.run_id}", blocks=(Facts(rows=facts),))
