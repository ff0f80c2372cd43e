"""Deribit: its requests and its channels, as a ``Profile``. Pure; ``wire.deribit`` reads its messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind
from tradecli.venues.ccxt.profile import Channel, Kind, Listed, Profile, Question, Request, last_of, params
from tradecli.venues.ccxt.wire.deribit import FUNDING_H, answer, decode, depth, listed
from tradecli.venues.ccxt.wire.listings import DERIBIT
from tradecli.venues.sequence import Rule

_BARS = {60_000: "1", 300_000: "5", 900_000: "15", 3_600_000: "60", 86_400_000: "1D"}
_DVOL = ("BTC", "ETH")
_SECONDS = {60_000: "60", 3_600_000: "3600", 43_200_000: "43200", 86_400_000: "1D"}
_SOCKET = "wss://www.deribit.com/ws/api/v2"
_HOUR_MS = 3_600_000


def request(question: Question) -> Request | None:
    """Return the request that asks it, or None where the venue offers none."""
    symbol = question.listed.symbol if question.listed is not None else ""
    one: dict[str, Any] = {"instrument_name": symbol}
    span = params(start_timestamp=question.since, end_timestamp=last_of(question))
    match question.kind:
        case Kind.TIME:
            return Request("publicGetGetTime", {}, 1)
        case Kind.CANDLES:
            bar = _BARS.get(question.interval_ms)
            return (
                Request("publicGetGetTradingviewChartData", {**one, "resolution": bar, **span}, 1)
                if bar
                else None
            )
        case Kind.TRADES:
            timed = question.since is not None and question.until is not None
            method = f"publicGetGetLastTradesByInstrument{'AndTime' if timed else ''}"
            return Request(method, {**one, **span, "count": question.limit or 100, "sorting": "asc"}, 1)
        case Kind.BOOK:
            return Request("publicGetGetOrderBook", {**one, "depth": question.limit or 1000}, 1)
        case Kind.QUOTE | Kind.MARK | Kind.FUNDING | Kind.INTEREST | Kind.GREEKS:
            return Request("publicGetTicker", one, 1) if symbol else None
        case Kind.FUNDING_HISTORY:
            return Request("publicGetGetFundingRateHistory", {**one, **span}, 1)
        case Kind.CHAIN:
            return Request(
                "publicGetGetBookSummaryByCurrency", {"currency": question.currency, "kind": "option"}, 1
            )
        case Kind.VOL_INDEX:
            resolution = _SECONDS.get(question.interval_ms or _HOUR_MS)
            asked = {"currency": question.currency, "resolution": resolution, **span}
            known = resolution and question.currency in _DVOL
            return Request("publicGetGetVolatilityIndexData", asked, 1) if known else None
        case _:
            return None


def channel(kind: Kind, of: Listed | None, currency: str, interval_ms: int) -> Channel | None:
    """Return the stream of a kind. ``raw`` channels need a login; these come every 100 ms."""
    if kind is Kind.VOL_INDEX and currency in _DVOL:
        return Channel(_SOCKET, f"deribit_volatility_index.{currency.lower()}_usd")
    if of is None:
        return None
    match kind:
        case Kind.BOOK:
            return Channel(_SOCKET, f"book.{of.symbol}.100ms")
        case Kind.TRADES:
            return Channel(_SOCKET, f"trades.{of.symbol}.100ms")
        case Kind.QUOTE:
            return Channel(_SOCKET, f"quote.{of.symbol}")
        case Kind.MARK | Kind.FUNDING | Kind.INTEREST | Kind.GREEKS:
            return Channel(_SOCKET, f"ticker.{of.symbol}.100ms")
        case _:
            return None


def subscribe(names: Sequence[str], id: int, on: bool) -> dict[str, Any]:
    method = "public/subscribe" if on else "public/unsubscribe"
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {"channels": list(names)}}


PROFILE = Profile(
    name="deribit",
    exchange="deribit",
    hosts=("www.deribit.com",),
    settings={},
    rule=Rule.CHAIN,
    allowance=Allowance(20, 1_000),
    kinds=(InstrumentKind.LINEAR, InstrumentKind.INVERSE, InstrumentKind.FUTURE, InstrumentKind.OPTION),
    start_paths=("/api/v2/public/get_currencies", "/api/v2/public/get_instruments"),
    page={Kind.CANDLES: 5_000, Kind.TRADES: 1_000, Kind.FUNDING_HISTORY: 744, Kind.VOL_INDEX: 1_000},
    listed=listed,
    looks=(Request("publicGetGetInstruments", {}),),
    rows=DERIBIT,
    request=request,
    answer=answer,
    channel=channel,
    subscribe=subscribe,
    decode=decode,
    depth=depth,
    absent={
        Kind.INDEX: "Deribit tells the index with each mark",
        Kind.INTEREST_HISTORY: "Deribit publishes open interest as it is, not as it was",
        Kind.RATIO: "Deribit publishes no ratio of long and short accounts",
        Kind.FUNDING_INTERVALS: "Deribit pays funding continuously",
    },
    settles_h=FUNDING_H,
    unconnected={
        InstrumentKind.SPOT: "of Deribit its perpetuals, futures and options are read, and no spot pairs"
    },
)
