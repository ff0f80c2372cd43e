"""What ``demo``, ``run`` and ``tui`` share: waiting for a session, ending it cleanly, and a finished run as an answer.

The engine runs in its own thread; this one waits, so that Ctrl-C and SIGTERM arrive here and the session is told to end
by its ``--on-exit`` before the process does.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tradecli import codec
from tradecli.cli.output import Answer
from tradecli.domain.enums import Mode, TradingState
from tradecli.errors import ExitCode, StoreFault, TradecliError, UsageError
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.present.format import count, duration, moment, money, number, percent, price, qty

if TYPE_CHECKING:
    from tradecli.engine.session import EngineSession
    from tradecli.engine.snapshot import Snapshot
    from tradecli.engine.summary import RunSummary, Timing

ON_EXIT = ("leave", "cancel", "flatten")
_TICK_S = 0.1
UNITS = {
    "equity": "USDT",
    "start_equity": "USDT",
    "pnl": "USDT",
    "pnl_residual": "USDT",
    "fees": "USDT",
    "funding": "USDT",
    "realised": "USDT",
    "unrealised": "USDT",
    "max_drawdown_pct": "%",
}


def wait(
    session: EngineSession, on_exit: str | None, enough: Callable[[Snapshot], bool] | None = None
) -> Snapshot:
    """Wait until the session ends by itself or ``enough`` says so; end it by ``on_exit`` whatever interrupts."""
    try:
        while not session.join(_TICK_S):
            if enough is not None and enough(session.snapshot()):
                break
    finally:
        session.stop(on_exit)
    failure = session.failure
    if failure is not None:
        if isinstance(failure, TradecliError):
            raise failure
        raise RuntimeError("the engine stopped") from failure
    return session.snapshot()


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Keep the program's log while ``what`` runs, with its start, its end and its fault.

    A log that cannot be written is said once on stderr and changes nothing else (S12).
    """
    from tradecli.config import folders
    from tradecli.logs import open_log

    try:
        close = open_log(folders.made(folders.logs_dir()))
    except (OSError, StoreFault) as error:
        print(f"no log is kept: {error}", file=sys.stderr)
        close = _nothing
    log = logging.getLogger("tradecli.cli")
    try:
        log.info("%s starts", what)
        yield
    except TradecliError as error:
        log.error("%s: %s", what, error.line())
        raise
    except Exception:
        log.exception("%s broke", what)
        raise
    finally:
        log.info("%s ended", what)
        close()


def _nothing() -> None:
    """Close what was never opened."""


def has_terminal() -> bool:
    """Say whether a person can see and steer the console."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def need_terminal(hint: str) -> None:
    """Refuse to open the console where nobody can see it."""
    if not has_terminal():
        raise UsageError("the console needs a terminal", number=112, hint=hint)


def need_live(mode: Mode) -> None:
    """Refuse a mode whose market this machine cannot show or may not trade yet."""
    if mode not in (Mode.PAPER, Mode.REHEARSAL):
        hint = "--profile paper for live markets with paper fills; tradecli help coverage"
        raise UsageError(f"mode {mode} cannot be run yet", number=113, hint=hint)


def halted(state: TradingState | str, latches: Any) -> list[ExitCode]:
    """Return what a latched desk ends with."""
    return [ExitCode.HALTED] if latches or state == TradingState.HALTED else []


def run_answer(schema: str, summary: RunSummary, timing: Timing, *, timed: bool) -> Answer:
    """Return a finished run: its summary, which is a function of seed, data and configuration, and beside it the time
    it took. ``timed`` puts that into the record too.
    """
    took: Mapping[str, Any] = codec.to_builtins(timing)
    row = codec.to_builtins(summary) | (took if timed else {})
    return Answer(
        schema=schema,
        mode=summary.mode,
        data=[row],
        as_of=summary.until,
        asked_at=summary.until,
        units=UNITS,
        beside={"timing": took},
        codes=halted("", summary.latches),
        source=summary.note,
        panels=lambda: [summary_panel(row, took)],
    )


def summary_panel(row: Mapping[str, Any], took: Mapping[str, Any]) -> Panel:
    """Return a run's summary as a panel."""
    pnl = float(row["pnl"])
    facts = (
        ("from", Cell(moment(row["since"]))),
        ("to", Cell(moment(row["until"]))),
        ("equity", Cell(money(float(row["equity"]), "USDT"))),
        ("profit", Cell(money(pnl, "USDT", sign=True), Tone.GOOD if pnl > 0 else Tone.BAD)),
        ("fees", Cell(money(float(row["fees"]), "USDT"))),
        ("funding", Cell(money(float(row["funding"]), "USDT", sign=True))),
        ("worst drawdown", Cell(percent(row["max_drawdown_pct"]))),
        (
            "unexplained",
            Cell(str(row["pnl_residual"]), Tone.TEXT if not float(row["pnl_residual"]) else Tone.BAD),
        ),
        ("decisions", Cell(count(row["decisions"]))),
        ("orders, fills", Cell(f"{row['orders']}, {row['fills']}")),
        ("events", Cell(_speed(row, took))),
        ("audit hash", Cell(row["audit_hash"][:16], Tone.MUTED)),
    )
    blocks: list[Block] = [Facts(rows=facts), _positions(row["positions"])]
    blocks += [Notice(text=text, tone=Tone.BAD) for text in row["latches"]]
    return Panel(title=f"run {row['run_id']}", blocks=tuple(blocks))


def _speed(row: Mapping[str, Any], took: Mapping[str, Any]) -> str:
    events = count(row["events"])
    if not took:
        return events
    times = number(took.get("times_real_time"), 0)
    return f"{events} in {duration(1_000 * took['wall_s'])}, {times} times real time"


def _positions(rows: Any) -> Table:
    columns = (
        Column(name="instrument", align=Align.LEFT),
        Column(name="qty"),
        Column(name="mark", priority=2),
        Column(name="realised"),
        Column(name="unrealised"),
        Column(name="fees", priority=2),
        Column(name="funding", priority=2),
        Column(name="fills", priority=3),
    )
    cells = tuple(
        (
            Cell(row["instrument"]),
            Cell(qty(float(row["qty"]), sign=True)),
            Cell(price(None if row["mark"] is None else float(row["mark"]))),
            Cell(money(float(row["realised"]), sign=True)),
            Cell(money(None if row["unrealised"] is None else float(row["unrealised"]), sign=True)),
            Cell(money(float(row["fees"]))),
            Cell(money(float(row["funding"]), sign=True)),
            Cell(count(row["fills"])),
        )
        for row in rows
    )
    return Table(columns=columns, rows=cells, empty="nothing was traded")
