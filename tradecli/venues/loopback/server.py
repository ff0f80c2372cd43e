"""The loopback server: one aiohttp application that answers for four venues by host and path, on this machine only.

It owns the sockets, the order of things (faults before answers), the count of requests, and the tasks that move the
floor and the venues' beats. ``/loopback/...`` is its own corner: status, requests seen, faults to set and clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web
from yarl import URL

from tradecli.venues.loopback.asking import Ask, Refusal, Reply, Venue
from tradecli.venues.loopback.binance import Binance
from tradecli.venues.loopback.bybit import Bybit
from tradecli.venues.loopback.deribit import Deribit
from tradecli.venues.loopback.faults import Fault, Kind, Switchboard
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.hosts import HOSTS
from tradecli.venues.loopback.okx import Okx
from tradecli.venues.loopback.socket import converse

log = logging.getLogger(__name__)
SEEN = 10_000
LATE_BEATS = 10
"""Beats that are made up for when the machine was busy; older ones are left out."""
GARBAGE = "<!DOCTYPE html><html><body>Bad gateway: cache \x00 miss</body></html>"
_STANDING = Fault(kind=Kind.MAINTENANCE, venue="*")


class Seen(msgspec.Struct, frozen=True):
    """A request as it came in; ``method`` is ``WS`` for the opening of a socket."""

    venue: str
    method: str
    path: str
    signed: bool
    query: str = ""


class Loopback:
    """The server. ``restless`` makes every depth message as large as the book, ``beat_ms`` sets a common beat."""

    def __init__(
        self,
        floor: Floor,
        switchboard: Switchboard | None = None,
        *,
        restless: bool = False,
        beat_ms: int | None = None,
    ) -> None:
        self.floor = floor
        self.switchboard = switchboard or Switchboard()
        self.seen: deque[Seen] = deque(maxlen=SEEN)
        self.counts: Counter[str] = Counter()
        self.signed_requests = 0
        self.port = 0
        self.broken: BaseException | None = None
        self.venues: dict[str, Venue] = {
            each.name: each for each in _venues(floor, self.switchboard, restless=restless)
        }
        self._beat_ms = beat_ms
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._hanging: set[asyncio.Future[None]] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and return the port; the market runs from now on."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{host}/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.floor.step()
        self._tasks = [asyncio.create_task(self.floor.run()), asyncio.create_task(self._beats())]
        for task in self._tasks:
            task.add_done_callback(self._broke)
        return self.port

    def _broke(self, task: asyncio.Task[None]) -> None:
        """Keep the reason why the market stopped: a server that only pretends to run answers 500."""
        if not task.cancelled() and task.exception() is not None:
            self.broken = task.exception()
            log.error("the loopback market stopped", exc_info=self.broken)

    async def stop(self) -> None:
        """Close every socket and stop listening."""
        for task in self._tasks:
            task.cancel()
        for future in self._hanging:
            future.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _beats(self) -> None:
        due = dict.fromkeys(self.venues, 0)
        shortest = min(self._beat_ms or each.beat_ms for each in self.venues.values())
        while True:
            now, behind = self.floor.now(), False
            for name, venue in self.venues.items():
                if now >= due[name]:
                    every = self._beat_ms or venue.beat_ms
                    due[name] = max(due[name] + every, now - LATE_BEATS * every)
                    behind = behind or due[name] <= now
                    venue.beat(now)
            await asyncio.sleep(0 if behind else shortest / 2_000)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        host, path, ask = await _read(request)
        if self.broken is not None:
            return web.Response(status=500, text=f"the loopback market stopped: {self.broken!r}\n")
        if host == "loopback":
            return await self._own(request, path)
        name = HOSTS.get(host, "")
        venue = self.venues.get(name)
        if venue is None:
            return web.Response(status=421, text=f"no venue answers for {host}\n")
        socket = request.headers.get("Upgrade", "").lower() == "websocket"
        self._count(name, "WS" if socket else ask.method, ask)
        fault = self.switchboard.for_request(name, path)
        if fault is None and self.switchboard.in_maintenance(name):
            fault = _STANDING
        if socket:
            if fault is not None:
                return _response(venue.refused(fault, ask))
            return await converse(request, host, path, venue)
        if fault is None or fault.kind in (Kind.EMPTY, Kind.PARTIAL, Kind.TRUNCATED):
            return self._answered(venue, ask, fault, request)
        return await self._struck(venue, ask, fault, request)

    def _answered(self, venue: Venue, ask: Ask, fault: Fault | None, request: web.Request) -> web.Response:
        try:
            reply = venue.answer(ask)
        except Refusal as refusal:
            return _response(refusal.reply)
        if fault is None:
            return _response(reply)
        if fault.kind is Kind.TRUNCATED:
            whole = reply.encoded()
            return web.Response(body=whole[: len(whole) // 2], status=reply.status, content_type=reply.kind)
        body = venue.less(reply.body, part=fault.kind is Kind.PARTIAL)
        return _response(msgspec.structs.replace(reply, body=body))

    async def _struck(self, venue: Venue, ask: Ask, fault: Fault, request: web.Request) -> web.Response:
        if fault.kind is Kind.HANG:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._hanging.add(future)
            try:
                await future
            finally:
                self._hanging.discard(future)
        elif fault.kind is Kind.DROPPED:
            if request.transport is not None:
                request.transport.abort()
        elif fault.kind is Kind.GARBAGE:
            return web.Response(text=GARBAGE, content_type="text/html")
        return _response(venue.refused(fault, ask))

    def _count(self, venue: str, method: str, ask: Ask) -> None:
        query = "&".join(f"{name}={value}" for name, value in ask.query.items())
        self.seen.append(Seen(venue, method, ask.path, ask.signed, query))
        self.counts[f"{venue} {method} {ask.path}"] += 1
        self.signed_requests += ask.signed

    async def _own(self, request: web.Request, path: str) -> web.Response:
        if path == "/status":
            return _json(self.status())
        if path == "/requests":
            return _json(list(self.seen))
        if path == "/faults" and request.method == "POST":
            try:
                fault = msgspec.json.decode(await request.read(), type=Fault)
            except msgspec.DecodeError as problem:
                return web.Response(status=400, text=f"{problem}\n")
            self.switchboard.set(fault)
            return _json(self.switchboard.armed())
        if path == "/faults" and request.method == "DELETE":
            self.switchboard.clear(request.query.get("venue"))
            return _json(self.switchboard.armed())
        if path == "/faults":
            return _json(self.switchboard.armed())
        return web.Response(status=404, text="status, requests, faults\n")

    def status(self) -> dict[str, Any]:
        """Return what the server saw and did so far."""
        return {
            "now": self.floor.now(),
            "requests": sum(self.counts.values()),
            "signed_requests": self.signed_requests,
            "by_path": dict(self.counts),
            "struck": self.switchboard.struck,
            "armed": len(self.switchboard.armed()),
        }


def _venues(floor: Floor, switchboard: Switchboard, *, restless: bool) -> Iterable[Venue]:
    yield Binance(floor, switchboard, restless=restless)
    yield Bybit(floor, switchboard, restless=restless)
    yield Okx(floor, switchboard, restless=restless)
    yield Deribit(floor, switchboard, restless=restless)


async def _read(request: web.Request) -> tuple[str, str, Ask]:
    """Return host, path and the whole request; the path stays encoded as it was sent."""
    raw = URL(request.raw_path, encoded=True)
    host, _, tail = raw.raw_path.lstrip("/").partition("/")
    path = "/" + tail
    headers: Mapping[str, str] = dict(request.headers)
    body = ""
    with contextlib.suppress(UnicodeDecodeError):
        body = (await request.read()).decode() if request.can_read_body else ""
    ask = Ask(method=request.method, host=host, path=path, query=dict(raw.query), headers=headers, body=body)
    return host, path, ask


def _response(reply: Reply) -> web.Response:
    return web.Response(
        body=reply.encoded(),
        status=reply.status,
        headers=dict(reply.headers),
        content_type=reply.kind,
        charset="utf-8",
    )


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
