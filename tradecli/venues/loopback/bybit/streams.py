"""Bybit's public streams: topics by name, snapshots first where a topic has them, then differences.

It owns the conversation (``subscribe``, ``unsubscribe``, ``ping``, ``auth``) and the spelling of each topic. Update
ids ``u`` grow by one a message; ``seq`` grows with every change.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.market import Candle, Trade
from tradecli.venues.loopback.bybit.listing import FUNDING_MINUTES, INTERVALS, INVERSE, LINEAR, SPOT
from tradecli.venues.loopback.coins import CoinSpelling, CoinStand
from tradecli.venues.loopback.display import Change
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.spelling import Spelling, places
from tradecli.venues.loopback.stand import Bar
from tradecli.venues.loopback.wire import Wire
from tradecli.venues.simulated.listing import Line

FIRST_ID = 410_000_000_000
FIRST_U = 60_000_000
DEPTHS = {"linear": (1, 50, 200, 500, 1000), "spot": (1, 50, 200, 1000), "inverse": (1, 50, 200, 500, 1000)}
_TOPIC = re.compile(r"(orderbook|publicTrade|tickers|kline)(?:\.(\w+))?\.([A-Z0-9]+)\Z")
_TICKER_MS = 100
_HOUR = 3_600_000


def listed(floor: Floor, line: Line, *, restless: bool) -> Listed:
    """Return one instrument. Topics of the two categories must not meet: spot's begin with ``spot/`` on our side."""
    instrument = line.instrument
    return Listed(
        floor.stands[line.id],
        instrument.symbol.removesuffix(".spot"),
        "" if line.perp else "spot/",
        Spelling(instrument, price_places=max(places(instrument.tick), 2) if line.perp else None),
        first_id=FIRST_ID,
        restless=restless,
    )


def coin_listed(floor: Floor, symbol: str, line: Line, *, restless: bool) -> Listed:
    """Return one coin-margined perpetual; its topics begin with ``inverse/`` on our side."""
    stand = floor.stands[line.id]
    assert isinstance(stand, CoinStand)  # noqa: S101 - the floor makes it one
    spell = CoinSpelling(stand, price_places=max(places(line.instrument.tick), 2))
    return Listed(stand, symbol, "inverse/", spell, first_id=FIRST_ID, restless=restless)


class Streams:
    """Everything that Bybit pushes to everyone."""

    def __init__(self, floor: Floor, wire: Wire, *, restless: bool) -> None:
        self._floor = floor
        self._wire = wire
        self.linear = {s: listed(floor, line, restless=restless) for s, line in LINEAR.items()}
        self.spot = {s: listed(floor, line, restless=restless) for s, line in SPOT.items()}
        self.inverse = {s: coin_listed(floor, s, line, restless=restless) for s, line in INVERSE.items()}
        self.categories = {"linear": self.linear, "spot": self.spot, "inverse": self.inverse}
        self._by_line = {
            each.instrument: each for table in self.categories.values() for each in table.values()
        }
        self._shown: dict[str, dict[str, str]] = {}
        self._ticker_due = self._bar_due = 0
        self._connections = 0

    def market(self, category: str, symbol: str) -> Listed | None:
        return self.categories.get(category, {}).get(symbol)

    # -- the conversation ------------------------------------------------------------------------------------------

    def heard(self, socket: Socket, text: str) -> None:
        """Answer one message of a client."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            message = None
        if not isinstance(message, dict):
            self._say(socket, False, "error:json parse error", "", None)
            return
        op, number = message.get("op"), message.get("req_id")
        if op == "ping":
            self._say(socket, True, "pong", "ping", number)
        elif op in ("subscribe", "unsubscribe"):
            self._subscribe(socket, op, [str(each) for each in message.get("args") or []], number)
        elif op == "auth":
            body = {"op": "auth", "success": False, "retCode": 10003, "retMsg": "API key is invalid.",
                    "connId": self._connection(socket)}  # fmt: skip
            socket.signed = True
            socket.send(msgspec.json.encode(body).decode())
        else:
            self._say(socket, False, f"error:request:{op}", "", number)

    def _subscribe(self, socket: Socket, op: str, topics: list[str], number: Any) -> None:
        category = socket.path.rpartition("/")[2]
        found: list[tuple[str, Listed]] = []
        for topic in topics:
            match = _TOPIC.match(topic)
            market = self.market(category, match[3]) if match is not None else None
            if match is None or market is None or not _exists(category, match):
                text = f"error:handler not found,topic:{topic}"
                self._say(socket, False, text, op, number)
                return
            found.append((topic, market))
        for topic, market in found:
            if op == "subscribe":
                self._wire.join(socket, market.topic + topic)
            else:
                self._wire.leave(socket, market.topic + topic)
        self._say(socket, True, "subscribe" if category == "spot" else "", op, number)
        if op == "subscribe":
            for topic, market in found:
                self._first(socket, topic, market)

    def _first(self, socket: Socket, topic: str, market: Listed) -> None:
        """Send what a topic begins with."""
        now = self._floor.now()
        name, _, rest = topic.partition(".")
        if name == "orderbook":
            self.depth(market, now)
            depth = int(rest.partition(".")[0])
            socket.send(_text(self._book(market, topic, "snapshot", *market.display.snapshot(depth))))
        elif name == "tickers":
            body = self.ticker(market, now)
            self._shown[market.topic + topic] = body
            socket.send(_text(self._ticker_message(market, topic, "snapshot", body, now)))

    def _say(self, socket: Socket, success: bool, text: str, op: str, number: Any) -> None:
        body = {"success": success, "ret_msg": text, "conn_id": self._connection(socket), "op": op}
        if number is not None:
            body["req_id"] = number
        socket.send(_text(body))

    @staticmethod
    def _connection(socket: Socket) -> str:
        word = id(socket) & 0xFFFFFFFFFFFF
        return f"{word >> 16:08x}-{word & 0xFFFF:04x}-4001-9ffc-000000000000"

    # -- events ----------------------------------------------------------------------------------------------------

    def happened(self, event: Trade | Candle) -> None:
        """Publish what follows from one event."""
        market = self._by_line.get(event.instrument)
        if market is None or market.is_halted(self._wire):
            return
        if isinstance(event, Candle):
            self._bar(market, "1", market.stand.minutes[-1], event.close_ts, closed=True)
            return
        topic = f"publicTrade.{market.symbol}"
        if self._wire.heard_by(market.topic + topic):
            at = self._wire.skewed(event.ts)
            body = {"topic": topic, "type": "snapshot", "ts": at, "data": [self._print(market, event, at)]}
            self._wire.publish(market.topic + topic, _text(body))

    def _print(self, market: Listed, trade: Trade, at: int) -> dict[str, Any]:
        spell, stand = market.spell, market.stand
        row: dict[str, Any] = {
            "T": at, "s": market.symbol, "S": "Buy" if trade.side is Side.BUY else "Sell",
            "v": spell.qty(stand.lots(trade.qty)), "p": spell.px(stand.ticks(trade.price)),
        }  # fmt: skip
        if market.perp:
            row["L"] = "PlusTick" if trade.side is Side.BUY else "MinusTick"
        return row | {"i": print_id(market, trade), "BT": False, "seq": market.display.last}

    # -- at the beat -----------------------------------------------------------------------------------------------

    def beat(self, ts: int) -> None:
        """Publish depth; every 100 ms tickers, every second bars."""
        for market in self._wire.live(self._by_line.values()):
            if not market.is_halted(self._wire):
                self.depth(market, ts)
        if ts >= self._ticker_due:
            self._ticker_due = ts - ts % _TICKER_MS + _TICKER_MS
            self._tickers(ts)
        if ts >= self._bar_due:
            self._bar_due = ts - ts % 1_000 + 1_000
            self._bars(ts)

    def depth(self, market: Listed, ts: int) -> None:
        """Publish what changed in the book since the last beat."""
        display = market.display
        old = _best(display.snapshot(1))
        change = display.beat(ts)
        if change is None:
            return
        for depth in DEPTHS[category_of(market)]:
            topic = f"orderbook.{depth}.{market.symbol}"
            if not self._wire.heard_by(market.topic + topic):
                continue
            if depth == 1:
                best = display.snapshot(1)
                if _best(best) != old:
                    self._wire.publish(
                        market.topic + topic, _text(self._book(market, topic, "snapshot", *best))
                    )
            else:
                self._wire.publish(market.topic + topic, _text(self._delta(market, topic, change)))

    def _delta(self, market: Listed, topic: str, change: Change) -> dict[str, Any]:
        return self._book(market, topic, "delta", change.bids, change.asks)

    def _book(self, market: Listed, topic: str, kind: str, bids: Any, asks: Any) -> dict[str, Any]:
        display, at = market.display, self._wire.skewed(market.display.ts)
        return {
            "topic": topic,
            "type": kind,
            "ts": at,
            "data": {
                "s": market.symbol,
                "b": [_level(row) for row in market.spell.rows(bids)],
                "a": [_level(row) for row in market.spell.rows(asks)],
                "u": FIRST_U + display.published,
                "seq": display.last,
            },
            "cts": at - 2,
        }

    def _tickers(self, ts: int) -> None:
        for market in self._by_line.values():
            topic = f"tickers.{market.symbol}"
            if not self._wire.heard_by(market.topic + topic) or market.is_halted(self._wire):
                continue
            body = self.ticker(market, ts)
            shown = self._shown.get(market.topic + topic, {})
            changed = {name: value for name, value in body.items() if shown.get(name) != value}
            if not changed:
                continue
            self._shown[market.topic + topic] = body
            if market.perp:
                message = self._ticker_message(
                    market, topic, "delta", {"symbol": market.symbol, **changed}, ts
                )
            else:
                message = self._ticker_message(market, topic, "snapshot", body, ts)
            self._wire.publish(market.topic + topic, _text(message))

    def _ticker_message(
        self, market: Listed, topic: str, kind: str, data: dict[str, str], ts: int
    ) -> dict[str, Any]:
        at = self._wire.skewed(ts)
        return {"topic": topic, "type": kind, "data": data, "cs": market.display.last, "ts": at}

    def ticker(self, market: Listed, ts: int) -> dict[str, str]:
        """Return every field of a ticker as it is now."""
        spell, stand = market.spell, market.stand
        day = stand.day(ts)
        body = {"symbol": market.symbol}
        middle = (day.high + day.low) // 2
        common = {
            "price24hPcnt": f"{(day.close - day.open) / day.open:.6f}", "lastPrice": spell.px(day.close),
            "prevPrice24h": spell.px(day.open), "highPrice24h": spell.px(day.high),
            "lowPrice24h": spell.px(day.low), "turnover24h": spell.turnover(middle, day.lots),
            "volume24h": spell.volume(middle, day.lots),
        }  # fmt: skip
        if not market.perp:
            return body | common | {"usdIndexPrice": f"{market.index(ts):.6f}"}
        rate, next_ts = market.predicted()
        usd = stand.interest[-1].value_usd if stand.interest else interest_at(self._floor, market, [ts])[0]
        bid, bid_lots = stand.bids[0]
        ask, ask_lots = stand.asks[0]
        hour = stand.bars(_HOUR, ts)[-1].open
        coins = usd / market.mark(ts)
        held = (
            (f"{usd:.0f}", f"{coins:.2f}")
            if category_of(market) == "inverse"
            else (f"{coins:.3f}", f"{usd:.2f}")
        )
        return body | {"tickDirection": "PlusTick" if day.close >= day.open else "MinusTick"} | common | {
            "prevPrice1h": spell.px(hour), "markPrice": f"{market.mark(ts):.2f}",
            "indexPrice": f"{market.index(ts):.2f}", "openInterest": held[0], "openInterestValue": held[1],
            "nextFundingTime": str(next_ts), "fundingRate": f"{rate:.8f}",
            "bid1Price": spell.px(bid), "bid1Size": spell.qty(bid_lots), "ask1Price": spell.px(ask),
            "ask1Size": spell.qty(ask_lots), "fundingIntervalHour": str(FUNDING_MINUTES // 60),
        }  # fmt: skip

    def _bars(self, ts: int) -> None:
        for topic in self._wire.topics:
            category, _, name = topic.rpartition("/")
            match = _TOPIC.match(name)
            if match is None or match[1] != "kline":
                continue
            market = self.market(category or "linear", match[3])
            if market is None or market.is_halted(self._wire):
                continue
            bars = market.stand.bars(INTERVALS[match[2]], ts)
            if bars:
                self._bar(market, match[2], bars[-1], ts, closed=False)

    def _bar(self, market: Listed, interval: str, bar: Bar, ts: int, *, closed: bool) -> None:
        topic, spell, at = f"kline.{interval}.{market.symbol}", market.spell, self._wire.skewed(ts)
        row = {
            "start": bar.ts, "end": bar.ts + INTERVALS[interval] - 1, "interval": interval,
            "open": spell.px(bar.open), "close": spell.px(bar.close), "high": spell.px(bar.high),
            "low": spell.px(bar.low), "volume": spell.volume(bar.close, bar.lots),
            "turnover": spell.turnover(bar.close, bar.lots), "confirm": closed, "timestamp": at,
        }  # fmt: skip
        body = {"topic": topic, "data": [row], "ts": at, "type": "snapshot"}
        self._wire.publish(market.topic + topic, _text(body))


def category_of(market: Listed) -> str:
    """Return the category that lists a market."""
    return market.topic.rstrip("/") or "linear"


def print_id(market: Listed, trade: Trade) -> str:
    """Return a trade id in the venue's form, the same for REST and stream: the number is its last group."""
    number = int(trade.trade_id)
    if not market.perp:
        return str(2_290_000_000_000_000_000 + number)
    return f"{market.stand.line.coin + 1:08x}-dd5b-5731-9112-{number:012x}"


def _exists(category: str, match: re.Match[str]) -> bool:
    name, detail = match[1], match[2]
    if name == "orderbook":
        return detail is not None and detail.isdigit() and int(detail) in DEPTHS[category]
    if name == "kline":
        return detail in INTERVALS
    return detail is None


def _level(row: list[str]) -> list[str]:
    return row if float(row[1]) else [row[0], "0"]


def _best(best: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> tuple[Any, Any]:
    return tuple(best[0]), tuple(best[1])


def _text(body: Any) -> str:
    return msgspec.json.encode(body).decode()
