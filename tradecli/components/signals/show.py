"""``signals show``: trend and MACD of each timeframe, and what they say together (METHODS sections 6.1 to 6.3).

Two of the five categories are measured so far, so the coverage stays below what an entry needs and the report says
that it is no signal to trade on. A score is not a probability; none is claimed before outcomes have been scored.
"""

from __future__ import annotations

import math

import msgspec

from tradecli.components.bars import staleness, usable
from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.signals.lines import lines_of
from tradecli.components.signals.settings import SignalsSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import INTERVALS_MS, MINUTE_MS, CandleFeed, Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone

TIMEFRAMES = {"m1": "1m", "m5": "5m", "m15": "15m", "h1": "1h", "h4": "4h", "d1": "1d"}
"""Names of the weights in the settings, and of the intervals."""
WARM_UP = 100
"""Bars that MACD needs before its seed is forgotten (METHODS section 6.1)."""
MOST_BARS = 150
"""No indicator here remembers further back."""
EVERY_MS = 5 * MINUTE_MS
UNCALIBRATED = "uncalibrated: no scored forecasts yet"


class Timeframe(msgspec.Struct, frozen=True, kw_only=True):
    """One timeframe. Scores lie in [−1, 1]; averages and MACD are in quote currency; ``used`` is the weight in use."""

    interval: str
    score: float | None
    trend: float | None = None
    momentum: float | None = None
    ema12: float | None = None
    ema26: float | None = None
    macd: float | None = None
    macd_signal: float | None = None
    macd_histogram: float | None = None
    atr14: float | None = None
    bars: int = 0
    as_of: int | None = None
    weight: float = 0.0
    used: float | None = None
    reason: str = ""


class SignalsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the timeframes say together. ``coverage``: share of the timeframes' weight; of the five categories' weight
    there is ``category_coverage``. ``tradable``: both reach what an entry needs.
    """

    instrument: InstrumentId
    at: int
    score: float | None
    agreement: float | None
    dispersion: float | None
    coverage: float
    category_coverage: float
    tradable: bool
    reason: str
    confidence: float | None
    confidence_reason: str
    timeframes: tuple[Timeframe, ...]


def feeds(instrument: InstrumentId, settings: SignalsSettings) -> tuple[Feed, ...]:
    count = min(settings.bars, MOST_BARS)
    return tuple(CandleFeed(instrument, INTERVALS_MS[name], count) for name in TIMEFRAMES.values())


def assess(view: View, settings: SignalsSettings, query: NoQuery) -> SignalsReport:
    """Score every timeframe on its closed bars and combine those that could be scored."""
    instrument = focus_of(view)
    before = view.report(SignalsReport)
    known = {each.interval: each for each in before.timeframes} if before is not None else {}
    found = [
        _timeframe(view, instrument, settings, name, getattr(settings.timeframes, key), known.get(name))
        for key, name in TIMEFRAMES.items()
    ]
    coverage = math.fsum(each.weight for each in found if each.score is not None)
    frames = tuple(
        msgspec.structs.replace(each, used=each.weight / coverage if each.score is not None else None)
        if coverage > 0.0
        else each
        for each in found
    )
    scored = [(each.used or 0.0, each.score) for each in frames if each.score is not None]
    score = math.fsum(weight * value for weight, value in scored) if scored else None
    category_coverage = settings.weights.trend + settings.weights.momentum
    reason = _objection(coverage, category_coverage, settings.min_coverage)
    return SignalsReport(
        instrument=instrument,
        at=view.at,
        score=score,
        agreement=_agreement(scored),
        dispersion=_dispersion(scored, score),
        coverage=coverage,
        category_coverage=category_coverage,
        tradable=not reason,
        reason=reason,
        confidence=None,
        confidence_reason=UNCALIBRATED,
        timeframes=frames,
    )


def _timeframe(
    view: View,
    instrument: InstrumentId,
    settings: SignalsSettings,
    name: str,
    weight: float,
    known: Timeframe | None,
) -> Timeframe:
    """Score one timeframe; what is known already is taken over while no newer bar has closed."""
    bars = usable(view.candles(instrument, INTERVALS_MS[name]), view.at, min(settings.bars, MOST_BARS))
    wrong = staleness(bars, view.at)
    if wrong is None and len(bars) < WARM_UP:
        wrong = f"{len(bars)} of {WARM_UP} bars"
    if wrong is not None:
        return Timeframe(
            interval=name, score=None, bars=len(bars), as_of=bars.as_of, weight=weight, reason=wrong
        )
    if known is not None and known.score is not None and known.as_of == bars.as_of:
        return known
    lines = lines_of(bars.high, bars.low, bars.close, MOST_BARS)
    fast, slow, histogram, reach = lines.fast, lines.slow, lines.histogram, lines.reach
    if fast is None or slow is None or histogram is None or reach is None or not reach > 0.0:
        return Timeframe(
            interval=name,
            score=None,
            bars=len(bars),
            as_of=bars.as_of,
            weight=weight,
            reason="the price did not move",
        )
    trend, momentum = math.tanh((fast - slow) / reach), math.tanh(histogram / reach)
    shares = settings.weights.trend, settings.weights.momentum
    whole = math.fsum(shares)
    score = (shares[0] * trend + shares[1] * momentum) / whole if whole > 0.0 else None
    return Timeframe(
        interval=name,
        score=score,
        trend=trend,
        momentum=momentum,
        ema12=fast,
        ema26=slow,
        macd=lines.macd,
        macd_signal=lines.signal,
        macd_histogram=histogram,
        atr14=reach,
        bars=len(bars),
        as_of=bars.as_of,
        weight=weight,
        reason="" if score is not None else "trend and momentum have no weight",
    )


def _agreement(scored: list[tuple[float, float]]) -> float | None:
    """Return |Σ w s| / Σ w |s|: 1 where all point one way; None without any score or where all are zero."""
    total = math.fsum(weight * abs(value) for weight, value in scored)
    return abs(math.fsum(weight * value for weight, value in scored)) / total if total > 0.0 else None


def _dispersion(scored: list[tuple[float, float]], mean: float | None) -> float | None:
    """Return the weighted standard deviation of the scores."""
    if mean is None:
        return None
    return math.sqrt(math.fsum(weight * (value - mean) ** 2 for weight, value in scored))


def _objection(coverage: float, category_coverage: float, least: float) -> str:
    if coverage < least:
        return f"timeframes with {coverage:.2f} of the weight, {least:.2f} needed"
    if category_coverage < least:
        return f"categories with {category_coverage:.2f} of the weight are built, {least:.2f} needed"
    return ""


# -- showing -----------------------------------------------------------------------------------------------------------


def present(report: SignalsReport) -> Panel:
    columns = (
        Column(name="tf", align=Align.LEFT, width=4),
        Column(name="score", width=5),
        Column(name="trend", priority=2, width=5),
        Column(name="MACD", priority=2, width=5),
        Column(name="weight", priority=3, width=6),
        Column(name="age", priority=3, width=4),
        Column(name="state", align=Align.LEFT, priority=4),
    )
    rows = tuple(_row(each, report.at) for each in report.timeframes)
    facts = (
        ("combined", Cell(fmt.number(report.score, 2, sign=True), tone_of(report.score))),
        ("agreement", Cell(fmt.number(report.agreement, 2))),
        ("coverage", Cell(fmt.number(report.coverage, 2))),
        ("confidence", Cell(f"{fmt.UNKNOWN} {report.confidence_reason}", Tone.FAINT)),
    )
    notices = (Notice(report.reason, Tone.WARN),) if report.reason else ()
    return Panel(
        title=f"Signals {report.instrument}",
        status="signal" if report.tradable else "no signal",
        as_of=report.at,
        blocks=(Table(columns=columns, rows=rows), Facts(facts), *notices),
    )


def _row(frame: Timeframe, at: int) -> tuple[Cell, ...]:
    return (
        Cell(frame.interval),
        Cell(fmt.number(frame.score, 2, sign=True), tone_of(frame.score)),
        Cell(fmt.number(frame.trend, 2, sign=True), tone_of(frame.trend)),
        Cell(fmt.number(frame.momentum, 2, sign=True), tone_of(frame.momentum)),
        Cell(fmt.number(frame.used if frame.used is not None else None, 2)),
        Cell(fmt.age(None if frame.as_of is None else at - frame.as_of)),
        Cell(frame.reason, Tone.FAINT),
    )


def tone_of(score: float | None) -> Tone:
    """Return the tone of a signed score: the sign is printed as well."""
    if score is None:
        return Tone.FAINT
    return Tone.GOOD if score > 0 else Tone.BAD if score < 0 else Tone.TEXT


def inputs(report: SignalsReport) -> tuple[Input, ...]:
    frames = tuple(
        Input(
            name=f"signal {each.interval}",
            value=each.score,
            as_of=each.as_of,
            source=f"{each.interval} candles",
            quality=Quality.OK if each.score is not None else Quality.UNAVAILABLE,
            reason=each.reason,
        )
        for each in report.timeframes
    )
    quality = Quality.OK if report.tradable else Quality.DEGRADED
    combined = Input(
        name="signal",
        value=report.score,
        as_of=report.at,
        source="signals.show",
        quality=quality if report.score is not None else Quality.UNAVAILABLE,
        reason=report.reason,
    )
    return (*frames, combined)


SHOW = Topic(
    name="show",
    summary="Trend and momentum of each timeframe, and what they say together",
    report=SignalsReport,
    assess=assess,
    present=present,
    feeds=feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    units={
        "score": "-1 to 1",
        "agreement": "0 to 1",
        "dispersion": "score",
        "coverage": "fraction",
        "category_coverage": "fraction",
        "timeframes.score": "-1 to 1",
        "timeframes.ema12": "quote currency",
        "timeframes.macd": "quote currency",
        "timeframes.atr14": "quote currency",
    },
)
