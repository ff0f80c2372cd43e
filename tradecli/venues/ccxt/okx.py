"""OKX perpetual swaps and spot pairs: requests and channels, as a ``Profile``. Pure; ``wire.okx`` reads messages."""

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
    params,
)
from tradecli.venues.ccxt.wire.listings import OKX
from tradecli.venues.ccxt.wire.okx import BARS, answer, decode, depth, index_of
from tradecli.venues.ccxt.wire.okx_listing import listed
from tradecli.venues.sequence import Rule

_STATISTICS = "publicGetRubikStatContracts"
_PUBLIC, _BUSINESS = "wss://ws.okx.com:443/ws/v5/public", "wss://ws.okx.com:443/ws/v5/business"


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    symbol = question.listed.symbol if question.listed is not None else ""
    since, until, limit = question.since, question.until, question.limit or None
    bar = BARS.get(question.interval_ms or 300_000)
    one = params(instId=symbol)
    paged = {"before": since - 1 if since is not None else None, "after": until, "limit": limit}
    span = {key: str(value) for key, value in paged.items() if value is not None}
    ranged = {"begin": since, "end": until, "limit": limit}
    times = {key: str(value) for key, value in ranged.items() if value is not None}
    match question.kind:
        case Kind.TIME:
            return Request("publicGetPublicTime", {}, 1)
        case Kind.CANDLES:
            return Request("publicGetMarketHistoryCandles", {**one, "bar": bar, **span}, 2) if bar else None
        case Kind.TRADES:
            if until is None:
                return Request("publicGetMarketTrades", {**one, "limit": str(limit or 100)}, 1)
            after = {"after": str(until), "type": "2", "limit": str(limit or 100)}
            return Request("publicGetMarketHistoryTrades", {**one, **after}, 2)
        case Kind.BOOK:
            return Request("publicGetMarketBooks", {**one, "sz": str(limit or 400)}, 1)
        case Kind.QUOTE:
            return Request("publicGetMarketTicker", one, 1)
        case Kind.FUNDING:
            return Request("publicGetPublicFundingRate", one or {"instId": "ANY"}, 1)
        case Kind.FUNDING_HISTORY:
            return Request("publicGetPublicFundingRateHistory", {**one, **span}, 1)
        case Kind.INTEREST:
            return Request("publicGetPublicOpenInterest", {"instType": "SWAP", **one}, 1)
        case Kind.INTEREST_HISTORY:
            return (
                Request(f"{_STATISTICS}OpenInterestHistory", {**one, "period": bar, **times}, 4)
                if bar
                else None
            )
        case Kind.MARK:
            return Request("publicGetPublicMarkPrice", {"instType": "SWAP", **one}, 1)
        case Kind.INDEX:
            return Request("publicGetMarketIndexTickers", {"instId": index_of(symbol)}, 1)
        case Kind.RATIO:
            method = f"{_STATISTICS}LongShortAccountRatioContract"
            return Request(method, {**one, "period": bar, **times}, 4) if bar else None
        case Kind.GREEKS:
            return Request("publicGetPublicOptSummary", {"uly": f"{question.currency}-USD"}, 1)
        case _:
            return None


def channel(kind: Kind, of: Listed | None, currency: str, interval_ms: int) -> Channel | None:
    """Return the stream of a kind; its name is ``channel:instId``."""
    if of is None:
        return None
    if kind is Kind.CANDLES:
        bar = BARS.get(interval_ms)
        return Channel(_BUSINESS, f"candle{bar}:{of.symbol}") if bar else None
    if kind is Kind.INDEX:
        return Channel(_PUBLIC, f"index-tickers:{index_of(of.symbol)}")
    name = _CHANNELS.get(kind)
    return Channel(_PUBLIC, f"{name}:{of.symbol}") if name else None


_CHANNELS = {
    Kind.BOOK: "books",
    Kind.TRADES: "trades",
    Kind.QUOTE: "bbo-tbt",
    Kind.MARK: "mark-price",
    Kind.FUNDING: "funding-rate",
    Kind.INTEREST: "open-interest",
}


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    args = [{"channel": name.partition(":")[0], "instId": name.partition(":")[2]} for name in names]
    return {"id": str(id), "op": "subscribe" if on else "unsubscribe", "args": args}


ABSENT: dict[Kind, str] = {
    Kind.CHAIN: "chains are read from Deribit; OKX gives its options' sensitivities",
    Kind.VOL_INDEX: "OKX publishes no volatility index",
    Kind.FUNDING_INTERVALS: "the interval comes with each funding rate",
}


PROFILE = Profile(
    name="okx",
    exchange="okx",
    hosts=("www.okx.com", "ws.okx.com"),
    settings={"options": {"fetchMarkets": {"types": ["swap"]}}},
    rule=Rule.CHAIN,
    allowance=Allowance(20, 2_000),
    kinds=(InstrumentKind.LINEAR, InstrumentKind.INVERSE),
    start_paths=("/api/v5/public/instruments?instType=SWAP",),
    page={
        Kind.CANDLES: 100,
        Kind.TRADES: 100,
        Kind.FUNDING_HISTORY: 400,
        Kind.INTEREST_HISTORY: 100,
        Kind.RATIO: 100,
    },
    listed=listed,
    looks=(Request("publicGetPublicInstruments", {"instType": "SWAP"}),),
    rows=OKX,
    request=request,
    answer=answer,
    channel=channel,
    subscribe=subscribe,
    decode=decode,
    depth=depth,
    newest_first=True,
    absent=ABSENT,
    products={
        "spot": Product(
            rule=Rule.CHAIN,
            start_paths=("/api/v5/public/instruments?instType=SPOT",),
            looks=(Request("publicGetPublicInstruments", {"instType": "SPOT"}, 1),),
            rows=OKX,
            absent={**ABSENT, **SPOT_HAS_NONE},
        ),
    },
)
