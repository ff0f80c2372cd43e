"""Deribit on the loopback server."""

from __future__ import annotations

from typing import Any

import msgspec

from tradecli.domain.market import MarketEvent, OptionChain, Quote, Trade, VolIndex
from tradecli.venues.loopback.asking import Ask, Refusal, Reply, half, unavailable
from tradecli.venues.loopback.deribit.listing import Failure
from tradecli.venues.loopback.deribit.options import Options
from tradecli.venues.loopback.deribit.rest import Rest
from tradecli.venues.loopback.deribit.streams import Streams
from tradecli.venues.loopback.faults import Fault, Kind, Switchboard
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.socket import Socket
from tradecli.venues.loopback.wire import Wire

_PREFIX = "/api/v2/"


class Deribit:
    """The venue: one method table behind GET requests and JSON-RPC messages alike."""

    name = "deribit"
    beat_ms = 100
    ping_every_s: float | None = None

    def __init__(self, floor: Floor, switchboard: Switchboard, *, restless: bool = False) -> None:
        self._switchboard = switchboard
        self.wire = Wire(self.name, switchboard)
        options = Options(floor)
        self.streams = Streams(floor, self.wire, options, restless=restless)
        self._rest = Rest(floor, self.wire, self.streams, options)
        floor.listen(self._happened)

    def answer(self, ask: Ask) -> Reply:
        if not ask.path.startswith(_PREFIX):
            return Reply(body="Not Found", status=404, kind="text/plain")
        method = ask.path.removeprefix(_PREFIX)
        if method.startswith("private/"):
            raise Refusal(self._failure(Failure(13009, "unauthorized")))
        try:
            result = self._rest.call(method, ask.query)
        except Failure as failure:
            raise Refusal(self._failure(failure)) from failure
        return Reply(body=self._envelope({"result": result}))

    def _envelope(self, content: dict[str, Any]) -> dict[str, Any]:
        now = 1_000 * self._rest.now()
        return {"jsonrpc": "2.0", **content, "usIn": now, "usOut": now + 180, "usDiff": 180, "testnet": False}

    def _failure(self, failure: Failure, status: int = 400) -> Reply:
        return Reply(body=self._envelope({"error": failure.body()}), status=status)

    def refused(self, fault: Fault, ask: Ask) -> Reply:
        """Return Deribit's words for a fault; a ban is a page of the gate before it."""
        if fault.kind is Kind.TOO_MANY:
            return self._failure(Failure(10028, "too_many_requests"), 429)
        if fault.kind is Kind.BANNED:
            return Reply(body="<html><title>403 Forbidden</title></html>", status=403, kind="text/html")
        if fault.kind is Kind.MAINTENANCE:
            return self._failure(Failure(11051, "system_maintenance"), 503)
        if fault.kind is Kind.REFUSED:
            return self._failure(Failure(int(fault.code or -32602), fault.text or "Invalid params"))
        return unavailable()

    def less(self, body: Any, *, part: bool) -> Any:
        if not isinstance(body, dict):
            return body
        result = body.get("result")
        if isinstance(result, list):
            return body | {"result": half(result) if part else []}
        if isinstance(result, dict):
            fewer = {
                name: (half(value) if part else []) if isinstance(value, list) else value
                for name, value in result.items()
            }
            return body | {"result": fewer}
        return body

    def opened(self, socket: Socket) -> None:
        self.wire.opened(socket)

    def heard(self, socket: Socket, text: str) -> None:
        """Answer one JSON-RPC message: subscriptions here, everything else as a request would be."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            message = None
        if not isinstance(message, dict) or "method" not in message:
            socket.send(_text({"jsonrpc": "2.0", "error": Failure(-32700, "Parse error").body()}))
            return
        method, number = str(message["method"]), message.get("id")
        params = message.get("params") or {}
        try:
            if method.startswith(("public/subscribe", "public/unsubscribe", "public/set_heartbeat")):
                result = self.streams.command(socket, method, params)
            elif method == "public/auth" or method.startswith("private/"):
                socket.signed = True
                raise Failure(13004 if method == "public/auth" else 13009, "invalid_credentials")
            else:
                result = self._rest.call(method, {name: str(value) for name, value in params.items()})
        except Failure as failure:
            socket.send(_text(self._envelope({"id": number, "error": failure.body()})))
            return
        socket.send(_text(self._envelope({"id": number, "result": result})))
        self.streams.begin(socket)

    def left(self, socket: Socket) -> None:
        self.wire.left(socket)

    def beat(self, ts: int) -> None:
        if self._switchboard.in_maintenance(self.name):
            self.wire.cut()
            return
        self.streams.beat(ts)

    def _happened(self, event: MarketEvent) -> None:
        if isinstance(event, Trade | Quote | OptionChain | VolIndex):
            self.streams.happened(event)


def _text(body: Any) -> str:
    return msgspec.json.encode(body).decode()
