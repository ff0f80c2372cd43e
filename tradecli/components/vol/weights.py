"""``vol weights``: the composite by the specified weights, and by how good its inputs have been (METHODS section 5.1).

The specified weights are in force. The others are shown with what they would say, what they rest on, and whether they
did better out of sample: half the prior, half by loss, inputs freed of their bias, a weight moving 0.02 a day at most.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.vol import show
from tradecli.components.vol.chains import COINS
from tradecli.components.vol.daily import daily
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, CandleFeed, Feed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant.ahead import what_followed
from tradecli.quant.returns import Floats
from tradecli.quant.scorecard import walk_forward
from tradecli.quant.weighing import LEAST_EVALUATED, contest, weigh

HORIZON, DAYS, REFIT = 30, 1_000, 28
INPUTS = ("bitvol", "garch", "realised")
"""The inputs that have a past; the basket has none, and its weight is shared among the others."""


class InputWeight(msgspec.Struct, frozen=True, kw_only=True):
    """One input: its specified weight, that by accuracy, the factor that frees its variance of bias, its value now."""

    name: str
    fixed: float
    accurate: float | None
    debias: float | None
    value: float | None


class WeightsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Both composites of one instrument. ``verdict`` says whether weights by accuracy won out of sample."""

    instrument: InstrumentId
    at: int
    inputs: tuple[InputWeight, ...]
    fixed: float | None
    accurate: float | None
    fixed_loss: float | None
    accurate_loss: float | None
    dm_statistic: float | None
    dm_p: float | None
    n: int
    evaluated: int
    verdict: str
    in_force: str = "fixed"
    quality: Quality = Quality.UNAVAILABLE


def asked_feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (
        CandleFeed(instrument, HOUR_MS, 24 * DAYS),
        *(VolIndexFeed(f"DVOL-{coin}", DAYS * DAY_MS) for coin in COINS),
    )


def assess(view: View, settings: VolSettings, query: NoQuery) -> WeightsReport:
    """Walk the inputs forward over the days there are, and weigh what ``show`` measured by both sets of weights."""
    instrument = focus_of(view)
    now = view.report(show.VolReport) or show.assess(view, settings, show.ShowQuery())
    values = {each.name: each.value for each in now.measures}
    prior = {name: float(getattr(settings.weights, name)) for name in INPUTS}
    found = daily(view, instrument, DAYS)
    size = min(len(found.returns), len(found.variances))
    short = found.wrong or (
        f"{size} of {settings.garch_min_bars + HORIZON + LEAST_EVALUATED} days"
        if size < settings.garch_min_bars + HORIZON + LEAST_EVALUATED
        else None
    )
    blank = WeightsReport(
        instrument=instrument,
        at=view.at,
        inputs=tuple(
            InputWeight(name=name, fixed=prior[name], accurate=None, debias=None, value=values.get(name))
            for name in INPUTS
        ),
        fixed=now.composite,
        accurate=None,
        fixed_loss=None,
        accurate_loss=None,
        dm_statistic=None,
        dm_p=None,
        n=0,
        evaluated=0,
        verdict=f"no weights by accuracy: {short}",
    )
    if short is not None:
        return blank
    returns, rv, days = found.returns[-size:], found.variances[-size:], found.days[-size:]
    outcome = what_followed(rv, HORIZON)
    weighed = weigh(_paths(view, days, returns, rv, settings), outcome, prior, HORIZON)
    result = contest(weighed, outcome, HORIZON)
    if weighed.weights is None or weighed.debias is None or result is None:
        why = f"{weighed.evaluated} of {LEAST_EVALUATED} forecasts evaluated"
        return msgspec.structs.replace(
            blank, evaluated=weighed.evaluated, verdict=f"no weights by accuracy: {why}"
        )
    test = result.test
    return msgspec.structs.replace(
        blank,
        inputs=tuple(
            msgspec.structs.replace(
                each, accurate=weighed.weights.get(each.name), debias=weighed.debias.get(each.name)
            )
            for each in blank.inputs
        ),
        accurate=_composite(values, weighed.weights, weighed.debias),
        fixed_loss=result.fixed,
        accurate_loss=result.accurate,
        dm_statistic=None if test is None else test.statistic,
        dm_p=None if test is None else test.p,
        n=result.n,
        evaluated=weighed.evaluated,
        verdict=result.verdict,
        quality=Quality.OK,
    )


def _paths(
    view: View, days: np.ndarray, returns: Floats, rv: Floats, settings: VolSettings
) -> dict[str, Floats]:
    """Return each input as a mean daily variance at each day's end; an index stands for its own coin, else BTC's."""
    spec = view.instrument(focus_of(view))
    coin = spec.base if spec is not None and spec.base in COINS else "BTC"
    series = view.vol_index(f"DVOL-{coin}")
    by_day = dict(zip(((series.ts - 1) // DAY_MS).tolist(), series.value.tolist(), strict=True))
    index = np.array([by_day.get(int(day), math.nan) for day in days])
    realised = np.full(len(rv), np.nan)
    if len(rv) >= HORIZON:
        sums = np.concatenate(([0.0], np.cumsum(rv)))
        realised[HORIZON - 1 :] = (sums[HORIZON:] - sums[:-HORIZON]) / HORIZON
    forecasts = walk_forward(
        returns, rv, (HORIZON,), models=("garch",), least=settings.garch_min_bars, refit=REFIT, compiled=False
    )
    return {"bitvol": index**2 / 365.0, "garch": forecasts["garch", HORIZON], "realised": realised}


def _composite(
    values: dict[str, float | None], weights: dict[str, float], debias: dict[str, float]
) -> float | None:
    """Return the root of the weighted mean of variances freed of bias, over the inputs there are now."""
    there = {name: value for name in weights if (value := values.get(name)) is not None}
    whole = math.fsum(weights[name] for name in there)
    if whole <= 0.0:
        return None
    return math.sqrt(
        math.fsum(weights[name] * debias[name] * value**2 for name, value in there.items()) / whole
    )


def present(report: WeightsReport) -> Panel:
    columns = (
        Column(name="input", align=Align.LEFT, width=9),
        Column(name="value", unit="/year", width=6),
        Column(name="specified", width=9),
        Column(name="by accuracy", width=9),
        Column(name="bias factor", priority=2, width=8),
    )
    rows = tuple(
        (
            Cell(each.name),
            Cell(fmt.pct(each.value, 1)),
            Cell(fmt.number(each.fixed, 2)),
            Cell(fmt.number(each.accurate, 3), Tone.ACCENT),
            Cell(fmt.number(each.debias, 2), Tone.MUTED),
        )
        for each in report.inputs
    )
    facts = (
        ("composite, specified", Cell(f"{fmt.pct(report.fixed, 1)} (in force)", Tone.ACCENT)),
        ("composite, by accuracy", Cell(fmt.pct(report.accurate, 1))),
        (
            "QLIKE out of sample",
            Cell(f"{fmt.number(report.fixed_loss, 4)}, {fmt.number(report.accurate_loss, 4)}"),
        ),
        (
            "forecasts compared",
            Cell(f"{fmt.count(report.n)} ({fmt.number(report.n / HORIZON, 0)} independent)"),
        ),
    )
    blocks: list[Block] = [Table(columns=columns, rows=rows), Facts(facts), Notice(report.verdict)]
    return Panel(title=f"Weights {report.instrument}", as_of=report.at, blocks=tuple(blocks))


def inputs(report: WeightsReport) -> tuple[Input, ...]:
    return (
        Input(
            name="composite by accuracy",
            value=report.accurate,
            as_of=report.at,
            source="vol.weights",
            quality=report.quality,
            reason="" if report.accurate is not None else report.verdict,
        ),
    )


WEIGHTS = Topic(
    name="weights",
    summary="The composite by its specified weights and by accuracy",
    report=WeightsReport,
    assess=assess,
    present=present,
    asked_feeds=asked_feeds,
    inputs=inputs,
    needs=("show",),
    units={"fixed": "fraction/year", "accurate": "fraction/year", "inputs.value": "fraction/year"},
)
