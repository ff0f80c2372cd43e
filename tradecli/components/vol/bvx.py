"""BVX of a recorded chain, and as an input of the composite (METHODS sections 1 and 5.1).

It turns a chain into one number with its grade; the formulas are in ``quant.bvx``. A number is never taken over from
an earlier chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tradecli.components.bars import Measure, missing
from tradecli.components.base import View
from tradecli.components.vol import chains
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.market import OptionChain
from tradecli.quant import surface
from tradecli.quant.bvx import Bvx, bvx
from tradecli.quant.slices import Slice, slices
from tradecli.quant.surface import Smile


def of_chain(chain: OptionChain, wings: str = "full", *, smooth: bool = False, compiled: bool = False) -> Bvx:
    """Return the index of one chain; whatever is wrong with it is in the reasons."""
    found, flags = slices(chains.arrays(chain), compiled=compiled)
    index = of_slices(found, wings, smooth=smooth, compiled=compiled)
    return index if index.vol is not None or not flags else _with(index, flags)


def of_slices(found: Sequence[Slice], wings: str, *, smooth: bool = False, compiled: bool = False) -> Bvx:
    """Return the index of the expiries of a chain; smiles are fitted only where they are asked for."""

    def smiles() -> Sequence[Smile]:
        return surface.fit(found, compiled=compiled).smiles

    return bvx(found, wings, smiles, smooth=smooth, compiled=compiled)


def measure(view: View, coin: str, settings: VolSettings, name: str = "bitvol") -> Measure:
    """Return the coin's own index now, ``full``, or why there is none."""
    source = f"BVX of {coin} options at {chains.VENUE}"
    seen = chains.seen(view, coin, settings.max_index_age_hours)
    if seen.chain is None:
        return missing(name, source, seen.reason)
    found = of_chain(seen.chain)
    reasons = [*([seen.stale] if seen.stale else []), *found.reasons]
    if found.vol is None:
        return missing(name, source, "; ".join(reasons), as_of=seen.chain.ts)
    quality = Quality.DEGRADED if seen.stale and found.quality == "ok" else Quality(found.quality)
    return Measure(
        name=name,
        value=found.vol,
        source=source,
        method=f"BVX {found.wings}, {found.method}",
        quality=quality,
        as_of=seen.chain.ts,
        n_obs=sum(len(each.strikes) for each in found.strips),
        reason="; ".join(reasons),
    )


def _with(index: Bvx, flags: Sequence[str]) -> Bvx:
    return replace(index, reasons=(*index.reasons, *flags))
