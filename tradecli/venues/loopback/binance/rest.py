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
    COINS,
    FUTURES,
    INTERVALS,
    SPOT,
    coin_info,
    error,
    futures_info,
    line_of,
    pair_of,
    refuse,
    spot_info,
)
from tradecli.venues.loopback.binance.streams import Streams
from tradecli.venues.loopback.coins import CoinStand
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at, window
from tradecli.venues.loopback.wire import Wire

Query = Mapping[str, str]
LIMITS = {"futures": 2_400, "spot": 6_000, "coin": 2_400}
"""Request weight a minute."""
_DEPTHS = {"spot": range(1, 5_001)}
_FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_LINES = {"futures": FUTURES, "spot": SPOT, "coin": COINS}
_ROOTS = {"futures": "/fapi/v1", "spot": "/api/v3", "coin": "/dapi/v1"}
_PERIODS = {name: ms for name, ms in INTERVALS.items() if ms >= 300_000}
_WEIGHTS = {"exchangeInfo": 1, "depth": 5, "klines": 2, "trades": 5, "aggTrades": 20, "24hr": 1, "time": 1}
_HOLDINGS_MS = 30 * 86_400_000


class Rest:
    """Answers Binance's public requests."""

    def __init__(self, floor: Floor, wire: Wire, streams: Streams) -> None:
        self._floor, self._wire, self._streams = floor, wire, streams
        self._minute: dict[str, tuple[int, int]] = {}
        everywhere = {
            "ping": lambda query, place: {},
            "time": lambda query, place: {"serverTime": self.now()},
            "exchangeInfo": self._info,
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._agg_trades,
            "klines": self._klines,
            "ticker/24hr": self._day,
            "ticker/price": self._price,
            "ticker/bookTicker": self._best,
        }
        of_perpetuals = {
            "markPriceKlines": self._mark_klines,
            "indexPriceKlines": self._mark_klines,
            "premiumIndex": self._premium,
            "fundingRate": self._funding,
            "fundingInfo": lambda query, place: [],
            "openInterest": self._interest,
        }
        self._paths: dict[str, tuple[Callable[[Query, str], Any], str]] = {}
        for place, root in _ROOTS.items():
            answers = everywhere if place == "spot" else {**everywhere, **of_perpetuals}
            self._paths |= {f"{root}/{name}": (answer, place) for name, answer in answers.items()}
        self._paths |= {
            "/fapi/v2/ticker/price": (self._price, "futures"),
            "/futures/data/openInterestHist": (self._interest_past, "futures"),
            "/futures/data/globalLongShortAccountRatio": (self._ratio, "futures"),
            "/futures/data/topLongShortAccountRatio": (self._ratio, "futures"),
            "/futures/data/topLongShortPositionRatio": (self._ratio, "futures"),
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
        answer, place = known
        if ask.path.startswith("/futures/data/") and ask.host.startswith("d"):
            place = "coin"  # the statistics have the same path on both hosts
        if ask.method != "GET":
            raise refuse(-5000, f"Path {ask.path}, Method {ask.method} is invalid", 405)
        used = self._spend(place, ask)
        body = answer(ask.query, place)
        return Reply(body=body, headers={"X-MBX-USED-WEIGHT-1M": str(used)})

    def _spend(self, place: str, ask: Ask) -> int:
        minute = self._floor.now() // MINUTE_MS
        since, used = self._minute.get(place, (minute, 0))
        if since != minute:
            used = 0
        used += _weight(ask)
        self._minute[place] = minute, used
        if used > LIMITS[place]:
            text = (
                f"Too many requests; current limit of IP(127.0.0.1) is {LIMITS[place]} requests per minute."
            )
            wait = 60 - self._floor.now() % MINUTE_MS // 1_000
            raise Refusal(error(-1003, text, 429, Retry_After=str(wait)))
        return used

    # -- the parameters --------------------------------------------------------------------------------------------

    def _market(self, query: Query, place: str) -> Listed:
        symbol = query.get("symbol")
        line_of(_LINES[place], symbol)
        return self._table(place)[symbol or ""]

    def _markets(self, query: Query, place: str) -> list[Listed]:
        """Return the market asked for, or all of them."""
        return [self._market(query, place)] if "symbol" in query else list(self._table(place).values())

    def _table(self, place: str) -> dict[str, Listed]:
        streams = self._streams
        return {"futures": streams.futures, "spot": streams.spot, "coin": streams.coins}[place]

    def _info(self, query: Query, place: str) -> dict[str, Any]:
        def halted(symbol: str) -> bool:
            return self._wire.switchboard.is_halted("binance", symbol)

        info = {"futures": futures_info, "spot": spot_info, "coin": coin_info}[place]
        return info(self.now(), halted)

    # -- books, prints, bars ---------------------------------------------------------------------------------------

    def _depth(self, query: Query, place: str) -> dict[str, Any]:
        market = self._market(query, place)
        limit = _whole(query, "limit", 100 if place == "spot" else 500)
        if limit not in _DEPTHS.get(place, _FUTURES_DEPTHS):
            text = "Illegal parameter." if place == "spot" else f"{limit} is not valid depth limit."
            raise refuse(-4021, text)
        self._streams.depth(market, self._floor.now())
        bids, asks = market.display.snapshot(limit)
        spell, at = market.spell, self._wire.skewed(market.display.ts)
        head: dict[str, Any] = {"lastUpdateId": market.display.last}
        if place != "spot":
            head |= {**pair_of(market.symbol), "E": at, "T": at}
        if place == "coin":
            head["symbol"] = market.symbol
        return head | {"bids": spell.rows(bids), "asks": spell.rows(asks)}

    def _trades(self, query: Query, place: str) -> list[dict[str, Any]]:
        market = self._market(query, place)
        limit = _limit(query, 500, 1_000)
        return [
            _print(market, each, self._wire.skewed(each.ts)) for each in list(market.stand.prints)[-limit:]
        ]

    def _agg_trades(self, query: Query, place: str) -> list[dict[str, Any]]:
        market = self._market(query, place)
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
            out.append(row | {"M": True} if place == "spot" else row)
        return out

    def _klines(self, query: Query, place: str) -> list[list[Any]]:
        market = self._market(query, place)
        name = query.get("interval", "")
        if name not in INTERVALS:
            raise refuse(-1120, "Invalid interval.")
        step = INTERVALS[name]
        limit = _limit(query, 500, 1_000 if place == "spot" else 1_500)
        since, until = _whole(query, "startTime", 0), _whole(query, "endTime", 1 << 62)
        rows = window(market.stand.bars(step, self._floor.now()), since, until)
        picked = rows[:limit] if "startTime" in query else rows[-limit:]
        spell = market.spell
        return [
            [
                bar.ts, spell.px(bar.open), spell.px(bar.high), spell.px(bar.low), spell.px(bar.close),
                spell.volume(bar.close, bar.lots), bar.ts + step - 1, spell.turnover(bar.close, bar.lots),
                bar.trades, spell.volume(bar.close, bar.buy_lots), spell.turnover(bar.close, bar.buy_lots), "0",
            ]
            for bar in picked
        ]  # fmt: skip

    def _mark_klines(self, query: Query, place: str) -> list[list[Any]]:
        known = dict(query)
        if "pair" in known:
            known["symbol"] = known["pair"]
        return [[*row[:5], "0", row[6], "0", 60, "0", "0", "0"] for row in self._klines(known, place)]

    # -- tickers ---------------------------------------------------------------------------------------------------

    def _day(self, query: Query, place: str) -> Any:
        bodies = [self._day_of(market) for market in self._markets(query, place)]
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

    def _price(self, query: Query, place: str) -> Any:
        bodies = []
        for market in self._markets(query, place):
            last = market.last_ticks(self._floor.now())
            body: dict[str, Any] = {"symbol": market.symbol, "price": market.spell.px(last)}
            bodies.append(body if place == "spot" else body | {"time": self.now()})
        return bodies[0] if "symbol" in query else bodies

    def _best(self, query: Query, place: str) -> Any:
        bodies = []
        for market in self._markets(query, place):
            best = self._streams.best(market)
            body: dict[str, Any] = {"symbol": market.symbol, "bidPrice": best["b"], "bidQty": best["B"],
                                    "askPrice": best["a"], "askQty": best["A"]}  # fmt: skip
            if place != "spot":
                body |= {**pair_of(market.symbol), "time": self.now(), "lastUpdateId": market.display.last}
            bodies.append(body)
        return bodies[0] if "symbol" in query and place != "coin" else bodies

    # -- perpetuals ------------------------------------------------------------------------------------------------

    def _premium(self, query: Query, place: str) -> Any:
        bodies = []
        for market in self._markets(query, place):
            now = self._floor.now()
            first = MarkPrice(InstrumentId(market.instrument), now, market.mark(now), market.index(now))
            mark = market.stand.mark or first
            short = self._streams.mark_body(market, mark)
            bodies.append(
                {
                    "symbol": market.symbol, **pair_of(market.symbol), "markPrice": short["p"],
                    "indexPrice": f"{mark.mark if mark.index is None else mark.index:.8f}",
                    "estimatedSettlePrice": short["P"], "lastFundingRate": short["r"],
                    "interestRate": "0.00010000", "nextFundingTime": short["T"], "time": short["E"],
                }
            )  # fmt: skip
        return bodies[0] if "symbol" in query and place != "coin" else bodies

    def _funding(self, query: Query, place: str) -> list[dict[str, Any]]:
        markets = self._markets(query, place)
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

    def _interest(self, query: Query, place: str) -> dict[str, Any]:
        market = self._market(query, place)
        known = self._floor.interest(market.stand.line)[-1]
        at = self._wire.skewed(known.ts)
        if isinstance(market.stand, CoinStand):
            contracts = f"{known.value_usd / market.stand.contract:.0f}"
            named = {"symbol": market.symbol, **pair_of(market.symbol), "contractType": "PERPETUAL"}
            return {**named, "openInterest": contracts, "time": at}
        coins = known.value_usd / market.mark(self._floor.now())
        return {"openInterest": f"{coins:.3f}", "symbol": market.symbol, "time": at}

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

    def _of_pair(self, query: Query, place: str) -> Listed:
        """Return the market that a statistic is asked of: coin-margined ones are named by their pair."""
        if place != "coin":
            return self._market(query, place)
        if not query.get("pair"):
            raise refuse(-1102, "Mandatory parameter 'pair' was not sent, was empty/null, or malformed.")
        return self._market({"symbol": f"{query['pair']}_PERP"}, place)

    def _interest_past(self, query: Query, place: str) -> list[dict[str, Any]]:
        market = self._of_pair(query, place)
        moments, _ = self._periods(query)
        now = self._floor.now()
        if isinstance(market.stand, CoinStand):
            kind = {**pair_of(market.symbol), "contractType": "PERPETUAL"}
            return [
                {**kind, "sumOpenInterest": f"{usd / market.stand.contract:.0f}",
                 "sumOpenInterestValue": f"{usd / market.close_at(ts, now):.8f}", "timestamp": ts}
                for ts, usd in zip(moments, interest_at(self._floor, market, moments), strict=True)
            ]  # fmt: skip
        return [
            {"symbol": market.symbol, "sumOpenInterest": f"{usd / market.close_at(ts, now):.8f}",
             "sumOpenInterestValue": f"{usd:.8f}", "timestamp": str(ts)}
            for ts, usd in zip(moments, interest_at(self._floor, market, moments), strict=True)
        ]  # fmt: skip

    def _ratio(self, query: Query, place: str) -> list[dict[str, Any]]:
        market = self._of_pair(query, place)
        named: dict[str, Any] = pair_of(market.symbol) or {"symbol": market.symbol}
        moments, step = self._periods(query)
        rows = []
        for ts in moments:
            long = market.long_share(ts, step)
            rows.append(
                {**named, "longShortRatio": f"{long / (1 - long):.4f}",
                 "longAccount": f"{long:.4f}", "shortAccount": f"{1 - long:.4f}",
                 "timestamp": ts if place == "coin" else str(ts)}
            )  # fmt: skip
        return rows


def _print(market: Listed, trade: Trade, at: int) -> dict[str, Any]:
    spell, stand = market.spell, market.stand
    ticks, lots = stand.ticks(trade.price), stand.lots(trade.qty)
    worth = "baseQty" if isinstance(stand, CoinStand) else "quoteQty"
    row: dict[str, Any] = {
        "id": int(trade.trade_id), "price": spell.px(ticks), "qty": spell.qty(lots),
        worth: spell.quote(ticks, lots, 2), "time": at, "isBuyerMaker": trade.side is Side.SELL,
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
