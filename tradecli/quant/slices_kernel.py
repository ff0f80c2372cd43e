"""The loops that clean one expiry of a chain: plain functions that run as they stand in Python, or compiled.

Rows come sorted by strike and side; columns are arrays or lists. NaN is no quote. ``slices`` gives the answers their
names; ``kernels.compiled`` turns these functions into machine code.
"""

from __future__ import annotations

import math

import numpy as np

from tradecli.quant.returns import Floats

SMALLEST, LARGEST = 1e-9, 1e12
"""Strikes, forwards and prices outside are no such things."""
PARITY_TOLERANCE = 0.0025
WIDEST, WIDEST_INSIDE = 1.0, 0.3
"""Spread over mid of a usable quote: anywhere, and within one standard deviation of the forward."""
SLACK = 1e-9
HALF_TICK = 0.00025
"""Of a price in coin; times the forward in quote currency."""
BELIEVED, UNCHECKED, UNPUBLISHED, REPLACED = 0, 1, 2, 3
"""What became of the published forward."""


def price_or_nan(value: float) -> float:
    """Return a price or strike as it is, NaN where it can be none: zero, infinity, not a number."""
    return value if SMALLEST <= value <= LARGEST else math.nan


def same_quote(first: float, other: float) -> bool:
    """Say whether two quotes of one side of one option agree; two missing ones do."""
    return (-1.0 if math.isnan(first) else first) == (-1.0 if math.isnan(other) else other)


def listed_once(
    strike: Floats,
    cp: Floats,
    bid: Floats,
    ask: Floats,
    underlying: Floats,
    quotes: Floats,
    said: Floats,
) -> tuple[int, int, int, int]:
    """Write each strike with its quotes into the rows of ``quotes``: strike, call bid and ask, put bid and ask.

    ``said`` takes the forwards that were published. Return (strikes, forwards, rows that repeat an option, options left
    out because their rows contradict each other).
    """
    n = known = repeated = contradicting = row = 0
    while row < len(strike):
        after, agrees = row + 1, True
        while after < len(strike) and strike[after] == strike[row] and cp[after] == cp[row]:
            agrees = agrees and same_quote(bid[row], bid[after]) and same_quote(ask[row], ask[after])
            after += 1
        repeated += after - row - 1
        if agrees:
            if n == 0 or quotes[0][n - 1] != strike[row]:
                quotes[0][n] = strike[row]
                for place in range(1, 5):
                    quotes[place][n] = math.nan
                n += 1
            side = 1 if cp[row] > 0.0 else 3
            quotes[side][n - 1] = price_or_nan(bid[row])
            quotes[side + 1][n - 1] = price_or_nan(ask[row])
            if SMALLEST <= underlying[row] <= LARGEST:
                said[known] = underlying[row]
                known += 1
        else:
            contradicting += 1
        row = after
    return n, known, repeated, contradicting


def uncross(n: int, bid: Floats, ask: Floats) -> int:
    """Take away the asks at or below their bids, and return how many."""
    crossed = 0
    for i in range(n):
        if bid[i] >= ask[i]:
            ask[i] = math.nan
            crossed += 1
    return crossed


def parity(
    n: int,
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    inverse: bool,
    growth: float,
    strikes: int,
) -> float:
    """Return the median forward of up to three strikes at which call and put are closest in price; NaN without any."""
    gaps = [math.inf, math.inf, math.inf]
    forwards = [math.nan, math.nan, math.nan]
    found = 0
    for i in range(n):
        call, put = 0.5 * (call_bid[i] + call_ask[i]), 0.5 * (put_bid[i] + put_ask[i])
        if not (call_bid[i] > 0.0 and put_bid[i] > 0.0 and math.isfinite(call + put)):
            continue
        gap, value = abs(call - put), strike[i] + growth * (call - put)
        if inverse:
            value = strike[i] / (1.0 - (call - put)) if call - put != 1.0 else math.inf
        found += 1
        place = 3
        while place > 0 and gap < gaps[place - 1]:
            place -= 1
        for later in range(2, place, -1):
            gaps[later], forwards[later] = gaps[later - 1], forwards[later - 1]
        if place < 3:
            gaps[place], forwards[place] = gap, value
    found = min(found, strikes)
    if found == 0:
        return math.nan
    if found == 1:
        return forwards[0]
    if found == 2:
        return 0.5 * (forwards[0] + forwards[1])
    lowest, highest = min(forwards[0], forwards[1]), max(forwards[0], forwards[1])
    return max(lowest, min(highest, forwards[2]))


def nearest_spread(
    n: int,
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    forward: float,
) -> float:
    """Return the wider spread of call and put at the strike nearest the forward; 0 where neither is quoted."""
    at = 0
    for i in range(1, n):
        if abs(strike[i] - forward) < abs(strike[at] - forward):
            at = i
    widest = 0.0
    if n > 0:
        for width in (call_ask[at] - call_bid[at], put_ask[at] - put_bid[at]):
            if math.isfinite(width):
                widest = max(widest, width)
    return widest


def forward_to_use(
    n: int,
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    published: float,
    inverse: bool,
) -> tuple[float, float, int, float]:
    """Return (forward or NaN, forward by parity, what became of the published one, how far apart the two were)."""
    one = parity(n, strike, call_bid, call_ask, put_bid, put_ask, inverse, 1.0, 1)
    three = parity(n, strike, call_bid, call_ask, put_bid, put_ask, inverse, 1.0, 3)
    if math.isnan(published):
        return price_or_nan(three), one, UNPUBLISHED, 0.0
    if math.isnan(price_or_nan(one)):
        return published, one, UNCHECKED, 0.0
    apart = abs(one / published - 1.0)
    spread = nearest_spread(n, strike, call_bid, call_ask, put_bid, put_ask, published)
    near = apart <= max(PARITY_TOLERANCE, 2.0 * spread / (1.0 if inverse else published))
    if near or math.isnan(price_or_nan(three)):
        return published, one, BELIEVED, apart
    return three, one, REPLACED, apart


def is_unfit(bid: float, ask: float, widest: float, least: float, most: float) -> bool:
    """Say whether a quote may not be used in production; a missing bid is left for the strip to count.

    Unfit: crossed or locked, wider than ``widest`` of its mid, its mid below ``least`` (intrinsic less half a tick) or
    not below ``most`` (1 for a call in coin).
    """
    if not (bid > 0.0 and math.isfinite(ask)):
        return False
    mid = 0.5 * (bid + ask)
    return ask <= bid or (ask - bid) / mid > widest + SLACK or mid < least or mid >= most


def deviation_at_the_money(
    n: int,
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    forward: float,
    unit: float,
) -> float:
    """Return one standard deviation of the log price as the option nearest the money implies it; 0 if none does.

    Near the money b ≈ s/√(2π) − |x|/2 of the normalised price; it only has to tell which quotes lie inside.
    """
    at, price = -1, 0.0
    for i in range(n):
        mid = 0.5 * (call_bid[i] + call_ask[i]) if strike[i] >= forward else 0.5 * (put_bid[i] + put_ask[i])
        if (
            math.isfinite(mid)
            and mid > 0.0
            and (at < 0 or abs(strike[i] - forward) < abs(strike[at] - forward))
        ):
            at, price = i, mid
    if at < 0:
        return 0.0
    share = price / unit * forward / math.sqrt(forward * strike[at])
    return math.sqrt(2.0 * math.pi) * (share + 0.5 * abs(math.log(strike[at] / forward)))


def drop_unfit(
    n: int,
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    forward: float,
    inverse: bool,
) -> int:
    """Take away the asks of unfit quotes, and return how many of those were out of the money."""
    unit = 1.0 if inverse else forward
    deviation = deviation_at_the_money(n, strike, call_bid, call_ask, put_bid, put_ask, forward, unit)
    half, dropped = HALF_TICK * unit, 0
    for i in range(n):
        widest = WIDEST_INSIDE if abs(math.log(strike[i] / forward)) <= deviation else WIDEST
        worth = (forward - strike[i]) / forward * unit  # what a call pays if nothing moves
        if is_unfit(call_bid[i], call_ask[i], widest, max(worth, 0.0) - half, unit):
            call_ask[i] = math.nan
            dropped += strike[i] > forward
        if is_unfit(put_bid[i], put_ask[i], widest, max(-worth, 0.0) - half, math.inf):
            put_ask[i] = math.nan
            dropped += strike[i] <= forward
    return dropped


def clean_expiry(
    strike: Floats,
    cp: Floats,
    bid: Floats,
    ask: Floats,
    underlying: Floats,
    inverse: bool,
    quotes: Floats,
    said: Floats,
) -> tuple[int, float, float, int, float, int, int, int, int]:
    """Clean one expiry into the five rows of ``quotes``; ``said`` is room for as many forwards as there are rows.

    Return (strikes, forward or NaN, forward by parity, what became of the published one, how far apart they were, rows
    repeated, options contradicting, quotes crossed, quotes unfit).
    """
    n, known, repeated, contradicting = listed_once(strike, cp, bid, ask, underlying, quotes, said)
    published = float(np.median(said[:known])) if known > 0 else math.nan
    strikes, call_bid, call_ask, put_bid, put_ask = quotes[0], quotes[1], quotes[2], quotes[3], quotes[4]
    crossed = uncross(n, call_bid, call_ask) + uncross(n, put_bid, put_ask)
    forward, one, fate, apart = forward_to_use(
        n, strikes, call_bid, call_ask, put_bid, put_ask, published, inverse
    )
    unfit = 0
    if not math.isnan(forward):
        unfit = drop_unfit(n, strikes, call_bid, call_ask, put_bid, put_ask, forward, inverse)
    return n, forward, one, fate, apart, repeated, contradicting, crossed, unfit


CLEAN = (
    price_or_nan,
    same_quote,
    listed_once,
    uncross,
    parity,
    nearest_spread,
    forward_to_use,
    is_unfit,
    deviation_at_the_money,
    drop_unfit,
)
"""What ``clean_expiry`` calls."""
