"""Deribit's public methods: one table, called by GET requests and by messages on a socket."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

from tradecli.domain.instrument import symbol_of
from tradecli.domain.market import Trade
from tradecli.venues.loopback.deribit import options as spelled
from tradecli.venues.loopback.deribit.listing import RESOLUTIONS, Failure, bad
from tradecli.venues.loopback.deribit.options import Options
from tradecli.venues.loopback.deribit.perpetuals import STEPS, Perpetual
from tradecli.venues.loopback.deribit.streams import Streams
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import window
from tradecli.venues.loopback.wire import Wire

Query = Mapping[str, str]
VOLATILITY_RESOLUTIONS = {
    "1": 1_000, "60": 60_000, "3600": 3_600_000, "43200": 43_200_000, "1D": 86_400_000,
}  # fmt: skip
PAGE = 1_000
_HOUR = 3_600_000
_FOREVER = 32_503_708_800_000


class Rest:
    """Answers Deribit's public methods."""

    def __init__(self, floor: Floor, wire: Wire, streams: Streams, options: Options) -> None:
        self._floor, self._wire, self._streams, self._options = floor, wire, streams, options
        self._methods: dict[str, Callable[[Query], Any]] = {
            "public/get_time": lambda query: self.now(),
            "public/test": lambda query: {"version": "1.2.26"},
            "public/hello": lambda query: {"version": "1.2.26"},
            "public/status": lambda query: {"locked": "false", "locked_indices": []},
            "public/get_currencies": self._currencies,
            "public/get_instruments": self._instruments,
            "public/get_instrument": self._instrument,
            "public/get_tradingview_chart_data": self._bars,
            "public/get_order_book": self._book,
            "public/ticker": self._ticker,
            "public/get_last_trades_by_instrument": self._trades,
            "public/get_last_trades_by_instrument_and_time": self._trades,
            "public/get_last_trades_by_currency": self._trades,
            "public/get_last_trades_by_currency_and_time": self._trades,
            "public/get_funding_rate_value": self._funding_value,
            "public/get_funding_rate_history": self._funding_past,
            "public/get_book_summary_by_instrument": self._summary,
            "public/get_book_summary_by_currency": self._summaries,
            "public/get_volatility_index_data": self._volatility,
            "public/get_historical_volatility": self._realised,
            "public/get_index_price": self._index,
            "public/get_index_price_names": lambda query: [f"{coin.lower()}_usd" for coin in STEPS],
        }

    def now(self) -> int:
        return self._wire.skewed(self._floor.now())

    def call(self, method: str, query: Query) -> Any:
        """Return the result of a method, or raise ``Failure``."""
        answer = self._methods.get(method)
        if answer is None:
            raise Failure(-32601, "Method not found")
        return answer(query)

    # -- the parameters --------------------------------------------------------------------------------------------

    def _coin(self, query: Query, *, any_is_all: bool = False) -> tuple[str, ...]:
        coin = query.get("currency", "any" if any_is_all else "")
        if coin in ("any", "") and any_is_all:
            return tuple(STEPS)
        if coin in ("USDC", "USDT", "EURR", "SOL"):
            return ()
        if coin not in STEPS:
            raise bad("currency")
        return (coin,)

    def _perpetual(self, query: Query) -> Perpetual:
        name = query.get("instrument_name", "")
        if not name:
            raise bad("instrument_name", "missing required param")
        found = self._streams.perpetuals.get(name)
        if found is None:
            raise Failure(13020, "not_found") if self._options.get(name) is None else bad("instrument_name")
        return found

    @staticmethod
    def _number(query: Query, name: str, otherwise: int) -> int:
        text = query.get(name, "")
        if not text:
            return otherwise
        try:
            return int(float(text))
        except ValueError:
            raise bad(name) from None

    # -- instruments -----------------------------------------------------------------------------------------------

    def _currencies(self, query: Query) -> list[dict[str, Any]]:
        return [
            {"coin_type": name.upper(), "currency": coin, "currency_long": name, "min_confirmations": 1,
             "min_withdrawal_fee": 0.0001, "withdrawal_fee": 0.0001, "withdrawal_priorities": [],
             "in_cross_collateral_pool": True, "decimals": 8, "network_fee": 0.0001,
             "network_currency": coin, "apr": 0.0}
            for coin, name in (("BTC", "Bitcoin"), ("ETH", "Ethereum"))
        ]  # fmt: skip

    def _instruments(self, query: Query) -> list[dict[str, Any]]:
        kind, rows = query.get("kind"), []
        for coin in self._coin(query, any_is_all=True):
            if kind in (None, "", "any", "future"):
                rows.append(self._perpetual_row(self._streams.perpetuals[f"{coin}-PERPETUAL"]))
            if kind in (None, "", "any", "option"):
                for place, (quote, _) in enumerate(self._options.of(coin)):
                    halted = self._wire.switchboard.is_halted("deribit", symbol_of(quote.instrument))
                    rows.append(spelled.instrument(place, quote, coin, halted))
        return rows

    def _instrument(self, query: Query) -> dict[str, Any]:
        name = query.get("instrument_name", "")
        for row in self._instruments({"currency": name.partition("-")[0]}):
            if row["instrument_name"] == name:
                return row
        raise Failure(13020, "not_found")

    def _perpetual_row(self, market: Perpetual) -> dict[str, Any]:
        steps, halted = STEPS[market.coin], market.is_halted(self._wire)
        return {
            "price_index": f"{market.coin.lower()}_usd", "rfq": False, "kind": "future",
            "instrument_name": market.symbol, "max_leverage": 50, "maker_commission": 0.0,
            "taker_commission": 0.0005, "instrument_type": "reversed", "expiration_timestamp": _FOREVER,
            "creation_timestamp": steps.created, "is_active": not halted,
            "state": "locked" if halted else "open", "tick_size": steps.tick, "contract_size": steps.contract,
            "instrument_id": steps.id, "min_trade_amount": steps.contract, "future_type": "reversed",
            "max_liquidation_commission": 0.0075, "block_trade_commission": 0.00025,
            "block_trade_min_trade_amount": 200000, "block_trade_tick_size": 0.01,
            "settlement_currency": market.coin, "settlement_period": "perpetual", "base_currency": market.coin,
            "counter_currency": "USD", "quote_currency": "USD", "tick_size_steps": [],
        }  # fmt: skip

    # -- bars, books, prints ---------------------------------------------------------------------------------------

    def _bars(self, query: Query) -> dict[str, Any]:
        market = self._perpetual(query)
        step = RESOLUTIONS.get(query.get("resolution", ""))
        if step is None:
            raise bad("resolution", "value is not allowed")
        since, until = self._number(query, "start_timestamp", -1), self._number(query, "end_timestamp", -1)
        if since < 0 or until < 0:
            raise bad("start_timestamp" if since < 0 else "end_timestamp", "missing required param")
        rows = window(market.stand.bars(step, self._floor.now()), since // step * step, until)[-5_000:]
        spell = market.spell
        volumes = [round(spell.base(bar.lots), 8) for bar in rows]
        return {
            "volume": volumes,
            "cost": [market.usd(bar.close, bar.lots) for bar in rows],
            "ticks": [bar.ts for bar in rows],
            "status": "ok" if rows else "no_data",
            "open": [market.snapped(bar.open) for bar in rows],
            "low": [market.snapped(bar.low) for bar in rows],
            "high": [market.snapped(bar.high) for bar in rows],
            "close": [market.snapped(bar.close) for bar in rows],
        }

    def _book(self, query: Query) -> dict[str, Any]:
        depth = self._number(query, "depth", 20)
        option = self._options.get(query.get("instrument_name", ""))
        if option is not None:
            body = spelled.ticker(*option, self.now())
            bid, ask = option[0].bid, option[0].ask
            return body | {
                "change_id": option[1].ts,
                "bids": [] if bid is None else [[bid, spelled.AMOUNT]],
                "asks": [] if ask is None else [[ask, spelled.AMOUNT]],
            }
        market = self._perpetual(query)
        self._streams.depth(market, self._floor.now())
        bids, asks = market.display.snapshot(depth)
        ticker = self._streams.ticker(market, self._floor.now())
        return ticker | {
            "change_id": market.display.last,
            "bids": [[market.at(ticks), market.amount(size)] for ticks, size in bids],
            "asks": [[market.at(ticks), market.amount(size)] for ticks, size in asks],
        }

    def _ticker(self, query: Query) -> dict[str, Any]:
        option = self._options.get(query.get("instrument_name", ""))
        if option is not None:
            return spelled.ticker(*option, self.now())
        return self._streams.ticker(self._perpetual(query), self._floor.now())

    def _trades(self, query: Query) -> dict[str, Any]:
        if "instrument_name" in query:
            if self._options.get(query["instrument_name"]) is not None:
                return {"trades": [], "has_more": False}
            markets = [self._perpetual(query)]
        else:
            markets = [self._streams.perpetuals[f"{coin}-PERPETUAL"] for coin in self._coin(query)]
        count = min(self._number(query, "count", 10), 1_000)
        since, until = (
            self._number(query, "start_timestamp", 0),
            self._number(query, "end_timestamp", 1 << 62),
        )
        found: list[tuple[Perpetual, Trade]] = [
            (market, each) for market in markets for each in market.stand.prints if since <= each.ts <= until
        ]
        oldest_first = query.get("sorting") == "asc"
        picked = found[:count] if oldest_first else found[-count:][::-1]
        rows = [self._streams.trade(market, each) for market, each in picked]
        return {"trades": rows, "has_more": len(found) > count}

    # -- funding, summaries, volatility ----------------------------------------------------------------------------

    def _rates(self, market: Perpetual, since: int, until: int) -> list[tuple[int, float]]:
        """Return (hour, rate of its eight hours) of each whole hour in the span, from what the followed line paid."""
        known = self._floor.funding(market.stand.line)
        running, _ = market.predicted()
        hours = range(-(-since // _HOUR) * _HOUR, min(until, self._floor.now()) + 1, _HOUR)
        out = []
        for hour in hours:
            place = bisect_left(known, hour, key=lambda each: each.ts)
            out.append((hour, known[place].rate if place < len(known) else running))
        return out

    def _span(self, query: Query) -> tuple[int, int]:
        since = self._number(query, "start_timestamp", -1)
        until = self._number(query, "end_timestamp", -1)
        if since < 0 or until < 0:
            raise bad("start_timestamp" if since < 0 else "end_timestamp", "missing required param")
        return since, until

    def _funding_value(self, query: Query) -> float:
        market = self._perpetual(query)
        since, until = self._span(query)
        hours = max((until - since) / _HOUR, 0.0)
        rates = self._rates(market, since, until) or [(until, market.predicted()[0])]
        return round(sum(rate for _, rate in rates) / len(rates) / 8.0 * hours, 12)

    def _funding_past(self, query: Query) -> list[dict[str, Any]]:
        market = self._perpetual(query)
        now = self._floor.now()
        rows = []
        for hour, rate in self._rates(market, *self._span(query))[-744:]:
            price = round(market.close_at(hour, now), 2)
            rows.append(
                {"timestamp": hour, "index_price": price, "prev_index_price":
                 round(market.close_at(hour - _HOUR, now), 2), "interest_8h": rate, "interest_1h": rate / 8.0}
            )  # fmt: skip
        return rows

    def _summary(self, query: Query) -> list[dict[str, Any]]:
        option = self._options.get(query.get("instrument_name", ""))
        if option is not None:
            return [spelled.summary(*option)]
        return [self._perpetual_summary(self._perpetual(query))]

    def _summaries(self, query: Query) -> list[dict[str, Any]]:
        rows, kind = [], query.get("kind")
        for coin in self._coin(query):
            if kind in (None, "", "future"):
                rows.append(self._perpetual_summary(self._streams.perpetuals[f"{coin}-PERPETUAL"]))
            if kind in (None, "", "option"):
                rows += [spelled.summary(*pair) for pair in self._options.of(coin)]
        return rows

    def _perpetual_summary(self, market: Perpetual) -> dict[str, Any]:
        ticker = self._streams.ticker(market, self._floor.now())
        stats = ticker["stats"]
        return {
            "volume_usd": stats["volume_usd"], "volume_notional": stats["volume_usd"], "volume": stats["volume"],
            "quote_currency": "USD", "price_change": stats["price_change"],
            "open_interest": ticker["open_interest"],
            "mid_price": (ticker["best_bid_price"] + ticker["best_ask_price"]) / 2,
            "mark_price": ticker["mark_price"], "low": stats["low"], "last": ticker["last_price"],
            "instrument_name": market.symbol, "high": stats["high"], "funding_8h": ticker["funding_8h"],
            "estimated_delivery_price": ticker["estimated_delivery_price"],
            "current_funding": ticker["current_funding"], "creation_timestamp": self.now(),
            "bid_price": ticker["best_bid_price"], "base_currency": market.coin,
            "ask_price": ticker["best_ask_price"],
        }  # fmt: skip

    def _volatility(self, query: Query) -> dict[str, Any]:
        """Return the index as bars, newest page first: ``continuation`` is where the page before it ends."""
        coins = self._coin(query)
        step = VOLATILITY_RESOLUTIONS.get(query.get("resolution", ""))
        if step is None:
            raise bad("resolution", "value is not allowed")
        since, until = self._span(query)
        known = self._floor.index(coins[0]) if coins else []
        first = bisect_left(known, since, key=lambda each: each.ts)
        last = bisect_left(known, until + 1, key=lambda each: each.ts)
        bars: list[list[float]] = []
        for place in range(first, last):
            ts, value = known[place].ts // step * step, round(100 * known[place].value, 2)
            if bars and bars[-1][0] == ts:
                bar = bars[-1]
                bar[2], bar[3], bar[4] = max(bar[2], value), min(bar[3], value), value
            else:
                before = round(100 * known[place - 1].value, 2) if place else value
                bars.append([ts, before, max(before, value), min(before, value), value])
        page = bars[-PAGE:]
        return {"data": page, "continuation": int(page[0][0]) - 1 if len(bars) > PAGE else None}

    def _realised(self, query: Query) -> list[list[float]]:
        """Return realised volatility in percent, hourly, of the fifteen days before each of the last 360 hours."""
        coin = self._coin(query)[0]
        market = self._streams.perpetuals[f"{coin}-PERPETUAL"]
        bars = market.stand.bars(_HOUR, self._floor.now(), forming=False)[-720:]
        squares = [(after.close / before.close - 1.0) ** 2 for before, after in itertools.pairwise(bars)]
        return [
            [bars[place + 1].ts, (sum(squares[place - 359 : place + 1]) / 360 * 8_760) ** 0.5 * 100.0]
            for place in range(359, len(squares))
        ]

    def _index(self, query: Query) -> dict[str, float]:
        name = query.get("index_name", "")
        coin = name.partition("_")[0].upper()
        if coin not in STEPS or name != f"{coin.lower()}_usd":
            raise bad("index_name")
        price = round(self._streams.perpetuals[f"{coin}-PERPETUAL"].index(self._floor.now()), 2)
        return {"index_price": price, "estimated_delivery_price": price}
