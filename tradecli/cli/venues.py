"""``tradecli venues``: which venues there are, their budgets and clocks, and whether one answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tradecli.cli import options, parse, pulling
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.errors import ExitCode, NotFound, UsageError
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import count, duration, moment
from tradecli.venues.ccxt import PROFILES

app = Commands("venues", "Venues: what they offer, their budgets, their clocks.")
Symbol = Annotated[str, typer.Option("--symbol", help="whose price to ask for", show_default=False)]


def _row(name: str) -> Any:
    """Return the record type of a command, which is imported when it is asked for."""

    def found() -> Any:
        from tradecli.wiring import venues

        return getattr(venues, name)

    return found


@app.answers("list", uses=("venue",), schema="tradecli.venues.list/1", row=_row("VenueRow"), many_venues=True)
def list_all() -> Answer:
    """List the venues that can be connected, and what market data each offers."""
    from tradecli.wiring.venues import venue_rows

    rows = venue_rows(_named())
    columns = ("venue", "markets", "library", "hosts", "lacks")
    cells = [
        (
            row.venue,
            ", ".join(row.markets),
            row.library,
            ", ".join(row.hosts),
            ", ".join(row.lacks) or "—",
        )
        for row in rows
    ]
    return _answer("list", rows, columns, cells)


@app.answers(
    "status", uses=("venue",), schema="tradecli.venues.status/1", row=_row("StatusRow"), many_venues=True
)
def status() -> Answer:
    """Say whether each venue may be asked now; nothing is asked. Exit code 5 while one has stopped us."""
    from tradecli.wiring.venues import status_rows

    rows = status_rows(pulling.place().mode, _named())
    cells = [(row.venue, row.state, row.reason or "—") for row in rows]
    answer = _answer("status", rows, ("venue", "state", "reason"), cells)
    answer.codes = [ExitCode.UNAVAILABLE] if any(row.state == "stopped" for row in rows) else []
    return answer


@app.answers(
    "limits", uses=("venue",), schema="tradecli.venues.limits/1", row=_row("LimitRow"), many_venues=True
)
def limits() -> Answer:
    """Show how much of each venue's budget all processes have used in this window, and what is kept for cancels."""
    from tradecli.wiring.venues import limit_rows

    rows = limit_rows(pulling.place().mode, _named())
    columns = ("venue", "used", "of", "window", "for cancels", "stopped until", "reason")
    cells = [
        (
            f"{row.venue} {row.market}".rstrip(),
            count(row.used),
            count(row.weight),
            duration(row.window_ms),
            count(row.reserve_for_cancels),
            moment(row.stopped_until) if row.stopped_until is not None else "—",
            row.reason or "—",
        )
        for row in rows
    ]
    return _answer("limits", rows, columns, cells)


@app.answers(
    "clock", uses=("venue",), schema="tradecli.venues.clock/1", row=_row("ClockRow"), many_venues=True
)
def clock() -> Answer:
    """Ask each venue for the time and show how far it is from ours; exit code 5 where one cannot be asked."""
    _may_ask()
    from tradecli.wiring.venues import clock_rows

    where = pulling.place()
    rows = clock_rows(where.mode, where.profile, _named())
    cells = [
        (
            row.venue,
            f"{row.offset_ms:+d} ms" if row.offset_ms is not None else "—",
            f"{row.round_trip_ms} ms" if row.round_trip_ms is not None else "—",
            row.reason or "ok",
        )
        for row in rows
    ]
    answer = _answer("clock", rows, ("venue", "ahead by", "round trip", "verdict"), cells)
    answer.codes = [ExitCode.UNAVAILABLE] if any(row.offset_ms is None for row in rows) else []
    return answer


@app.answers("test", schema="tradecli.venues.test/1", row=_row("TestRow"))
def try_one(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the venue", show_default=False)],
    symbol: Symbol = "",
) -> Answer:
    """Ask one venue for its time, its instruments and a price, and say how long each took; no key is used.

    Example: tradecli venues test binance
    """
    _may_ask()
    from tradecli.wiring.venues import test_rows

    where = pulling.place()
    chosen = parse.symbol(symbol, None)[0] if symbol else ""
    rows = test_rows(where.mode, where.profile, _known(parse.venue(name)), chosen)
    cells = [
        (row.venue, row.step, "ok" if row.ok else "failed", f"{row.took_ms} ms", row.found) for row in rows
    ]
    answer = _answer("test", rows, ("venue", "step", "result", "took", "found"), cells)
    answer.codes = [] if all(row.ok for row in rows) else [ExitCode.UNAVAILABLE]
    return answer


def _may_ask() -> None:
    """Refuse to ask a venue where ``--offline`` says not to."""
    if options.current().offline:
        raise UsageError("--offline, and only a venue knows", number=103)


def _named() -> tuple[str, ...]:
    return tuple(_known(name) for name in options.current().venues)


def _known(name: str) -> str:
    if name not in PROFILES:
        raise NotFound(f"there is no venue {name!r}", number=132, hint=f"known: {', '.join(PROFILES)}")
    return name


def _answer(word: str, rows: Sequence[Any], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Answer:
    table = Table(
        columns=tuple(Column(name=name, align=Align.LEFT) for name in columns),
        rows=tuple(tuple(Cell(text, _tone(text)) for text in line) for line in cells),
        empty="no venue",
    )
    return Answer(
        schema=f"tradecli.venues.{word}/1",
        mode=pulling.place().mode,
        data=list(rows),
        as_of=options.current().now,
        panels=lambda: [Panel(title=f"venues {word}", blocks=(table,))],
        source="venues",
    )


def _tone(text: str) -> Tone:
    return {"ok": Tone.GOOD, "ready": Tone.GOOD, "failed": Tone.BAD, "stopped": Tone.BAD}.get(text, Tone.TEXT)
