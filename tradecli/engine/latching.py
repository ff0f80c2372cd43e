"""What the latches in force allow: the trading state of the desk, and the verdict on one order."""

from __future__ import annotations

from tradecli.domain.control import STRICTNESS, Latch, Scope, strictest
from tradecli.domain.enums import KillLevel, ScopeKind, TradingState
from tradecli.domain.instrument import InstrumentId
from tradecli.present.format import moment

_STATE = {
    KillLevel.PAUSE: TradingState.ACTIVE,
    KillLevel.REDUCE: TradingState.REDUCE_ONLY,
    KillLevel.CANCEL: TradingState.REDUCE_ONLY,
    KillLevel.FLATTEN: TradingState.REDUCE_ONLY,
    KillLevel.HALT: TradingState.HALTED,
}

CANCELLING = frozenset({KillLevel.CANCEL, KillLevel.FLATTEN, KillLevel.HALT})
"""Levels that also cancel the working orders in scope."""


def desk_state(latches: tuple[Latch, ...], venue: str | None = None) -> TradingState:
    """Return the strictest state of the latches that bind the whole desk, or the whole of ``venue``."""
    scopes = {Scope()} | ({Scope(ScopeKind.VENUE, venue)} if venue else set())
    binding = [latch for latch in latches if latch.scope in scopes]
    worst = max(binding, key=lambda latch: STRICTNESS[latch.level], default=None)
    return _STATE[worst.level] if worst else TradingState.ACTIVE


def refusal(
    latches: tuple[Latch, ...],
    instrument: InstrumentId,
    source: str,
    *,
    reducing: bool,
    closing: bool = False,
) -> str | None:
    """Say why the latches refuse an order, or None.

    ``reducing``: the order can only shrink the exposure. ``closing``: it was made by *flatten* itself, which may still
    send while its level is in force. *Pause* refuses entries, and what reduces or protects goes on.
    """
    latch = strictest(latches, instrument, source)
    if latch is None:
        return None
    told = f"{latch.level} of {latch.scope} is latched since {moment(latch.at)}: {latch.reason}"
    if latch.level is KillLevel.HALT:
        return told
    if latch.level in (KillLevel.CANCEL, KillLevel.FLATTEN):
        return None if reducing and (closing or latch.level is KillLevel.CANCEL) else told
    return None if reducing else told
