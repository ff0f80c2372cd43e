"""The option chain that a topic looks at, as arrays, with its age: where recorded quotes become numbers.

It decides nothing about them: what cannot be used is named in ``quant.slices``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tradecli.components.base import View
from tradecli.domain.enums import OptionType
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, Feed, OptionsFeed
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.domain.market import OptionChain
from tradecli.quant.slices import ChainArrays

VENUE = "deribit"
"""Where chains are read."""
COINS = ("BTC", "ETH")
LINEAR = "_USDC"
"""How Deribit writes options that are settled in USDC: ``BTC_USDC``."""
YEAR_MS = 365 * DAY_MS
RECORDED_MS = 15 * MINUTE_MS
"""How often a running desk computes the numbers of a chain again, and records them."""
FRESH_MS = MINUTE_MS
"""A chain older than this is degraded."""
_QUOTES = ("USDT", "USDC", "USD")


class Seen(NamedTuple):
    """A chain with its age, or why there is none; ``stale`` says why a chain may not be used as it is."""

    chain: OptionChain | None
    age_ms: int | None
    stale: str = ""
    reason: str = ""


def coin_of(view: View, instrument: InstrumentId) -> str:
    """Return the coin of an instrument, by its rules or its name; of an option root the name of its chain."""
    if venue_of(instrument) == VENUE and symbol_of(instrument).removesuffix(LINEAR) in COINS:
        return symbol_of(instrument)
    spec = view.instrument(instrument)
    return spec.base if spec is not None else coin_named(symbol_of(instrument))


def coin_named(symbol: str) -> str:
    """Return ``BTC`` of ``BTC``, ``BTCUSDT``, ``BTCUSD.inverse``; the root ``BTC_USDC`` names its own chain."""
    if symbol.endswith(LINEAR):
        return symbol
    name = symbol.partition(".")[0].partition("-")[0]
    for quote in _QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote)
    return name


def feeds(coin: str) -> tuple[Feed, ...]:
    """Return the feed of a coin's chain, where it is known to have one."""
    return (OptionsFeed(VENUE, coin),) if coin.removesuffix(LINEAR) in COINS else ()


def has_chain(instrument: InstrumentId) -> bool:
    """Say whether options of an instrument's coin are known to be listed."""
    return bool(feeds(coin_named(symbol_of(instrument))))


def seen(view: View, coin: str, oldest_hours: float) -> Seen:
    """Return the coin's newest chain that is not older than ``oldest_hours``."""
    chain = view.options(VENUE, coin)
    if chain is None:
        return Seen(None, None, reason=f"no option chain of {coin} at {VENUE}")
    age = view.at - chain.ts
    if age > oldest_hours * HOUR_MS:
        return Seen(None, age, reason=f"chain is {age / HOUR_MS:.1f} h old, over {oldest_hours:g} h")
    stale = f"chain is {age / MINUTE_MS:.0f} min old" if age > FRESH_MS else ""
    return Seen(chain, age, stale)


def arrays(chain: OptionChain) -> ChainArrays:
    """Return a chain as arrays, times counted from its own moment."""
    quotes = chain.quotes
    n = len(quotes)
    call = OptionType.CALL
    expiry = np.fromiter((each.expiry_ts for each in quotes), np.float64, n)
    return ChainArrays(
        years=(expiry - chain.ts) / YEAR_MS,
        strike=np.fromiter((each.strike for each in quotes), np.float64, n),
        cp=np.fromiter((1.0 if each.option_type is call else -1.0 for each in quotes), np.float64, n),
        bid=np.array([each.bid for each in quotes], dtype=np.float64),  # None becomes NaN
        ask=np.array([each.ask for each in quotes], dtype=np.float64),
        underlying=np.array([each.underlying for each in quotes], dtype=np.float64),
        inverse=chain.inverse,
    )


def expiry_ts(chain: OptionChain, years: float) -> int:
    """Return the expiry that lies ``years`` after the chain, UTC ms."""
    return chain.ts + round(years * YEAR_MS)
