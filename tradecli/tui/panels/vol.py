"""The charts of the volatility screen: the cone with the present in it, and the surface with its nearest smile.

They draw reports and compute nothing. Where there is no option chain the surface says so; a chart too small to be read
is not drawn, the numbers are.
"""

from __future__ import annotations

from typing import TypeVar

from tradecli.components.vol.cone import ConeReport
from tradecli.components.vol.forecast_report import ForecastReport
from tradecli.components.vol.surface_report import SurfaceExpiry, SurfaceReport
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.present.blocks import Tone
from tradecli.present.format import age, pct
from tradecli.tui.lines import Line, line, span, wrap
from tradecli.tui.look import Look, Rests
from tradecli.tui.panel import Panel
from tradecli.tui.plot import Curve, heat, plot

R = TypeVar("R")
_LEAST = (34, 8)
_CHAIN_LIMIT_MS = 20 * MINUTE_MS
"""A surface is made every quarter of an hour."""
NOW, FORECAST = "●", "◆"
"""Signs of the two lines that cross the cone; a colour alone would not do."""
_MODELS = ("garch", "har", "ewma", "gjr")


def _percent(value: float) -> str:
    return f"{100.0 * value:.0f}%"


class ConePanel(Panel):
    """Quantiles of volatility over a week to a quarter, the present among them, and what the models forecast."""

    RESTS_ON = Rests.FOCUS
    KEYS = "[ ] symbol · z zoom"

    def heading(self, look: Look) -> str:
        return f"Cone · {look.focus_symbol}" if look.focus_symbol else "Cone"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        self.status = ()
        if look.snapshot is None:
            return [line(span("waiting for the engine", Tone.FAINT))]
        cone = _newest(look, "vol.cone", ConeReport)
        models = _newest(look, "vol.forecast", ForecastReport)
        if cone is None:
            return wrap("the cone comes with the next cycle (every minute of engine time)", width, Tone.FAINT)
        if not cone.lines:
            return wrap(cone.reason or "no cone", width, Tone.WARN)
        old = "" if cone.as_of is None else f" · {age(look.snapshot.at - cone.as_of)}"
        self.status = (span(f"{cone.days} d of {cone.source}{old}", Tone.FAINT),)
        ahead, index = _model_lines(models), _index_lines(cone, width)
        room = height - _LEAST[1] - len(index) - 1
        if width < _LEAST[0] or room < min(len(ahead), 1):
            return _cone_table(cone) + ahead + index
        below = ahead[:room] + index
        return [*_cone_chart(cone, models, width, height - len(below) - 1), _cone_legend(), *below]


def _newest(look: Look, topic: str, kind: type[R]) -> R | None:
    if look.snapshot is None:
        return None
    focus: InstrumentId | None = look.focus
    found = look.snapshot.reports.get((topic, focus))
    return found.report if found is not None and isinstance(found.report, kind) else None


def _cone_chart(cone: ConeReport, models: ForecastReport | None, width: int, height: int) -> list[Line]:
    days = [float(each.horizon_days) for each in cone.lines]
    curves = [
        Curve(days, [each.p95 for each in cone.lines], Tone.FAINT, dotted=True),
        Curve(days, [each.p5 for each in cone.lines], Tone.FAINT, dotted=True),
        Curve(days, [each.p75 for each in cone.lines], Tone.MUTED),
        Curve(days, [each.p25 for each in cone.lines], Tone.MUTED),
        Curve(days, [each.p50 for each in cone.lines], Tone.TEXT),
        Curve(days, [each.now for each in cone.lines], Tone.ACCENT, mark=NOW),
    ]
    garch = models.model("garch") if models is not None else None
    if garch is not None:
        inside = [
            (each.hours / 24.0, each.vol) for each in garch.ahead if days[0] <= each.hours / 24.0 <= days[-1]
        ]
        if len(inside) > 1:
            curves.append(Curve([x for x, _ in inside], [y for _, y in inside], Tone.MINE, mark=FORECAST))
    return plot(curves, width, height, _percent, [(day, f"{day:.0f}d") for day in days])


def _cone_legend() -> Line:
    return line(
        span(f"{NOW} now  ", Tone.ACCENT),
        span("─ median  ", Tone.TEXT),
        span("─ 25–75  ", Tone.MUTED),
        span("┄ 5–95  ", Tone.FAINT),
        span(f"{FORECAST} GARCH", Tone.MINE),
    )


def _model_lines(models: ForecastReport | None) -> list[Line]:
    """Return what each model forecasts from a day on, what is looked at first at the top: a small panel has few."""
    rows = sorted(models.models if models is not None else (), key=lambda row: _rank_of(row.model))
    out: list[Line] = []
    for row in rows:
        shown = "  ".join(f"{each.horizon} {pct(each.vol, 1)}" for each in row.ahead if each.hours >= 24)
        out.append(line(span(f"{row.model:6} ", Tone.MUTED), span(shown)))
    return out


def _rank_of(model: str) -> int:
    return _MODELS.index(model) if model in _MODELS else len(_MODELS)


def _index_lines(cone: ConeReport, width: int) -> list[Line]:
    index = cone.implied
    rank = f"{index.name} {pct(index.value, 1)}  IV rank {pct(index.rank, 0)}  percentile {pct(index.percentile, 0)}"
    return wrap(rank if index.rank is not None else f"IV rank: {index.reason}", width, Tone.MUTED)


def _cone_table(cone: ConeReport) -> list[Line]:
    return [
        line(
            span(f"{each.horizon_days:3} d ", Tone.MUTED),
            span(f"{pct(each.now, 1):>7}", Tone.ACCENT),
            span(f"  rank {pct(each.rank, 0):>4}  {pct(each.p5, 0)}–{pct(each.p95, 0)}", Tone.MUTED),
        )
        for each in cone.lines
    ]


class SurfacePanel(Panel):
    """Expiries with their at-the-money volatility and skew, a heat map by moneyness, the term structure, a smile."""

    RESTS_ON = Rests.FOCUS
    KEYS = "[ ] symbol · z zoom"

    def heading(self, look: Look) -> str:
        return f"Surface · {look.focus_symbol}" if look.focus_symbol else "Surface"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        self.status = ()
        if look.snapshot is None:
            return [line(span("waiting for the engine", Tone.FAINT))]
        found = _newest(look, "vol.surface", SurfaceReport)
        if found is None:
            return wrap(
                "the surface comes with the next cycle (every minute of engine time)", width, Tone.FAINT
            )
        if not found.expiries:
            return wrap(f"no surface: {found.reason or 'no option chain'}", width, Tone.WARN)
        if found.as_of is not None:
            old = look.snapshot.at - found.as_of
            self.status = (
                span(f"{found.coin} chain {age(old)}", Tone.WARN if old > _CHAIN_LIMIT_MS else Tone.FAINT),
            )
        table = [_expiry_head(), *(_expiry_line(each) for each in found.expiries)]
        names = [_tenor(each.days) for each in found.expiries]
        values = [list(each.vols) for each in found.expiries]
        columns = [f"{100.0 * k:+.0f}" for k in found.grid]
        map_lines = heat(values, names, columns, width, lambda value: f"{100.0 * value:.0f}")
        out = list(table)
        if height - len(out) >= len(map_lines) + 1 and width >= _LEAST[0]:
            out += [(), line(span("IV by ln(K/F), %", Tone.FAINT)), *map_lines]
        room = height - len(out) - 2
        if room >= _LEAST[1] and width >= _LEAST[0]:
            out += [(), *_charts(found, width, room)]
        return out


def _charts(found: SurfaceReport, width: int, height: int) -> list[Line]:
    """Return the nearest smile and the term structure, one above the other where there is room for both."""
    both = height >= 2 * _LEAST[1] + 2
    share = (height - 2) // 2 if both else height - 1
    near = next((each for each in found.expiries if each.days >= 7.0), found.expiries[0])
    smile = plot(
        [Curve(list(found.grid), list(near.vols), Tone.ACCENT, mark=NOW)],
        width,
        share,
        _percent,
        [(k, f"{100.0 * k:+.0f}") for k in found.grid],
    )
    out: list[Line] = [line(span(f"smile of {near.days:.0f} d ({near.kind})", Tone.FAINT)), *smile]
    if both and len(found.expiries) > 1:
        # By the root of time: the near expiries, where most is traded, would lie on one another otherwise.
        roots = [max(each.days, 0.0) ** 0.5 for each in found.expiries]
        term = plot(
            [
                Curve(roots, [each.forward_vol for each in found.expiries], Tone.MUTED, dotted=True),
                Curve(roots, [each.atm for each in found.expiries], Tone.ACCENT, mark=NOW),
            ],
            width,
            share,
            _percent,
            [(root, _tenor(each.days)) for root, each in zip(roots, found.expiries, strict=True)],
        )
        out += [line(span(f"{NOW} at the money by expiry, ┄ forward volatility", Tone.FAINT)), *term]
    return out


def _tenor(days: float) -> str:
    return f"{days:.0f}d" if days >= 1.0 else f"{24.0 * days:.0f}h"


def _expiry_head() -> Line:
    return line(span(f"{'days':>6}{'ATM':>8}{'RR25':>8}{'BF25':>8}{'fwd':>8}  fit", Tone.FAINT))


def _expiry_line(each: SurfaceExpiry) -> Line:
    sound = each.is_free_of_butterflies and not each.reasons
    return line(
        span(f"{each.days:6.1f}", Tone.MUTED),
        span(f"{pct(each.atm, 1):>8}", Tone.ACCENT),
        span(
            f"{pct(each.rr25, 1, sign=True):>8}{pct(each.bf25, 1, sign=True):>8}{pct(each.forward_vol, 1):>8}"
        ),
        span(f"  {each.kind}" if sound else f"  {each.kind} !", Tone.TEXT if sound else Tone.WARN),
    )
