"""How a grid is shown: what it is spaced by, its levels, and what to expect of it."""

from __future__ import annotations

from tradecli.components.vol.grid_report import Expectation, GridReport, Quoting, Result
from tradecli.domain.enums import Side
from tradecli.present import format as fmt
from tradecli.present.blocks import Block, Cell, Column, Facts, Notice, Panel, Table, Tone

HONEST = "For a price without memory a grid earns nothing before costs: round trips are matched by inventory losses."


def present(report: GridReport) -> Panel:
    state = "quoting" if report.quoting else "not quoting"
    blocks: list[Block] = [Facts(_facts(report))]
    if report.expectation is not None:
        blocks.append(Facts(_expected(report.expectation)))
    if report.result is not None:
        blocks.append(Facts(_earned(report.result)))
    if report.quotes is not None:
        if report.quotes.is_calibrated:
            blocks.append(Facts(_quoted(report.quotes)))
        blocks.append(Notice(report.quotes.reason, Tone.TEXT if report.quotes.is_calibrated else Tone.WARN))
    blocks.append(_levels(report))
    if report.reason:
        blocks.append(Notice(report.reason, Tone.WARN))
    if report.volatility.reason and report.volatility.reason != report.reason:
        blocks.append(Notice(f"volatility: {report.volatility.reason}"))
    blocks.append(Notice(HONEST))
    return Panel(
        title=f"Grid {report.instrument}",
        status=f"{report.regime or fmt.UNKNOWN} · {state}",
        blocks=tuple(blocks),
        as_of=report.at,
    )


def _facts(report: GridReport) -> tuple[tuple[str, Cell], ...]:
    vol = report.volatility
    floored = report.spacing_floor is not None and report.spacing_raw is not None
    floor = " (costs)" if floored and (report.spacing_raw or 0.0) < (report.spacing_floor or 0.0) else ""
    fees = None if report.maker_fee is None else 2.0 * report.maker_fee
    share = fmt.pct(report.inventory_share, 0)
    stress = (
        f"{fmt.number(report.stress, 0)} {report.stress_band}"
        if report.stress is not None
        else report.stress_reason
    )
    age = fmt.age(None if report.age_s is None else 1000 * report.age_s)
    levels = report.lattice.levels if report.lattice is not None else None
    size = report.lattice.qty if report.lattice is not None else None
    return (
        ("spacing", Cell(f"{fmt.pct(report.spacing, 3)}{floor}", Tone.ACCENT)),
        ("density", Cell(f"{fmt.number(report.density, 1)} levels per 1%")),
        ("regime", Cell(report.regime or fmt.UNKNOWN)),
        ("stress", Cell(stress, Tone.FAINT if report.stress_band in (None, "calm") else Tone.WARN)),
        ("volatility", Cell(f"{fmt.pct(vol.value, 1)}, {vol.source}, {age} old")),
        ("fees of a round trip", Cell(fmt.pct(fees, 3))),
        ("range", Cell(f"±{fmt.pct(report.half_range, 2)}")),
        ("levels", Cell(f"2×{fmt.count(levels)} of {fmt.qty(size)}")),
        ("inventory", Cell(f"{fmt.qty(report.inventory, sign=True)} ({share} of its limit)")),
        ("variance ratio, 4 bars", Cell(_reverting(report.variance_ratio, report.variance_ratio_p))),
    )


def _earned(found: Result) -> tuple[tuple[str, Cell], ...]:
    """Return realised and unrealised side by side, and what is left after costs."""
    tone = Tone.GOOD if found.total > 0 else Tone.BAD
    return (
        ("realised", Cell(fmt.money(found.realised, sign=True))),
        ("unrealised", Cell(fmt.money(found.unrealised, sign=True))),
        (
            "fees, funding",
            Cell(f"{fmt.money(-found.fees, sign=True)}, {fmt.money(found.funding, sign=True)}"),
        ),
        ("total", Cell(f"{fmt.money(found.total, sign=True)} in {fmt.count(found.fills)} fills", tone)),
    )


def _quoted(found: Quoting) -> tuple[tuple[str, Cell], ...]:
    """Return the reservation price and what the offsets around it rest on."""
    bid = "not quoted" if found.bid_offset is None else f"−{fmt.number(found.bid_offset, 2)}"
    ask = "not quoted" if found.ask_offset is None else f"+{fmt.number(found.ask_offset, 2)}"
    return (
        ("reservation price", Cell(f"{fmt.price(found.reservation)}, skew {fmt.number(found.skew, 2)}")),
        ("bid, ask from mid", Cell(f"{bid}, {ask}")),
        ("fills an hour at mid", Cell(f"{fmt.number(found.fill_rate, 1)}, falling {found.decay or 0.0:.3g}")),
    )


def _expected(found: Expectation) -> tuple[tuple[str, Cell], ...]:
    edge = f"{fmt.money(-found.worst_loss)} at {fmt.price(found.worst_price)}"
    return (
        ("expected fills a day", Cell(fmt.number(found.fills_per_day, 1))),
        ("expected hours a step", Cell(fmt.number(found.hours_between_steps, 2))),
        ("nearest touched in 1 h", Cell(fmt.pct(found.touch_probability_1h, 0))),
        ("worst edge", Cell(edge, Tone.WARN)),
    )


def _reverting(ratio: float | None, p: float | None) -> str:
    if ratio is None or p is None:
        return fmt.number(ratio, 2)
    word = "prices revert" if p < 0.1 else "no evidence that prices revert"
    return f"{fmt.number(ratio, 2)} (p {fmt.number(p, 2)}: {word})"


def _levels(report: GridReport) -> Table:
    ordered = sorted(report.levels, key=lambda each: each.price, reverse=True)
    rows = tuple(
        (
            Cell(each.side.value, Tone.BAD if each.side is Side.SELL else Tone.GOOD),
            Cell(fmt.price(each.price)),
            Cell(fmt.qty(each.qty)),
            Cell(
                fmt.pct(None if report.mid is None else float(each.price) / report.mid - 1.0, 2, sign=True),
                Tone.MUTED,
            ),
        )
        for each in ordered
    )
    columns = (
        Column(name="side", width=4),
        Column(name="price", unit="quote", width=9),
        Column(name="size", unit="base", width=7),
        Column(name="from mid", priority=2, width=8),
    )
    return Table(columns=columns, rows=rows, empty="no levels")
