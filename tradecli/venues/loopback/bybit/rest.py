"""Bybit's public REST: paths, parameters and bodies, rows newest first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from tradecli.domain.enums import Side
from tradecli.venues.loopback.asking import Ask, Reply
from tradecli.venues.loopback.bybit.listing import (
    CATEGORIES,
    INTERVALS,
    INVERSE,
    LINEAR,
    PERIODS,
    SPOT,
    envelope,
    inverse_row,
    linear_row,
    refuse,
    spot_row,
)
from tradecli.venues.loopback.bybit.streams import FIRST_U, Streams, category_of, print_id
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at, window
from tradecli.venues.loopback.wire import Wire

Query = Mapping[str, str]
_DAY = 86_400_000
_VOLATILITY_DAYS = (7, 14, 21, 30, 60, 90, 180, 270)


class Rest:
    """Answers Bybit's public requests."""

    def __init__(self, floor: Floor, wire: Wire, streams: Streams) -> None:
        self._floor, self._wire, self._streams = floor, wire, streams
        self._paths: dict[str, Callable[[Query], Any]] = {
            "/v5/market/time": self._time,
            "/v5/market/instruments-info": self._instruments,
            "/v5/market/kline": self._klines,
            "/v5/market/mark-price-kline": self._price_klines,
            "/v5/market/index-price-kline": self._price_klines,
            "/v5/market/orderbook": self._book,
            "/v5/market/tickers": self._tickers,
            "/v5/market/recent-trade": self._trades,
            "/v5/market/funding/history": self._funding,
            "/v5/market/open-interest": self._interest,
            "/v5/market/account-ratio": self._ratio,
        }

    def now(self) -> int:
        return self._wire.skewed(self._floor.now())

    def answer(self, ask: Ask) -> Reply:
        """Answer one request, or raise ``Refusal`` in the venue's words."""
        if ask.path == "/v5/market/historical-volatility":
            return Reply(body=self._volatility(ask.query))
        answer = self._paths.get(ask.path)
        if answer is None:
            if ask.signed:
                raise refuse(self.now(), "API key is invalid.", 10003)
            return Reply(body="404 page not found", status=404, kind="text/plain")
        return Reply(body=envelope(answer(ask.query), self.now()))

    # -- the parameters --------------------------------------------------------------------------------------------

    def _category(self, query: Query) -> str:
        category = query.get("category", "")
        if category not in CATEGORIES:
            raise refuse(self.now(), f"params error: Category is invalid: {category}")
        return category

    def _market(self, query: Query) -> Listed:
        market = self._streams.market(self._category(query), query.get("symbol", ""))
        if market is None:
            raise refuse(self.now(), f"params error: symbol invalid {query.get('symbol', '')}")
        return market

    def _number(self, query: Query, name: str) -> int | None:
        text = query.get(name, "")
        if not text:
            return None
        if not text.isdigit():
            raise refuse(self.now(), f"params error: {name} invalid")
        return int(text)

    def _limit(self, query: Query, usual: int, most: int) -> int:
        limit = self._number(query, "limit")
        return min(limit or usual, most)

    def _time(self, query: Query) -> dict[str, str]:
        now = self.now()
        return {"timeSecond": str(now // 1_000), "timeNano": f"{now}000000"}

    def _instruments(self, query: Query) -> dict[str, Any]:
        category = self._category(query)
        rows: list[dict[str, Any]] = []
        if query.get("status", "Trading") == "Trading":
            is_halted = self._wire.switchboard.is_halted
            if category == "linear":
                rows = [
                    linear_row(place, line.instrument, is_halted("bybit", symbol))
                    for place, (symbol, line) in enumerate(LINEAR.items(), start=5)
                ]
            elif category == "inverse":
                rows = [
                    inverse_row(place, symbol, line.instrument, is_halted("bybit", line.instrument.symbol))
                    for place, (symbol, line) in enumerate(INVERSE.items(), start=1)
                ]
            elif category == "spot":
                rows = [
                    spot_row(place, symbol, line.instrument, is_halted("bybit", line.instrument.symbol))
                    for place, (symbol, line) in enumerate(SPOT.items(), start=9)
                ]
        if query.get("symbol"):
            rows = [row for row in rows if row["symbol"] == query["symbol"]]
        result: dict[str, Any] = {"category": category, "list": rows}
        return result if category == "spot" else result | {"nextPageCursor": ""}

    # -- books, prints, bars ---------------------------------------------------------------------------------------

    def _book(self, query: Query) -> dict[str, Any]:
        market = self._market(query)
        limit = self._limit(query, 25 if market.perp else 1, 500 if market.perp else 200)
        self._streams.depth(market, self._floor.now())
        display, at = market.display, self._wire.skewed(market.display.ts)
        bids, asks = display.snapshot(limit)
        return {
            "s": market.symbol, "b": market.spell.rows(bids), "a": market.spell.rows(asks), "ts": at,
            "u": FIRST_U + display.published, "seq": display.last, "cts": at - 2,
        }  # fmt: skip

    def _trades(self, query: Query) -> dict[str, Any]:
        market = self._market(query)
        limit = self._limit(query, 500 if market.perp else 60, 1_000 if market.perp else 60)
        spell, stand = market.spell, market.stand
        rows = [
            {
                "execId": print_id(market, each), "symbol": market.symbol,
                "price": spell.px(stand.ticks(each.price)), "size": spell.qty(stand.lots(each.qty)),
                "side": "Buy" if each.side is Side.BUY else "Sell",
                "time": str(self._wire.skewed(each.ts)), "isBlockTrade": False, "isRPITrade": False,
                "seq": str(int(each.trade_id)),
            }
            for each in reversed(list(stand.prints)[-limit:])
        ]  # fmt: skip
        return {"category": self._category(query), "list": rows}

    def _klines(self, query: Query) -> dict[str, Any]:
        market = self._market(query)
        step = INTERVALS.get(query.get("interval", ""))
        if step is None:
            raise refuse(self.now(), "Invalid period!")
        limit = self._limit(query, 200, 1_000)
        since, until = self._number(query, "start"), self._number(query, "end")
        bars = window(market.stand.bars(step, self._floor.now()), since, until)
        picked = bars[:limit] if since is not None and until is None else bars[-limit:]
        spell = market.spell
        rows = [
            [str(bar.ts), spell.px(bar.open), spell.px(bar.high), spell.px(bar.low), spell.px(bar.close),
             spell.volume(bar.close, bar.lots), spell.turnover(bar.close, bar.lots)]
            for bar in reversed(picked)
        ]  # fmt: skip
        return {"symbol": market.symbol, "category": self._category(query), "list": rows}

    def _price_klines(self, query: Query) -> dict[str, Any]:
        result = self._klines(query)
        return result | {"list": [row[:5] for row in result["list"]]}

    def _tickers(self, query: Query) -> dict[str, Any]:
        category, now = self._category(query), self._floor.now()
        table = self._streams.categories.get(category, {})
        markets = [self._market(query)] if query.get("symbol") else list(table.values())
        return {"category": category, "list": [self._ticker(market, now) for market in markets]}

    def _ticker(self, market: Listed, now: int) -> dict[str, str]:
        body = self._streams.ticker(market, now)
        if not market.perp:
            bid, bid_lots = market.stand.bids[0]
            ask, ask_lots = market.stand.asks[0]
            spell = market.spell
            return body | {
                "bid1Price": spell.px(bid), "bid1Size": spell.qty(bid_lots), "ask1Price": spell.px(ask),
                "ask1Size": spell.qty(ask_lots),
            }  # fmt: skip
        body.pop("tickDirection")
        return body | {
            "predictedDeliveryPrice": "", "basisRate": "", "deliveryFeeRate": "", "deliveryTime": "0",
            "basis": "", "preOpenPrice": "", "preQty": "", "curPreListingPhase": "",
        }  # fmt: skip

    # -- perpetuals ------------------------------------------------------------------------------------------------

    def _perpetual(self, query: Query) -> Listed:
        market = self._market(query)
        if not market.perp:
            raise refuse(self.now(), "params error: Category is invalid: spot")
        return market

    def _funding(self, query: Query) -> dict[str, Any]:
        market = self._perpetual(query)
        since, until = self._number(query, "startTime"), self._number(query, "endTime")
        if since is not None and until is None:
            raise refuse(self.now(), "params error: endTime is required when startTime is given")
        limit = self._limit(query, 200, 200)
        known = [
            each
            for each in self._floor.funding(market.stand.line)
            if (since is None or each.ts >= since) and (until is None or each.ts <= until)
        ]
        rows = [
            {"symbol": market.symbol, "fundingRate": f"{each.rate:.8f}", "fundingRateTimestamp": str(each.ts)}
            for each in reversed(known[-limit:])
        ]
        return {"category": category_of(market), "list": rows}

    def _moments(self, query: Query, name: str, usual: int, most: int) -> tuple[list[int], int]:
        step = PERIODS.get(query.get(name, ""))
        if step is None:
            raise refuse(self.now(), f"params error: {name} invalid")
        now, limit = self._floor.now(), self._limit(query, usual, most)
        since, until = self._number(query, "startTime"), self._number(query, "endTime")
        last = min(until if until is not None else now, now) // step * step
        first = last - (limit - 1) * step
        if since is not None:
            first = max(first, -(-since // step) * step)
        return list(range(last, first - 1, -step)), step

    def _interest(self, query: Query) -> dict[str, Any]:
        market = self._perpetual(query)
        moments, _ = self._moments(query, "intervalTime", 50, 200)
        now, coin = self._floor.now(), category_of(market) == "inverse"
        rows = [
            {"openInterest": f"{usd if coin else usd / market.close_at(ts, now):.8f}", "timestamp": str(ts)}
            for ts, usd in zip(moments, interest_at(self._floor, market, moments), strict=True)
        ]
        return {"symbol": market.symbol, "category": category_of(market), "list": rows, "nextPageCursor": ""}

    def _ratio(self, query: Query) -> dict[str, Any]:
        market = self._perpetual(query)
        moments, step = self._moments(query, "period", 50, 500)
        rows = []
        for ts in moments:
            share = round(market.long_share(ts, step), 4)
            rows.append(
                {"symbol": market.symbol, "buyRatio": f"{share:.4f}", "sellRatio": f"{1 - share:.4f}",
                 "timestamp": str(ts)}
            )  # fmt: skip
        return {"list": rows, "nextPageCursor": ""}

    def _volatility(self, query: Query) -> dict[str, Any]:
        """Return realised volatility of the coin, hour by hour: the spread of its daily closes of ``period`` days."""
        coin = query.get("baseCoin", "BTC")
        market = self._streams.linear.get(f"{coin}USDT")
        days = self._number(query, "period") or 7
        if market is None or days not in _VOLATILITY_DAYS:
            raise refuse(self.now(), "params error: period invalid")
        closes = [bar.close for bar in market.stand.bars(_DAY, self._floor.now(), forming=False)][-days - 1 :]
        moves = [after / before - 1.0 for before, after in itertools.pairwise(closes)]
        value = (sum(move * move for move in moves) / max(len(moves), 1) * 365) ** 0.5
        hour = self._floor.now() // 3_600_000 * 3_600_000
        row = {"period": days, "value": f"{value:.8f}", "time": str(hour)}
        return {"retCode": 0, "retMsg": "SUCCESS", "category": "option", "result": [row]}
