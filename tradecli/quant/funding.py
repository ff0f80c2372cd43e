"""Funding rates on common terms (METHODS section 9.1). A rate is a fraction for one interval of stated hours."""

from __future__ import annotations

from tradecli.quant.returns import HOURS_PER_YEAR


def per_8h(rate: float, interval_h: float) -> float:
    """Return the equivalent rate for eight hours."""
    return rate * 8.0 / interval_h


def apr(rate: float, interval_h: float) -> float:
    """Return the simple rate a year: r · 8760/i."""
    return rate * HOURS_PER_YEAR / interval_h


def apy(rate: float, interval_h: float) -> float:
    """Return the compounded rate a year, for display only."""
    return float((1.0 + rate) ** (HOURS_PER_YEAR / interval_h) - 1.0)
