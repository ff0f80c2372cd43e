"""Bybit linear perpetuals (v5): its requests and its channels, as a ``Profile``. Pure; ``wire.bybit`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind
from tradecli.venues.ccxt.profile import Channel, Kind, Listed, Profile, Question, Request, last_of, params
from tradecli.venues.ccxt.wire.bybit import BARS, answer, decode, depth, listed
from tradecli.venues.ccxt.wire.listings import BYBIT
from tradecli.venues.sequence import Rule

_SPANS = {300_000: "5min", 900_000: "15min", 3_600_000: "1h", 14_400_000: "4h", 86_400_000: "1d"}
_LINEAR = "wss://stream.bybit.com/v5/public/linear"


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    symbol = question.listed.symbol if question.listed is not None else ""
    since, until, limit = question.since, last_of(question), question.limit or None
    one = params(category="linear", symbol=symbol)
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
            return Request("publicGetV5MarketRecentTrade", {**one, **params(limit=limit)}, 1)
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
    match kind:
        case Kind.BOOK:
            return Channel(_LINEAR, f"orderbook.50.{of.symbol}")
        case Kind.TRADES:
            return Channel(_LINEAR, f"publicTrade.{of.symbol}")
        case Kind.MARK | Kind.FUNDING | Kind.INTEREST:
            return Channel(_LINEAR, f"tickers.{of.symbol}")
        case Kind.CANDLES:
            bar = BARS.get(interval_ms)
            return Channel(_LINEAR, f"kline.{bar}.{of.symbol}") if bar else None
        case _:
            return None


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    return {"req_id": str(id), "op": "subscribe" if on else "unsubscribe", "args": list(names)}


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
    absent={
        Kind.INDEX: "Bybit tells the index with each mark",
        Kind.CHAIN: "chains are read from Deribit",
        Kind.GREEKS: "options of Bybit are not connected; their tickers are understood",
        Kind.VOL_INDEX: "Bybit publishes a historical volatility, which is no index of the implied one",
        Kind.FUNDING_INTERVALS: "the interval comes with each instrument",
    },
    unconnected={
        InstrumentKind.SPOT: "of Bybit its linear perpetuals are read, and no spot pairs",
        InstrumentKind.INVERSE: "of Bybit its linear perpetuals are read, and no coin-margined ones",
    },
)
