"""How a grid is shown: what it is spaced by, its levels, and what to expect of it."""

from __future__ import annotations

from decimal import Decimal
from itertools import zip_longest

from tradecli.components.vol.grid_report import Expectation, GridReport, Level, Quoting, Result
from tradecli.domain.enums import Side
from tradecli.present import format as fmt
from tradecli.present.blocks import Block, Cell, Column, Facts, Notice, Panel, Table, Tone

HONEST = "For a price without memory a grid earns nothing before costs: round trips are matched by inventory losses."


def present(report: GridReport) -> Panel:
    state = "quoting" if report.quoting else "not quoting"
    # What it does and what it may cost first: a small panel shows no more.
    rows = _layout(report)
    if report.expectation is not None:
        rows += _expected(report.expectation)
    if report.result is not None:
        rows += _earned(report.result)
    blocks: list[Block] = [Notice(f"not quoting: {report.reason}", Tone.WARN)] if report.reason else []
    blocks.append(Facts(rows + _grounds(report)))
    if report.quotes is not None:
        if report.quotes.is_calibrated:
            blocks.append(Facts(_quoted(report.quotes)))
        blocks.append(Notice(report.quotes.reason, Tone.TEXT if report.quotes.is_calibrated else Tone.WARN))
    blocks.append(_levels(report))
    if report.volatility.reason and report.volatility.reason != report.reason:
        blocks.append(Notice(f"volatility: {report.volatility.reason}"))
    blocks.append(Notice(HONEST))
    return Panel(
        title=f"Grid {report.instrument}",
        status=f"{report.regime or fmt.UNKNOWN} · {state}",
        blocks=tuple(blocks),
        as_of=report.at,
    )


def _layout(report: GridReport) -> tuple[tuple[str, Cell], ...]:
    """Return spacing, density, regime and stress, then the levels and what is held."""
    wanted, least = report.spacing_raw or 0.0, report.spacing_floor or 0.0
    name = "spacing (costs)" if wanted < least <= (report.spacing or 0.0) * (1.0 + 1e-9) else "spacing"
    spacing = fmt.pct(report.spacing, 3)
    if report.density is not None:
        spacing += f", {fmt.number(report.density, 1)} levels per 1%"
    share = "" if report.inventory_share is None else f", {fmt.pct(report.inventory_share, 0)} of its limit"
    stress = (
        f"{fmt.number(report.stress, 0)} {report.stress_band}"
        if report.stress is not None
        else report.stress_reason
    )
    return (
        (name, Cell(spacing, Tone.ACCENT)),
        ("regime", Cell(report.regime or fmt.UNKNOWN)),
        ("stress", Cell(stress, Tone.FAINT if report.stress_band in (None, "calm") else Tone.WARN)),
        ("levels", Cell(_extent(report))),
        ("inventory", Cell(f"{fmt.qty(report.inventory, sign=bool(report.inventory))}{share}")),
    )


def _grounds(report: GridReport) -> tuple[tuple[str, Cell], ...]:
    """Return what the spacing rests on."""
    vol = report.volatility
    fees = None if report.maker_fee is None else 2.0 * report.maker_fee
    age = fmt.age(None if report.age_s is None else 1000 * report.age_s)
    source = vol.source.removeprefix("vol.show ")
    rows = (
        ("volatility", Cell(f"{fmt.pct(vol.value, 1)} {source}, {age} old")),
        ("round trip", Cell(f"fees {fmt.pct(fees, 4)}, spread {fmt.pct(report.spread, 4)}")),
        ("variance ratio", Cell(_reverting(report.variance_ratio, report.variance_ratio_p))),
        ("range", Cell(fmt.UNKNOWN if report.half_range is None else f"±{fmt.pct(report.half_range, 2)}")),
    )
    if report.expectation is None:
        return rows
    touched = fmt.pct(report.expectation.touch_probability_1h, 0)
    return (*rows, ("touched in 1 h", Cell(f"{touched}, the nearest level")))


def _extent(report: GridReport) -> str:
    """Return how many levels of what size there are, and how far from the mid the outermost lies."""
    sized = report.lattice is not None and report.quoting
    if report.lattice is not None and sized:
        text = f"2×{fmt.count(report.lattice.levels)} of {fmt.qty(report.lattice.qty)}"
    else:
        text = f"2×{len(report.levels) // 2} without size" if report.levels else fmt.UNKNOWN
    if report.mid is None or not report.levels:
        return text
    return (
        f"{text}, to ±{fmt.pct(max(abs(float(each.price) / report.mid - 1.0) for each in report.levels), 2)}"
    )


def _earned(found: Result) -> tuple[tuple[str, Cell], ...]:
    """Return realised and unrealised side by side, and what is left after costs."""
    tone = Tone.GOOD if found.total > 0 else Tone.BAD
    fills = f"{fmt.count(found.fills)} fill{'' if found.fills == 1 else 's'}"
    return (
        ("realised", Cell(fmt.money(found.realised, sign=True))),
        ("unrealised", Cell(fmt.money(found.unrealised, sign=True))),
        (
            "fees, funding",
            Cell(f"{fmt.money(-found.fees, sign=True)}, {fmt.money(found.funding, sign=True)}"),
        ),
        ("total", Cell(f"{fmt.money(found.total, sign=True)} in {fills}", tone)),
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
    each = fmt.duration(3_600_000 * found.hours_between_steps)
    worst = Decimal(f"{found.worst_qty:.9f}").normalize()
    return (
        ("worst inventory", Cell(f"{fmt.qty(worst, sign=True)} at {fmt.price(found.worst_price)}")),
        ("worst loss", Cell(fmt.money(-found.worst_loss), Tone.WARN)),
        ("expected fills", Cell(f"{fmt.number(found.fills_per_day, 1)} a day, one in {each}")),
    )


def _reverting(ratio: float | None, p: float | None) -> str:
    if ratio is None or p is None:
        return fmt.number(ratio, 2)
    word = "prices revert" if p < 0.1 else "no evidence that prices revert"
    return f"{fmt.number(ratio, 2)}, p {fmt.number(p, 2)}: {word}"


def _levels(report: GridReport) -> Table:
    """Return the ladder folded at the mid: the nth level of each side in the nth row, the nearest first."""
    buys = sorted((each for each in report.levels if each.side is Side.BUY), key=lambda each: -each.price)
    sells = sorted((each for each in report.levels if each.side is Side.SELL), key=lambda each: each.price)
    rows = tuple(
        (*_level(buy, report.mid, Tone.GOOD), *_level(sell, report.mid, Tone.BAD))
        for buy, sell in zip_longest(buys, sells)
    )
    columns = (
        Column(name="buy", width=7),
        Column(name="size", width=5),
        Column(name="away", priority=2, width=6),
        Column(name="sell", width=7),
        Column(name="size", width=5),
        Column(name="away", priority=2, width=6),
    )
    return Table(columns=columns, rows=rows, empty="no levels")


def _level(level: Level | None, mid: float | None, tone: Tone) -> tuple[Cell, Cell, Cell]:
    if level is None:
        return (Cell(""),) * 3
    away = None if mid is None else float(level.price) / mid - 1.0
    return (
        Cell(fmt.price(level.price), tone),
        Cell(fmt.qty(level.qty)),
        Cell(fmt.pct(away, 2, sign=True), Tone.MUTED),
    )
