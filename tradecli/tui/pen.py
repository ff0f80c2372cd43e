"""The one gate between the console and anything that changes the desk. Read-only: it refuses whatever is asked."""

from __future__ import annotations

from tradecli.domain.control import Scope
from tradecli.domain.enums import KillLevel, StrategyState
from tradecli.domain.order import OrderRequest
from tradecli.engine.snapshot import Session
from tradecli.errors import UsageError

SLOWEST, FASTEST = 0.25, 64.0


class Pen:
    """Forwards what a person confirmed to the session."""

    def __init__(self, session: Session, *, read_only: bool) -> None:
        self._session = session
        self._read_only = read_only

    def _open(self) -> Session:
        if self._read_only:
            raise UsageError("the console was opened read-only", number=171)
        return self._session

    def submit(self, request: OrderRequest, key: str) -> None:
        """Ask for one order; ``key`` makes a repeated request one order."""
        self._open().submit(request, key)

    def cancel(self, client_id: str | None, reason: str) -> None:
        """Ask to cancel one order, or all where ``client_id`` is None."""
        self._open().cancel(client_id, reason)

    def kill(self, level: KillLevel, scope: Scope, reason: str) -> None:
        """Latch a kill level."""
        self._open().kill(level, scope, reason)

    def release(self, scope: Scope, reason: str) -> None:
        """Release a latch."""
        self._open().release(scope, reason)

    def set_strategy(self, strategy: str, state: StrategyState) -> None:
        """Pause or resume a strategy."""
        self._open().set_strategy(strategy, state, "asked on the console")

    def change_speed(self, step: int) -> float | None:
        """Double or halve the speed; return the new one, or None where time is real."""
        session = self._open()
        speed = session.speed
        if speed is None:
            return None
        changed = min(max(speed * 2.0**step, SLOWEST), FASTEST)
        session.set_speed(changed)
        return changed
