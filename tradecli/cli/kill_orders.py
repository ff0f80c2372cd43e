"""What a kill leaves working: asked of the ledger, read-only, for a bounded time. The flag binds whatever it says."""

from __future__ import annotations

import msgspec

from tradecli.cli import clock, desk
from tradecli.config.profiles import MODES
from tradecli.domain.control import Scope
from tradecli.domain.enums import Mode
from tradecli.domain.order import UNRESOLVED, Order
from tradecli.errors import ExitCode, StoreFault, TradecliError

LOOK_MS = 100
_SIMULATED = frozenset({Mode.DEMO, Mode.REPLAY, Mode.PAPER})
"""Modes whose venue ends with the engine: nothing of theirs rests anywhere once it is gone."""
_NAMED = 5
_WORKING = tuple(status.value for status in UNRESOLVED)


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Working orders of one profile in scope; ``orders`` None: the ledger cannot be read."""

    profile: str
    orders: tuple[Order, ...] | None
    running: bool
    mode: Mode


def left(profile: str, scopes: list[Scope]) -> Left | None:
    """Read what works in scope now; None where nothing was ever recorded."""
    try:
        with desk.ledger_of(profile) as ledger:
            live = ledger.reader.orders(ledger.run.run_id, status=_WORKING, limit=-1)
            bound = [
                order
                for order in live
                if any(scope.binds(order.request.instrument, order.request.source) for scope in scopes)
            ]
            running = desk.is_alive(ledger.beat) or desk.is_held(profile)
            return Left(profile=profile, orders=tuple(bound), running=running, mode=ledger.run.mode)
    except StoreFault:
        mode = MODES.get(profile, Mode.LIVE)
        return Left(profile=profile, orders=None, running=desk.is_held(profile), mode=mode)
    except TradecliError:
        return None


def followed(profile: str, scopes: list[Scope], wait_ms: int) -> tuple[list[str], ExitCode]:
    """Wait until the engine has cancelled what works in scope, at most ``wait_ms``; return what to tell, and the code.

    Nobody waits for an engine that is not there, nor for a ledger that cannot be read.
    """
    first = found = left(profile, scopes)
    until = clock.steady_ms() + wait_ms
    while found is not None and found.running and found.orders and clock.steady_ms() < until:
        clock.pause(LOOK_MS / 1_000)
        found = left(profile, scopes)
    if first is None or found is None:
        return [], ExitCode.OK
    return _told(first, found, wait_ms)


def _told(first: Left, now: Left, wait_ms: int) -> tuple[list[str], ExitCode]:
    """Put it into words; what may rest at a venue with nobody there to cancel it is an unknown outcome."""
    gone = not now.running and now.mode in _SIMULATED
    alone = (
        "no engine runs, and its simulated venue ended with it" if gone else "no engine runs, nobody cancels"
    )
    code = ExitCode.PARTIAL if now.running else ExitCode.OK if gone else ExitCode.UNKNOWN_OUTCOME
    if now.orders is None:
        then = "its engine cancels them" if now.running else alone
        return [f"{now.profile}: the ledger cannot be read, so working orders are unknown; {then}"], code
    if not now.orders:
        told = [f"{now.profile}: no longer working: {named(first.orders)}"] if first.orders else []
        return told, ExitCode.OK
    if now.running:
        told = [f"still live after {wait_ms / 1_000:g} s: {named(now.orders)}; its engine goes on cancelling"]
    elif gone:
        told = [f"{named(now.orders)} in scope; {alone}"]
    else:
        told = [f"may still rest at the venue: {named(now.orders)}; {alone} before its next start"]
    return [f"{now.profile}: {text}" for text in told], code


def named(orders: tuple[Order, ...]) -> str:
    """Return how many orders these are, and the first of them by id, instrument and state."""
    few = ", ".join(
        f"{order.client_id} {order.request.instrument} {order.status}" for order in orders[:_NAMED]
    )
    more = ", …" if len(orders) > _NAMED else ""
    return f"{len(orders)} order{'s' if len(orders) != 1 else ''} ({few}{more})"
