"""Bybit (v5): linear perpetuals, and beside them spot and coin-margined perpetuals, as a ``Profile``. Pure.

One interface for all: a category in each request, and a socket for each category. ``wire.bybit`` reads its messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind
from tradecli.venues.ccxt.profile import (
    SPOT_HAS_NONE,
    Channel,
    Kind,
    Listed,
    Product,
    Profile,
    Question,
    Request,
    kind_of,
    last_of,
    params,
)
from tradecli.venues.ccxt.wire.bybit import BARS, answer, decode, depth, listed
from tradecli.venues.ccxt.wire.listings import BYBIT
from tradecli.venues.sequence import Rule

_SPANS = {300_000: "5min", 900_000: "15min", 3_600_000: "1h", 14_400_000: "4h", 86_400_000: "1d"}
_SOCKET = "wss://stream.bybit.com/v5/public/"
_SPOT_PRINTS = 60
"""The most prints of a spot pair in one answer."""
_INSTRUMENTS = "publicGetV5MarketInstrumentsInfo"


def _category(of: Listed | None, product: str = "") -> str:
    kind = kind_of(of.id) if of is not None else None
    return kind.value if kind is not None else product or "linear"


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    symbol = question.listed.symbol if question.listed is not None else ""
    since, until, limit = question.since, last_of(question), question.limit or None
    category = _category(question.listed, question.product)
    one = params(category=category, symbol=symbol)
    span = params(startTime=since, endTime=until, limit=limit)
    period = _SPANS.get(question.interval_ms or 300_000)
    match question.kind:
        case Kind.TIME:
            return Request("publicGetV5MarketTime", {}, 1)
        case Kind.CANDLES:
            bar = BARS.get(question.interval_ms)
            ranged = params(interval=bar, start=since, end=until, limit=limit)
            return Request("publicGetV5MarketKline", {**one, **ranged}, 1) if bar else None
        case Kind.TRADES:
            most = min(limit or _SPOT_PRINTS, _SPOT_PRINTS) if category == "spot" else limit
            return Request("publicGetV5MarketRecentTrade", {**one, **params(limit=most)}, 1)
        case Kind.BOOK:
            return Request("publicGetV5MarketOrderbook", {**one, "limit": limit or 50}, 1)
        case Kind.QUOTE | Kind.MARK | Kind.FUNDING | Kind.INTEREST:
            return Request("publicGetV5MarketTickers", one, 1)
        case Kind.FUNDING_HISTORY:
            return Request("publicGetV5MarketFundingHistory", {**one, **span}, 1)
        case Kind.INTEREST_HISTORY:
            return (
                Request("publicGetV5MarketOpenInterest", {**one, "intervalTime": period, **span}, 1)
                if period
                else None
            )
        case Kind.RATIO:
            return (
                Request("publicGetV5MarketAccountRatio", {**one, "period": period, **span}, 1)
                if period
                else None
            )
        case _:
            return None


def channel(kind: Kind, of: Listed | None, currency: str, interval_ms: int) -> Channel | None:
    """Return the stream of a kind; best prices are those of the book, which is proven by its numbers."""
    if of is None:
        return None
    socket = _SOCKET + _category(of)
    match kind:
        case Kind.BOOK:
            return Channel(socket, f"orderbook.50.{of.symbol}")
        case Kind.TRADES:
            return Channel(socket, f"publicTrade.{of.symbol}")
        case Kind.MARK | Kind.FUNDING | Kind.INTEREST:
            return Channel(socket, f"tickers.{of.symbol}")
        case Kind.CANDLES:
            bar = BARS.get(interval_ms)
            return Channel(socket, f"kline.{bar}.{of.symbol}") if bar else None
        case _:
            return None


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    return {"req_id": str(id), "op": "subscribe" if on else "unsubscribe", "args": list(names)}


ABSENT: dict[Kind, str] = {
    Kind.INDEX: "Bybit tells the index with each mark",
    Kind.CHAIN: "chains are read from Deribit",
    Kind.GREEKS: "options of Bybit are not connected; their tickers are understood",
    Kind.VOL_INDEX: "Bybit publishes a historical volatility, which is no index of the implied one",
    Kind.FUNDING_INTERVALS: "the interval comes with each instrument",
}


PROFILE = Profile(
    name="bybit",
    exchange="bybit",
    hosts=("api.bybit.com", "stream.bybit.com"),
    settings={"options": {"fetchMarkets": {"types": ["linear"]}}},
    rule=Rule.COUNT,
    allowance=Allowance(500, 5_000),
    kinds=(InstrumentKind.LINEAR,),
    start_paths=(
        "/v5/market/instruments-info?category=linear",
        "/v5/market/instruments-info?category=linear&status=PreLaunch",
    ),
    page={
        Kind.CANDLES: 1_000,
        Kind.TRADES: 1_000,
        Kind.FUNDING_HISTORY: 200,
        Kind.INTEREST_HISTORY: 200,
        Kind.RATIO: 500,
    },
    listed=listed,
    looks=(
        Request("publicGetV5MarketInstrumentsInfo", {"category": "linear", "limit": 1_000}),
        Request(
            "publicGetV5MarketInstrumentsInfo", {"category": "linear", "limit": 1_000, "status": "PreLaunch"}
        ),
    ),
    rows=BYBIT,
    request=request,
    answer=answer,
    channel=channel,
    subscribe=subscribe,
    decode=decode,
    depth=depth,
    absent=ABSENT,
    products={
        "spot": Product(
            rule=Rule.COUNT,
            start_paths=("/v5/market/instruments-info?category=spot",),
            looks=(Request(_INSTRUMENTS, {"category": "spot"}, 1),),
            rows=BYBIT,
            absent={**ABSENT, **SPOT_HAS_NONE},
            is_apart=True,
        ),
        "inverse": Product(
            rule=Rule.COUNT,
            start_paths=("/v5/market/instruments-info?category=inverse",),
            looks=(Request(_INSTRUMENTS, {"category": "inverse", "limit": 1_000}, 1),),
            rows=BYBIT,
            absent=ABSENT,
            is_apart=True,
        ),
    },
)
