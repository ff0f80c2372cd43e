"""Kill levels, latches and who they bind."""

from __future__ import annotations

import msgspec

from tradecli.domain.enums import KillLevel, ScopeKind
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of

STRICTNESS = {
    KillLevel.PAUSE: 1,
    KillLevel.REDUCE: 2,
    KillLevel.CANCEL: 3,
    KillLevel.FLATTEN: 4,
    KillLevel.HALT: 5,
}


class Scope(msgspec.Struct, frozen=True):
    """Whom a latch binds: everything, one venue, one symbol or one strategy."""

    kind: ScopeKind = ScopeKind.ALL
    name: str = ""

    def binds(self, instrument: InstrumentId, source: str) -> bool:
        """Say whether an order of ``source`` on ``instrument`` falls under this scope."""
        if self.kind is ScopeKind.ALL:
            return True
        if self.kind is ScopeKind.VENUE:
            return venue_of(instrument) == self.name
        if self.kind is ScopeKind.SYMBOL:
            return self.name in (symbol_of(instrument), instrument)
        return self.name == source

    def touches(self, venue: str) -> bool:
        """Say whether any order at ``venue`` may fall under this scope."""
        if self.kind is ScopeKind.VENUE:
            return self.name == venue
        if self.kind is ScopeKind.SYMBOL and "@" in self.name:
            return venue_of(InstrumentId(self.name)) == venue
        return True

    def __str__(self) -> str:
        return "all" if self.kind is ScopeKind.ALL else f"{self.kind.value} {self.name}"


class Latch(msgspec.Struct, frozen=True, kw_only=True):
    """A kill level in force until a person releases it. ``by`` is ``operator`` or the breaker's name."""

    level: KillLevel
    scope: Scope
    reason: str
    by: str
    at: int


def strictest(latches: tuple[Latch, ...], instrument: InstrumentId, source: str) -> Latch | None:
    """Return the strictest latch that binds an order of ``source`` on ``instrument``."""
    binding = [latch for latch in latches if latch.scope.binds(instrument, source)]
    return max(binding, key=lambda latch: STRICTNESS[latch.level], default=None)
