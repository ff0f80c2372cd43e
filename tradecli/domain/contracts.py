"""What one coin-margined contract is worth in USD, by the rules the venues publish, for records that do not say it.

Sources: contract specifications of Binance COIN-M futures (``contractSize``), of Bybit inverse contracts and of OKX
crypto-margined swaps (``ctVal``). A connected venue lists the size of each of its contracts, and that wins.
"""

from __future__ import annotations

from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of

SUFFIX = ".inverse"
BITCOIN = "BTC"
CONTRACT_USD = {"binance": (100.0, 10.0), "okx": (100.0, 10.0), "bybit": (1.0, 1.0)}
"""Venue -> USD of one contract of bitcoin, and of one of any other coin."""


def is_coin_margined(id: InstrumentId) -> bool:
    """Say whether the venue sizes the instrument in contracts of USD."""
    return symbol_of(id).endswith(SUFFIX)


def contract_usd(id: InstrumentId) -> float | None:
    """Return the USD of one contract; None where no rule is known, or the instrument is not coin-margined."""
    coin, usd, _ = symbol_of(id).partition("USD")
    sizes = CONTRACT_USD.get(venue_of(id))
    if sizes is None or not usd or not is_coin_margined(id):
        return None
    return sizes[0] if coin == BITCOIN else sizes[1]
