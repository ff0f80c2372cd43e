"""``vol stress``: how unusual the market is among its last year, from 0 to 100, and what that makes the desk do
(METHODS section 5.3).

It is a ranking, not a probability. A part that is missing gives its weight to the others; below 60 % of the weight
there is no score and nothing acts. The engine holds every strategy to what a band demands.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import illiquidity, stress_parts
from tradecli.components.vol.ranked import YEAR_DAYS, Part
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, CandleFeed, Feed, FundingFeed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.intent import Caution, Intent
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Bars, Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant.stress import BANDS, WEIGHTS, band_after, stress

EVERY_MS = 15 * MINUTE_MS
FUNDING_DAYS = 130
TONES = {"calm": Tone.GOOD, "watch": Tone.TEXT, "stressed": Tone.WARN, "crisis": Tone.BAD}


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What the band does: sizes and grid spacing beside the usual ones, and whether positions may only shrink."""

    size_factor: Decimal = Decimal(1)
    widen: float = 1.0
    reduce_only: bool = False
    text: str = "nothing"


class StressReport(msgspec.Struct, frozen=True, kw_only=True):
    """The stress of one instrument's market; ``score`` None: not known, for ``reason``, and nothing acts."""

    instrument: InstrumentId
    at: int
    score: float | None
    band: str | None
    coverage: float
    parts: tuple[Part, ...]
    act: Act
    quality: Quality
    reason: str = ""


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (
        CandleFeed(instrument, DAY_MS, settings.garch_bars + 1),
        CandleFeed(instrument, HOUR_MS, 48),
        FundingFeed(instrument, FUNDING_DAYS * DAY_MS),
        *(VolIndexFeed(name, YEAR_DAYS * DAY_MS) for name in stress_parts.curve_series(instrument)),
        *illiquidity.feeds(instrument),
    )


def assess(view: View, settings: VolSettings, query: object) -> StressReport:
    """Rank each part among its past, weigh the ranks, and say what the band demands."""
    instrument = focus_of(view)
    parts = stress_parts.measure(view, instrument, settings)
    found = stress({each.name: each.rank for each in parts}, WEIGHTS)
    before = view.report(StressReport)
    band = (
        band_after(before.band if before is not None else None, found.score)
        if found.score is not None
        else None
    )
    whole = found.coverage > 1.0 - 1e-9
    return StressReport(
        instrument=instrument,
        at=view.at,
        score=found.score,
        band=band,
        coverage=found.coverage,
        parts=parts,
        act=act_of(band, settings),
        quality=Quality.UNAVAILABLE if band is None else Quality.OK if whole else Quality.DEGRADED,
        reason="" if band is not None else f"coverage {found.coverage:.2f}, at least 0.60 needed",
    )


def act_of(band: str | None, settings: VolSettings) -> Act:
    """Return what a band does; nothing where it is not known, or where acting is switched off."""
    own = settings.stress
    if band not in ("stressed", "crisis"):
        return Act()
    if not own.act:
        return Act(text="nothing: vol.stress.act is off")
    if band == "crisis":
        return Act(
            size_factor=Decimal(str(own.stressed_size)),
            widen=own.stressed_widen,
            reduce_only=True,
            text="no new risk: positions may only shrink",
        )
    text = f"sizes ×{own.stressed_size:g}, half the levels, spacing ×{own.stressed_widen:g}"
    return Act(size_factor=Decimal(str(own.stressed_size)), widen=own.stressed_widen, text=text)


def propose(report: StressReport, view: View, settings: VolSettings) -> tuple[Intent, ...]:
    """Return what the engine must hold every strategy on this instrument to."""
    edges = {"watch": BANDS[0][0], "stressed": BANDS[1][0], "crisis": BANDS[2][0]}
    highest = sorted(
        (each for each in report.parts if each.rank is not None), key=lambda each: -(each.rank or 0)
    )
    most = ", ".join(f"{each.name} {100 * (each.rank or 0):.0f}" for each in highest[:3])
    return (
        Caution(
            instrument=report.instrument,
            source="stress",
            level=report.band or "unknown",
            score=None if report.score is None else round(report.score, 4),
            threshold=edges.get(report.band or ""),
            size_factor=report.act.size_factor,
            reduce_only=report.act.reduce_only,
            reason=report.reason or f"highest ranks: {most}",
        ),
    )


def present(report: StressReport) -> Panel:
    tone = TONES.get(report.band or "", Tone.FAINT)
    score = fmt.UNKNOWN if report.score is None else f"{report.score:.0f} {report.band}"
    rows = tuple(
        (
            Cell(each.name.replace("_", " ")),
            Cell(fmt.number(each.value, 3)),
            Cell(fmt.UNKNOWN if each.rank is None else f"{100 * each.rank:.0f}", Tone.ACCENT),
            Cell(fmt.number(each.weight, 2), Tone.MUTED),
            Cell(fmt.age(None if each.as_of is None else report.at - each.as_of), Tone.MUTED),
            Cell(told(each), Tone.MUTED),
        )
        for each in report.parts
    )
    columns = (
        Column(name="part", align=Align.LEFT, width=14),
        Column(name="value", width=8),
        Column(name="rank", unit="of 100", width=6),
        Column(name="weight", priority=2, width=6),
        Column(name="age", priority=3, width=6),
        Column(name="from", align=Align.LEFT, priority=3),
    )
    blocks: list[Block] = [
        Bars((("stress", (report.score or 0.0) / 100.0, Cell(score, tone)),)),
        Facts((("what it does", Cell(report.act.text, tone)),)),
        Table(columns=columns, rows=rows),
        Facts((("coverage", Cell(f"{fmt.pct(report.coverage, 0)} of the weights")),)),
        Notice(
            "0–50 calm, 50–75 watch, 75–90 stressed, over 90 crisis; a ranking in the past year, no probability"
        ),
        Notice("liquidations are no part: no source of them is connected"),
    ]
    if report.reason:
        blocks.append(Notice(report.reason, Tone.WARN))
    return Panel(title=f"Stress {report.instrument}", status=score, as_of=report.at, blocks=tuple(blocks))


def told(part: Part) -> str:
    """Return what a part rests on, in words: what is wrong with it, what it is made of, how it was ranked."""
    numbers = ", ".join(
        f"{each.name} {fmt.number(each.value, 3) if each.value < 1_000 else fmt.count(round(each.value))} {each.unit}"
        + ("" if each.rank is None else f" rank {100 * each.rank:.0f}")
        for each in part.raw
    )
    ranking = part.reason or f"{part.method}, n {fmt.count(part.n_obs)}"
    return f"{ranking}: {numbers}" if numbers else ranking


def inputs(report: StressReport) -> tuple[Input, ...]:
    whole = Input(
        name="stress",
        value=report.score,
        as_of=report.at,
        source="vol.stress",
        quality=report.quality,
        reason=report.reason,
    )
    return (whole,)


STRESS = Topic(
    name="stress",
    summary="Market stress from 0 to 100, and what it makes the desk do",
    needs=(),
    report=StressReport,
    assess=assess,
    present=present,
    propose=propose,
    feeds=feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    units={
        "score": "0 to 100",
        "parts.rank": "fraction",
        "parts.raw.rank": "fraction",
        "coverage": "fraction",
    },
)
