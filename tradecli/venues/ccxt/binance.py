"""Binance: USD-margined futures, and beside them spot and coin-margined perpetuals, as a ``Profile``. Pure.

Three interfaces with three hosts and three budgets, spelled much alike; ``wire.binance`` reads them all. Of spot and
coin-margined contracts the aggregated prints are heard, so that those of the socket and of the past have one numbering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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
from tradecli.venues.ccxt.wire.binance import INTERVALS, PERPETUAL, answer, decode, depth
from tradecli.venues.ccxt.wire.binance_listing import USUAL_H, listed
from tradecli.venues.ccxt.wire.listings import BINANCE
from tradecli.venues.sequence import Rule

_DAY_MS = 86_400_000
_FUTURES_BARS = ((99, 1), (499, 2), (1_000, 5), (1_500, 10))
_FUTURES_DEPTH = ((50, 2), (100, 5), (500, 10), (1_000, 20))


class Interface(NamedTuple):
    """One of Binance's interfaces: how ccxt names its calls, what they weigh, and where its streams come from.

    ``bars`` and ``depth`` are (most rows, weight), shortest first.
    """

    api: str
    statistics: str
    bars: tuple[tuple[int, int], ...]
    depth: tuple[tuple[int, int], ...]
    prints: int
    books: str
    marks: str
    trades: str


INTERFACES = {
    "": Interface(
        "fapiPublicGet", "fapiDataGet", _FUTURES_BARS, _FUTURES_DEPTH, 20,
        "wss://fstream.binance.com/public/ws/0", "wss://fstream.binance.com/market/ws/0", "trade",
    ),
    "spot": Interface(
        "publicGet", "", ((1_000, 2),), ((100, 5), (500, 25), (1_000, 50), (5_000, 250)), 4,
        "wss://stream.binance.com:9443/ws/0", "wss://stream.binance.com:9443/ws/0", "aggTrade",
    ),
    "inverse": Interface(
        "dapiPublicGet", "dapiDataGet", _FUTURES_BARS, _FUTURES_DEPTH, 20,
        "wss://dstream.binance.com/ws/0", "wss://dstream.binance.com/ws/0", "aggTrade",
    ),
}  # fmt: skip


def _product(of: Listed | None, otherwise: str = "") -> str:
    kind = kind_of(of.id) if of is not None else None
    return kind.value if kind is not None else otherwise


def _weight(steps: Sequence[tuple[int, int]], limit: int) -> int:
    return next(weight for most, weight in steps if limit <= most)


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    product = _product(question.listed, question.product)
    of = INTERFACES[product]
    symbol = question.listed.symbol if question.listed is not None else ""
    one = params(symbol=symbol)
    span = params(startTime=question.since, endTime=last_of(question), limit=question.limit or None)
    interval = INTERVALS.get(question.interval_ms or 300_000)
    match question.kind:
        case Kind.TIME:
            return Request(f"{of.api}Time", {}, 1)
        case Kind.CANDLES:
            asked = {**one, "interval": interval, **span}
            return Request(f"{of.api}Klines", asked, _weight(of.bars, question.limit)) if interval else None
        case Kind.TRADES:
            return Request(f"{of.api}AggTrades", {**one, **span}, of.prints)
        case Kind.BOOK:
            limit = question.limit or 1000
            return Request(f"{of.api}Depth", {**one, "limit": limit}, _weight(of.depth, limit))
        case Kind.QUOTE:
            return Request(f"{of.api}TickerBookTicker", one, 2 if symbol else 5)
        case Kind.FUNDING | Kind.MARK:
            return Request(f"{of.api}PremiumIndex", one, 1 if symbol and not product else 10)
        case Kind.FUNDING_HISTORY:
            return Request(f"{of.api}FundingRate", {**one, **span}, 1)
        case Kind.FUNDING_INTERVALS:
            return Request(f"{of.api}FundingInfo", {}, 1)
        case Kind.INTEREST:
            return Request(f"{of.api}OpenInterest", one, 1)
        case Kind.INTEREST_HISTORY | Kind.RATIO:
            return _statistics(question, of, symbol, {"period": interval, **span})
        case _:
            return None


def _statistics(question: Question, of: Interface, symbol: str, asked: dict[str, Any]) -> Request:
    """Return the question about past open interest or accounts; coin-margined ones are asked for by their pair."""
    past = question.kind is Kind.INTEREST_HISTORY
    if symbol.endswith(PERPETUAL):
        named = {"pair": symbol.removesuffix(PERPETUAL)} | ({"contractType": "PERPETUAL"} if past else {})
    else:
        named = {"symbol": symbol}
    name = "OpenInterestHist" if past else "GlobalLongShortAccountRatio"
    return Request(f"{of.statistics}{name}", {**named, **asked}, 1)


def channel(kind: Kind, of: Listed | None, currency: str, interval_ms: int) -> Channel | None:
    """Return the stream of a kind; open interest and history are asked for over HTTP."""
    if of is None:
        return None
    where, name = INTERFACES[_product(of)], of.symbol.lower()
    match kind:
        case Kind.BOOK:
            return Channel(where.books, f"{name}@depth@100ms")
        case Kind.TRADES:
            return Channel(where.books, f"{name}@{where.trades}")
        case Kind.QUOTE:
            return Channel(where.books, f"{name}@bookTicker")
        case Kind.MARK | Kind.FUNDING:
            return Channel(where.marks, f"{name}@markPrice@1s")
        case Kind.INDEX:
            return Channel(where.marks, f"{name.partition('_')[0]}@indexPrice@1s")
        case Kind.CANDLES:
            interval = INTERVALS.get(interval_ms)
            return Channel(where.marks, f"{name}@kline_{interval}") if interval else None
        case _:
            return None


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    return {"method": "SUBSCRIBE" if on else "UNSUBSCRIBE", "params": list(names), "id": id}


ABSENT: dict[Kind, str] = {
    Kind.CHAIN: "options are another product of Binance, which is not connected",
    Kind.GREEKS: "options are another product of Binance, which is not connected",
    Kind.VOL_INDEX: "Binance publishes no volatility index",
}


PROFILE = Profile(
    name="binance",
    exchange="binanceusdm",
    hosts=(
        "fapi.binance.com",
        "fstream.binance.com",
        "api.binance.com",
        "stream.binance.com",
        "dapi.binance.com",
        "dstream.binance.com",
    ),
    settings={
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}}
    },
    rule=Rule.BINANCE_FUTURES,
    allowance=Allowance(2_400, 60_000),
    kinds=(InstrumentKind.LINEAR,),
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
    absent=ABSENT | {Kind.INDEX: "Binance tells the index with each mark"},
    rest_snapshots=True,
    used_header="X-MBX-USED-WEIGHT-1M",
    settles_h=USUAL_H,
    products={
        "spot": Product(
            rule=Rule.BINANCE_SPOT,
            start_paths=("/api/v3/exchangeInfo",),
            looks=(Request("publicGetExchangeInfo", {"showPermissionSets": "false"}, 20),),
            rows=BINANCE,
            absent={**ABSENT, **SPOT_HAS_NONE},
            allowance=Allowance(6_000, 60_000),
            is_apart=True,
        ),
        "inverse": Product(
            rule=Rule.BINANCE_FUTURES,
            start_paths=("/dapi/v1/exchangeInfo",),
            looks=(Request("dapiPublicGetExchangeInfo", {}, 1),),
            rows=BINANCE,
            absent=ABSENT,
            allowance=Allowance(2_400, 60_000),
            is_apart=True,
            longest_ms=190 * _DAY_MS,
        ),
    },
)
