"""``vol show``: one volatility out of four inputs, each with its age, method and quality (METHODS sections 3 to 5.2).

It measures and decides nothing. The model is fitted once for each new daily bar; until then its result is taken over
from the previous report, because nothing it rests on has changed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from tradecli.components.bars import Measure, as_input, staleness, usable
from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import basket, implied, measures
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, INTERVALS_MS, MINUTE_MS, CandleFeed, Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant.chain import forecast_vol
from tradecli.quant.composite import Composite, composite, refusals
from tradecli.quant.regime import EDGES, LABELS, RegimeState
from tradecli.quant.regime import step as regime_step
from tradecli.quant.returns import consecutive_returns

HOUR_COUNT, MINUTE_COUNT = 24, 1_440
EVERY_MS = 15 * MINUTE_MS


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """The weight of one input: as configured, and as used after missing inputs gave theirs to the others."""

    name: str
    configured: float
    used: float | None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The fitted GARCH(1,1), in percent terms; ``bar_ts`` is the close of the last daily bar it saw."""

    bar_ts: int
    mu: float
    omega: float
    alpha: float
    beta: float
    nu: float | None
    loglik: float
    persistence: float
    half_life_days: float | None
    std_errors: tuple[float, ...] | None = None


class Standing(msgspec.Struct, frozen=True):
    """Where the regime's hysteresis stands between two reports."""

    index: int
    direction: int
    asked: int


class VolReport(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility of one instrument over the next 30 days. Volatilities are annualised fractions.

    ``usable`` says whether enough weight was present to trade on; ``regime`` is None while there is no composite.
    """

    instrument: InstrumentId
    at: int
    composite: float | None
    linear_mean: float | None
    coverage: float
    usable: bool
    quality: Quality
    reason: str
    regime: str | None
    regime_edges: tuple[float, ...]
    regime_standing: Standing | None
    measures: tuple[Measure, ...]
    weights: tuple[Weight, ...]
    estimators: tuple[Measure, ...]
    variance_ratio: float | None
    """VR(4) of the estimators' bars (Lo & MacKinlay): below 1 prices revert, which is what a grid lives on."""
    variance_ratio_p: float | None = None
    """One-sided p of that ratio being 1 (Lo & MacKinlay 1988)."""
    beside_btc: float | None
    """Daily range volatility over BTC's, the median of 90 days: scales BTC's index and the regime's edges."""
    model: Model | None
    notices: tuple[str, ...] = ()


class ShowQuery(msgspec.Struct, frozen=True):
    """How to fit."""

    arch: Annotated[
        bool, msgspec.Meta(description="Fit through arch, the estimator of record, with standard errors")
    ] = False


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    interval = INTERVALS_MS.get(settings.interval, HOUR_MS)
    hours = CandleFeed(instrument, HOUR_MS, HOUR_COUNT)
    bars = CandleFeed(instrument, interval, settings.window_days * DAY_MS // interval)
    beside = implied.reference(instrument)
    return (
        *((bars,) if interval == HOUR_MS else (hours, bars)),
        CandleFeed(instrument, DAY_MS, settings.garch_bars + 1),
        CandleFeed(instrument, MINUTE_MS, MINUTE_COUNT),
        *((CandleFeed(beside, DAY_MS, implied.RATIO_DAYS),) if beside != instrument else ()),
        *basket.implied_feeds(instrument),
    )


def peers(instrument: InstrumentId, query: ShowQuery) -> tuple[Feed, ...]:
    return basket.feeds(instrument)


def assess(view: View, settings: VolSettings, query: ShowQuery) -> VolReport:
    """Measure, weigh and name the regime; every input that is missing says why."""
    instrument = focus_of(view)
    before = view.report(VolReport)
    beta = _beside_btc(view, instrument, before)
    known = (
        measures.SideBySide(before.estimators, before.variance_ratio, before.variance_ratio_p)
        if before is not None
        else None
    )
    beside = measures.side_by_side(view, instrument, settings, known)
    forecast, model = _garch(view, instrument, settings, before, with_arch=query.arch)
    realised = measures.realised(view, instrument, settings)
    inputs = {
        "bitvol": implied.implied(view, instrument, settings, beta),
        "lxvx": basket.measure(basket.find(view, settings)),
        "garch": forecast,
        "realised": realised,
    }
    refused = refusals({name: each.value for name, each in inputs.items()})
    for name, why in refused.items():
        inputs[name] = msgspec.structs.replace(
            inputs[name], value=None, quality=Quality.UNAVAILABLE, reason=why
        )
    configured = {name: float(getattr(settings.weights, name)) for name in inputs}
    mixed = composite({name: each.value for name, each in inputs.items()}, configured)
    edges = tuple(edge * (beta or 1.0) for edge in EDGES)
    standing = _regime(before, mixed.vol, edges, view.at)
    usable_now = mixed.vol is not None and mixed.coverage >= settings.min_coverage
    return VolReport(
        instrument=instrument,
        at=view.at,
        composite=mixed.vol,
        linear_mean=mixed.linear,
        coverage=mixed.coverage,
        usable=usable_now,
        quality=_quality(mixed, inputs.values(), usable=usable_now),
        reason=""
        if usable_now
        else f"coverage {mixed.coverage:.2f}, at least {settings.min_coverage:g} needed",
        regime=LABELS[standing.index] if standing is not None and mixed.vol is not None else None,
        regime_edges=edges,
        regime_standing=standing,
        measures=tuple(inputs.values()),
        weights=tuple(
            Weight(name=name, configured=weight, used=mixed.weights.get(name))
            for name, weight in configured.items()
        ),
        estimators=beside.estimators,
        variance_ratio=beside.variance_ratio,
        variance_ratio_p=beside.variance_ratio_p,
        beside_btc=beta,
        model=model,
        notices=_notices(inputs, beta),
    )


def _garch(
    view: View, instrument: InstrumentId, settings: VolSettings, before: VolReport | None, *, with_arch: bool
) -> tuple[Measure, Model | None]:
    days = usable(view.candles(instrument, DAY_MS), view.at, settings.garch_bars + 1)
    wrong = staleness(days, view.at)
    if before is not None and wrong is None and not with_arch:
        known = next(each for each in before.measures if each.name == "garch")
        if known.value is not None and known.as_of == days.as_of:
            return known, before.model
    returns = consecutive_returns(days.ts, days.close, DAY_MS)
    found = forecast_vol(
        returns if wrong is None else returns[:0],
        least=settings.garch_min_bars,
        lam=settings.ewma_lambda,
        with_arch=with_arch,
    )
    if found.vol is None:
        tried = (wrong,) if wrong is not None else found.tried
        return measures.hourly_range(view, instrument, tried), None
    measure = Measure(
        name="garch",
        value=found.vol,
        source="1d candles",
        method=found.method,
        quality=Quality(found.quality),
        as_of=days.as_of,
        n_obs=found.n,
        std_error=measures.error_of(found.vol, returns),
        reason=found.reason,
    )
    fit = found.fit
    if fit is None:
        return measure, None
    m = fit.model
    return measure, Model(
        bar_ts=days.as_of or 0,
        mu=m.mu,
        omega=m.omega,
        alpha=m.alpha,
        beta=m.beta,
        nu=m.nu,
        loglik=fit.loglik,
        persistence=m.persistence,
        half_life_days=m.half_life_days,
        std_errors=fit.std_errors,
    )


def _beside_btc(view: View, instrument: InstrumentId, before: VolReport | None) -> float | None:
    """Return the ratio to BTC, measured once a day: it moves with daily bars only."""
    if before is not None and before.beside_btc is not None and before.at // DAY_MS == view.at // DAY_MS:
        return before.beside_btc
    return implied.beta_to_btc(view, instrument)


def _regime(
    before: VolReport | None, vol: float | None, edges: tuple[float, ...], at: int
) -> Standing | None:
    """Move the regime by one look; without a composite it stands where it stood."""
    known = before.regime_standing if before is not None else None
    if vol is None or (before is not None and before.at == at):
        return known
    state = RegimeState(known.index, known.direction, known.asked) if known is not None else None
    after = regime_step(state, vol, edges=edges)
    return Standing(after.index, after.direction, after.asked)


def _quality(mixed: Composite, inputs: object, *, usable: bool) -> Quality:
    if mixed.vol is None:
        return Quality.UNAVAILABLE
    present = [each.quality for each in inputs if each.value is not None]  # type: ignore[attr-defined]
    if not usable or Quality.FALLBACK in present:
        return Quality.FALLBACK
    whole = mixed.coverage > 1.0 - 1e-9 and all(each is Quality.OK for each in present)
    return Quality.OK if whole else Quality.DEGRADED


def _notices(inputs: dict[str, Measure], beta: float | None) -> tuple[str, ...]:
    found = [
        each.reason if each.reason.startswith(name) else f"{name}: {each.reason}"
        for name, each in inputs.items()
        if each.reason
    ]
    if inputs["bitvol"].value is not None:
        found.append("implied volatility contains a risk premium; realised does not")
    if beta is None:
        found.append("regime edges are BTC's: no BTC bars to scale them by")
    return tuple(found)


# -- showing -----------------------------------------------------------------------------------------------------------

_TITLES = {"bitvol": "implied", "lxvx": "LVX basket", "garch": "forecast", "realised": "realised"}
_TONES = {
    Quality.OK: Tone.TEXT,
    Quality.DEGRADED: Tone.WARN,
    Quality.FALLBACK: Tone.WARN,
    Quality.UNAVAILABLE: Tone.FAINT,
}


def present(report: VolReport) -> Panel:
    weights = {each.name: each for each in report.weights}
    rows = [_row(each, weights[each.name], report.at) for each in report.measures]
    rows.append(
        (
            Cell("composite", Tone.ACCENT),
            Cell(fmt.pct(report.composite, 1), _TONES[report.quality]),
            Cell(fmt.number(report.coverage, 2)),
            Cell(fmt.age(0), since=report.at),
            Cell(report.quality.value if report.usable else report.reason, _TONES[report.quality]),
        )
    )
    columns = (
        Column(name="input", align=Align.LEFT, width=10),
        Column(name="vol", unit="/y", width=6),
        Column(name="weight", priority=2, width=6),
        Column(name="age", priority=2, width=4),
        Column(name="state", align=Align.LEFT, priority=3, least=10),
    )
    model = report.model
    facts: list[tuple[str, Cell]] = [("regime", Cell(report.regime or fmt.UNKNOWN))]
    if model is not None:
        half_life = fmt.number(model.half_life_days, 1)
        text = f"α {fmt.number(model.alpha, 3)}  β {fmt.number(model.beta, 3)}  half-life {half_life} d"
        facts.append(("GARCH(1,1)", Cell(text)))
    return Panel(
        title=f"Volatility {report.instrument}",
        status=report.regime or "",
        as_of=report.at,
        blocks=(
            Table(columns=columns, rows=tuple(rows)),
            Facts(tuple(facts)),
            _estimators(report),
            *(Notice(text) for text in report.notices),
        ),
    )


def _row(measure: Measure, weight: Weight, at: int) -> tuple[Cell, ...]:
    age = None if measure.as_of is None else at - measure.as_of
    known = measure.value is not None
    counted = "" if measure.name == "lxvx" else f", n {fmt.count(measure.n_obs)}"
    state = f"{measure.method}{counted}" if known else measure.reason
    return (
        Cell(_TITLES[measure.name]),
        Cell(fmt.pct(measure.value, 1), _TONES[measure.quality]),
        Cell(fmt.number(weight.used, 2) if known else f"({fmt.number(weight.configured, 2)})"),
        Cell(fmt.age(age), since=measure.as_of),
        Cell(state, _TONES[measure.quality]),
    )


def _estimators(report: VolReport) -> Table:
    rows = tuple(
        (
            Cell(each.name),
            Cell(fmt.pct(each.value, 1), _TONES[each.quality]),
            Cell(fmt.pct(each.std_error, 1)),
            Cell(fmt.count(each.n_obs)),
            Cell(each.reason or each.source, Tone.MUTED),
        )
        for each in report.estimators
    )
    columns = (
        Column(name="estimator", align=Align.LEFT, width=15),
        Column(name="vol", unit="/year", width=6),
        Column(name="± s.e.", priority=2, width=6),
        Column(name="bars", priority=3, width=5),
        Column(name="from", align=Align.LEFT, priority=4),
    )
    return Table(columns=columns, rows=rows)


def inputs(report: VolReport) -> tuple[Input, ...]:
    whole = Input(
        name="composite vol",
        value=report.composite,
        as_of=report.at,
        source="vol.show",
        quality=report.quality,
        reason=report.reason,
    )
    return (*(as_input(each) for each in report.measures), whole)


SHOW = Topic(
    name="show",
    summary="Composite volatility and its parts",
    report=VolReport,
    query=ShowQuery,
    assess=assess,
    present=present,
    feeds=feeds,
    peers=peers,
    inputs=inputs,
    every_ms=EVERY_MS,
    units={
        "composite": "fraction/year",
        "linear_mean": "fraction/year",
        "measures.value": "fraction/year",
        "measures.std_error": "fraction/year",
        "estimators.value": "fraction/year",
        "regime_edges": "fraction/year",
        "coverage": "fraction",
        "model": "percent returns",
    },
)
