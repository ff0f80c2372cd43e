"""One volatility out of several (METHODS section 5.1): weights over what is there, variances averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

LOWEST, HIGHEST = 0.05, 4.0
"""A volatility outside these is an error of units or of data."""
OUTLIER = 3.0


@dataclass(frozen=True, slots=True)
class Composite:
    """``weights`` sum to 1 over the inputs present; ``coverage`` is the sum of their configured weights."""

    vol: float | None
    linear: float | None
    coverage: float
    weights: dict[str, float]


def composite(values: Mapping[str, float | None], weights: Mapping[str, float]) -> Composite:
    """Return √Σ w̃ v² with the weights of missing inputs given to the others."""
    present = {name: value for name, value in values.items() if value is not None and weights[name] > 0}
    coverage = math.fsum(weights[name] for name in present)
    if coverage <= 0.0:
        return Composite(None, None, 0.0, {})
    shares = {name: weights[name] / coverage for name in present}
    variance = math.fsum(share * present[name] ** 2 for name, share in shares.items())
    linear = math.fsum(share * present[name] for name, share in shares.items())
    return Composite(math.sqrt(variance), linear, coverage, shares)


def accuracy_weights(
    qlike: Mapping[str, float], prior: Mapping[str, float], *, eta: float = 20.0, shrink: float = 0.5
) -> dict[str, float]:
    """Return weights half from the prior and half ∝ exp(−η (QLIKE − min)); both parts sum to 1."""
    best = min(qlike.values())
    scores = {name: math.exp(-eta * (loss - best)) for name, loss in qlike.items()}
    total, whole = math.fsum(scores.values()), math.fsum(prior[name] for name in qlike)
    return {
        name: shrink * prior[name] / whole + (1.0 - shrink) * score / total for name, score in scores.items()
    }


def refusals(values: Mapping[str, float | None]) -> dict[str, str]:
    """Say which values may not enter a composite, and why: out of range, or far from all the others."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if value is not None and not LOWEST <= value <= HIGHEST:
            found[name] = f"{value:.4g} is outside {LOWEST:g} to {HIGHEST:g} a year"
    sound = {n: v for n, v in values.items() if v is not None and n not in found}
    for name, value in sound.items():
        others = [other for n, other in sound.items() if n != name]
        if len(others) < 2:
            continue
        middle = median(others)
        if value > OUTLIER * middle or value < middle / OUTLIER:
            found[name] = f"{value:.4g} is more than {OUTLIER:g} times away from the median of the others"
    return found
