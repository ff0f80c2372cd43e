"""One WebSocket of a client: what it listens to, and the queue of what it is sent.

It owns the connection and nothing of a venue's protocol: text comes in through ``Dialogue.heard``, text goes out
through ``send``. A client that reads too slowly is cut off, as venues do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

QUEUE = 20_000


class Socket:
    """An open connection. ``path`` is the venue's, ``topics`` what it subscribed to."""

    def __init__(self, connection: web.WebSocketResponse, host: str, path: str) -> None:
        self._connection = connection
        self.host = host
        self.path = path
        self.topics: set[str] = set()
        self.silent = False
        self.signed = False
        self.sent = 0
        self._queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(QUEUE)
        self._closing: tuple[int, bytes] | None = None

    def send(self, text: str) -> None:
        """Queue a message; a client that is too far behind is disconnected."""
        if self.silent:
            return
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self.close(WSCloseCode.POLICY_VIOLATION, b"too slow")

    def ping(self) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(b"")

    def close(self, code: int = WSCloseCode.GOING_AWAY, reason: bytes = b"") -> None:
        """Close once everything that is queued is sent, or at once if the queue is full."""
        if self._closing is None:
            self._closing = (code, reason)
            while self._queue.full():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def write(self) -> None:
        """Send what is queued until the connection is closed."""
        while True:
            item = await self._queue.get()
            try:
                if item is None:
                    code, reason = self._closing or (WSCloseCode.OK, b"")
                    await self._connection.close(code=code, message=reason)
                    return
                if isinstance(item, bytes):
                    await self._connection.ping(item)
                else:
                    await self._connection.send_str(item)
                    self.sent += 1
            except (ConnectionError, RuntimeError):
                return


class Dialogue(Protocol):
    """A venue's side of its sockets."""

    ping_every_s: float | None

    def opened(self, socket: Socket) -> None: ...

    def heard(self, socket: Socket, text: str) -> None: ...

    def left(self, socket: Socket) -> None: ...


async def converse(request: web.Request, host: str, path: str, dialogue: Dialogue) -> web.WebSocketResponse:
    """Serve one WebSocket until either side closes it."""
    connection = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=1 << 20)
    await connection.prepare(request)
    socket = Socket(connection, host, path)
    writer = asyncio.create_task(socket.write())
    beat = asyncio.create_task(_pings(socket, dialogue.ping_every_s)) if dialogue.ping_every_s else None
    dialogue.opened(socket)
    try:
        async for message in connection:
            if message.type is WSMsgType.TEXT:
                if not socket.silent:
                    dialogue.heard(socket, message.data)
            elif message.type is WSMsgType.PING:
                await connection.pong(message.data)
    finally:
        dialogue.left(socket)
        for task in (writer, beat):
            if task is not None:
                task.cancel()
    return connection


async def _pings(socket: Socket, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        socket.ping()


Publish = Callable[[str, str], None]
