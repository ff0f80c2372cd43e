"""The score card: walk-forward forecasts of every model, scored on what followed (METHODS section 4).

Parameters are refitted every ``refit`` periods on the last ``window`` of them, and carried on in between; no forecast
sees its own future. Forecasts are compared on the periods where all models have one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradecli.quant.ahead import (
    LEAST_ERRORS,
    MODELS,
    Ewma,
    Fitted,
    forecast_path,
    interval,
    log_errors,
    what_followed,
)
from tradecli.quant.evaluation import DieboldMariano, diebold_mariano, qlike
from tradecli.quant.forecast import fit_model
from tradecli.quant.garch import SCALE
from tradecli.quant.har import fit_har
from tradecli.quant.returns import Floats

BENCHMARK = "ewma"
NOMINAL = 0.80
EVERY = 5
"""Periods between two readings of the interval from past errors: it moves slowly and is costly."""

Forecasts = dict[tuple[str, int], Floats]


@dataclass(frozen=True, slots=True)
class Score:
    """One model over one horizon. ``coverage`` is the share of outcomes inside the 80 % interval told before.

    ``independent`` is how many forecasts there were without overlap; ``against`` is None for the benchmark itself and
    where there are too few. ``missing``: forecasts that the model did not make although the benchmark did.
    """

    model: str
    horizon: int
    qlike: float
    rank: int
    coverage: float | None
    bias: float
    n: int
    independent: float
    missing: int
    against: DieboldMariano | None


def walk_forward(
    returns: Floats,
    rv: Floats,
    horizons: Sequence[int],
    *,
    models: Sequence[str] = MODELS,
    window: int = 1_000,
    least: int = 250,
    refit: int = 7,
    lam: float = 0.94,
    compiled: bool = True,
) -> Forecasts:
    """Return the forecasts made at the end of each period by (model, horizon); NaN where there was none.

    ``returns`` are log returns and ``rv`` realised variances of the same periods, equally long, all of them known.
    """
    n = len(returns)
    found = {(model, horizon): np.full(n, np.nan) for model in models for horizon in horizons}
    known: dict[str, Fitted | None] = {}
    for start in range(least - 1, n, refit):
        low, stop = max(0, start + 1 - window), min(start + refit, n)
        for model in models:
            if model != "har":
                known[model] = _fit(model, returns[low : start + 1], known.get(model), lam, compiled)
            for horizon in horizons:
                fitted = fit_har(rv[low : start + 1], horizon=horizon) if model == "har" else known[model]
                if fitted is not None:
                    path = forecast_path(fitted, returns[low:stop], rv[low:stop], horizon)
                    found[model, horizon][start:stop] = path[start - low :]
    return found


def _fit(model: str, past: Floats, known: Fitted | None, lam: float, compiled: bool) -> Fitted | None:
    if model == "ewma":
        return Ewma(lam)
    fitted = fit_model(model, past * SCALE, known=known, compiled=compiled)
    return fitted if fitted is not None else known


def scores(forecasts: Mapping[tuple[str, int], Floats], rv: Floats, horizon: int) -> tuple[Score, ...]:
    """Return the scores over one horizon, best first; empty where no period has every model's forecast."""
    outcome = what_followed(rv, horizon)
    made = {model: path for (model, over), path in forecasts.items() if over == horizon}
    losses = {model: qlike(outcome, path) for model, path in made.items()}
    usable = {model: loss for model, loss in losses.items() if np.any(np.isfinite(loss))}
    if not usable:
        return ()
    common = np.all([np.isfinite(loss) for loss in usable.values()], axis=0)
    count = int(np.sum(common))
    if not count:
        return ()
    due = int(np.sum(np.isfinite(losses[BENCHMARK]))) if BENCHMARK in losses else count
    means = {model: float(np.mean(loss[common])) for model, loss in usable.items()}
    order = sorted(means, key=lambda model: means[model])
    benchmark = usable.get(BENCHMARK)
    return tuple(
        Score(
            model=model,
            horizon=horizon,
            qlike=means[model],
            rank=place,
            coverage=coverage(made[model], outcome, horizon),
            bias=math.exp(float(np.mean(log_errors(made[model], outcome)[common]))),
            n=count,
            independent=count / horizon,
            missing=due - int(np.sum(np.isfinite(usable[model]))),
            against=None
            if benchmark is None or model == BENCHMARK
            else diebold_mariano(usable[model][common], benchmark[common], horizon),
        )
        for place, model in enumerate(order, start=1)
    )


def coverage(forecast: Floats, outcome: Floats, horizon: int, *, longest: int = 500) -> float | None:
    """Return the share of outcomes inside the interval that was told before them, from errors known by then."""
    errors = log_errors(forecast, outcome)
    inside = total = 0
    for start in range(horizon + LEAST_ERRORS, len(errors), EVERY):
        past = errors[max(0, start - horizon - longest + 1) : start - horizon + 1]
        ends = interval(past)
        if ends is None:
            continue
        now = errors[start : start + EVERY]
        now = now[np.isfinite(now)]
        total += len(now)
        inside += int(np.sum((now >= math.log(ends[0])) & (now <= math.log(ends[1]))))
    return inside / total if total else None
