"""Funding rates on common terms (METHODS section 9.1). A rate is a fraction for one interval of stated hours."""

from __future__ import annotations

from tradecli.quant.returns import HOURS_PER_YEAR

HOUR_MS = 3_600_000
DEAD_BAND = 5e-4
"""How far the premium may lie from the interest before the rate follows it."""


def per_8h(rate: float, interval_h: float) -> float:
    """Return the equivalent rate for eight hours."""
    return rate * 8.0 / interval_h


def apr(rate: float, interval_h: float) -> float:
    """Return the simple rate a year: r · 8760/i."""
    return rate * HOURS_PER_YEAR / interval_h


def apy(rate: float, interval_h: float) -> float:
    """Return the compounded rate a year, for display only."""
    return float((1.0 + rate) ** (HOURS_PER_YEAR / interval_h) - 1.0)


def rate(
    premium: float, hours: float, *, interest: float = 1e-4, cap: float = 0.02, floor: float = -0.02
) -> float:
    """Return the settled rate of an interval of ``hours`` from its average premium, as Binance makes it.

    clamp((P + clamp(I − P, ±5 bp)) / (8/N), floor, cap), ``interest`` being that of eight hours. Other venues differ.
    """
    held = premium + min(max(interest - premium, -DEAD_BAND), DEAD_BAND)
    return min(max(held * hours / 8.0, floor), cap)


def payment(qty: float, mark: float, rate: float) -> float:
    """Return what a linear position receives at a settlement, in quote currency: −qty · mark · rate.

    ``qty`` is signed, in base units, held at the stamp. Longs pay shorts at a positive rate; paying is negative.
    """
    return -qty * mark * rate


def payment_inverse(contracts: float, mark: float, rate: float) -> float:
    """Return what ``contracts`` quote units of an inverse perpetual receive at a settlement: −N/mark · rate coins."""
    return -contracts / mark * rate


def settlements(opened: int, closed: int, hours: float, *, phase_ms: int = 0) -> int:
    """Return how many settlements a position held from ``opened`` to ``closed`` (UTC ms) is there for.

    Stamps lie ``hours`` apart from midnight UTC plus ``phase_ms``; those with opened < t ≤ closed count: a hold of 59
    minutes may meet none, or one whole interval.
    """
    every = round(hours * HOUR_MS)
    return max((closed - phase_ms) // every - (opened - phase_ms) // every, 0)


def next_settlement(at: int, hours: float, *, phase_ms: int = 0) -> int:
    """Return the first stamp after ``at``, in UTC ms."""
    every = round(hours * HOUR_MS)
    return ((at - phase_ms) // every + 1) * every + phase_ms
