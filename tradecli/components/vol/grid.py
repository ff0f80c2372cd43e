"""``vol grid``: a ladder of resting orders whose spacing follows volatility (METHODS section 5.4).

It measures the market, keeps its lattice from the previous report, and proposes one ladder. It promises nothing: for
a martingale price a grid earns nothing before costs, and the report says what the range edge would cost.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, NamedTuple

import msgspec

from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import grid_orders, grid_panel, measures, quotes, show
from tradecli.components.vol.grid_report import Expectation, GridReport, Level, Result, Source
from tradecli.components.vol.lattice import Lattice, Wanted, anchored, follow, inventory_share, is_due, rungs
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.stress import Act, StressReport
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality, Side
from tradecli.domain.feed import HOUR_MS, MINUTE_MS, CandleFeed, Feed, QuoteFeed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import ZERO
from tradecli.quant import grid as rule
from tradecli.quant.regime import LABELS, bucket

EVERY_MS = MINUTE_MS
OLDEST_VOL_MS = HOUR_MS
"""A volatility report older than this is not traded on: it is due every quarter of an hour."""
REVERTING_P = 0.1
"""One-sided p of the variance ratio below which prices are taken to revert (METHODS section 5.4)."""
NO_STRESS = "no stress report yet"


class GridQuery(msgspec.Struct, frozen=True):
    """What to lay out instead of what the settings and the account say."""

    levels: Annotated[int, msgspec.Meta(ge=0, le=200, description="Most levels on each side")] = 0
    spacing: Annotated[
        float, msgspec.Meta(ge=0, le=0.5, description="A fixed spacing instead of one by volatility, as 0.4%")
    ] = 0.0
    capital: Annotated[
        Decimal | None, msgspec.Meta(description="Equity to size from, where the account has none")
    ] = None

    def __post_init__(self) -> None:
        if self.capital is not None and self.capital <= 0:
            raise ValueError(f"--capital must be above 0, not {self.capital}")


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (QuoteFeed(instrument), CandleFeed(instrument, MINUTE_MS, show.MINUTE_COUNT))


class _Scene(NamedTuple):
    """What one look found, all of it known."""

    spec: Instrument
    mid: float
    spread: float
    vol: float
    factor: float | None
    """Multiplier of the spacing in this regime; None where the grid pauses."""
    position: Decimal
    equity: Decimal | None
    act: Act
    """What the stress band demands."""


def assess(view: View, settings: VolSettings, query: GridQuery) -> GridReport:
    """Lay the grid out, or follow the standing one; a grid that must not quote says why and has no orders."""
    instrument = focus_of(view)
    spec = view.instrument(instrument)
    volatility = view.report(show.VolReport, instrument)
    source = volatility_of(volatility, view, settings)
    mid, mid_at, spread = _price(view, instrument, spec)
    before = view.report(GridReport)
    stress = view.report(StressReport, instrument)
    act = stress.act if stress is not None else Act()
    position = view.position(instrument, grid_orders.SOURCE).qty
    blank = GridReport(
        instrument=instrument,
        at=view.at,
        regime=source.regime,
        stress=stress.score if stress is not None else None,
        stress_band=stress.band if stress is not None else None,
        stress_reason=NO_STRESS if stress is None else stress.reason,
        size_factor=act.size_factor,
        age_s=None if source.as_of is None else (view.at - source.as_of) / 1000,
        volatility=source,
        mid=mid,
        mid_at=mid_at,
        inventory=position,
        lattice=before.lattice if before is not None else None,
        variance_ratio=volatility.variance_ratio if volatility is not None else None,
        variance_ratio_p=volatility.variance_ratio_p if volatility is not None else None,
        result=_result(view, instrument, mid),
    )
    if source.value is None:
        return msgspec.structs.replace(blank, reason=source.reason)
    if spec is None:
        return msgspec.structs.replace(blank, reason="the instrument's rules are not known")
    if mid is None or spread is None:
        return msgspec.structs.replace(blank, reason="no price: no quote, no bar of a minute")
    equity = query.capital if query.capital is not None else view.equity()
    factor = rule.REGIME_FACTORS.get(source.regime or "")
    return _lay_out(
        blank, view, _Scene(spec, mid, spread, source.value, factor, position, equity, act), settings, query
    )


def _lay_out(
    blank: GridReport, view: View, scene: _Scene, settings: VolSettings, query: GridQuery
) -> GridReport:
    """Fill in the geometry, and the orders where they may be quoted."""
    wanted, spacing = _wanted(scene, settings, query)
    lattice, laid_out = _lattice(blank.lattice, scene, view.at, wanted, settings)
    held = lattice.spacing if lattice is not None else spacing.value
    sized = scene.equity is not None
    report = msgspec.structs.replace(
        blank,
        spacing=held,
        spacing_raw=spacing.raw,
        spacing_floor=spacing.floor,
        density=0.01 / held,
        spread=scene.spread,
        maker_fee=float(scene.spec.maker_fee),
        half_range=wanted.reach,
        capital=wanted.capital if sized else None,
        inventory_share=inventory_share(scene.position, scene.mid, wanted.capital) if sized else None,
        lattice=lattice,
        laid_out=laid_out,
    )
    cost = rule.round_trip_cost(float(scene.spec.maker_fee), scene.spread)
    pause = "regime is extreme" if scene.factor is None else None
    p = blank.variance_ratio_p
    if settings.grid.require_reversion and (p is None or p >= REVERTING_P):
        pause = f"no evidence that prices revert (p {'unknown' if p is None else f'{p:.2f}'})"
    if spacing.value < cost:
        pause = f"spacing {spacing.value:.4%} is below the cost of a round trip, {cost:.4%}"
    pause = pause or ("equity is not known: --capital states one" if not sized else None)
    if pause or lattice is None:
        reason = pause or "the capital is too small for one level"
        return msgspec.structs.replace(report, reason=reason, levels=_preview(scene, wanted))
    resting = {
        (each.request.side, each.request.price)
        for each in view.orders(grid_orders.SOURCE)
        if each.request.instrument == blank.instrument and not each.cancel_pending
    }
    orders = rungs(lattice, scene.spec, scene.mid, scene.position, wanted.capital, resting)
    market = quotes.Market(scene.spec, scene.mid, scene.vol, lattice, scene.position, wanted.capital)
    quoting, orders = quotes.lead(orders, market, view, settings.grid, resting)
    return msgspec.structs.replace(
        report,
        quotes=quoting,
        quoting=bool(orders),
        reason="" if orders else "nothing may be quoted: at the inventory limit, or outside the range",
        levels=tuple(Level(side=each.side, price=each.price, qty=each.qty) for each in orders),
        expectation=_expectation(lattice, scene),
    )


def _result(view: View, instrument: InstrumentId, mid: float | None) -> Result | None:
    """Return what the grid has earned: realised and unrealised together, or None before its first fill."""
    held = view.position(instrument, grid_orders.SOURCE)
    if not held.fills or mid is None:
        return None
    unrealised = held.unrealised(Decimal(repr(mid)))
    return Result(
        realised=held.realised,
        unrealised=unrealised,
        fees=held.fees,
        funding=held.funding,
        total=held.realised + unrealised - held.fees + held.funding,
        turnover=held.traded,
        fills=held.fills,
    )


def volatility_of(report: show.VolReport | None, view: View, settings: VolSettings) -> Source:
    """Return the volatility to space by: the composite of the newest report, or without any report the ranges seen."""
    if report is None:
        found = measures.realised(view, focus_of(view), settings)
        regime = LABELS[bucket(found.value)] if found.value is not None else None
        quality = Quality.FALLBACK if found.value is not None else Quality.UNAVAILABLE
        reason = found.reason if found.value is None else "no volatility report yet"
        return Source(
            value=found.value,
            source=found.method,
            as_of=found.as_of,
            quality=quality,
            regime=regime,
            reason=reason,
        )
    age = view.at - report.at
    value = report.composite if report.usable and age <= OLDEST_VOL_MS else None
    reason = report.reason if not report.usable else ""
    if value is None and not reason:
        reason = f"volatility report is {age / MINUTE_MS:.0f} min old"
    return Source(
        value=value,
        source="vol.show composite",
        as_of=report.at,
        quality=report.quality if value is not None else Quality.UNAVAILABLE,
        regime=report.regime,
        reason=reason,
    )


def _price(
    view: View, instrument: InstrumentId, spec: Instrument | None
) -> tuple[float | None, int | None, float | None]:
    """Return (mid, its time, spread as a fraction): of the quote, else the last minute's close and one tick."""
    quote = view.quote(instrument)
    if quote is not None:
        return quote.mid, quote.ts, (quote.ask - quote.bid) / quote.mid
    minutes = view.candles(instrument, MINUTE_MS)
    if not len(minutes) or spec is None:
        return None, None, None
    close = float(minutes.close[-1])
    return close, minutes.as_of, float(spec.tick) / close


def _wanted(scene: _Scene, settings: VolSettings, query: GridQuery) -> tuple[Wanted, rule.Spacing]:
    """Return what a grid laid out now would be made with; a paused regime is previewed at the widest spacing."""
    own = settings.grid
    factor = scene.factor if scene.factor is not None else max(rule.REGIME_FACTORS.values())
    fee, tick = float(scene.spec.maker_fee), float(scene.spec.tick) / scene.mid
    fixed = query.spacing or own.spacing_pct / 100.0
    if fixed > 0.0:
        spacing = rule.fixed_spacing(
            scene.act.widen * math.log1p(fixed), fee, scene.spread, kappa=own.kappa, tick=tick
        )
    else:
        spacing = rule.spacing(
            scene.vol,
            own.tau_hours,
            fee,
            scene.spread,
            factor=scene.act.widen * factor,
            kappa=own.kappa,
            tick=tick,
        )
    reach = min(rule.half_range(scene.vol, own.horizon_hours, own.z), math.log1p(own.range_pct / 100.0))
    most = query.levels or own.levels
    levels = rule.levels_per_side(reach, spacing.value, most if scene.act.widen == 1.0 else max(1, most // 2))
    capital = max(scene.equity or ZERO, ZERO) * Decimal(str(own.capital_share)) * scene.act.size_factor
    skew = rule.reservation_shift(1.0, scene.vol, own.horizon_hours, own.aversion)
    return Wanted(spacing=spacing.value, reach=reach, levels=levels, capital=capital, skew=skew), spacing


def _lattice(
    standing: Lattice | None, scene: _Scene, at: int, wanted: Wanted, settings: VolSettings
) -> tuple[Lattice | None, str]:
    """Return the standing grid moved along, or a new one, and why it is new."""
    if scene.equity is None:
        return standing, ""
    why = "first layout"
    if standing is not None:
        due = is_due(standing, wanted, at, int(settings.grid.horizon_hours * HOUR_MS))
        if due is None:
            return follow(standing, scene.position, scene.mid, settings.grid.recentre_steps), ""
        why = due
    return anchored(scene.spec, scene.mid, at, scene.position, wanted), why


def _preview(scene: _Scene, wanted: Wanted) -> tuple[Level, ...]:
    """Return the prices a grid would quote, without sizes, where there is nothing to size from or it pauses."""
    steps = range(1, wanted.levels + 1)
    return tuple(
        Level(
            side=side,
            price=scene.spec.round_price(
                Decimal(repr(scene.mid * math.exp(-side.sign * step * wanted.spacing))), side
            ),
            qty=None,
        )
        for side in (Side.BUY, Side.SELL)
        for step in steps
    )


def _expectation(lattice: Lattice, scene: _Scene) -> Expectation:
    """Return what a diffusion of this volatility does to the grid, and the loss at the worse edge."""
    g = lattice.spacing
    steps = rule.steps_per_day(scene.vol, g)
    edge = rule.worst_case(scene.mid, g, lattice.levels, float(lattice.qty), held=float(scene.position))
    return Expectation(
        hours_between_steps=rule.hours_between_steps(scene.vol, g),
        steps_per_day=steps,
        fills_per_day=steps,
        round_trips_per_day=steps / 2.0,
        touch_probability_1h=rule.touch_probability(g, scene.vol, 1.0),
        round_trip_cost=2.0 * float(scene.spec.maker_fee),
        worst_qty=edge.qty,
        worst_price=edge.price,
        worst_loss=edge.loss,
    )


def inputs(report: GridReport) -> tuple[Input, ...]:
    vol, at = report.volatility, report.at
    rows = (
        ("grid spacing", report.spacing, at, "vol.grid"),
        ("mid", report.mid, report.mid_at, "quote or last minute"),
        ("spread", report.spread, report.mid_at, "quote or one tick"),
        ("grid inventory", float(report.inventory), at, "fills"),
        ("grid capital", float(report.capital) if report.capital is not None else None, at, "equity"),
    )
    known = tuple(
        Input(
            name=name,
            value=value,
            as_of=as_of,
            source=source,
            quality=Quality.OK if value is not None else Quality.UNAVAILABLE,
            reason="" if value is not None else report.reason or "unknown",
        )
        for name, value, as_of, source in rows
    )
    return (
        Input(
            name="grid vol",
            value=vol.value,
            as_of=vol.as_of,
            source=vol.source,
            quality=vol.quality,
            reason=vol.reason,
        ),
        *known,
    )


GRID = Topic(
    name="grid",
    summary="Grid spacing, levels and what they risk",
    report=GridReport,
    query=GridQuery,
    assess=assess,
    present=grid_panel.present,
    propose=grid_orders.propose,
    orders=grid_orders.orders,
    feeds=feeds,
    inputs=inputs,
    strategy=grid_orders.SOURCE,
    every_ms=EVERY_MS,
    wakes_on_fill=True,
    units={
        "spacing": "log fraction",
        "spacing_raw": "log fraction",
        "spacing_floor": "log fraction",
        "density": "levels per 1 %",
        "stress": "0 to 100",
        "half_range": "log fraction",
        "spread": "fraction",
        "maker_fee": "fraction",
        "capital": "quote currency",
        "inventory": "base units",
        "inventory_share": "fraction of capital",
        "volatility.value": "fraction/year",
        "expectation.worst_loss": "quote currency",
        "levels.price": "quote currency",
        "levels.qty": "base units",
        "age_s": "s",
        **quotes.UNITS,
    },
)
