"""OKX's streams: channels and instruments, with ``seqId`` and ``prevSeqId`` on books.

It owns the conversation and the spelling of each channel. Bars live on the path ``/business``, everything else on
``/public``; a channel asked for on the other path is refused with code 60018, as the venue does.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.instrument import venue_of
from tradecli.domain.market import Candle, MarkPrice, Trade
from tradecli.venues.loopback.display import Change, Rows
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at
from tradecli.venues.loopback.okx.listing import BARS, CONTRACTS, LISTED, row
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.spelling import Spelling, trimmed
from tradecli.venues.loopback.stand import Bar
from tradecli.venues.loopback.wire import Wire
from tradecli.venues.simulated.listing import Line

FIRST_ID = 70_000_000_000
BOOKS = {"books": 400, "books-l2-tbt": 400, "books50-l2-tbt": 50}
TOPS = {"books5": 5, "bbo-tbt": 1}
_PUBLIC = {"tickers", "trades", "funding-rate", "mark-price", "open-interest", "index-tickers", "instruments"}
_CANDLE = "candle"
_INTEREST_RATE = "0.0001"
_CAP = "0.00375"


def listed(floor: Floor, name: str, line: Line, *, restless: bool) -> Listed:
    instrument = line.instrument
    contract = CONTRACTS[instrument.base] if line.perp else Decimal(1)
    return Listed(
        floor.stands[line.id],
        name,
        name,
        Spelling(instrument, trim=True, contract=contract),
        first_id=FIRST_ID,
        restless=restless,
    )


class Streams:
    """Everything that OKX pushes to everyone. Topics on our side are ``channel:instId``."""

    def __init__(self, floor: Floor, wire: Wire, *, restless: bool) -> None:
        self._floor = floor
        self._wire = wire
        self.listed = {name: listed(floor, name, line, restless=restless) for name, line in LISTED.items()}
        self._by_id = {market.instrument: market for market in self.listed.values()}
        self._slow_due = 0

    # -- the conversation ------------------------------------------------------------------------------------------

    def heard(self, socket: Socket, text: str) -> None:
        """Answer one message of a client."""
        if text == "ping":
            socket.send("pong")
            return
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("args"), list):
            self._refuse(socket, "60012", f"Illegal request: {text[:200]}")
            return
        op = message.get("op")
        if op == "login":
            socket.signed = True
            self._refuse(socket, "60005", "Invalid apiKey")
        elif op in ("subscribe", "unsubscribe"):
            for arg in message["args"]:
                if isinstance(arg, dict):
                    self._subscribe(socket, op, arg, message.get("id"))
        else:
            self._refuse(socket, "60012", f"Illegal request: {text[:200]}")

    def _subscribe(self, socket: Socket, op: str, arg: Mapping[str, Any], number: Any) -> None:
        channel, name = str(arg.get("channel", "")), str(arg.get("instId", ""))
        business = socket.path.endswith("/business")
        bar = channel.startswith(_CANDLE) and channel.removeprefix(_CANDLE) in BARS
        public = channel in BOOKS or channel in TOPS or channel in _PUBLIC
        kind = str(arg.get("instType", ""))
        known = name in self.listed or (channel == "index-tickers" and f"{name}-SWAP" in self.listed)
        known = known or (channel == "instruments" and kind in ("SPOT", "SWAP", "FUTURES", "OPTION"))
        if not known or not (bar if business else public):
            text = f"Wrong URL or channel:{channel},instId:{name} doesn't exist. Please use the correct URL, channel"
            self._refuse(socket, "60018", f"{text} and parameters referring to API document.")
            return
        topic = f"{channel}:{name or kind}"
        if op == "subscribe":
            self._wire.join(socket, topic)
        else:
            self._wire.leave(socket, topic)
        body = {"event": op, "arg": dict(arg), "connId": self._connection(socket)}
        socket.send(_text(body if number is None else body | {"id": number}))
        if op == "subscribe":
            self._first(socket, channel, name or kind)

    def _first(self, socket: Socket, channel: str, name: str) -> None:
        """Send what a channel begins with."""
        now = self._floor.now()
        if channel == "instruments":
            rows = [
                row(market.stand.line, market.is_halted(self._wire))
                for market in self.listed.values()
                if market.perp == (name == "SWAP") and name in ("SPOT", "SWAP")
            ]
            socket.send(_text({"arg": {"channel": channel, "instType": name}, "data": rows}))
            return
        market = self.listed.get(name)
        if market is None:
            return
        if channel in BOOKS:
            self.depth(market, now)
            bids, asks = market.display.snapshot(BOOKS[channel])
            body = self._book(market, bids, asks, prev=-1)
            socket.send(_text({"arg": _arg(channel, name), "action": "snapshot", "data": [body]}))
        elif channel in TOPS:
            socket.send(_text({"arg": _arg(channel, name), "data": [self._top(market, channel)]}))
        elif channel in ("tickers", "funding-rate", "open-interest"):
            data = {"tickers": self.ticker, "funding-rate": self.funding, "open-interest": self.interest}[
                channel
            ]
            if market.perp or channel == "tickers":
                socket.send(_text({"arg": _arg(channel, name), "data": [data(market, now)]}))

    def _refuse(self, socket: Socket, code: str, text: str) -> None:
        socket.send(_text({"event": "error", "code": code, "msg": text, "connId": self._connection(socket)}))

    @staticmethod
    def _connection(socket: Socket) -> str:
        return f"{id(socket) & 0xFFFFFFFF:08x}"

    # -- events ----------------------------------------------------------------------------------------------------

    def happened(self, event: Trade | MarkPrice | Candle) -> None:
        """Publish what follows from one event."""
        market = self._by_id.get(event.instrument) if venue_of(event.instrument) == "okx" else None
        if market is None or market.is_halted(self._wire):
            return
        if isinstance(event, Trade):
            self._push(market, "trades", self.trade(market, event) | {"count": "1"})
        elif isinstance(event, MarkPrice):
            self._push(market, "mark-price", self.mark(market, event.ts))
            topic = f"index-tickers:{market.symbol.removesuffix('-SWAP')}"
            if self._wire.heard_by(topic):
                self._publish(topic, {"data": [self.index_ticker(market, event.ts)]})
        else:
            self._bar(market, "1m", market.stand.minutes[-1], closed=True)

    def trade(self, market: Listed, trade: Trade) -> dict[str, Any]:
        spell, stand = market.spell, market.stand
        return {
            "instId": market.symbol, "tradeId": trade.trade_id, "px": spell.px(stand.ticks(trade.price)),
            "sz": spell.qty(stand.lots(trade.qty)), "side": "buy" if trade.side is Side.BUY else "sell",
            "ts": str(self._wire.skewed(trade.ts)),
        }  # fmt: skip

    # -- at the beat -----------------------------------------------------------------------------------------------

    def beat(self, ts: int) -> None:
        """Publish depth and tickers; once a second bars, funding and open interest."""
        for market in self._wire.live(self.listed.values()):
            if not market.is_halted(self._wire):
                self.depth(market, ts)
                if self._wire.heard_by(f"tickers:{market.symbol}"):
                    self._push(market, "tickers", self.ticker(market, ts))
        if ts >= self._slow_due:
            self._slow_due = ts - ts % 1_000 + 1_000
            for topic in self._wire.topics:
                self._slowly(topic, ts)

    def depth(self, market: Listed, ts: int) -> None:
        """Publish what changed in the book since the last beat."""
        change = market.display.beat(ts)
        if change is None:
            return
        for channel in BOOKS:
            if self._wire.heard_by(f"{channel}:{market.symbol}"):
                self._changed(market, channel, change)
        for channel in TOPS:
            if self._wire.heard_by(f"{channel}:{market.symbol}"):
                self._push(market, channel, self._top(market, channel))

    def _changed(self, market: Listed, channel: str, change: Change) -> None:
        body = self._book(market, change.bids, change.asks, prev=change.prev)
        self._publish(f"{channel}:{market.symbol}", {"action": "update", "data": [body]})

    def _book(self, market: Listed, bids: Rows, asks: Rows, *, prev: int) -> dict[str, Any]:
        display = market.display
        return {
            "asks": self.levels(market, asks), "bids": self.levels(market, bids),
            "ts": str(self._wire.skewed(display.ts)), "checksum": self._checksum(market),
            "prevSeqId": prev, "seqId": display.last,
        }  # fmt: skip

    def _top(self, market: Listed, channel: str) -> dict[str, Any]:
        bids, asks = market.display.snapshot(TOPS[channel])
        body = {
            "asks": self.levels(market, asks), "bids": self.levels(market, bids),
            "ts": str(self._wire.skewed(market.display.ts)), "seqId": market.display.last,
        }  # fmt: skip
        return body | {"instId": market.symbol} if channel == "books5" else body

    @staticmethod
    def levels(market: Listed, rows: Rows) -> list[list[str]]:
        """Return levels with the venue's two extra columns: liquidated orders (always 0) and how many orders."""
        spell = market.spell
        return [
            [spell.px(ticks), spell.qty(lots), "0", str(1 + ticks % 5 if lots else 0)] for ticks, lots in rows
        ]

    @staticmethod
    def _checksum(market: Listed) -> int:
        """Return the signed CRC-32 of the best 25 levels, bids and asks in turn."""
        bids, asks = (market.spell.rows(rows) for rows in market.display.snapshot(25))
        parts: list[str] = []
        for place in range(25):
            for rows in (bids, asks):
                if place < len(rows):
                    parts += rows[place]
        word = crc32(":".join(parts).encode())
        return word - (1 << 32) if word >= 1 << 31 else word

    def _slowly(self, topic: str, ts: int) -> None:
        channel, _, name = topic.partition(":")
        market = self.listed.get(name)
        if market is None or market.is_halted(self._wire):
            return
        if channel.startswith(_CANDLE):
            interval = channel.removeprefix(_CANDLE)
            bars = market.stand.bars(BARS[interval], ts)
            if bars:
                self._bar(market, interval, bars[-1], closed=False)
        elif channel == "funding-rate" and market.perp:
            self._push(market, channel, self.funding(market, ts))
        elif channel == "open-interest" and market.perp:
            self._push(market, channel, self.interest(market, ts))

    def _bar(self, market: Listed, interval: str, bar: Bar, *, closed: bool) -> None:
        topic = f"{_CANDLE}{interval}:{market.symbol}"
        if self._wire.heard_by(topic):
            self._publish(topic, {"data": [self.bar(market, bar, closed=closed)]})

    @staticmethod
    def bar(market: Listed, bar: Bar, *, closed: bool) -> list[str]:
        """Return a bar: volume in contracts (spot: base), in base and in quote units."""
        spell = market.spell
        base, quote = trimmed(f"{spell.base(bar.lots):.8f}"), trimmed(spell.quote(bar.close, bar.lots))
        return [
            str(bar.ts), spell.px(bar.open), spell.px(bar.high), spell.px(bar.low), spell.px(bar.close),
            spell.qty(bar.lots), base if market.perp else quote, quote, "1" if closed else "0",
        ]  # fmt: skip

    # -- bodies that REST answers too ------------------------------------------------------------------------------

    def ticker(self, market: Listed, ts: int) -> dict[str, Any]:
        spell, stand = market.spell, market.stand
        day = stand.day(ts)
        bid, bid_lots = stand.bids[0]
        ask, ask_lots = stand.asks[0]
        middle = (day.high + day.low) // 2
        coins = (
            trimmed(f"{spell.base(day.lots):.8f}") if market.perp else trimmed(spell.quote(middle, day.lots))
        )
        return {
            "instType": "SWAP" if market.perp else "SPOT", "instId": market.symbol, "last": spell.px(day.close),
            "lastSz": spell.qty(stand.last_lots), "askPx": spell.px(ask), "askSz": spell.qty(ask_lots),
            "bidPx": spell.px(bid), "bidSz": spell.qty(bid_lots), "open24h": spell.px(day.open),
            "high24h": spell.px(day.high), "low24h": spell.px(day.low), "volCcy24h": coins,
            "vol24h": spell.qty(day.lots), "sodUtc0": spell.px(day.open), "sodUtc8": spell.px(day.open),
            "ts": str(self._wire.skewed(ts)),
        }  # fmt: skip

    def funding(self, market: Listed, ts: int) -> dict[str, Any]:
        rate, next_ts = market.predicted()
        settled = market.stand.settled or self._floor.funding(market.stand.line)[-1:]
        premium = market.mark(ts) / market.index(ts) - 1.0
        return {
            "formulaType": "withRate", "fundingRate": f"{rate:.16f}", "fundingTime": str(next_ts),
            "impactValue": "20000", "instId": market.symbol, "instType": "SWAP", "interestRate": _INTEREST_RATE,
            "maxFundingRate": _CAP, "method": "current_period", "minFundingRate": f"-{_CAP}",
            "nextFundingRate": "", "nextFundingTime": str(next_ts + 28_800_000), "premium": f"{premium:.16f}",
            "prevFundingTime": str(next_ts - 28_800_000), "settFundingRate": f"{settled[-1].rate:.16f}",
            "settState": "settled", "ts": str(self._wire.skewed(ts)),
        }  # fmt: skip

    def interest(self, market: Listed, ts: int) -> dict[str, Any]:
        usd = market.stand.interest[-1].value_usd if market.stand.interest else None
        usd = interest_at(self._floor, market, [ts])[0] if usd is None else usd
        coins = usd / market.mark(ts)
        contracts = coins / float(CONTRACTS[market.stand.line.base])
        return {
            "instId": market.symbol, "instType": "SWAP", "oi": trimmed(f"{contracts:.2f}"),
            "oiCcy": trimmed(f"{coins:.8f}"), "oiUsd": trimmed(f"{usd:.4f}"), "ts": str(self._wire.skewed(ts)),
        }  # fmt: skip

    def mark(self, market: Listed, ts: int) -> dict[str, Any]:
        return {
            "instId": market.symbol, "instType": "SWAP", "markPx": trimmed(f"{market.mark(ts):.4f}"),
            "ts": str(self._wire.skewed(ts)),
        }  # fmt: skip

    def index_ticker(self, market: Listed, ts: int) -> dict[str, Any]:
        day, spell = market.stand.day(ts), market.spell
        return {
            "instId": market.symbol.removesuffix("-SWAP"), "idxPx": trimmed(f"{market.index(ts):.2f}"),
            "open24h": spell.px(day.open), "high24h": spell.px(day.high), "low24h": spell.px(day.low),
            "sodUtc0": spell.px(day.open), "sodUtc8": spell.px(day.open), "ts": str(self._wire.skewed(ts)),
        }  # fmt: skip

    def _push(self, market: Listed, channel: str, row: Any) -> None:
        topic = f"{channel}:{market.symbol}"
        if self._wire.heard_by(topic):
            self._publish(topic, {"data": [row]})

    def _publish(self, topic: str, body: dict[str, Any]) -> None:
        channel, _, name = topic.partition(":")
        self._wire.publish(topic, _text({"arg": _arg(channel, name), **body}))


def _arg(channel: str, name: str) -> dict[str, str]:
    return {"channel": channel, "instId": name}


def _text(body: Any) -> str:
    return msgspec.json.encode(body).decode()
