"""Requests and answers as the venues of the loopback server see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.socket import Dialogue

SIGNED_HEADERS = frozenset(["x-mbx-apikey", "ok-access-sign", "x-bapi-sign", "authorization"])


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request: ``path`` as sent, without host and query."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str = ""

    @property
    def signed(self) -> bool:
        """Say whether it carries a key or a signature of any of the venues."""
        names = {name.lower() for name in self.headers}
        return "signature" in self.query or "signature=" in self.body or not SIGNED_HEADERS.isdisjoint(names)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; ``body`` is encoded as JSON unless it is text."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = {}
    kind: str = "application/json"

    def encoded(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)


class Refusal(Exception):
    """A venue's own error, raised where a request is answered."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.body))
        self.reply = reply


class Venue(Dialogue, Protocol):
    """One venue's protocol: answers requests, converses on sockets, publishes at its beat."""

    name: str
    beat_ms: int

    def answer(self, ask: Ask) -> Reply:
        """Return the answer, or raise ``Refusal``."""
        ...

    def refused(self, fault: Fault, ask: Ask) -> Reply:
        """Return what the venue says when ``fault`` (429, 418, 503, refused, maintenance) strikes."""
        ...

    def less(self, body: Any, *, part: bool) -> Any:
        """Return a body with its rows removed, or with the newer half of them where ``part``."""
        ...

    def beat(self, ts: int) -> None:
        """Publish what is due at ``ts``, market time."""
        ...


UNAVAILABLE_PAGE = (
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
)


def unavailable() -> Reply:
    """Return the page of a load balancer without a server behind it."""
    return Reply(body=UNAVAILABLE_PAGE, status=503, kind="text/html")


def half(rows: list[Any]) -> list[Any]:
    return rows[len(rows) // 2 :]
