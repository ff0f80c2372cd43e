"""``tradecli demo``: the real engine on a simulated market, on screen or without one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import engines, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.enums import Mode
from tradecli.errors import UsageError
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.present.format import duration

app = Commands("demo", "A simulated market, traded by the real engine.", single=True)
SCHEMA = "tradecli.demo/1"
_LONGEST_MS = 31 * 86_400_000
_USUAL = "10m"


class TapeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A script of the simulated market: what it teaches, and the breaker and exit code that it must end with."""

    name: str
    summary: str
    teaches: str
    breaker: str
    exit_code: int
    lasts_s: float


def _row() -> Any:
    from tradecli.engine.summary import RunSummary

    return RunSummary


@app.answers(uses=("seed",), schema=SCHEMA, row=_row)
def demo(
    tape: Annotated[
        str, typer.Argument(metavar="[TAPE]", help="script of the market: --list", show_default=False)
    ] = "",
    headless: Annotated[
        bool, typer.Option("--headless", help="no screen: simulated time, as fast as it goes")
    ] = False,
    for_time: Annotated[
        str,
        typer.Option(
            "--for",
            help="how long, in simulated time: 60s, 10m [default without a screen: 10m]",
            show_default=False,
        ),
    ] = "",
    show_tapes: Annotated[bool, typer.Option("--list", help="list the tapes and what each teaches")] = False,
) -> Answer | None:
    """Trade a simulated market: nothing leaves this machine."""
    if show_tapes:
        return _tapes()
    given = options.current()
    for_ms = parse.duration(for_time, "--for", least_ms=1_000) if for_time else None
    if for_ms is not None and for_ms > _LONGEST_MS:
        raise UsageError("--for is at most 31d", number=134)
    name = _tape(tape)
    if headless:
        from tradecli.wiring import run_demo_headless  # the engine and its numerics: only now

        with engines.logged("demo without a screen"):
            outcome = run_demo_headless(
                profile=given.profile,
                config_path=given.config,
                db=given.db,
                seed=given.seed,
                for_ms=for_ms or parse.duration(_USUAL),
                **({"tape": name} if name else {}),
            )
        return engines.run_answer(SCHEMA, outcome.summary, outcome.timing, timed=False)
    engines.need_terminal("tradecli demo --headless --for 10m")
    from tradecli.cli.tui import show_demo

    show_demo(name, for_ms)
    return None


def _tape(name: str) -> str:
    """Return a known tape's name, or nothing for the usual one."""
    if not name:
        return ""
    from tradecli.wiring import tapes

    return parse.one_of(name, tuple(tape.name for tape in tapes()), "TAPE")


def _tapes() -> Answer:
    from tradecli.wiring import tapes

    rows = [
        TapeRow(
            name=tape.name,
            summary=tape.summary,
            teaches=tape.teaches,
            breaker=tape.breaker,
            exit_code=int(tape.exit_code),
            lasts_s=tape.lasts_s,
        )
        for tape in tapes()
    ]
    return Answer(
        schema="tradecli.demo.tapes/1",
        mode=Mode.DEMO,
        data=rows,
        as_of=options.current().now,
        panels=lambda: [_panel(row) for row in rows],
    )


def _panel(row: TapeRow) -> Panel:
    facts = (
        ("what happens", Cell(row.summary)),
        ("teaches", Cell(row.teaches)),
        ("breaker", Cell(row.breaker or "none")),
        ("ends with", Cell(str(row.exit_code))),
        ("lasts", Cell(duration(row.lasts_s * 1_000))),
    )
    return Panel(title=row.name, blocks=(Facts(rows=facts),))
