"""Bybit on the loopback server."""

from __future__ import annotations

from typing import Any

from tradecli.domain.market import Candle, MarketEvent, Trade
from tradecli.venues.loopback.asking import Ask, Reply, half, unavailable
from tradecli.venues.loopback.bybit.listing import envelope
from tradecli.venues.loopback.bybit.rest import Rest
from tradecli.venues.loopback.bybit.streams import Streams
from tradecli.venues.loopback.faults import Fault, Kind, Switchboard
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.wire import Wire


class Bybit:
    """The venue. Depth of 50 goes out every 20 ms where something changed; clients ping, the server does not."""

    name = "bybit"
    beat_ms = 20
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
        """Return Bybit's words for a fault: limits come as 200 with a code, a ban as 403 without one."""
        now = self._rest.now()
        if fault.kind is Kind.TOO_MANY:
            reset = str(now + 1_000 * fault.seconds)
            body = envelope({}, now, code=10006, text="Too many visits. Exceeded the API Rate Limit.")
            return Reply(
                body=body,
                headers={
                    "X-Bapi-Limit": "600",
                    "X-Bapi-Limit-Status": "0",
                    "X-Bapi-Limit-Reset-Timestamp": reset,
                },
            )
        if fault.kind is Kind.BANNED:
            return Reply(body="access too frequent", status=403, kind="text/plain")
        if fault.kind is Kind.MAINTENANCE:
            return Reply(body=envelope({}, now, code=10016, text="System error. Please try again later."))
        if fault.kind is Kind.REFUSED:
            return Reply(
                body=envelope({}, now, code=int(fault.code or 10001), text=fault.text or "params error")
            )
        return unavailable()

    def less(self, body: Any, *, part: bool) -> Any:
        if not isinstance(body, dict) or not isinstance(body.get("result"), dict):
            return body
        result = {
            name: (half(value) if part else []) if isinstance(value, list) else value
            for name, value in body["result"].items()
        }
        return body | {"result": result if part or result != body["result"] else {}}

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
        if isinstance(event, Trade | Candle):
            self.streams.happened(event)
