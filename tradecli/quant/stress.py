"""The market stress score: a ranking of today among the past year, no probability (METHODS section 5.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats

WEIGHTS: Mapping[str, float] = {
    "vol_level": 0.25,
    "vol_of_vol": 0.10,
    "term_inversion": 0.15,
    "skew": 0.10,
    "illiquidity": 0.15,
    "funding": 0.10,
    "correlation": 0.10,
    "drawdown": 0.05,
}
LEAST_COVERAGE = 0.60
BANDS = ((50.0, "calm"), (75.0, "watch"), (90.0, "stressed"))
"""Highest score of each band; above the last it is a crisis."""


@dataclass(frozen=True, slots=True)
class Stress:
    """From 0 to 100, or None below the least coverage of the weights."""

    score: float | None
    coverage: float

    @property
    def band(self) -> str | None:
        if self.score is None:
            return None
        return next((name for highest, name in BANDS if self.score <= highest), "crisis")


def percentile_rank(history: Floats, current: float) -> float | None:
    """Return the mid-rank of ``current`` in a history strictly before it, in [0, 1]; None without either."""
    known = history[np.isfinite(history)]
    if not len(known) or not math.isfinite(current):
        return None
    below, equal = int(np.sum(known < current)), int(np.sum(known == current))
    return (below + 0.5 * equal) / len(known)


def stress(ranks: Mapping[str, float | None], weights: Mapping[str, float] = WEIGHTS) -> Stress:
    """Return 100 times the weighted mean of percentile ranks; a missing one gives its weight to the others.

    Source of the form: Holló, Kremer & Lo Duca, ECB CISS (2012).
    """
    known = {name: rank for name in weights if (rank := ranks.get(name)) is not None and math.isfinite(rank)}
    there = math.fsum(weights[name] for name in known)
    coverage = there / math.fsum(weights.values())
    if not known or coverage < LEAST_COVERAGE - 1e-9:
        return Stress(None, coverage)
    return Stress(100.0 * math.fsum(weights[name] * rank for name, rank in known.items()) / there, coverage)


def band_after(before: str | None, score: float, *, slack: float = 0.05) -> str:
    """Return the band of a score: up as soon as an edge is passed, down only when it is ``slack`` below that edge."""
    names = [name for _, name in BANDS] + ["crisis"]
    raw = sum(score > highest for highest, _ in BANDS)
    if before is None or before not in names:
        return names[raw]
    standing = names.index(before)
    while standing > raw and score <= BANDS[standing - 1][0] * (1.0 - slack):
        standing -= 1
    return names[max(raw, standing)]
