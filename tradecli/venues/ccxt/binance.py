"""Binance USD-margined futures: its requests and its channels, as a ``Profile``. Pure; ``wire.binance`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind
from tradecli.venues.ccxt.profile import Channel, Kind, Listed, Profile, Question, Request, last_of, params
from tradecli.venues.ccxt.wire.binance import INTERVALS, USUAL_H, answer, decode, depth, listed
from tradecli.venues.ccxt.wire.listings import BINANCE
from tradecli.venues.sequence import Rule

_BAR_WEIGHTS = ((99, 1), (499, 2), (1_000, 5), (1_500, 10))
_PUBLIC, _MARKET = "wss://fstream.binance.com/public/ws/0", "wss://fstream.binance.com/market/ws/0"


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    symbol = question.listed.symbol if question.listed is not None else ""
    one = params(symbol=symbol)
    span = params(startTime=question.since, endTime=last_of(question), limit=question.limit or None)
    interval = INTERVALS.get(question.interval_ms or 300_000)
    match question.kind:
        case Kind.TIME:
            return Request("fapiPublicGetTime", {}, 1)
        case Kind.CANDLES:
            weight = next(weight for most, weight in _BAR_WEIGHTS if question.limit <= most)
            return (
                Request("fapiPublicGetKlines", {**one, "interval": interval, **span}, weight)
                if interval
                else None
            )
        case Kind.TRADES:
            return Request("fapiPublicGetAggTrades", {**one, **span}, 20)
        case Kind.BOOK:
            limit = question.limit or 1000
            return Request("fapiPublicGetDepth", {**one, "limit": limit}, 20 if limit > 500 else 10)
        case Kind.QUOTE:
            return Request("fapiPublicGetTickerBookTicker", one, 2 if symbol else 5)
        case Kind.FUNDING | Kind.MARK:
            return Request("fapiPublicGetPremiumIndex", one, 1 if symbol else 10)
        case Kind.FUNDING_HISTORY:
            return Request("fapiPublicGetFundingRate", {**one, **span}, 1)
        case Kind.FUNDING_INTERVALS:
            return Request("fapiPublicGetFundingInfo", {}, 1)
        case Kind.INTEREST:
            return Request("fapiPublicGetOpenInterest", one, 1)
        case Kind.INTEREST_HISTORY:
            return Request("fapiDataGetOpenInterestHist", {**one, "period": interval, **span}, 1)
        case Kind.RATIO:
            return Request("fapiDataGetGlobalLongShortAccountRatio", {**one, "period": interval, **span}, 1)
        case _:
            return None


def channel(kind: Kind, of: Listed | None, currency: str, interval_ms: int) -> Channel | None:
    """Return the stream of a kind; open interest and history are asked for over HTTP."""
    if of is None:
        return None
    name = of.symbol.lower()
    match kind:
        case Kind.BOOK:
            return Channel(_PUBLIC, f"{name}@depth@100ms")
        case Kind.TRADES:
            return Channel(_PUBLIC, f"{name}@trade")
        case Kind.QUOTE:
            return Channel(_PUBLIC, f"{name}@bookTicker")
        case Kind.MARK | Kind.FUNDING:
            return Channel(_MARKET, f"{name}@markPrice@1s")
        case Kind.CANDLES:
            interval = INTERVALS.get(interval_ms)
            return Channel(_MARKET, f"{name}@kline_{interval}") if interval else None
        case _:
            return None


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    return {"method": "SUBSCRIBE" if on else "UNSUBSCRIBE", "params": list(names), "id": id}


PROFILE = Profile(
    name="binance",
    exchange="binanceusdm",
    hosts=("fapi.binance.com", "fstream.binance.com"),
    settings={
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}}
    },
    rule=Rule.BINANCE_FUTURES,
    allowance=Allowance(2_400, 60_000),
    start_paths=("/fapi/v1/exchangeInfo",),
    page={
        Kind.CANDLES: 1_000,
        Kind.TRADES: 1_000,
        Kind.FUNDING_HISTORY: 1_000,
        Kind.INTEREST_HISTORY: 500,
        Kind.RATIO: 500,
    },
    listed=listed,
    looks=(Request("fapiPublicGetExchangeInfo", {}, 1),),
    rows=BINANCE,
    request=request,
    answer=answer,
    channel=channel,
    subscribe=subscribe,
    decode=decode,
    depth=depth,
    absent={
        Kind.INDEX: "Binance tells the index with each mark",
        Kind.CHAIN: "options are another product of Binance, which is not connected",
        Kind.GREEKS: "options are another product of Binance, which is not connected",
        Kind.VOL_INDEX: "Binance publishes no volatility index",
    },
    rest_snapshots=True,
    used_header="X-MBX-USED-WEIGHT-1M",
    settles_h=USUAL_H,
    unconnected={
        InstrumentKind.SPOT: "spot is another interface of Binance, which is not connected; "
        "data import reads its files",
        InstrumentKind.INVERSE: "coin-margined contracts are another interface of Binance, which is not connected; "
        "data import reads its files",
    },
)
