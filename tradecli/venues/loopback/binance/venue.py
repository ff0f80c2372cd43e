"""Binance on the loopback server: its two markets, each with REST and streams, behind one name."""

from __future__ import annotations

from typing import Any

from tradecli.domain.market import Candle, MarketEvent, MarkPrice, Quote, Trade
from tradecli.venues.loopback.asking import Ask, Reply, half, unavailable
from tradecli.venues.loopback.binance.listing import error
from tradecli.venues.loopback.binance.rest import Rest
from tradecli.venues.loopback.binance.streams import Streams
from tradecli.venues.loopback.faults import Fault, Kind, Switchboard
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.wire import Wire


class Binance:
    """The venue. Depth goes out every 100 ms, as ``@depth@100ms`` says."""

    name = "binance"
    beat_ms = 100
    ping_every_s: float | None = 180.0

    def __init__(self, floor: Floor, switchboard: Switchboard, *, restless: bool = False) -> None:
        self._switchboard = switchboard
        self.wire = Wire(self.name, switchboard)
        self.streams = Streams(floor, self.wire, restless=restless)
        self._rest = Rest(floor, self.wire, self.streams)
        floor.listen(self._happened)

    def answer(self, ask: Ask) -> Reply:
        return self._rest.answer(ask)

    def refused(self, fault: Fault, ask: Ask) -> Reply:
        """Return Binance's words for a fault: the code -1003 serves both 429 and 418."""
        if fault.kind is Kind.TOO_MANY:
            text = "Too many requests; current limit of IP(127.0.0.1) is 2400 requests per minute."
            return error(-1003, text, 429, Retry_After=str(fault.seconds))
        if fault.kind is Kind.BANNED:
            until = self._rest.now() + 1_000 * fault.seconds
            text = (
                f"Way too many requests; IP(127.0.0.1) banned until {until}. Please use the websocket for live "
                "updates to avoid bans."
            )
            return error(-1003, text, 418, Retry_After=str(fault.seconds))
        if fault.kind is Kind.MAINTENANCE:
            return error(-1016, "This service is no longer available.", 503)
        if fault.kind is Kind.REFUSED:
            return error(
                int(fault.code or -1000), fault.text or "An unknown error occurred while processing."
            )
        return unavailable()

    def less(self, body: Any, *, part: bool) -> Any:
        if isinstance(body, list):
            return half(body) if part else []
        if isinstance(body, dict):
            return {name: self.less(value, part=part) if isinstance(value, list) else value
                    for name, value in body.items()}  # fmt: skip
        return body

    def opened(self, socket: Socket) -> None:
        self.wire.opened(socket)

    def heard(self, socket: Socket, text: str) -> None:
        self.streams.heard(socket, text)

    def left(self, socket: Socket) -> None:
        self.wire.left(socket)

    def beat(self, ts: int) -> None:
        if self._switchboard.in_maintenance(self.name):
            self.wire.cut()
            return
        self.streams.beat(ts)

    def _happened(self, event: MarketEvent) -> None:
        if isinstance(event, Trade | Quote | MarkPrice | Candle):
            self.streams.happened(event)
