"""The smiles of a coin's chain now, as ``term``, ``skew`` and ``surface`` read them (METHODS section 7).

One row an expiry, with what became of its fit. A chain that was fitted is not fitted again; nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from tradecli.quant.slices import Slice, slices
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


class OfChain(NamedTuple):
    """The expiries of a chain, flags of the whole, and the smiles fitted to them."""

    slices: Sequence[Slice]
    flags: Sequence[str]
    surface: Surface


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
    found, flags, made = of_chain(seen.chain)
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


_LAST: dict[tuple[str, str], tuple[OptionChain, OfChain]] = {}
"""The last chain of each coin that was fitted, with its fit. Four topics ask for the same one in turn, and a fit
takes most of their time; a chain never changes, so neither does its fit."""


def of_chain(chain: OptionChain) -> OfChain:
    """Return the expiries of a chain, what is wrong with it, and its surface."""
    key = (chain.venue, chain.currency)
    last = _LAST.get(key)
    if last is not None and last[0] is chain:
        return last[1]
    found, flags = slices(chains.arrays(chain))
    made = OfChain(found, flags, surface.fit(found))
    _LAST[key] = (chain, made)
    return made


def raw(smile: Smile) -> Raw:
    """Return the parameters of a smile."""
    model = smile.model
    return Raw(a=model.a, b=model.b, rho=model.rho, m=model.m, s=model.s)


def expiry_of(found: Fitted, smile: Smile) -> int:
    """Return when a smile expires, UTC ms."""
    return chains.expiry_ts(found.chain, smile.years) if found.chain is not None else 0
