"""Deribit's subscriptions: books with ``change_id`` and ``prev_change_id``, tickers, prints, bars, indices.

Unauthorised clients may not have ``raw`` channels, as on the venue. A book begins with a snapshot and goes on with
changes of the kinds ``new``, ``change`` and ``delete``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.instrument import symbol_of
from tradecli.domain.market import OptionChain, Quote, Trade, VolIndex
from tradecli.venues.loopback.deribit import options as spelled
from tradecli.venues.loopback.deribit.listing import RESOLUTIONS, Failure
from tradecli.venues.loopback.deribit.options import Options
from tradecli.venues.loopback.deribit.perpetuals import STEPS, Perpetual
from tradecli.venues.loopback.display import Rows
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import interest_at
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.wire import Wire

_CHANNEL = re.compile(
    r"(?:(?P<book>book)\.(?P<of>[A-Z0-9_-]+)(?:\.(?P<group>none|[\d.]+)\.(?P<depth>1|10|20))?\.(?P<every>100ms|agg2|raw)"
    r"|(?P<name>ticker|trades|perpetual)\.(?P<on>[A-Z0-9_-]+)\.(?P<pace>100ms|agg2|raw)"
    r"|quote\.(?P<quote>[A-Z0-9_-]+)"
    r"|chart\.trades\.(?P<chart>[A-Z0-9_-]+)\.(?P<resolution>\w+)"
    r"|deribit_(?P<index>volatility|price)_index\.(?P<pair>btc|eth)_usd"
    r"|markprice\.options\.(?P<marks>btc|eth)_usd)\Z"
)


@lru_cache(maxsize=4096)
def _parsed(channel: str) -> re.Match[str] | None:
    return _CHANNEL.match(channel)


class Streams:
    """Everything that Deribit pushes to everyone."""

    def __init__(self, floor: Floor, wire: Wire, options: Options, *, restless: bool) -> None:
        self._floor, self._wire, self._options = floor, wire, options
        self.perpetuals = {f"{coin}-PERPETUAL": Perpetual(floor, coin, restless=restless) for coin in STEPS}
        self._by_line = {market.stand.line.id: market for market in self.perpetuals.values()}
        self._fresh: list[str] = []
        self._slow_due = 0

    # -- the conversation ------------------------------------------------------------------------------------------

    def command(self, socket: Socket, method: str, params: Mapping[str, Any]) -> Any:
        """Carry out a subscription command; return its result."""
        if method == "public/set_heartbeat":
            return "ok"
        if method == "public/unsubscribe_all":
            for topic in list(socket.topics):
                self._wire.leave(socket, topic)
            return "ok"
        channels = [str(each) for each in params.get("channels") or []]
        if method == "public/unsubscribe":
            for channel in channels:
                self._wire.leave(socket, channel)
            return channels
        known = []
        for channel in channels:
            match = _parsed(channel)
            if match is None or not self._exists(match):
                continue
            if "raw" in (match["every"], match["pace"]):
                text = "raw_subscriptions_not_available_for_unauthorized"
                raise Failure(13778, text)
            self._wire.join(socket, channel)
            known.append(channel)
        self._fresh = known
        return known

    def _exists(self, match: re.Match[str]) -> bool:
        name = match["of"] or match["on"] or match["quote"] or match["chart"]
        if name is None:
            return True
        return name in self.perpetuals or self._options.get(name) is not None

    def begin(self, socket: Socket) -> None:
        """Send what the channels just subscribed begin with."""
        fresh, self._fresh = self._fresh, []
        now = self._floor.now()
        for channel in fresh:
            match = _parsed(channel)
            if match is None:
                continue
            name = match["of"] or match["on"] or ""
            market = self.perpetuals.get(name)
            option = None if market is not None else self._options.get(name)
            if match["book"] and market is not None:
                self.depth(market, now)
                socket.send(self._note(channel, self._snapshot(market, match)))
            elif match["book"] and option is not None:
                socket.send(self._note(channel, self._option_book(channel, *option)))
            elif match["name"] == "ticker" and market is not None:
                socket.send(self._note(channel, self.ticker(market, now)))
            elif match["name"] == "ticker" and option is not None:
                socket.send(self._note(channel, spelled.ticker(*option, self._wire.skewed(now))))
            elif match["index"] == "volatility":
                known = self._floor.index(match["pair"].upper())
                if known:
                    socket.send(self._note(channel, self._volatility(match["pair"], known[-1])))

    # -- events ----------------------------------------------------------------------------------------------------

    def happened(self, event: Trade | Quote | OptionChain | VolIndex) -> None:
        """Publish what follows from one event."""
        if isinstance(event, OptionChain):
            self._chain(event)
        elif isinstance(event, VolIndex):
            coin = event.name.rpartition("-")[2].lower()
            self._publish(f"deribit_volatility_index.{coin}_usd", lambda: self._volatility(coin, event))
        else:
            market = self._by_line.get(event.instrument)
            if market is None or market.is_halted(self._wire):
                return
            if isinstance(event, Trade):
                for pace in ("100ms", "agg2"):
                    topic = f"trades.{market.symbol}.{pace}"
                    self._publish(topic, lambda: [self.trade(market, event)])

    def _chain(self, chain: OptionChain) -> None:
        at = self._wire.skewed(chain.ts)
        for topic in self._wire.topics:
            match = _parsed(topic)
            if match is None:
                continue
            name = match["of"] or match["on"] or ""
            option = None if name in self.perpetuals else self._options.get(name)
            if match["marks"] == chain.currency.lower():
                rows = [
                    {"timestamp": at, "mark_price": quote.mark, "iv": quote.mark_iv,
                     "instrument_name": symbol_of(quote.instrument)}
                    for quote in chain.quotes
                ]  # fmt: skip
                self._wire.publish(topic, self._note(topic, rows))
            elif option is not None and option[1] is chain and not self._is_halted(name):
                body = spelled.ticker(*option, at) if match["name"] else self._option_book(topic, *option)
                self._wire.publish(topic, self._note(topic, body))

    def _is_halted(self, name: str) -> bool:
        return self._wire.switchboard.is_halted("deribit", name)

    def trade(self, market: Perpetual, trade: Trade) -> dict[str, Any]:
        stand = market.stand
        ticks, lots = stand.ticks(trade.price), stand.lots(trade.qty)
        usd, number = market.usd(ticks, lots), int(trade.trade_id)
        now = self._floor.now()
        return {
            "timestamp": self._wire.skewed(trade.ts), "price": market.snapped(ticks), "amount": usd,
            "direction": "buy" if trade.side is Side.BUY else "sell",
            "index_price": round(market.index(now), 2), "instrument_name": market.symbol,
            "trade_seq": 133_000_000 + number, "mark_price": round(market.mark(now), 2),
            "tick_direction": 0 if trade.side is Side.BUY else 2, "contracts": usd / market.contract,
            "trade_id": str(244_000_000 + number),
        }  # fmt: skip

    # -- at the beat -----------------------------------------------------------------------------------------------

    def beat(self, ts: int) -> None:
        """Publish depth, quotes and tickers; once a second bars and indices."""
        for market in self._wire.live(self.perpetuals.values()):
            if market.is_halted(self._wire):
                continue
            self.depth(market, ts)
            self._publish(f"ticker.{market.symbol}.100ms", lambda m=market: self.ticker(m, ts))
        if ts >= self._slow_due:
            self._slow_due = ts - ts % 1_000 + 1_000
            for topic in self._wire.topics:
                self._slowly(topic, ts)

    def depth(self, market: Perpetual, ts: int) -> None:
        """Publish what changed in the book since the last beat."""
        display = market.display
        old_bids, old_asks = display.bids, display.asks
        change = display.beat(ts)
        if change is None:
            return
        for every in ("100ms", "agg2"):
            topic = f"book.{market.symbol}.{every}"
            if self._wire.heard_by(topic):
                body = {
                    "type": "change", "timestamp": self._wire.skewed(change.ts),
                    "instrument_name": market.symbol, "change_id": change.last,
                    "bids": _moves(market, change.bids, old_bids), "asks": _moves(market, change.asks, old_asks),
                    "prev_change_id": change.prev,
                }  # fmt: skip
                self._wire.publish(topic, self._note(topic, body))
        for topic in self._wire.topics:
            match = _parsed(topic)
            if match is not None and match["depth"] and match["of"] == market.symbol:
                self._wire.publish(topic, self._note(topic, self._snapshot(market, match)))
        self._publish(f"quote.{market.symbol}", lambda: self._best(market, change.ts))

    def _snapshot(self, market: Perpetual, match: re.Match[str]) -> dict[str, Any]:
        display, depth = market.display, match["depth"]
        bids, asks = display.snapshot(int(depth or 10_000))
        head: dict[str, Any] = {
            "timestamp": self._wire.skewed(display.ts), "instrument_name": market.symbol,
            "change_id": display.last,
        }  # fmt: skip
        if depth:
            return head | {
                "bids": [[market.at(ticks), market.amount(size)] for ticks, size in bids],
                "asks": [[market.at(ticks), market.amount(size)] for ticks, size in asks],
            }
        return (
            {"type": "snapshot"} | head | {"bids": _moves(market, bids, {}), "asks": _moves(market, asks, {})}
        )

    def _option_book(self, channel: str, quote: Any, chain: OptionChain) -> dict[str, Any]:
        sides = [
            [] if price is None else [["new", price, spelled.AMOUNT]] for price in (quote.bid, quote.ask)
        ]
        return {
            "type": "snapshot", "timestamp": self._wire.skewed(chain.ts),
            "instrument_name": symbol_of(quote.instrument), "change_id": chain.ts,
            "bids": sides[0], "asks": sides[1],
        }  # fmt: skip

    def _best(self, market: Perpetual, ts: int) -> dict[str, Any]:
        (bid, bid_size), (ask, ask_size) = market.best()
        return {
            "timestamp": self._wire.skewed(ts), "instrument_name": market.symbol,
            "best_bid_price": market.at(bid), "best_bid_amount": market.amount(bid_size),
            "best_ask_price": market.at(ask), "best_ask_amount": market.amount(ask_size),
        }  # fmt: skip

    def _slowly(self, topic: str, ts: int) -> None:
        match = _parsed(topic)
        body = None if match is None else self._slow_body(match, ts)
        if body is not None:
            self._wire.publish(topic, self._note(topic, body))

    def _slow_body(self, match: re.Match[str], ts: int) -> dict[str, Any] | None:
        at = self._wire.skewed(ts)
        if match["chart"] in self.perpetuals and match["resolution"] in RESOLUTIONS:
            market = self.perpetuals[match["chart"]]
            bars = market.stand.bars(RESOLUTIONS[match["resolution"]], ts)
            if not bars or market.is_halted(self._wire):
                return None
            bar = bars[-1]
            return {
                "volume": round(market.spell.base(bar.lots), 8), "tick": bar.ts,
                "open": market.snapped(bar.open), "low": market.snapped(bar.low),
                "high": market.snapped(bar.high), "cost": market.usd(bar.close, bar.lots),
                "close": market.snapped(bar.close),
            }  # fmt: skip
        if match["name"] == "perpetual" and match["on"] in self.perpetuals:
            market = self.perpetuals[match["on"]]
            index = round(market.index(ts), 2)
            return {"timestamp": at, "interest": market.predicted()[0], "index_price": index}
        if match["index"] == "price":
            market = self.perpetuals[f"{match['pair'].upper()}-PERPETUAL"]
            return {
                "timestamp": at,
                "price": round(market.index(ts), 2),
                "index_name": f"{match['pair']}_usd",
            }
        return None

    def _volatility(self, coin: str, index: VolIndex) -> dict[str, Any]:
        return {"timestamp": self._wire.skewed(index.ts), "volatility": round(100 * index.value, 2),
                "index_name": f"{coin}_usd"}  # fmt: skip

    def ticker(self, market: Perpetual, ts: int) -> dict[str, Any]:
        """Return every field of a perpetual's ticker."""
        if not market.display.bids:
            self.depth(market, ts)
        stand = market.stand
        day = stand.day(ts)
        (bid, bid_size), (ask, ask_size) = market.best()
        mark, index = round(market.mark(ts), 2), round(market.index(ts), 2)
        rate, _ = market.predicted()
        usd = stand.interest[-1].value_usd if stand.interest else interest_at(self._floor, market, [ts])[0]
        middle = (day.high + day.low) // 2
        turnover = market.usd(middle, day.lots)
        return {
            "timestamp": self._wire.skewed(ts),
            "stats": {"volume_usd": turnover, "volume": round(market.spell.base(day.lots), 8),
                      "volume_notional": turnover,
                      "price_change": round(100 * (day.close - day.open) / day.open, 4),
                      "low": market.snapped(day.low), "high": market.snapped(day.high)},
            "state": "closed" if market.is_halted(self._wire) else "open",
            "settlement_price": market.snapped(day.open),
            "open_interest": float(round(usd / market.contract) * market.contract),
            "min_price": market.at(round(0.985 * mark / market.tick)),
            "max_price": market.at(round(1.015 * mark / market.tick)), "mark_price": mark,
            "last_price": market.snapped(day.close), "instrument_name": market.symbol, "index_price": index,
            "interest_value": round(100 * rate, 16), "funding_8h": round(rate, 8),
            "estimated_delivery_price": index, "current_funding": 0.0, "best_bid_price": market.at(bid),
            "best_bid_amount": market.amount(bid_size), "best_ask_price": market.at(ask),
            "best_ask_amount": market.amount(ask_size),
        }  # fmt: skip

    def _publish(self, topic: str, body: Any) -> None:
        if self._wire.heard_by(topic):
            self._wire.publish(topic, self._note(topic, body()))

    @staticmethod
    def _note(channel: str, data: Any) -> str:
        body = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
        return msgspec.json.encode(body).decode()


def _moves(market: Perpetual, rows: Rows, old: Mapping[int, int]) -> list[list[Any]]:
    out: list[list[Any]] = []
    for ticks, size in rows:
        kind = "delete" if not size else "change" if ticks in old else "new"
        out.append([kind, market.at(ticks), market.amount(size)])
    return out
