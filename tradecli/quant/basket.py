"""The LXVX-equivalent: the volatility of a liquid basket of coins, and what it says of their correlation (METHODS 2).

The index √Σ w v² is average single-name risk; the basket's own volatility √wᵀΣw is never above it, and the two are
never mixed. It owns membership, weights and these numbers; where each coin's volatility comes from is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats

CAP = 0.40
MOST = 10
ENTER, LEAVE = 8, 12
"""Ranks by volume: from the first on a coin comes in, behind the second it goes."""
FEWEST, LEAST_WEIGHT = 3, 0.60
MOSTLY_REALISED = 0.40
"""Share of implied members below which the basket is called mostly realised."""
LAMBDA = 0.97


def weights(adv: Sequence[float], cap: float = CAP) -> Floats:
    """Return weights ∝ √volume, at most ``cap`` each, what is above given to the others in proportion.

    Where n · cap < 1 the cap is 1.5/n. Raises nothing: volumes that are not positive numbers weigh 0.
    """
    root = np.sqrt(
        np.nan_to_num(np.asarray(adv, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(0.0)
    )
    n = int(np.sum(root > 0.0))
    if not n:
        return np.zeros(len(root))
    limit = cap if n * cap >= 1.0 else 1.5 / n
    share: Floats = root / root.sum()
    held = np.zeros(len(root), dtype=np.bool_)
    for _ in range(n):
        over = ~held & (share > limit * (1.0 + 1e-12))
        if not over.any():
            break
        held |= over
        share[held] = limit
        free = ~held & (root > 0.0)
        if not free.any():
            break
        share[free] = root[free] / root[free].sum() * (1.0 - limit * held.sum())
    return share


def members(ranked: Sequence[str], before: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the coins of the basket, by rank: at most ten, with a buffer for those that were in it.

    A newcomer enters at rank 8 or better, a member leaves behind rank 12. Without a basket before it is the first ten.
    """
    if not before:
        return tuple(ranked[:MOST])
    rank = {coin: place for place, coin in enumerate(ranked, start=1)}
    stay = {coin for coin in before if rank.get(coin, LEAVE + 1) <= LEAVE}
    found = [coin for coin in ranked if coin in stay or rank[coin] <= ENTER]
    return tuple(found[:MOST])


@dataclass(frozen=True, slots=True)
class Basket:
    """``index`` = √Σ w v², ``own`` = √wᵀΣw, ``correlation`` the average one between them; annual fractions."""

    index: float
    own: float | None
    correlation: float | None


def basket(share: Floats, vols: Floats, correlations: Floats | None = None) -> Basket:
    """Return the basket's numbers; ``share`` sums to 1. Without correlations only the index."""
    index = math.sqrt(float(np.sum(share * vols**2)))
    if correlations is None:
        return Basket(index, None, None)
    risk = share * vols
    own = math.sqrt(max(float(risk @ correlations @ risk), 0.0))
    alone = float(np.sum(risk**2))
    between = float(np.sum(risk)) ** 2 - alone
    return Basket(index, own, (own**2 - alone) / between if between > 0.0 else None)


def btc_load(btc_share: float, implied_weight: float = 0.30, basket_weight: float = 0.25) -> float:
    """Return how much of a composite is BTC: its own index, and its share of the basket."""
    return implied_weight + basket_weight * btc_share


def without(share: Mapping[str, float], coin: str) -> dict[str, float]:
    """Return the shares of the other coins, adding to 1; empty where there is no other."""
    rest = {name: each for name, each in share.items() if name != coin}
    total = math.fsum(rest.values())
    return {name: each / total for name, each in rest.items()} if total > 0.0 else {}


def correlations(returns: Floats, lam: float = LAMBDA) -> Floats | None:
    """Return exponentially weighted correlations of the columns of ``returns`` (rows by time), mean zero.

    None where a column does not move.
    """
    decay = lam ** np.arange(len(returns) - 1, -1, -1)
    square = (returns * decay[:, None]).T @ returns
    deviation = np.sqrt(np.diag(square))
    if not len(returns) or not np.all(deviation > 0.0):
        return None
    found: Floats = np.clip(square / np.outer(deviation, deviation), -1.0, 1.0)
    return found


def premium_factor(implied: Floats, forecast: Floats) -> float | None:
    """Return the median of implied over forecast volatility, within [0.9, 1.4]; None below 20 pairs."""
    known = np.isfinite(implied) & np.isfinite(forecast) & (implied > 0.0) & (forecast > 0.0)
    if int(np.sum(known)) < 20:
        return None
    return float(np.clip(np.median(implied[known] / forecast[known]), 0.9, 1.4))
