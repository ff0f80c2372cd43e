"""Option chains for tests: priced by one volatility, or spoiled in the ways that venues spoil them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tradecli.quant.options import black76_price
from tradecli.quant.slices import ChainArrays

DAYS = (9.0, 23.0, 37.0, 65.0)
F = 60_400.0
HALF_SPREAD = 0.001


def flat(
    vol: float | Callable[[np.ndarray], np.ndarray] = 0.6,
    days: Sequence[float] = DAYS,
    *,
    low: float = 0.35,
    high: float = 3.2,
    step: float = 1_000.0,
    inverse: bool = True,
    spread: float = HALF_SPREAD,
) -> ChainArrays:
    """Return a chain of every strike from ``low`` to ``high`` times the forward, quoted around its price.

    Quotes are ``spread`` of the mid to each side, so a mid is the price itself. ``vol`` may be a function of ln(K/F).
    """
    strikes = np.arange(np.ceil(low * F / step), np.floor(high * F / step) + 1) * step
    years, strike, cp = (
        each.ravel() for each in np.meshgrid(np.array(days) / 365.0, strikes, [1.0, -1.0], indexing="ij")
    )
    sigma = vol(np.log(strike / F)) if callable(vol) else vol
    price = black76_price(F, strike, years, sigma, cp) / (F if inverse else 1.0)
    listed = price > (1e-7 if inverse else 1e-2)
    bid = np.where(listed, price * (1.0 - spread), np.nan)
    ask = np.where(listed, price * (1.0 + spread), np.nan)
    return ChainArrays(years, strike, cp, bid, ask, np.full(len(years), F), inverse)


def only(chain: ChainArrays, rows: Any) -> ChainArrays:
    """Return some rows of a chain: a mask, or places in any order."""
    parts = {
        name: getattr(chain, name)[rows] for name in ("years", "strike", "cp", "bid", "ask", "underlying")
    }
    return replace(chain, **parts)


def joined(one: ChainArrays, other: ChainArrays) -> ChainArrays:
    names = ("years", "strike", "cp", "bid", "ask", "underlying")
    return replace(
        one, **{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    )
