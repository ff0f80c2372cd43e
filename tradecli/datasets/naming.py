"""What a file's name tells, where it follows a known scheme: the public archives' and that of recorded data sets.

A name is evidence of the second rank: it is asked only for what the columns do not say, and whatever is taken from it
is printed as an assumption.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from tradecli.datasets.kinds import INTERVALS_MS, Kind, Market

VENUES = frozenset(
    ["binance", "okx", "bybit", "deribit", "coinbase", "kraken", "bitmex", "hyperliquid", "kucoin"]
)
_MARKETS = {
    "spot": Market.SPOT,
    "perp": Market.LINEAR,
    "linear": Market.LINEAR,
    "usdm": Market.LINEAR,
    "swap": Market.LINEAR,
    "coinm": Market.INVERSE,
    "inverse": Market.INVERSE,
}
_KINDS = {
    "mark": Kind.MARK,
    "dvol": Kind.VOL_INDEX,
    "funding": Kind.FUNDING,
    "depth": Kind.DEPTH,
    "bbo": Kind.QUOTES,
    "trades": Kind.TRADES,
}
_WORDS = {"hourly": INTERVALS_MS["1h"], "daily": INTERVALS_MS["1d"]}
_PAIR = re.compile(r"[A-Z0-9]{2,20}(?:USDT|USDC|FDUSD|BUSD|USD)\Z")
_ARCHIVE = re.compile(
    r"(?P<symbol>[A-Z0-9]{2,30}(?:_PERP|_[0-9]{6})?)-(?P<what>[0-9]{1,2}[mhd]|aggTrades|trades|fundingRate|bookDepth"
    r"|bookTicker)-[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?\Z"
)
_ARCHIVE_KINDS = {
    "aggTrades": Kind.TRADES,
    "trades": Kind.TRADES,
    "fundingRate": Kind.FUNDING,
    "bookDepth": Kind.SENTIMENT,
    "bookTicker": Kind.QUOTES,
}
_ARCHIVE_FOLDERS = {"spot": Market.SPOT, "um": Market.LINEAR, "cm": Market.INVERSE}


@dataclass(frozen=True, slots=True)
class Told:
    """What is known about a file beside its columns; None: not known."""

    kind: Kind | None = None
    venue: str | None = None
    market: Market | None = None
    symbol: str | None = None
    interval_ms: int | None = None


def told_by_name(path: PurePath) -> Told:
    """Return what the name of a file, and the archive folders above it, say."""
    stem = path.name
    while stem.lower().endswith((".parquet", ".csv", ".zip")):
        stem = stem.rpartition(".")[0]
    archive = _ARCHIVE.match(stem)
    return _archive(archive, path) if archive else _words(stem)


def _archive(found: re.Match[str], path: PurePath) -> Told:
    symbol, what = found["symbol"], found["what"]
    folders = set(path.parts[:-1])
    market = None
    if "data" in folders or "futures" in folders or "spot" in folders:
        market = next((market for folder, market in _ARCHIVE_FOLDERS.items() if folder in folders), None)
    if symbol.endswith("_PERP"):
        symbol, market = symbol.removesuffix("_PERP"), Market.INVERSE
    kind = _ARCHIVE_KINDS.get(what)
    if kind is None:
        kind = Kind.MARK if "markPriceKlines" in folders else Kind.CANDLES
        if "klines" not in folders and kind is Kind.CANDLES:
            kind = None
    return Told(kind, "binance", market, symbol, INTERVALS_MS.get(what))


def _words(stem: str) -> Told:
    """Read ``venue_market_SYMBOL_interval``, in any order, and the well-known index names."""
    words = stem.split("_")
    if "fear_greed" in stem:
        return Told(kind=Kind.SENTIMENT, symbol="fear_greed")
    kind = next((_KINDS[word] for word in words if word in _KINDS), None)
    interval = next((INTERVALS_MS[word] for word in words if word in INTERVALS_MS), None)
    if interval is None:
        interval = next((_WORDS[word] for word in words if word in _WORDS), None)
    if kind is Kind.VOL_INDEX:
        coin = next((word.upper() for word in words if word in ("btc", "eth")), None)
        return Told(kind, "deribit", None, f"DVOL-{coin}" if coin else None, interval)
    if words[0] not in VENUES:
        return Told()
    market = next((_MARKETS[word] for word in words if word in _MARKETS), None)
    if market is Market.LINEAR and "coinm" in words:
        market = Market.INVERSE
    if market is None and words[0] == "coinbase":
        market = Market.SPOT
    symbol = next((word.upper() for word in words[1:] if _PAIR.match(word.upper())), None)
    return Told(kind, words[0], market, symbol, interval)
