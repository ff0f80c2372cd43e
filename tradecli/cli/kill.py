"""``tradecli kill``: stop trading by five levels, through a flag file that needs no engine, store, network or config.

A kill without ``--profile`` binds the default profile and every profile whose engine runs now: being asked to stop, it
stops too much rather than too little. A release names one profile, one scope and a reason. Both are kept in a journal
beside the flag.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from tradecli import codec
from tradecli.cli import desk, kill_orders, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import config_path, locate
from tradecli.config.profiles import MODES
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, ScopeKind
from tradecli.engine.latching import CANCELLING
from tradecli.errors import ExitCode, ReconciliationMismatch, StoreFault, TradecliError, UsageError
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import moment
from tradecli.store.killswitch import KillSwitch
from tradecli.store.lock import refuse_other_code

app = Commands("kill", "Stop trading by five levels; release needs a reason.")
SCHEMA = "tradecli.kill/1"
_LONGEST_REASON = 200
_WAIT = "5s"
_LONGEST_WAIT_MS = 60_000

Reason = Annotated[str, typer.Option("--reason", help="why; kept in the journal", show_default=False)]
Wait = Annotated[str, typer.Option("--wait", help="how long the engine may take to cancel: 0s to 60s")]
Accept = Annotated[bool, typer.Option("--accept-mismatch", help="though our books and the venue's differ")]
Strategy = Annotated[str | None, typer.Option("--strategy", help="only this strategy", show_default=False)]

_WHAT = {
    KillLevel.PAUSE: "No new entries; exits, hedges and protective orders go on",
    KillLevel.REDUCE: "Only orders that shrink exposure pass the gate",
    KillLevel.CANCEL: "Reduce, and cancel every working order in scope",
    KillLevel.FLATTEN: "Cancel every working order, then close the positions in scope; halted once flat",
    KillLevel.HALT: "Close the gate, cancel working orders, leave positions as they are",
}


class LatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kill level in force; ``by`` is ``operator`` or the breaker's name."""

    profile: str
    level: KillLevel
    scope: str
    reason: str
    by: str
    at: int


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    at: int
    act: str
    level: str
    scope: str
    reason: str


@app.answers("status", schema=SCHEMA, row=LatchRow)
def status() -> Answer:
    """Show the kill levels in force; exits 13 if there are any."""
    profile, mode, warnings = _profile()
    standing = KillSwitch(folders.kill_file(profile)).load()
    rows = [_row(profile, latch) for latch in standing]
    return _answer(mode, rows, warnings, [ExitCode.HALTED] if rows else [])


def _register(level: KillLevel) -> None:
    def act(reason: Reason, strategy: Strategy = None) -> Answer:
        return _kill(level, reason, strategy, _WAIT)

    def act_and_follow(reason: Reason, strategy: Strategy = None, wait: Wait = _WAIT) -> Answer:
        return _kill(level, reason, strategy, wait)

    act = act_and_follow if level in CANCELLING else act

    act.__doc__ = _WHAT[level] + "."
    app.answers(level.value, uses=("venue", "symbols"), schema=SCHEMA, row=LatchRow)(act)


for _level in _WHAT:
    _register(_level)


@app.answers("release", uses=("venue", "symbols"), schema=SCHEMA, row=LatchRow)
def release(reason: Reason, strategy: Strategy = None, accept_mismatch: Accept = False) -> Answer:
    """Lift the latches of one scope (no scope: those of the whole desk).

    Refused with exit code 14 while our books differ from those of a venue in scope, unless that is accepted.
    """
    text = _checked(reason)
    profile, mode, warnings = _profile()
    refuse_other_code(folders.ledger_file(profile).with_suffix(".lock"))
    scopes = _scopes(strategy)
    differs = _differs(profile, scopes)
    if differs is not None and not accept_mismatch:
        hint = "look at the venue, then add --accept-mismatch"
        raise ReconciliationMismatch(f"not released: {differs}", number=120, hint=hint)
    switch = KillSwitch(folders.kill_file(profile))
    seen = switch.load()
    lifted: list[LatchRow] = []
    act = "release" if differs is None else f"release, accepting {differs}"
    for scope in scopes:
        for latch in switch.release(scope, seen):
            lifted.append(_row(profile, latch))
            _journal(profile, act, latch.level, scope, text)
    left = switch.load()
    if left:
        warnings = (*warnings, f"{len(left)} other latches stand: tradecli kill status")
    return _answer(mode, lifted, (*warnings, "released: " + text), [])


def _differs(profile: str, scopes: list[Scope]) -> str | None:
    """Say what differs between our books and those of a venue in scope, by the ledger; None: nothing is known to."""
    try:
        with desk.ledger_of(profile) as ledger:
            found = ledger.reader.mismatches(ledger.run.run_id)
    except StoreFault as fault:
        return f"whether our books equal the venues' cannot be read ({fault.message})"
    except TradecliError:
        return None
    return next((text for venue, text in found.items() if any(each.touches(venue) for each in scopes)), None)


def _kill(level: KillLevel, reason: str, strategy: str | None, wait: str) -> Answer:
    text, scopes = _checked(reason), _scopes(strategy)
    wait_ms = 0 if wait in ("0", "0s") else parse.duration(wait, "--wait")
    if wait_ms > _LONGEST_WAIT_MS:
        raise UsageError("--wait takes 0s to 60s", number=104)
    if level is KillLevel.FLATTEN and strategy:
        raise UsageError(
            "a position belongs to no single strategy: flatten a venue, symbols or all", number=103
        )
    profile, mode, warnings = _profile()
    given = options.current()
    bound = [profile] if given.profile else sorted({profile, *desk.running_profiles()})
    rows = []
    for name in bound:
        folders.made(folders.profile_dir(name))
        switch = KillSwitch(folders.kill_file(name))
        for scope in scopes:
            latch = Latch(level=level, scope=scope, reason=text, by="operator", at=given.now)
            switch.set(latch)
            _journal(name, "kill", level, scope, text)
            rows.append(_row(name, latch))
    told: list[str] = list(warnings)
    codes: list[ExitCode] = []
    for name in bound if level in CANCELLING else []:
        words, code = kill_orders.followed(name, scopes, wait_ms)
        told += words
        codes += [code] if code else []
    return _answer(mode, rows, tuple(told), codes)


def _profile() -> tuple[str, Mode, tuple[str, ...]]:
    """Return the profile that is meant and its mode, even where the configuration cannot be read (M09)."""
    given = options.current()
    try:
        place = locate(given.profile, given.config, given.db)
    except TradecliError as error:
        name = given.profile or os.environ.get("TRADECLI_PROFILE") or ("paper" if _has_file() else "demo")
        name = parse.name(name, "profile")
        known = name in MODES or folders.profile_dir(name).is_dir()
        if not known:
            raise
        return name, MODES.get(name, Mode.LIVE), (f"the configuration cannot be read: {error.message}",)
    return place.profile, place.mode, ()


def _has_file() -> bool:
    given = options.current()
    try:
        return config_path(given.config) is not None
    except TradecliError:
        return False


def _scopes(strategy: str | None) -> list[Scope]:
    given = options.current()
    if given.venue and given.symbols:
        raise UsageError("--venue and --symbols: write BTCUSDT@venue", number=103)
    if strategy is not None and (given.venue or given.symbols):
        raise UsageError("a kill has one kind of scope: venue, symbols or strategy", number=103)
    if strategy is not None:  # an empty name is refused there: it must not become the whole desk
        return [Scope(ScopeKind.STRATEGY, parse.name(strategy, "strategy"))]
    if given.venue:
        return [Scope(ScopeKind.VENUE, given.venue)]
    if given.symbols:
        names = [f"{symbol}@{venue}" if venue else symbol for symbol, venue in given.symbols]
        return [Scope(ScopeKind.SYMBOL, name) for name in names]
    return [Scope()]


def _checked(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > _LONGEST_REASON or not text.isprintable():
        raise UsageError(f"--reason takes 1 to {_LONGEST_REASON} printable characters", number=190)
    return text


def _journal(profile: str, act: str, level: KillLevel, scope: Scope, reason: str) -> None:
    """Append one line to ``kill.log``. The flag is durable already: a journal that fails is not in its way."""
    path = folders.profile_dir(profile) / "kill.log"
    entry = _Entry(at=options.current().now, act=act, level=level.value, scope=str(scope), reason=reason)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, codec.encode(entry) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        return


def _row(profile: str, latch: Latch) -> LatchRow:
    return LatchRow(
        profile=profile,
        level=latch.level,
        scope=str(latch.scope),
        reason=latch.reason,
        by=latch.by,
        at=latch.at,
    )


def _answer(mode: Mode, rows: list[LatchRow], warnings: tuple[str, ...], codes: list[ExitCode]) -> Answer:
    draw: Callable[[], list[Panel]] = lambda: [_panel(rows)]  # noqa: E731 - one expression
    now = options.current().now
    return Answer(schema=SCHEMA, mode=mode, data=rows, as_of=now, warnings=warnings, codes=codes, panels=draw)


def _panel(rows: list[LatchRow]) -> Panel:
    columns = (
        Column(name="profile", align=Align.LEFT),
        Column(name="level", align=Align.LEFT),
        Column(name="scope", align=Align.LEFT),
        Column(name="since", align=Align.LEFT, priority=2),
        Column(name="by", align=Align.LEFT, priority=3),
        Column(name="reason", align=Align.LEFT, priority=1),
    )
    cells = tuple(
        (
            Cell(row.profile),
            Cell(row.level.value, Tone.BAD),
            Cell(row.scope),
            Cell(moment(row.at)),
            Cell(row.by),
            Cell(row.reason),
        )
        for row in rows
    )
    return Panel(title="kill levels", blocks=(Table(columns=columns, rows=cells, empty="none in force"),))
