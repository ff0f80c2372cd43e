"""Binance's streams: subscribe by name, then events as they happen.

It owns the SUBSCRIBE conversation and the spelling of each event. Depth is published by ``Display`` at the beat;
prints, best prices and marks when they happen; bars and day statistics once a second.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.market import Candle, MarkPrice, Quote, Trade
from tradecli.venues.loopback.binance.listing import COINS, FUTURES, INTERVALS, SPOT, pair_of
from tradecli.venues.loopback.coins import CoinSpelling, CoinStand
from tradecli.venues.loopback.display import Change
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.spelling import Spelling
from tradecli.venues.loopback.stand import Bar
from tradecli.venues.loopback.wire import Wire
from tradecli.venues.simulated.listing import Line

_STREAM = re.compile(r"([a-z0-9_]+|!)@([A-Za-z]+)(\d*)(?:_([0-9a-zA-Z]+))?(?:@(\w+))?\Z")
FIRST_ID = {"futures": 5_200_000_000_000, "spot": 62_000_000_000, "coin": 1_100_000_000_000}
_SPOT_PLACES = 8
_MARKS = {"stream.binance.com": ".", "dstream.binance.com": "~"}
"""Host -> what its topics begin with here, so that those of the three markets do not meet; no client sees it."""
_ALL = ("!miniTicker@arr", "!ticker@arr")


def listed(floor: Floor, line: Line, *, restless: bool) -> Listed:
    """Return one instrument. Topics of the two markets must not meet: spot's begin with a dot, which no client sees."""
    symbol = line.instrument.symbol.removesuffix(".spot")
    wide = None if line.perp else _SPOT_PLACES
    return Listed(
        floor.stands[line.id],
        symbol,
        symbol.lower() if line.perp else "." + symbol.lower(),
        Spelling(line.instrument, price_places=wide, size_places=wide),
        first_id=FIRST_ID["futures" if line.perp else "spot"],
        restless=restless,
    )


def coin_listed(floor: Floor, symbol: str, line: Line, *, restless: bool) -> Listed:
    """Return one coin-margined perpetual; its topics begin with a mark of their own, as those of spot do."""
    stand = floor.stands[line.id]
    assert isinstance(stand, CoinStand)  # noqa: S101 - the floor makes it one
    return Listed(
        stand, symbol, "~" + symbol.lower(), CoinSpelling(stand), first_id=FIRST_ID["coin"], restless=restless
    )


def _ps(market: Listed) -> dict[str, str]:
    """Return the pair of a coin-margined perpetual as messages name it."""
    pair = pair_of(market.symbol).get("pair")
    return {} if pair is None else {"ps": pair}


class Streams:
    """Everything that Binance pushes."""

    def __init__(self, floor: Floor, wire: Wire, *, restless: bool) -> None:
        self._floor = floor
        self._wire = wire
        self.futures = {s: listed(floor, line, restless=restless) for s, line in FUTURES.items()}
        self.spot = {s: listed(floor, line, restless=restless) for s, line in SPOT.items()}
        self.coins = {s: coin_listed(floor, s, line, restless=restless) for s, line in COINS.items()}
        tables = (self.futures, self.spot, self.coins)
        self._by_line = {each.instrument: each for table in tables for each in table.values()}
        self._slow_due = 0

    # -- the conversation ------------------------------------------------------------------------------------------

    def heard(self, socket: Socket, text: str) -> None:
        """Answer SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS; anything else is an error with its code."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError as problem:
            self._complain(socket, 3, f"Invalid JSON: {problem}", None)
            return
        if not isinstance(message, dict):
            self._complain(socket, 2, "Invalid request: request must be an object", None)
            return
        method, number = message.get("method"), message.get("id")
        streams = message.get("params") or []
        mark = _MARKS.get(socket.host, "")
        if method == "LIST_SUBSCRIPTIONS":
            result: Any = sorted(topic.lstrip(".~") for topic in socket.topics)
        elif method in ("SUBSCRIBE", "UNSUBSCRIBE") and isinstance(streams, list):
            result = None
            for stream in streams:
                if method == "SUBSCRIBE":
                    self._wire.join(socket, mark + str(stream))
                else:
                    self._wire.leave(socket, mark + str(stream))
        else:
            self._complain(socket, 2, f"Invalid request: unknown variant `{method}`", number)
            return
        socket.send(msgspec.json.encode({"result": result, "id": number}).decode())

    def _complain(self, socket: Socket, code: int, text: str, number: Any) -> None:
        body: dict[str, Any] = {"error": {"code": code, "msg": text}}
        if number is not None:
            body["id"] = number
        socket.send(msgspec.json.encode(body).decode())

    # -- events ----------------------------------------------------------------------------------------------------

    def market_of(self, event: Trade | Quote | MarkPrice | Candle) -> Listed | None:
        return self._by_line.get(event.instrument)

    def happened(self, event: Trade | Quote | MarkPrice | Candle) -> None:
        """Publish what follows from one event."""
        market = self.market_of(event)
        if market is None or market.is_halted(self._wire):
            return
        if isinstance(event, Trade):
            self._traded(market, event)
        elif isinstance(event, Quote):
            self._quoted(market, event)
        elif isinstance(event, MarkPrice):
            self._marked(market, event)
        else:
            closed = market.stand.minutes[-1]
            self._bar(market, "1m", closed, event.ts + event.interval_ms, closed=True)

    def _traded(self, market: Listed, trade: Trade) -> None:
        spell, stand, at = market.spell, market.stand, self._wire.skewed(trade.ts)
        price, size = spell.px(stand.ticks(trade.price)), spell.qty(stand.lots(trade.qty))
        number, sold = int(trade.trade_id), trade.side is Side.SELL
        if self._wire.heard_by(f"{market.topic}@trade"):
            body: dict[str, Any] = {
                "e": "trade", "E": at, "T": at, "s": market.symbol, "t": number, "p": price, "q": size, "m": sold,
            }  # fmt: skip
            if market.perp:
                body["X"] = "MARKET"
            else:
                body["M"] = True
            self._push(f"{market.topic}@trade", body)
        if self._wire.heard_by(f"{market.topic}@aggTrade"):
            body = {
                "e": "aggTrade", "E": at, "s": market.symbol, "a": number, "p": price, "q": size, "f": number,
                "l": number, "T": at, "m": sold,
            }  # fmt: skip
            if not market.perp:
                body["M"] = True
            self._push(f"{market.topic}@aggTrade", body)

    def _quoted(self, market: Listed, quote: Quote) -> None:
        topic = f"{market.topic}@bookTicker"
        if not self._wire.heard_by(topic):
            return
        body: dict[str, Any] = {
            "u": market.display.last, "s": market.symbol, **_ps(market), **self.best(market),
        }  # fmt: skip
        if market.perp:
            at = self._wire.skewed(quote.ts)
            body = {"e": "bookTicker", **body, "T": at, "E": at}
        self._push(topic, body)

    def best(self, market: Listed) -> dict[str, str]:
        (bid, bid_lots), (ask, ask_lots) = market.stand.bids[0], market.stand.asks[0]
        spell = market.spell
        return {"b": spell.px(bid), "B": spell.qty(bid_lots), "a": spell.px(ask), "A": spell.qty(ask_lots)}

    def _marked(self, market: Listed, mark: MarkPrice) -> None:
        everyone = market.topic.partition(market.symbol.lower())[0] + "!markPrice@arr"
        for topic in (f"{market.topic}@markPrice@1s", f"{market.topic}@markPrice", everyone):
            if self._wire.heard_by(topic):
                body = self.mark_body(market, mark)
                self._push(topic, [body] if topic == everyone else body)
        for pair in _ps(market).values():
            topic = f"~{pair.lower()}@indexPrice@1s"
            if self._wire.heard_by(topic) and mark.index is not None:
                at = self._wire.skewed(mark.ts)
                self._push(topic, {"e": "indexPriceUpdate", "E": at, "i": pair, "p": f"{mark.index:.8f}"})

    def mark_body(self, market: Listed, mark: MarkPrice) -> dict[str, Any]:
        index = mark.mark if mark.index is None else mark.index
        rate, next_ts = market.predicted()
        body: dict[str, Any] = {
            "e": "markPriceUpdate",
            "E": self._wire.skewed(mark.ts),
            "s": market.symbol,
            "p": f"{mark.mark:.8f}",
            "P": f"{(mark.mark + index) / 2:.8f}",
        }
        if not _ps(market):
            body["i"] = f"{index:.8f}"
        return body | {"r": f"{rate:.8f}", "T": self._wire.skewed(next_ts) if next_ts else 0}

    # -- at the beat -----------------------------------------------------------------------------------------------

    def beat(self, ts: int) -> None:
        """Publish depth; once a second bars and day statistics."""
        for market in self._wire.live(self._by_line.values()):
            if not market.is_halted(self._wire):
                self.depth(market, ts)
        if ts >= self._slow_due:
            self._slow_due = ts - ts % 1_000 + 1_000
            for topic in self._wire.topics:
                self._slowly(topic, ts)

    def depth(self, market: Listed, ts: int) -> None:
        """Publish what changed in the book since the last beat."""
        change = market.display.beat(ts)
        if change is None:
            return
        for topic in (f"{market.topic}@depth@100ms", f"{market.topic}@depth", f"{market.topic}@depth@0ms"):
            if self._wire.heard_by(topic):
                self._push(topic, self._depth_body(market, change))
        for levels in (5, 10, 20):
            topic = f"{market.topic}@depth{levels}@100ms"
            if self._wire.heard_by(topic):
                self._push(topic, self._top_body(market, change, levels))

    def _depth_body(self, market: Listed, change: Change) -> dict[str, Any]:
        at, spell = self._wire.skewed(change.ts), market.spell
        head: dict[str, Any] = {"e": "depthUpdate", "E": at}
        if market.perp:
            head["T"] = at
        head |= {"s": market.symbol, **_ps(market), "U": change.first, "u": change.last}
        if market.perp:
            head["pu"] = change.prev
        return head | {"b": spell.rows(change.bids), "a": spell.rows(change.asks)}

    def _top_body(self, market: Listed, change: Change, levels: int) -> dict[str, Any]:
        bids, asks = market.display.snapshot(levels)
        spell = market.spell
        if market.perp:
            head = self._depth_body(market, change._replace(bids=[], asks=[]))
            return head | {"b": spell.rows(bids), "a": spell.rows(asks)}
        return {"lastUpdateId": change.last, "bids": spell.rows(bids), "asks": spell.rows(asks)}

    def _slowly(self, topic: str, ts: int) -> None:
        table = {".": self.spot, "~": self.coins}.get(topic[0], self.futures)
        name = topic.lstrip(".~")
        if name in _ALL:
            short = "mini" in topic
            self._push(topic, [self.day_body(each, ts, short=short) for each in table.values()])
            return
        match = _STREAM.match(name)
        if match is None:
            return
        market = table.get(match[1].upper())
        if market is None or market.is_halted(self._wire):
            return
        if match[2] == "kline" and match[4] in INTERVALS:
            bars = market.stand.bars(INTERVALS[match[4]], ts)
            if bars:
                self._bar(market, match[4], bars[-1], ts, closed=False)
        elif match[2] in ("ticker", "miniTicker"):
            self._push(topic, self.day_body(market, ts, short=match[2] == "miniTicker"))

    def _bar(self, market: Listed, interval: str, bar: Bar, ts: int, *, closed: bool) -> None:
        topic = f"{market.topic}@kline_{interval}"
        if not self._wire.heard_by(topic):
            return
        spell = market.spell
        self._push(
            topic,
            {
                "e": "kline",
                "E": self._wire.skewed(ts),
                "s": market.symbol,
                "k": {
                    "t": bar.ts, "T": bar.ts + INTERVALS[interval] - 1, "s": market.symbol, "i": interval,
                    "f": 1, "L": bar.trades, "o": spell.px(bar.open), "c": spell.px(bar.close),
                    "h": spell.px(bar.high), "l": spell.px(bar.low), "v": spell.volume(bar.close, bar.lots),
                    "n": bar.trades, "x": closed, "q": spell.turnover(bar.close, bar.lots),
                    "V": spell.volume(bar.close, bar.buy_lots), "Q": spell.turnover(bar.close, bar.buy_lots),
                    "B": "0",
                },
            },
        )  # fmt: skip

    def day_body(self, market: Listed, ts: int, *, short: bool = False) -> dict[str, Any]:
        """Return the 24-hour statistics in the keys of the stream; ``short``: those of the mini ticker."""
        spell, at = market.spell, self._wire.skewed(ts)
        day = market.stand.day(ts)
        middle = (day.high + day.low) // 2
        if short:
            return {
                "e": "24hrMiniTicker", "E": at, "s": market.symbol, "c": spell.px(day.close),
                "o": spell.px(day.open), "h": spell.px(day.high), "l": spell.px(day.low),
                "v": spell.volume(middle, day.lots), "q": spell.turnover(middle, day.lots, 2),
            }  # fmt: skip
        move = day.close - day.open
        body = {
            "e": "24hrTicker", "E": at, "s": market.symbol, "p": spell.px(move),
            "P": f"{100 * move / day.open:.3f}", "w": spell.px((day.high + day.low) // 2),
            "c": spell.px(day.close), "Q": spell.qty(market.stand.last_lots), "o": spell.px(day.open),
            "h": spell.px(day.high), "l": spell.px(day.low), "v": spell.volume(middle, day.lots),
            "q": spell.turnover(middle, day.lots, 2), "O": at - 86_400_000, "C": at,
            "F": 1, "L": day.trades, "n": day.trades,
        }  # fmt: skip
        if not market.perp:
            body |= {"x": spell.px(day.open), **self.best(market)}
        return body

    def _push(self, topic: str, body: Any) -> None:
        self._wire.publish(topic, msgspec.json.encode(body).decode())
