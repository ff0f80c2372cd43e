"""Binance's public REST: paths, parameters, weights and bodies of both markets.

It owns the checking of parameters in the venue's own words and the count of request weight, which answers 429 when
the minute's budget is gone. Signed paths exist only to say that no key is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tradecli.domain.enums import Side
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import MarkPrice, Trade
from tradecli.venues.loopback.asking import Ask, Refusal, Reply
from tradecli.venues.loopback.binance.listing import (
    FUTURES,
    INTERVALS,
    SPOT,
    error,
    futures_info,
    line_of,
    refuse,
    spot_info,
)
from tradecli.venues.loopback.binance.streams import Streams
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at, window
from tradecli.venues.loopback.wire import Wire

Query = Mapping[str, str]
LIMITS = {"futures": 2_400, "spot": 6_000}
"""Request weight a minute."""
_DEPTHS = {"futures": (5, 10, 20, 50, 100, 500, 1000), "spot": range(1, 5_001)}
_PERIODS = {name: ms for name, ms in INTERVALS.items() if ms >= 300_000}
_WEIGHTS = {"exchangeInfo": 1, "depth": 5, "klines": 2, "trades": 5, "aggTrades": 20, "24hr": 1, "time": 1}
_HOLDINGS_MS = 30 * 86_400_000


class Rest:
    """Answers Binance's public requests."""

    def __init__(self, floor: Floor, wire: Wire, streams: Streams) -> None:
        self._floor, self._wire, self._streams = floor, wire, streams
        self._minute: dict[str, tuple[int, int]] = {}
        both = {
            "ping": lambda query, futures: {},
            "time": lambda query, futures: {"serverTime": self.now()},
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._agg_trades,
            "klines": self._klines,
            "ticker/24hr": self._day,
            "ticker/price": self._price,
            "ticker/bookTicker": self._best,
        }
        self._paths: dict[str, tuple[Callable[[Query, bool], Any], bool]] = {}
        for name, answer in both.items():
            self._paths[f"/fapi/v1/{name}"] = answer, True
            self._paths[f"/api/v3/{name}"] = answer, False
        self._paths |= {
            "/fapi/v2/ticker/price": (self._price, True),
            "/fapi/v1/exchangeInfo": (self._info, True),
            "/api/v3/exchangeInfo": (self._info, False),
            "/fapi/v1/markPriceKlines": (self._mark_klines, True),
            "/fapi/v1/indexPriceKlines": (self._mark_klines, True),
            "/fapi/v1/premiumIndex": (self._premium, True),
            "/fapi/v1/fundingRate": (self._funding, True),
            "/fapi/v1/fundingInfo": (lambda query, futures: [], True),
            "/fapi/v1/openInterest": (self._interest, True),
            "/futures/data/openInterestHist": (self._interest_past, True),
            "/futures/data/globalLongShortAccountRatio": (self._ratio, True),
            "/futures/data/topLongShortAccountRatio": (self._ratio, True),
            "/futures/data/topLongShortPositionRatio": (self._ratio, True),
        }

    def now(self) -> int:
        return self._wire.skewed(self._floor.now())

    def answer(self, ask: Ask) -> Reply:
        """Answer one request, or raise ``Refusal`` in the venue's words."""
        known = self._paths.get(ask.path)
        if known is None:
            if ask.signed:
                raise refuse(-2015, "Invalid API-key, IP, or permissions for action.", 401)
            raise refuse(-5000, f"Path {ask.path}, Method {ask.method} is invalid", 404)
        answer, futures = known
        if ask.method != "GET":
            raise refuse(-5000, f"Path {ask.path}, Method {ask.method} is invalid", 405)
        used = self._spend("futures" if futures else "spot", ask)
        body = answer(ask.query, futures)
        return Reply(body=body, headers={"X-MBX-USED-WEIGHT-1M": str(used)})

    def _spend(self, market: str, ask: Ask) -> int:
        minute = self._floor.now() // MINUTE_MS
        since, used = self._minute.get(market, (minute, 0))
        if since != minute:
            used = 0
        used += _weight(ask)
        self._minute[market] = minute, used
        if used > LIMITS[market]:
            text = (
                f"Too many requests; current limit of IP(127.0.0.1) is {LIMITS[market]} requests per minute."
            )
            wait = 60 - self._floor.now() % MINUTE_MS // 1_000
            raise Refusal(error(-1003, text, 429, Retry_After=str(wait)))
        return used

    # -- the parameters --------------------------------------------------------------------------------------------

    def _market(self, query: Query, futures: bool) -> Listed:
        symbol = line_of(FUTURES if futures else SPOT, query.get("symbol")).instrument.symbol
        return self._table(futures)[symbol.removesuffix(".spot")]

    def _markets(self, query: Query, futures: bool) -> list[Listed]:
        """Return the market asked for, or all of them."""
        return [self._market(query, futures)] if "symbol" in query else list(self._table(futures).values())

    def _table(self, futures: bool) -> dict[str, Listed]:
        return self._streams.futures if futures else self._streams.spot

    def _info(self, query: Query, futures: bool) -> dict[str, Any]:
        def halted(symbol: str) -> bool:
            return self._wire.switchboard.is_halted("binance", symbol)

        return futures_info(self.now(), halted) if futures else spot_info(self.now(), halted)

    # -- books, prints, bars ---------------------------------------------------------------------------------------

    def _depth(self, query: Query, futures: bool) -> dict[str, Any]:
        market = self._market(query, futures)
        limit = _whole(query, "limit", 500 if futures else 100)
        if limit not in _DEPTHS["futures" if futures else "spot"]:
            raise refuse(-4021, f"{limit} is not valid depth limit." if futures else "Illegal parameter.")
        self._streams.depth(market, self._floor.now())
        bids, asks = market.display.snapshot(limit)
        spell, at = market.spell, self._wire.skewed(market.display.ts)
        head: dict[str, Any] = {"lastUpdateId": market.display.last}
        if futures:
            head |= {"E": at, "T": at}
        return head | {"bids": spell.rows(bids), "asks": spell.rows(asks)}

    def _trades(self, query: Query, futures: bool) -> list[dict[str, Any]]:
        market = self._market(query, futures)
        limit = _limit(query, 500, 1_000)
        return [
            _print(market, each, self._wire.skewed(each.ts)) for each in list(market.stand.prints)[-limit:]
        ]

    def _agg_trades(self, query: Query, futures: bool) -> list[dict[str, Any]]:
        market = self._market(query, futures)
        limit = _limit(query, 500, 1_000)
        since, until = _whole(query, "startTime", 0), _whole(query, "endTime", 1 << 62)
        first = _whole(query, "fromId", 0)
        found = [
            each for each in market.stand.prints if since <= each.ts <= until and int(each.trade_id) >= first
        ]
        oldest_first = "startTime" in query or "fromId" in query
        rows = found[:limit] if oldest_first else found[-limit:]
        spell = market.spell
        out = []
        for each in rows:
            number, at = int(each.trade_id), self._wire.skewed(each.ts)
            row: dict[str, Any] = {
                "a": number, "p": spell.px(market.stand.ticks(each.price)),
                "q": spell.qty(market.stand.lots(each.qty)), "f": number, "l": number, "T": at,
                "m": each.side is Side.SELL,
            }  # fmt: skip
            out.append(row if futures else row | {"M": True})
        return out

    def _klines(self, query: Query, futures: bool) -> list[list[Any]]:
        market = self._market(query, futures)
        name = query.get("interval", "")
        if name not in INTERVALS:
            raise refuse(-1120, "Invalid interval.")
        step = INTERVALS[name]
        limit = _limit(query, 500, 1_500 if futures else 1_000)
        since, until = _whole(query, "startTime", 0), _whole(query, "endTime", 1 << 62)
        rows = window(market.stand.bars(step, self._floor.now()), since, until)
        picked = rows[:limit] if "startTime" in query else rows[-limit:]
        spell = market.spell
        return [
            [
                bar.ts, spell.px(bar.open), spell.px(bar.high), spell.px(bar.low), spell.px(bar.close),
                spell.qty(bar.lots), bar.ts + step - 1, spell.quote(bar.close, bar.lots), bar.trades,
                spell.qty(bar.buy_lots), spell.quote(bar.close, bar.buy_lots), "0",
            ]
            for bar in picked
        ]  # fmt: skip

    def _mark_klines(self, query: Query, futures: bool) -> list[list[Any]]:
        known = dict(query)
        if "pair" in known:
            known["symbol"] = known["pair"]
        return [[*row[:5], "0", row[6], "0", 60, "0", "0", "0"] for row in self._klines(known, futures)]

    # -- tickers ---------------------------------------------------------------------------------------------------

    def _day(self, query: Query, futures: bool) -> Any:
        bodies = [self._day_of(market) for market in self._markets(query, futures)]
        return bodies[0] if "symbol" in query else bodies

    def _day_of(self, market: Listed) -> dict[str, Any]:
        short = self._streams.day_body(market, self._floor.now())
        body = {
            "symbol": market.symbol, "priceChange": short["p"], "priceChangePercent": short["P"],
            "weightedAvgPrice": short["w"], "lastPrice": short["c"], "lastQty": short["Q"],
            "openPrice": short["o"], "highPrice": short["h"], "lowPrice": short["l"], "volume": short["v"],
            "quoteVolume": short["q"], "openTime": short["O"], "closeTime": short["C"], "firstId": short["F"],
            "lastId": short["L"], "count": short["n"],
        }  # fmt: skip
        if not market.perp:
            best = self._streams.best(market)
            body |= {"prevClosePrice": short["o"], "bidPrice": best["b"], "bidQty": best["B"],
                     "askPrice": best["a"], "askQty": best["A"]}  # fmt: skip
        return body

    def _price(self, query: Query, futures: bool) -> Any:
        bodies = []
        for market in self._markets(query, futures):
            last = market.last_ticks(self._floor.now())
            body: dict[str, Any] = {"symbol": market.symbol, "price": market.spell.px(last)}
            bodies.append(body | {"time": self.now()} if futures else body)
        return bodies[0] if "symbol" in query else bodies

    def _best(self, query: Query, futures: bool) -> Any:
        bodies = []
        for market in self._markets(query, futures):
            best = self._streams.best(market)
            body: dict[str, Any] = {"symbol": market.symbol, "bidPrice": best["b"], "bidQty": best["B"],
                                    "askPrice": best["a"], "askQty": best["A"]}  # fmt: skip
            if futures:
                body |= {"time": self.now(), "lastUpdateId": market.display.last}
            bodies.append(body)
        return bodies[0] if "symbol" in query else bodies

    # -- perpetuals ------------------------------------------------------------------------------------------------

    def _premium(self, query: Query, futures: bool) -> Any:
        bodies = []
        for market in self._markets(query, futures):
            now = self._floor.now()
            first = MarkPrice(InstrumentId(market.instrument), now, market.mark(now), market.index(now))
            short = self._streams.mark_body(market, market.stand.mark or first)
            bodies.append(
                {
                    "symbol": market.symbol, "markPrice": short["p"], "indexPrice": short["i"],
                    "estimatedSettlePrice": short["P"], "lastFundingRate": short["r"],
                    "interestRate": "0.00010000", "nextFundingTime": short["T"], "time": short["E"],
                }
            )  # fmt: skip
        return bodies[0] if "symbol" in query else bodies

    def _funding(self, query: Query, futures: bool) -> list[dict[str, Any]]:
        markets = self._markets(query, futures)
        limit = _limit(query, 100, 1_000)
        since, until = _whole(query, "startTime", 0), _whole(query, "endTime", 1 << 62)
        rows: list[dict[str, Any]] = []
        for market in markets:
            for each in self._floor.funding(market.stand.line):
                if since <= each.ts <= until:
                    mark = each.mark if each.mark is not None else market.close_at(each.ts, self._floor.now())
                    rows.append(
                        {"symbol": market.symbol, "fundingTime": each.ts, "fundingRate": f"{each.rate:.8f}",
                         "markPrice": f"{mark:.8f}"}
                    )  # fmt: skip
        rows.sort(key=lambda row: row["fundingTime"])
        return rows[:limit] if "startTime" in query else rows[-limit:]

    def _interest(self, query: Query, futures: bool) -> dict[str, Any]:
        market = self._market(query, futures)
        known = self._floor.interest(market.stand.line)[-1]
        coins = known.value_usd / market.mark(self._floor.now())
        return {"openInterest": f"{coins:.3f}", "symbol": market.symbol, "time": self._wire.skewed(known.ts)}

    def _periods(self, query: Query) -> tuple[list[int], int]:
        """Return the moments asked for and the length of the period."""
        step = _PERIODS.get(query.get("period", ""))
        if step is None:
            raise refuse(-1130, "Data sent for parameter 'period' is not valid.")
        limit = _limit(query, 30, 500)
        now = self._floor.now()
        since, until = _whole(query, "startTime", now - _HOLDINGS_MS), _whole(query, "endTime", now)
        if since < now - _HOLDINGS_MS - step:
            raise refuse(-1130, "parameter 'startTime' is invalid.")
        moments = list(range(-(-since // step) * step, min(until, now) + 1, step))
        return (moments[:limit] if "startTime" in query else moments[-limit:]), step

    def _interest_past(self, query: Query, futures: bool) -> list[dict[str, Any]]:
        market = self._market(query, futures)
        moments, _ = self._periods(query)
        now = self._floor.now()
        return [
            {"symbol": market.symbol, "sumOpenInterest": f"{usd / market.close_at(ts, now):.8f}",
             "sumOpenInterestValue": f"{usd:.8f}", "timestamp": str(ts)}
            for ts, usd in zip(moments, interest_at(self._floor, market, moments), strict=True)
        ]  # fmt: skip

    def _ratio(self, query: Query, futures: bool) -> list[dict[str, Any]]:
        market = self._market(query, futures)
        moments, step = self._periods(query)
        rows = []
        for ts in moments:
            long = market.long_share(ts, step)
            rows.append(
                {"symbol": market.symbol, "longShortRatio": f"{long / (1 - long):.4f}",
                 "longAccount": f"{long:.4f}", "shortAccount": f"{1 - long:.4f}", "timestamp": str(ts)}
            )  # fmt: skip
        return rows


def _print(market: Listed, trade: Trade, at: int) -> dict[str, Any]:
    spell, stand = market.spell, market.stand
    ticks, lots = stand.ticks(trade.price), stand.lots(trade.qty)
    row: dict[str, Any] = {
        "id": int(trade.trade_id), "price": spell.px(ticks), "qty": spell.qty(lots),
        "quoteQty": spell.quote(ticks, lots, 2), "time": at, "isBuyerMaker": trade.side is Side.SELL,
    }  # fmt: skip
    return row if market.perp else row | {"isBestMatch": True}


def _whole(query: Query, name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None or text == "":
        return otherwise
    if not text.lstrip("-").isdigit():
        raise refuse(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    return int(text)


def _limit(query: Query, usual: int, most: int) -> int:
    limit = _whole(query, "limit", usual)
    if limit < 1:
        raise refuse(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(limit, most)


def _weight(ask: Ask) -> int:
    name = ask.path.rpartition("/")[2]
    weight = _WEIGHTS.get(name, 1)
    limit = int(ask.query["limit"]) if ask.query.get("limit", "").isdigit() else 0
    if name == "depth":
        return 2 if 0 < limit <= 50 else 5 if limit <= 100 and limit else 20 if limit > 500 else 10
    if name.endswith("lines"):
        return 1 if 0 < limit < 100 else 2 if limit < 500 else 5 if limit <= 1_000 else 10
    return weight
