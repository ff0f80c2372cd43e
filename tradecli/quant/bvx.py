"""BVX: our own 30-day model-free index of one chain, in two constructions, with its grade and reasons (METHODS 1).

``full`` takes every quoted strike, ``5d`` those of at least 5 % Black delta, which is DVOL's convention as far as it is
known; what lies between them is the wing share. BitVol-style, not BitVol. A downgrade is always named: two expiries,
one expiry, smiles integrated, volatility at the money, nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tradecli.quant import mfiv
from tradecli.quant.mfiv import Strip
from tradecli.quant.options import black76_price
from tradecli.quant.slices import Slice
from tradecli.quant.smile import DeltaRule, strike_of_delta
from tradecli.quant.surface import YEAR_DAYS, Smile, variance_at

WINGS = ("full", "5d")
LEAST_DELTA = 0.05
FEWEST_PER_SIDE = 8
"""With fewer selected strikes the integrated smile is preferred."""
APART = 0.02
"""Strip and integrated smile that differ by more grade the index down."""
SERIOUS = 0.05
"""A truncated side grades the index down from this share of the variance on."""
REACH, FINENESS = 6.0, 500

AT_THE_MONEY = "at the money"

Smiles = Callable[[], Sequence[Smile]]


@dataclass(frozen=True, slots=True)
class Bvx:
    """The index at 30 days, an annual fraction, or None with its reasons.

    ``full`` and ``cut`` are both constructions, ``wing_share`` full less cut; ``smooth`` the integrated smiles;
    ``left_out`` the volatility beyond the last strikes by closed form, ``truncated`` whether that matters, ``coarse``
    what the distance of the strikes adds. A flat chain of σ gives between σ less the one and σ plus the other.
    """

    wings: str
    vol: float | None
    method: str
    quality: str
    reasons: tuple[str, ...]
    full: float | None = None
    cut: float | None = None
    smooth: float | None = None
    truncated: bool = False
    left_out: float | None = None
    coarse: float | None = None
    strips: tuple[Strip, ...] = ()
    slices: tuple[Slice, ...] = ()

    @property
    def wing_share(self) -> float | None:
        return None if self.full is None or self.cut is None else self.full - self.cut


def bvx(
    slices: Sequence[Slice],
    wings: str = "full",
    smiles: Smiles | None = None,
    *,
    smooth: bool = False,
    compiled: bool = False,
) -> Bvx:
    """Return the index of the expiries around 30 days.

    ``smiles`` are asked for when the strips do not suffice, and with ``smooth`` also to set beside them.
    """
    if wings not in WINGS:
        raise ValueError(f"wings are one of {', '.join(WINGS)}")
    near = [each for each in slices if mfiv.NEAREST <= each.years <= mfiv.FARTHEST]
    found = {name: _strips(near, LEAST_DELTA if name == "5d" else None, compiled) for name in WINGS}
    indices = {name: mfiv.index(sound) for name, (sound, _) in found.items()}
    chosen, (sound, refused) = indices[wings], found[wings]
    fitted = tuple(smiles()) if smiles is not None and (smooth or chosen.vol is None) else ()
    beside = _integrated(fitted, wings)
    nothing = Bvx(wings, None, "none", "unavailable", (), indices["full"].vol, indices["5d"].vol, beside)
    if chosen.vol is None:
        return _fallback(nothing, [str(chosen.reason), *_refusals(refused)], fitted)
    used = tuple(each for each in sound if each.T in chosen.expiries)
    sources = tuple(each for each in near if each.years in chosen.expiries)
    reasons = [*([chosen.reason] if chosen.reason else []), *_between(refused, chosen.expiries)]
    reasons += [
        f"{_days(each.years)}: {flag}"
        for each in sources
        if each.forward_replaced
        for flag in each.flags
        if "forward" in flag
    ]
    edge = _edges(used, chosen, compiled)
    quality = "degraded" if reasons or edge.worst >= SERIOUS else "ok"
    reasons += edge.texts
    vol, method = chosen.vol, chosen.method
    if beside is not None and smooth:
        few = min(min(each.per_side) for each in used)
        if abs(beside - vol) > APART:
            reasons.append(f"integrated smiles give {100.0 * beside:.1f}, the strip {100.0 * vol:.1f} points")
            quality = "degraded"
        if few < FEWEST_PER_SIDE and wings == "full":
            reasons.append(f"{few} of {FEWEST_PER_SIDE} strikes on a side: smiles integrated instead")
            vol, method, quality = beside, "smiles integrated", "degraded"
    return replace(
        nothing,
        vol=vol,
        method=method,
        quality=quality,
        reasons=tuple(reasons),
        truncated=bool(edge.texts),
        left_out=edge.left_out,
        coarse=edge.coarse,
        strips=used,
        slices=sources,
    )


def _strips(
    slices: Sequence[Slice], least_delta: float | None, compiled: bool
) -> tuple[list[Strip], dict[float, str]]:
    """Return the sound strips, and why the others are none, by years."""
    sound, refused = [], {}
    for each in slices:
        strip = mfiv.strip(
            each.quotes,
            each.forward,
            each.years,
            factor=each.factor,
            least_delta=least_delta,
            compiled=compiled,
        )
        why = "no strike at the forward is quoted on all sides" if strip is None else strip.refusal()
        if strip is not None and why is None:
            sound.append(strip)
        else:
            refused[each.years] = str(why)
    return sound, refused


def _refusals(refused: dict[float, str]) -> list[str]:
    return [f"{_days(years)} refused: {why}" for years, why in refused.items()]


def _between(refused: dict[float, str], used: Sequence[float]) -> list[str]:
    """Return the refusals that changed which expiries were used."""
    if len(used) == 1:
        return _refusals(refused)
    return _refusals({years: why for years, why in refused.items() if min(used) < years < max(used)})


class _Edges(NamedTuple):
    """What lies beyond the quotes: the worst share of a truncated side, volatility left out and added, sentences."""

    worst: float
    left_out: float | None
    coarse: float | None
    texts: list[str]


def _edges(used: Sequence[Strip], index: mfiv.Index, compiled: bool) -> _Edges:
    total, added, worst = 0.0, 0.0, 0.0
    texts = []
    for each, weight in zip(used, _weights([each.T for each in used]), strict=True):
        missing = each.left_out(compiled=compiled)
        total += weight * sum(missing)
        added += weight * each.coarseness(compiled=compiled)
        ends = each.strikes[[0, -1]].tolist()
        for side, short, at, gone in zip(
            ("puts", "calls"), each.truncated(missing), ends, missing, strict=True
        ):
            if short:
                share = gone / each.variance if math.isfinite(gone) else 1.0
                worst = max(worst, share)
                texts.append(
                    f"truncated: {_days(each.T)} {side} end at {at:g}, {100 * share:.0f} % of variance beyond"
                )
    vol = index.vol
    if vol is None or not math.isfinite(total + added):
        return _Edges(worst, None, None, texts)
    return _Edges(worst, math.sqrt(vol**2 + total) - vol, math.sqrt(vol**2 + max(added, 0.0)) - vol, texts)


def _weights(years: Sequence[float]) -> list[float]:
    """Return the weight of each expiry's variance in that of 30 days."""
    if len(years) < 2:
        return [1.0] * len(years)
    t1, t2 = years
    near, far = t1 * (t2 - mfiv.TARGET), t2 * (mfiv.TARGET - t1)
    return [each / (t2 - t1) / mfiv.TARGET for each in (near, far)]


def _fallback(nothing: Bvx, reasons: list[str], fitted: Sequence[Smile]) -> Bvx:
    """Return the index of the smiles where the strips gave none: integrated, else at the money."""
    smooth = nothing.smooth
    if smooth is not None:
        return replace(
            nothing, vol=smooth, method="smiles integrated", quality="fallback", reasons=tuple(reasons)
        )
    at = variance_at(fitted, mfiv.TARGET)
    if at is not None and at[1] and at[0] > 0.0:
        vol = math.sqrt(at[0] / mfiv.TARGET)
        if mfiv.LOWEST <= vol <= mfiv.HIGHEST:
            return replace(nothing, vol=vol, method=AT_THE_MONEY, quality="fallback", reasons=tuple(reasons))
    return replace(nothing, reasons=tuple(reasons))


def _integrated(fitted: Sequence[Smile], wings: str) -> float | None:
    """Return the 30-day index of the smiles themselves, or None where they do not lie around 30 days."""
    strips = []
    for each in fitted:
        if mfiv.NEAREST <= each.years <= mfiv.FARTHEST and each.kind != "flat":
            variance = integrated(each, wings)
            if variance is not None:
                strips.append(Strip(variance, each.years, each.forward, each.forward, np.empty(0)))
    return mfiv.index(strips).vol


def integrated(smile: Smile, wings: str = "full") -> float | None:
    """Return the variance of a smile's own options over ±6 deviations, or its 5 % deltas, on a grid of 1/500."""
    deviation = math.sqrt(max(smile.model.at(0.0), 0.0))
    low, high = -REACH * deviation, REACH * deviation
    if wings == "5d":
        ends = [strike_of_delta(smile.model, LEAST_DELTA, side, DeltaRule.FORWARD) for side in (-1.0, 1.0)]
        if ends[0] is None or ends[1] is None:
            return None
        low, high = max(low, ends[0]), min(high, ends[1])
    if not low < 0.0 < high:
        return None
    k = np.linspace(low, high, max(int((high - low) / deviation * FINENESS), 2) + 1)
    vol = np.sqrt(np.maximum(smile.model.total_variance(k), 0.0) / smile.years)
    price = black76_price(1.0, np.exp(k), smile.years, vol, np.where(k < 0.0, -1.0, 1.0))
    return 2.0 / smile.years * float(np.trapezoid(price * np.exp(-k), k))


def _days(years: float) -> str:
    return f"{years * YEAR_DAYS:.1f} d"
