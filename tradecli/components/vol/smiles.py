"""The smiles of a coin's chain now, as ``term``, ``skew`` and ``surface`` read them (METHODS section 7).

One row an expiry, with what became of its fit. It fits anew each time it is asked, and keeps nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tradecli.components.base import View, focus_of
from tradecli.components.vol import chains
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import OptionChain
from tradecli.quant import surface
from tradecli.quant.slices import slices
from tradecli.quant.surface import Smile, Surface


class Fitted(NamedTuple):
    """A chain with its surface, or why there is none; ``notices`` say what was left aside."""

    coin: str
    chain: OptionChain | None
    surface: Surface
    quality: Quality
    reason: str
    notices: tuple[str, ...]

    @property
    def as_of(self) -> int | None:
        return self.chain.ts if self.chain is not None else None


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of a raw SVI slice: w(k) = a + b (ρ (k − m) + √((k − m)² + s²)), w = σ² T, k = ln(K/F)."""

    a: float
    b: float
    rho: float
    m: float
    s: float


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return chains.feeds(chains.coin_named(instrument.partition("@")[0]))


def fitted(view: View, settings: VolSettings) -> Fitted:
    """Return the surface of the chain of the coin in focus."""
    coin = chains.coin_of(view, focus_of(view))
    seen = chains.seen(view, coin, settings.max_index_age_hours)
    nothing = Surface((), None, ())
    if seen.chain is None:
        return Fitted(coin, None, nothing, Quality.UNAVAILABLE, seen.reason, ())
    found, flags = slices(chains.arrays(seen.chain))
    made = surface.fit(found)
    notices = [*flags, *made.reasons]
    notices += [f"{each.years * 365.0:.1f} d: {flag}" for each in found for flag in each.flags]
    if not made.smiles:
        reason = "; ".join((*flags, *made.reasons)) or "no expiry has a smile"
        return Fitted(coin, seen.chain, made, Quality.UNAVAILABLE, reason, tuple(notices))
    doubts = [seen.stale] if seen.stale else []
    replaced = sum(each.kind in ("ssvi", "flat") for each in made.smiles)
    if replaced:
        doubts.append(f"{replaced} of {len(made.smiles)} smiles are not their own fit")
    if made.crossings:
        doubts.append(f"{len(made.crossings)} calendar violations")
    return Fitted(
        coin, seen.chain, made, Quality.DEGRADED if doubts else Quality.OK, "; ".join(doubts), tuple(notices)
    )


def raw(smile: Smile) -> Raw:
    """Return the parameters of a smile."""
    model = smile.model
    return Raw(a=model.a, b=model.b, rho=model.rho, m=model.m, s=model.s)


def expiry_of(found: Fitted, smile: Smile) -> int:
    """Return when a smile expires, UTC ms."""
    return chains.expiry_ts(found.chain, smile.years) if found.chain is not None else 0
