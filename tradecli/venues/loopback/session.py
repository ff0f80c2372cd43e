"""The session stand-in: the real, unmodified venue clients talk to this machine, and to nothing else.

A client library that accepts an HTTP session is given this one. It keeps the venue's own addresses, so that all that
the library derives from them stays as in production, and sends each request for a known host to the loopback server
as ``http://127.0.0.1:PORT/HOST/path``. Any other host raises ``ForeignHost``: nothing can leave the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import aiohttp
from yarl import URL

from tradecli.venues.loopback.hosts import HOSTS


class ForeignHost(RuntimeError):
    """A request for a host that no loopback venue answers for."""


class LoopbackSession:
    """What client libraries use of an ``aiohttp.ClientSession``, pointed at the loopback server on ``port``.

    The owner closes it after the clients. ``inner`` is a session with settings of its own; without it one is made on
    first use, in the running loop.
    """

    def __init__(
        self, port: int, *, inner: aiohttp.ClientSession | None = None, hosts: Iterable[str] = HOSTS
    ) -> None:
        self._port = port
        self._inner = inner
        self._hosts = frozenset(hosts)

    def get(self, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.get(local, **options)

    def post(self, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.post(local, **options)

    def put(self, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.put(local, **options)

    def delete(self, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.delete(local, **options)

    def request(self, method: str, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.request(method, local, **options)

    def ws_connect(self, url: URL | str, **options: Any) -> Any:
        local = self.local(url)
        return self._session.ws_connect(local, **options)

    @property
    def headers(self) -> Any:
        return self._session.headers

    @property
    def cookie_jar(self) -> Any:
        return self._session.cookie_jar

    @property
    def closed(self) -> bool:
        return self._inner is not None and self._inner.closed

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()

    def local(self, url: URL | str) -> URL:
        """Return the loopback address of a venue's address, its path and query left as they are encoded."""
        scheme, _, rest = str(url).partition("://")
        netloc, slash, tail = rest.partition("/")
        if not slash:
            netloc, query, tail = netloc.partition("?")
            tail = query + tail
        host = netloc.rpartition("@")[2].partition(":")[0]
        if scheme not in ("https", "wss") or host not in self._hosts:
            raise ForeignHost(f"{scheme}://{netloc} is no venue of the loopback server")
        plain = "ws" if scheme == "wss" else "http"
        return URL(f"{plain}://127.0.0.1:{self._port}/{host}/{tail}", encoded=True)

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._inner is None:
            self._inner = aiohttp.ClientSession()
        return self._inner


__all__ = ["ForeignHost", "LoopbackSession"]
