"""Weights of the composite by how good its inputs have been, walked forward (METHODS section 5.1).

Inputs and outcome are mean variances over the same horizon, made at the end of each period, oldest first. At each
period only forecasts whose outcome was known by then are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tradecli.quant.ahead import log_errors
from tradecli.quant.composite import accuracy_weights
from tradecli.quant.evaluation import DieboldMariano, diebold_mariano, qlike
from tradecli.quant.returns import Floats

LEAST_EVALUATED = 90
FLOOR, STEP = 0.05, 0.02
DEBIAS = (0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Composite variances by fixed and by accuracy weights at each period (NaN: none), and the last of the latter.

    ``weights`` and ``debias`` are None while fewer than 90 forecasts could be evaluated.
    """

    fixed: Floats
    accurate: Floats
    weights: dict[str, float] | None
    debias: dict[str, float] | None
    evaluated: int


def weigh(inputs: Mapping[str, Floats], outcome: Floats, prior: Mapping[str, float], horizon: int) -> Weighed:
    """Return both composites period by period. Inputs that are never there take no part, their weight is shared."""
    names = [name for name in inputs if np.any(np.isfinite(inputs[name]))]
    n = len(outcome)
    fixed, accurate = np.full(n, np.nan), np.full(n, np.nan)
    if not names or not sum(prior[name] for name in names) > 0.0:
        return Weighed(fixed, accurate, None, None, 0)
    table = np.column_stack([inputs[name] for name in names])
    start = np.array([prior[name] for name in names]) / sum(prior[name] for name in names)
    errors = np.column_stack([log_errors(table[:, i], outcome) for i in range(len(names))])
    known = np.flatnonzero(np.all(np.isfinite(errors), axis=1))
    current: Floats | None = None
    factors = np.ones(len(names))
    for t in range(n):
        there = np.isfinite(table[t])
        if not np.any(there):
            continue
        fixed[t] = _mixed(table[t], start, there)
        past = known[: np.searchsorted(known, t - horizon, side="right")][-LEAST_EVALUATED:]
        if len(past) < LEAST_EVALUATED:
            continue
        factors = np.clip(np.exp(np.mean(errors[past], axis=0)), *DEBIAS)
        corrected = table[past] * factors
        losses = {name: float(np.mean(qlike(outcome[past], corrected[:, i]))) for i, name in enumerate(names)}
        asked = accuracy_weights(losses, {name: prior[name] for name in names})
        current = _step(start if current is None else current, np.array([asked[name] for name in names]))
        accurate[t] = _mixed(table[t] * factors, current, there)
    final = None if current is None else dict(zip(names, current.tolist(), strict=True))
    bias = None if current is None else dict(zip(names, factors.tolist(), strict=True))
    return Weighed(fixed, accurate, final, bias, len(known))


def _step(now: Floats, asked: Floats) -> Floats:
    """Move weights toward those asked for: at most 0.02 a period, none below 0.05, their sum 1."""
    moved = np.maximum(now + np.clip(asked - now, -STEP, STEP), FLOOR)
    return np.asarray(moved / np.sum(moved))


def _mixed(variances: Floats, weights: Floats, there: np.ndarray) -> float:
    return float(weights[there] @ variances[there] / np.sum(weights[there]))


@dataclass(frozen=True, slots=True)
class Contest:
    """Mean QLIKE of both composites out of sample, and the test of their difference (below 0: accuracy wins)."""

    fixed: float
    accurate: float
    n: int
    test: DieboldMariano | None

    @property
    def verdict(self) -> str:
        """Say in words whether weights by accuracy won."""
        if self.test is None:
            return "too few forecasts to tell"
        if self.accurate < self.fixed:
            sure = "and significantly" if self.test.p < 0.05 else "but not significantly"
            return f"accuracy weights win, {sure} (p {self.test.p:.2g})"
        sure = "significantly worse" if self.test.p < 0.05 else "no better"
        return f"accuracy weights do not win: {sure} (p {self.test.p:.2g})"


def contest(weighed: Weighed, outcome: Floats, horizon: int) -> Contest | None:
    """Return how both composites did where both exist; None where nowhere."""
    a, b = qlike(outcome, weighed.accurate), qlike(outcome, weighed.fixed)
    both = np.isfinite(a) & np.isfinite(b)
    if not np.any(both):
        return None
    test = diebold_mariano(a[both], b[both], horizon)
    return Contest(float(np.mean(b[both])), float(np.mean(a[both])), int(np.sum(both)), test)
