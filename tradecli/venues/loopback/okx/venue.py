"""OKX on the loopback server."""

from __future__ import annotations

from typing import Any

from tradecli.domain.market import Candle, MarketEvent, MarkPrice, Trade
from tradecli.venues.loopback.asking import Ask, Reply, half, unavailable
from tradecli.venues.loopback.faults import Fault, Kind, Switchboard
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.okx.listing import error
from tradecli.venues.loopback.okx.rest import Rest
from tradecli.venues.loopback.okx.streams import Streams
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.wire import Wire


class Okx:
    """The venue. ``books`` goes out every 100 ms; clients send the text ``ping`` and get ``pong``."""

    name = "okx"
    beat_ms = 100
    ping_every_s: float | None = None

    def __init__(self, floor: Floor, switchboard: Switchboard, *, restless: bool = False) -> None:
        self._switchboard = switchboard
        self.wire = Wire(self.name, switchboard)
        self.streams = Streams(floor, self.wire, restless=restless)
        self._rest = Rest(floor, self.wire, self.streams)
        floor.listen(self._happened)

    def answer(self, ask: Ask) -> Reply:
        return self._rest.answer(ask)

    def refused(self, fault: Fault, ask: Ask) -> Reply:
        """Return OKX's words for a fault; a ban comes from the gate before it, as a page."""
        if fault.kind is Kind.TOO_MANY:
            return error("50011", "Too Many Requests", 429)
        if fault.kind is Kind.BANNED:
            return Reply(
                body="<html><title>Access denied | www.okx.com used Cloudflare to restrict access</title></html>",
                status=403,
                kind="text/html",
            )
        if fault.kind is Kind.MAINTENANCE:
            return error("50001", "Service temporarily unavailable. Try again later", 503)
        if fault.kind is Kind.REFUSED:
            return error(fault.code or "51000", fault.text or "Parameter error")
        return unavailable()

    def less(self, body: Any, *, part: bool) -> Any:
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            return body
        return body | {"data": half(body["data"]) if part else []}

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
        if isinstance(event, Trade | MarkPrice | Candle):
            self.streams.happened(event)
