"""Measures of an order book (METHODS section 10.1). Levels are (price, size) arrays, best first."""

from __future__ import annotations

import math

import numpy as np

from tradecli.quant.returns import Floats

BANDS_BPS = (5.0, 10.0, 25.0)
"""Outer edges of the bands in which sizes are compared: 0 to 5, 5 to 10, 10 to 25 basis points."""
_SLACK = 1e-9


def is_sound(bid: Floats, bid_qty: Floats, ask: Floats, ask_qty: Floats) -> str | None:
    """Say what makes a book unusable, or None: empty, not finite, crossed or locked, sizes not above zero."""
    if not len(bid) or not len(ask):
        return "one side is empty"
    if not all(bool(np.all(np.isfinite(side))) for side in (bid, bid_qty, ask, ask_qty)):
        return "a level is not a finite number"
    if bid[0] >= ask[0]:
        return "crossed" if bid[0] > ask[0] else "locked"
    if np.any(bid_qty <= 0) or np.any(ask_qty <= 0) or bid[-1] <= 0:
        return "a level is not above zero"
    return None


def mid(bid: Floats, ask: Floats) -> float:
    return float(bid[0] + ask[0]) / 2.0


def spread_bps(bid: Floats, ask: Floats) -> float:
    """Return the spread in basis points of the mid."""
    return float(ask[0] - bid[0]) / mid(bid, ask) * 10_000.0


def weighted_mid(bid: Floats, bid_qty: Floats, ask: Floats, ask_qty: Floats) -> float:
    """Return (P_b q_a + P_a q_b)/(q_a + q_b): a larger bid pushes the value towards the ask."""
    qb, qa = float(bid_qty[0]), float(ask_qty[0])
    return (float(bid[0]) * qa + float(ask[0]) * qb) / (qa + qb)


def imbalance(bid_qty: Floats, ask_qty: Floats, levels: int = 1) -> float:
    """Return (Σ q_b − Σ q_a)/(Σ q_b + Σ q_a) over the best ``levels`` of each side, in [−1, 1]."""
    qb, qa = float(np.sum(bid_qty[:levels])), float(np.sum(ask_qty[:levels]))
    return (qb - qa) / (qb + qa)


def weighted_imbalance(bid_qty: Floats, ask_qty: Floats, *, levels: int = 10, decay: float = 0.5) -> float:
    """Return the multi-level imbalance with weights e^(−decay·i), i = 0 at the touch, in [−1, 1].

    Only levels that both sides have are compared.
    """
    n = min(levels, len(bid_qty), len(ask_qty))
    weights = np.exp(-decay * np.arange(n))
    qb, qa = float(weights @ bid_qty[:n]), float(weights @ ask_qty[:n])
    return (qb - qa) / (qb + qa)


def depth(price: Floats, qty: Floats, mid: float, bps: float) -> float:
    """Return the notional of one side within ``bps`` basis points of the mid, in quote currency."""
    near = np.abs(price - mid) <= mid * bps / 10_000.0 * (1 + 1e-12)
    return float(np.sum(price[near] * qty[near]))


def reaches(price: Floats, mid: float, bps: float) -> bool:
    """Say whether the visible levels of a side go at least ``bps`` away from the mid, so that its depth is complete."""
    return bool(len(price)) and abs(float(price[-1]) - mid) >= mid * bps / 10_000.0


def walk(price: Floats, qty: Floats, wanted: float) -> float | None:
    """Return the average price of taking ``wanted`` from one side, or None when the visible book is too thin."""
    filled = np.cumsum(qty)
    if not len(filled) or wanted <= 0 or filled[-1] < wanted:
        return None
    taken = np.minimum(qty, np.maximum(wanted - (filled - qty), 0.0))
    return math.fsum((price * taken).tolist()) / wanted


def slippage_bps(price: Floats, qty: Floats, mid: float, wanted: float) -> float | None:
    """Return how far the average price of taking ``wanted`` lies from the mid, in basis points; positive is cost."""
    average = walk(price, qty, wanted)
    return None if average is None else abs(average / mid - 1.0) * 10_000.0


def walk_notional(price: Floats, qty: Floats, notional: float) -> float | None:
    """Return the average price of taking ``notional`` quote currency from one side; None when the book is too thin."""
    spent = np.cumsum(price * qty)
    if not len(spent) or notional <= 0 or spent[-1] < notional:
        return None
    taken = np.minimum(price * qty, np.maximum(notional - (spent - price * qty), 0.0))
    return notional / math.fsum((taken / price).tolist())


def banded_imbalance(
    bid: Floats, bid_qty: Floats, ask: Floats, ask_qty: Floats, edges_bps: tuple[float, ...] = BANDS_BPS
) -> tuple[float | None, ...]:
    """Return (q_b − q_a)/(q_b + q_a) of the sizes within each band of basis points from the mid, the inner edge out.

    Unlike a count of levels it compares across symbols. None for a band that is empty on both sides.
    """
    centre = mid(bid, ask)
    found: list[float | None] = []
    inner = -1.0
    for edge in edges_bps:
        sums = []
        for price, qty in ((bid, bid_qty), (ask, ask_qty)):
            away = np.abs(price / centre - 1.0) * 10_000.0
            sums.append(float(np.sum(qty[(away > inner + _SLACK) & (away <= edge + _SLACK)])))
        whole = sums[0] + sums[1]
        found.append((sums[0] - sums[1]) / whole if whole > 0.0 else None)
        inner = edge
    return tuple(found)
