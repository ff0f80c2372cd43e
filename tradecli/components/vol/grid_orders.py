"""What the grid asks for: one ladder for the engine to keep, or the same rungs as orders of a plan."""

from __future__ import annotations

from tradecli.components.base import View
from tradecli.components.vol.grid_report import GridReport
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import OrderType
from tradecli.domain.intent import Intent, Ladder, Rung
from tradecli.domain.order import OrderRequest

SOURCE = "grid"


def propose(report: GridReport, view: View, settings: VolSettings) -> tuple[Intent, ...]:
    """Return the one ladder that should rest now; an empty one withdraws whatever still does."""
    orders = tuple(
        Rung(each.side, each.price, each.qty)
        for each in report.levels
        if report.quoting and each.qty is not None
    )
    reason = report.reason
    if report.quoting and report.spacing is not None:
        reason = (
            f"spacing {report.spacing:.4%}, {report.regime} regime, vol {report.volatility.value or 0.0:.1%}"
        )
        reason += f"; {report.quotes.reason}" if report.quotes is not None else ""
    if report.stress_band in ("stressed", "crisis"):
        reason = f"{reason}, stress {report.stress:.0f} {report.stress_band}"
    return (
        Ladder(
            instrument=report.instrument,
            source=SOURCE,
            rungs=orders,
            reason=reason,
            heeded=report.size_factor,
        ),
    )


def orders(report: GridReport) -> tuple[OrderRequest, ...]:
    """Return the rungs as the orders that the engine's own ladder would ask for; none while nothing may be quoted."""
    if not report.quoting:
        return ()
    return tuple(
        OrderRequest(
            instrument=report.instrument,
            side=each.side,
            qty=each.qty,
            type=OrderType.LIMIT,
            price=each.price,
            post_only=True,
            source=SOURCE,
            reason="a plan of the grid",
        )
        for each in report.levels
        if each.qty is not None
    )
