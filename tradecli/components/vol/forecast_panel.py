"""How forecasts are shown: a row for each model, what is known of its fit, and the jump test."""

from __future__ import annotations

from tradecli.components.vol.forecast_report import ForecastReport, ModelRow
from tradecli.domain.enums import Quality
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone

TONES = {
    Quality.OK: Tone.TEXT,
    Quality.DEGRADED: Tone.WARN,
    Quality.FALLBACK: Tone.WARN,
    Quality.UNAVAILABLE: Tone.FAINT,
}


def present(report: ForecastReport) -> Panel:
    blocks: list[Block] = [_forecasts(report), _fits(report)]
    if report.jump is not None:
        blocks.append(Facts(_jump(report)))
    said = dict.fromkeys(f"{row.model}: {row.reason}" for row in report.models if row.reason)
    blocks += [Notice(text, Tone.WARN) for text in said]
    hourly = dict.fromkeys(row.hourly_reason for row in report.models if row.hourly_reason)
    blocks += [Notice(f"under a day: {text}") for text in hourly]
    blocks.append(Notice(f"ranges hold 80 % of past outcomes; variance from {report.variance_source}"))
    return Panel(
        title=f"Forecast {report.instrument}",
        status=f"{report.days} days",
        as_of=report.at,
        blocks=tuple(blocks),
    )


def _forecasts(report: ForecastReport) -> Table:
    columns = [Column(name="model", align=Align.LEFT, width=7)]
    for place, name in enumerate(report.horizons):
        columns.append(Column(name=name, unit="/year", width=7))
        columns.append(Column(name="80 %", priority=3 + place % 2, width=11))
    columns.append(Column(name="method", align=Align.LEFT, priority=4))
    rows = []
    for row in report.models:
        tone = TONES[row.quality]
        cells = [Cell(row.model, Tone.ACCENT)]
        for each in row.ahead:
            cells.append(Cell(fmt.pct(each.vol, 1), tone))
            known = each.low is not None and each.high is not None
            text = f"{fmt.pct(each.low, 0)}–{fmt.pct(each.high, 0)}" if known else fmt.UNKNOWN
            cells.append(Cell(text, Tone.MUTED))
        cells.append(Cell(f"{row.method}, n {fmt.count(row.n_obs)}", tone))
        rows.append(tuple(cells))
    return Table(columns=tuple(columns), rows=tuple(rows))


def _fits(report: ForecastReport) -> Table:
    columns = (
        Column(name="model", align=Align.LEFT, width=7),
        Column(name="converged", width=9),
        Column(name="persistence", priority=2, width=8),
        Column(name="half-life", unit="d", width=6),
        Column(name="log-lik", priority=3, width=9),
        Column(name="LB p", priority=3, width=6),
        Column(name="max |z|", priority=3, width=6),
        Column(name="parameters", align=Align.LEFT, priority=4),
    )
    return Table(columns=columns, rows=tuple(_fit(row) for row in report.models))


def _fit(row: ModelRow) -> tuple[Cell, ...]:
    word = fmt.UNKNOWN if row.converged is None else "yes" if row.converged else "no"
    return (
        Cell(row.model, Tone.ACCENT),
        Cell(word),
        Cell(fmt.number(row.persistence, 4)),
        Cell(fmt.number(row.half_life, 1)),
        Cell(fmt.number(row.loglik, 1)),
        Cell(fmt.number(row.ljung_box_p, 3)),
        Cell(fmt.number(row.largest_z, 1)),
        Cell(
            "  ".join(_parameter(each.name, each.value, each.std_error) for each in row.parameters),
            Tone.MUTED,
        ),
    )


def _parameter(name: str, value: float, error: float | None) -> str:
    tail = "" if error is None else f" ±{fmt.number(error, 3)}"
    return f"{name} {fmt.number(value, 3)}{tail}"


def _jump(report: ForecastReport) -> tuple[tuple[str, Cell], ...]:
    found = report.jump
    if found is None:
        return ()
    word = "" if found.is_reliable else ", too few or too many returns of 0 to rely on"
    jumped = found.jump_share > 0.0
    text = f"{fmt.pct(found.jump_share, 0)} of variance in jumps (p {fmt.number(found.p, 4)}{word})"
    return (
        ("realised, 24 h", Cell(fmt.pct(found.realised, 1))),
        ("bipower, 24 h", Cell(fmt.pct(found.bipower, 1))),
        (
            "jumps",
            Cell(
                text if jumped else f"none found (p {fmt.number(found.p, 3)}{word})",
                Tone.WARN if jumped else Tone.TEXT,
            ),
        ),
    )
