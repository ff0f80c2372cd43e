"""Two numbers of a chain that are kept over time: how inverted its term structure is, how rich its calls are.

``backfill`` keeps them as series, and the stress score ranks today among them (METHODS sections 5.3 and 7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from tradecli.components.vol import chains
from tradecli.domain.market import OptionChain
from tradecli.quant import surface
from tradecli.quant.slices import slices
from tradecli.quant.smile import DeltaRule, skew
from tradecli.quant.surface import Smile

TENOR_DAYS = 30.0


def inversion(smiles: Sequence[Smile]) -> float | None:
    """Return IV7 − IV30 at the forward, in annualised volatility; None where expiries do not enclose both."""
    known = {each.days: each.vol for each in surface.term(smiles) if each.inside}
    near, month = known.get(7), known.get(30)
    return near - month if near is not None and month is not None else None


def risk_reversal(smiles: Sequence[Smile]) -> float | None:
    """Return the 25-delta risk reversal (forward delta) at 30 days."""
    return at_tenor(
        (each.years * 365.0, found.rr)
        for each in smiles
        if (found := skew(each.model, each.years, DeltaRule.FORWARD)) is not None
    )


def at_tenor(found: Iterable[tuple[float, float]]) -> float | None:
    """Return what (days, value) come to at 30 days, linear in time; None where no two expiries enclose it."""
    points = sorted(found)
    for (near, low), (far, high) in pairwise(points):
        if near <= TENOR_DAYS <= far:
            return low + (high - low) * (TENOR_DAYS - near) / (far - near)
    return None


NUMBERS: Mapping[str, tuple[str, str, Callable[[Sequence[Smile]], float | None]]] = {
    "term": ("TERM", "IV7 − IV30, at the forward", inversion),
    "skew": ("RR25", "25Δ risk reversal at 30 d, forward delta", risk_reversal),
}
"""By method: the name of its series, what it is, and how it is computed."""


def series_of(method: str, coin: str) -> str:
    """Return the name under which a number of a coin is kept: TERM-BTC, RR25-BTC."""
    return f"{NUMBERS[method][0]}-{coin}"


def of_chain(chain: OptionChain, method: str) -> tuple[float | None, str]:
    """Return the number of one chain, and why there is none."""
    found, flags = slices(chains.arrays(chain))
    made = surface.fit(found)
    value = NUMBERS[method][2](made.smiles)
    if value is not None:
        return value, ""
    return None, "; ".join((*flags, *made.reasons)) or "the expiries do not enclose the tenors"
