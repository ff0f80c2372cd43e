"""A chain of options as arrays, sorted into expiries and cleaned by the rules of METHODS section 1.1.

It takes whatever a venue may say: rows in any order, twice, crossed, without a side, not numbers. What cannot be used
is left out and counted under a name; nothing raises, and no quote is made up. Prices of inverse chains are in the
coin, of others in the quote currency; there is no interest rate (venue convention).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from tradecli.quant.mfiv import Quotes, forward_of, screened
from tradecli.quant.returns import Floats

FEWEST_YEARS = 2.0 / 8_760.0
"""Options that expire sooner are in no fit and no index."""
PARITY_TOLERANCE = 0.0025
WIDEST, WIDEST_INSIDE = 1.0, 0.3
"""Spread over mid of a usable quote: anywhere, and within one standard deviation of the forward."""
SMALLEST, LARGEST = 1e-9, 1e12
"""Strikes, forwards and prices outside are no such things."""
LONGEST_YEARS = 20.0
HALF_TICK = 0.00025
"""Of a price in coin; times the forward in quote currency."""


@dataclass(frozen=True, slots=True)
class ChainArrays:
    """One row an option: ``years`` to expiry, ``cp`` +1 for a call and −1 for a put; NaN where nothing is quoted."""

    years: Floats
    strike: Floats
    cp: Floats
    bid: Floats
    ask: Floats
    underlying: Floats
    inverse: bool

    def __len__(self) -> int:
        return len(self.years)


@dataclass(frozen=True, slots=True)
class Slice:
    """One expiry: its usable quotes by ascending strike, its forward, and what was wrong with it.

    ``parity`` is the forward that the quotes nearest the money imply, ``flags`` say by name what was left out or
    replaced; ``forward_replaced`` is true where the published forward was not believed.
    """

    years: float
    forward: float
    parity: float | None
    forward_replaced: bool
    inverse: bool
    quotes: Quotes
    flags: tuple[str, ...] = ()

    @property
    def factor(self) -> float:
        """What turns a price of this chain into an undiscounted one in quote currency."""
        return self.forward if self.inverse else 1.0


def slices(chain: ChainArrays) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    """Return the usable expiries, nearest first, and what was wrong with the chain as a whole."""
    sound = (
        (np.abs(chain.years) <= LONGEST_YEARS)
        & (chain.strike >= SMALLEST)
        & (chain.strike <= LARGEST)
        & (np.abs(chain.cp) == 1.0)
    )  # false for NaN
    flags = []
    if not sound.all():
        flags.append(f"{int(np.sum(~sound))} rows without an expiry, a strike or a side")
    late = sound & (chain.years < FEWEST_YEARS)
    if late.any():
        flags.append(f"{int(np.sum(late))} rows of expiries within two hours or past")
    rows = np.flatnonzero(sound & ~late)
    rows = rows[np.lexsort((chain.cp[rows], chain.strike[rows], chain.years[rows]))]
    found = []
    edges = np.flatnonzero(np.diff(chain.years[rows])) + 1
    for part in np.split(rows, edges):
        if len(part):
            made = _slice(chain, part)
            if isinstance(made, str):
                flags.append(made)
            else:
                found.append(made)
    if not found:
        flags.append("no usable expiry")
    return tuple(found), tuple(flags)


def _slice(chain: ChainArrays, rows: np.ndarray) -> Slice | str:
    years = float(chain.years[rows[0]])
    flags: list[str] = []
    rows = _once(chain, rows, flags)
    strike, row_of = np.unique(chain.strike[rows], return_inverse=True)
    columns = np.full((4, len(strike)), np.nan)
    put = chain.cp[rows] < 0.0
    for place, values in ((0, chain.bid), (1, chain.ask)):
        side = values[rows]
        side = np.where(
            (side >= SMALLEST) & (side <= LARGEST), side, np.nan
        )  # 0 is no quote, nor is infinity
        columns[place, row_of[~put]] = side[~put]
        columns[2 + place, row_of[put]] = side[put]
    quotes = Quotes(strike, *columns)
    said = chain.underlying[rows]
    said = said[(said >= SMALLEST) & (said <= LARGEST)]
    published = float(np.median(said)) if len(said) else None
    crossed = _uncrossed(quotes, flags)
    parity = forward_of(crossed, inverse=chain.inverse)
    forward, replaced = _forward(crossed, published, parity, chain.inverse, flags)
    if forward is None:
        return f"{years * 365.0:.1f} d: no forward, neither published nor by parity"
    usable = _usable(crossed, forward, chain.inverse, flags)
    return Slice(years, forward, parity, replaced, chain.inverse, usable, tuple(flags))


def _once(chain: ChainArrays, rows: np.ndarray, flags: list[str]) -> np.ndarray:
    """Return rows with each option once: equal ones count once, contradicting ones not at all."""
    same = (np.diff(chain.strike[rows]) == 0) & (np.diff(chain.cp[rows]) == 0)
    if not same.any():
        return rows
    option = np.concatenate(([0], np.cumsum(~same)))
    first = np.concatenate(([True], ~same))
    differs = np.zeros(option[-1] + 1, dtype=np.bool_)
    for values in (chain.bid, chain.ask):
        side = np.nan_to_num(values[rows], nan=-1.0)
        np.logical_or.at(differs, option, side != side[first][option])
    flags.append(
        f"{int(np.sum(same))} options listed twice, {int(np.sum(differs))} left out as contradicting"
    )
    return rows[first & ~differs[option]]


def _uncrossed(quotes: Quotes, flags: list[str]) -> Quotes:
    """Return quotes without those whose bid is at or above their ask."""
    columns = []
    dropped = 0
    for bid, ask in ((quotes.call_bid, quotes.call_ask), (quotes.put_bid, quotes.put_ask)):
        bad = bid >= ask  # false where either is missing
        dropped += int(np.sum(bad))
        columns += [bid, np.where(bad, np.nan, ask)]
    if dropped:
        flags.append(f"{dropped} quotes crossed or locked")
    return Quotes(quotes.strike, *columns)


def _forward(
    quotes: Quotes, published: float | None, parity: float | None, inverse: bool, flags: list[str]
) -> tuple[float | None, bool]:
    """Return the forward to use, and whether the published one was not believed."""
    if published is None:
        found = forward_of(quotes, inverse=inverse, strikes=3)
        flags.append("no published forward: parity of the three strikes nearest the money")
        return found if _is_price(found) else None, True
    if not _is_price(parity):
        flags.append("parity cannot be checked: no strike is quoted on all sides")
        return published, False
    apart = abs(parity / published - 1.0)
    if apart <= max(PARITY_TOLERANCE, 2.0 * _spread(quotes, published, inverse)):
        return published, False
    found = forward_of(quotes, inverse=inverse, strikes=3)
    if not _is_price(found):
        return published, False
    flags.append(f"published forward {100.0 * apart:.2f} % from parity: parity of three strikes used")
    return found, True


def _is_price(value: float | None) -> TypeGuard[float]:
    return value is not None and SMALLEST <= value <= LARGEST


def _spread(quotes: Quotes, forward: float, inverse: bool) -> float:
    """Return the wider spread of call and put nearest the money, over the forward."""
    nearest = int(np.argmin(np.abs(quotes.strike - forward)))
    widths = (
        quotes.call_ask[nearest] - quotes.call_bid[nearest],
        quotes.put_ask[nearest] - quotes.put_bid[nearest],
    )
    known = [float(each) for each in widths if math.isfinite(each)]
    return max(known, default=0.0) / (1.0 if inverse else forward)


def _usable(quotes: Quotes, forward: float, inverse: bool, flags: list[str]) -> Quotes:
    """Return quotes without those that are too wide, below intrinsic value, or at or above the coin itself."""
    unit = 1.0 if inverse else forward
    deviation = _deviation(quotes, forward, unit)
    inside = np.abs(np.log(quotes.strike / forward)) <= deviation
    widest = np.where(inside, WIDEST_INSIDE, WIDEST)
    worth = (forward - quotes.strike) / forward * unit  # what a call pays if nothing moves
    half = HALF_TICK * unit
    call_ask, bad_calls = screened(
        quotes.call_bid, quotes.call_ask, widest=widest, least=np.maximum(worth, 0.0) - half, most=unit
    )
    put_ask, bad_puts = screened(
        quotes.put_bid, quotes.put_ask, widest=widest, least=np.maximum(-worth, 0.0) - half
    )
    dropped = int(np.sum(bad_calls[quotes.strike > forward])) + int(
        np.sum(bad_puts[quotes.strike <= forward])
    )
    if dropped:
        flags.append(f"{dropped} out-of-the-money quotes too wide or below intrinsic value")
    return Quotes(quotes.strike, quotes.call_bid, call_ask, quotes.put_bid, put_ask)


def _deviation(quotes: Quotes, forward: float, unit: float) -> float:
    """Return one standard deviation of the log price as the option nearest the money implies it; 0 if none does."""
    call = quotes.strike >= forward
    mid = np.where(call, quotes.call_mid, quotes.put_mid)
    known = np.flatnonzero(np.isfinite(mid) & (mid > 0.0))
    if not len(known):
        return 0.0
    at = known[int(np.argmin(np.abs(quotes.strike[known] - forward)))]
    # Near the money b ≈ s/√(2π) − |x|/2 of the normalised price; it only has to tell which quotes lie inside.
    forwards = math.sqrt(forward * float(quotes.strike[at]))
    price = float(mid[at]) / unit * forward / forwards
    return math.sqrt(2.0 * math.pi) * (price + 0.5 * abs(math.log(float(quotes.strike[at]) / forward)))
