"""Deribit's options as the venue spells them: instruments, summaries, tickers with Greeks, one level of book.

The chain comes from the floor as it was last posted. Greeks are Black-76 without interest, delta as the chain has
it; vega in USD per volatility point, theta in USD per day, gamma per USD, as the venue gives them.
"""

from __future__ import annotations

import math
from typing import Any

from tradecli.domain.enums import OptionType
from tradecli.domain.feed import DAY_MS
from tradecli.domain.instrument import symbol_of
from tradecli.domain.market import OptionChain, OptionQuote
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.spelling import wave

AMOUNT = 10.0
TICK = 0.0001
_YEAR_MS = 365 * DAY_MS


class Options:
    """The chains by instrument name."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._seen: dict[str, int] = {}
        self._quotes: dict[str, tuple[OptionQuote, OptionChain]] = {}

    def get(self, name: str) -> tuple[OptionQuote, OptionChain] | None:
        """Return an option and the chain it stands in, as last posted."""
        self._refresh(name.partition("-")[0])
        return self._quotes.get(name)

    def of(self, coin: str) -> list[tuple[OptionQuote, OptionChain]]:
        """Return every option of a coin."""
        self._refresh(coin)
        return [pair for pair in self._quotes.values() if pair[1].currency == coin]

    def _refresh(self, coin: str) -> None:
        chain = self._floor.chains.get(coin)
        if chain is None or self._seen.get(coin) == chain.ts:
            return
        self._seen[coin] = chain.ts
        gone = [name for name, (_, old) in self._quotes.items() if old.currency == coin]
        for name in gone:
            del self._quotes[name]
        for quote in chain.quotes:
            self._quotes[symbol_of(quote.instrument)] = quote, chain


def instrument(place: int, quote: OptionQuote, coin: str, halted: bool) -> dict[str, Any]:
    return {
        "price_index": f"{coin.lower()}_usd",
        "rfq": False,
        "kind": "option",
        "instrument_name": symbol_of(quote.instrument),
        "option_type": "call" if quote.option_type is OptionType.CALL else "put",
        "strike": quote.strike,
        "maker_commission": 0.0003,
        "taker_commission": 0.0003,
        "instrument_type": "reversed",
        "expiration_timestamp": quote.expiry_ts,
        "creation_timestamp": quote.expiry_ts - 90 * DAY_MS,
        "is_active": not halted,
        "state": "locked" if halted else "open",
        "tick_size": TICK,
        "tick_size_steps": [{"above_price": 0.005, "tick_size": 0.0005}],
        "contract_size": 1.0,
        "instrument_id": 300_000 + place,
        "min_trade_amount": 0.1 if coin == "BTC" else 1.0,
        "block_trade_commission": 0.0003,
        "block_trade_min_trade_amount": 25 if coin == "BTC" else 250,
        "block_trade_tick_size": 0.0001,
        "settlement_currency": coin,
        "settlement_period": "month",
        "base_currency": coin,
        "counter_currency": "USD",
        "quote_currency": coin,
    }


def underlying_name(quote: OptionQuote) -> str:
    coin, expiry, _, _ = symbol_of(quote.instrument).split("-")
    return f"SYN.{coin}-{expiry}"


def summary(quote: OptionQuote, chain: OptionChain) -> dict[str, Any]:
    """Return the row of ``get_book_summary_by_currency``; what is not quoted is null."""
    mid = (quote.bid + quote.ask) / 2 if quote.bid is not None and quote.ask is not None else None
    volume = _volume(quote, chain)
    return {
        "volume": volume,
        "volume_usd": round(volume * (quote.mark or 0.0) * chain.index, 2),
        "underlying_price": quote.underlying,
        "underlying_index": underlying_name(quote),
        "quote_currency": chain.currency,
        "price_change": None,
        "open_interest": quote.open_interest,
        "mid_price": None if mid is None else round(mid, 8),
        "mark_price": quote.mark,
        "mark_iv": None if quote.mark_iv is None else round(100 * quote.mark_iv, 2),
        "low": None,
        "last": quote.mark,
        "interest_rate": 0.0,
        "instrument_name": symbol_of(quote.instrument),
        "high": None,
        "estimated_delivery_price": chain.index,
        "creation_timestamp": chain.ts,
        "bid_price": quote.bid,
        "base_currency": chain.currency,
        "ask_price": quote.ask,
    }


def ticker(quote: OptionQuote, chain: OptionChain, at: int) -> dict[str, Any]:
    """Return the ticker of one option."""
    iv = quote.mark_iv or 0.0
    mark = quote.mark or 0.0
    return {
        "timestamp": at,
        "stats": {"volume_usd": 0.0, "volume": _volume(quote, chain), "price_change": None, "low": None,
                  "high": None},
        "state": "open",
        "settlement_price": mark,
        "open_interest": quote.open_interest,
        "min_price": TICK,
        "max_price": round(mark + 0.05, 4),
        "mark_price": mark,
        "mark_iv": round(100 * iv, 2),
        "last_price": mark,
        "interest_rate": 0.0,
        "instrument_name": symbol_of(quote.instrument),
        "index_price": chain.index,
        "underlying_price": quote.underlying,
        "underlying_index": underlying_name(quote),
        "greeks": greeks(quote, chain.ts),
        "estimated_delivery_price": chain.index,
        "bid_iv": round(100 * _implied_near(quote, quote.bid), 2),
        "best_bid_price": quote.bid or 0.0,
        "best_bid_amount": AMOUNT if quote.bid is not None else 0.0,
        "best_ask_price": quote.ask or 0.0,
        "best_ask_amount": AMOUNT if quote.ask is not None else 0.0,
        "ask_iv": round(100 * _implied_near(quote, quote.ask), 2),
    }  # fmt: skip


def greeks(quote: OptionQuote, ts: int) -> dict[str, float]:
    """Return delta, gamma, vega, theta and rho at the mark."""
    years = max(quote.expiry_ts - ts, 1) / _YEAR_MS
    iv = quote.mark_iv or 0.0
    deviation = iv * math.sqrt(years)
    if deviation <= 0.0:
        return {"vega": 0.0, "theta": 0.0, "rho": 0.0, "gamma": 0.0, "delta": quote.delta or 0.0}
    d1 = math.log(quote.underlying / quote.strike) / deviation + deviation / 2.0
    density = math.exp(-d1 * d1 / 2.0) / math.sqrt(2.0 * math.pi)
    vega = quote.underlying * density * math.sqrt(years)
    return {
        "vega": round(vega / 100.0, 5),
        "theta": round(-vega * iv / (2.0 * years) / 365.0, 5),
        "rho": 0.0,
        "gamma": round(density / (quote.underlying * deviation), 5),
        "delta": quote.delta or 0.0,
    }


def _implied_near(quote: OptionQuote, price: float | None) -> float:
    """Return the volatility of a bid or ask by one step from the mark along vega; 0 where there is no quote."""
    if price is None or quote.mark is None or quote.mark_iv is None:
        return 0.0
    vega = max(abs(quote.delta or 0.0) * (1.0 - abs(quote.delta or 0.0)), 0.02)
    return max(quote.mark_iv + (price - quote.mark) / vega, 0.0)


def _volume(quote: OptionQuote, chain: OptionChain) -> float:
    return round((quote.open_interest or 0.0) * 0.05 * (1.0 + wave(chain.ts, int(quote.strike), DAY_MS)), 1)
