"""The ccxt client of one venue as our transport: its requests and sockets, with each raw message heard before ccxt.

``connect`` is the seam: it takes an HTTP session, so that the same client talks to a venue or to the loopback server,
which stands in for every host of the profile. Nothing here knows what a message means.

ccxt keeps connecting, signing, pinging, backing off after failed dials and telling errors apart. What it does not get
to see are data of streams: they are heard here as text and never become its own structures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import msgspec

from tradecli.errors import AuthFailed, BadPayload, RateLimited, Unavailable, Unsupported, VenueError
from tradecli.venues.ccxt.profile import Profile, Request
from tradecli.venues.ccxt.reading import UNREADABLE

TIMEOUT_MS = 10_000
LARGEST_BODY = 32 * 1024 * 1024
LARGEST_MESSAGE = 4 * 1024 * 1024
BANNED_S, SLOWED_S = 120.0, 30.0
"""How long a venue is left alone where it does not say how long."""
_HANDSHAKE = re.compile(r"(\d{3}), message='([^']*)', url=\S+")
_SPOKEN = frozenset(["code", "retcode", "msg", "message", "retmsg", "reason", "param"])
_PAGE = re.compile(r"<(?=!doctype|html|head|body)", re.IGNORECASE)
_QUERY, _UNSAFE = re.compile(r"\?\S*"), re.compile(r"[^\x20-\x7e]+")

Tap = Callable[[str, "str | bytes"], bool]
"""Hears (address of the socket, message); True when ccxt need not see it."""


T = TypeVar("T")


class _Reading(Generic[T]):
    """Who reads the answer to the request of this task, and what was found in it."""

    def __init__(self, reader: Callable[[str], T]) -> None:
        self.reader = reader
        self.found: T | None = None


_READING: ContextVar[_Reading[Any] | None] = ContextVar("_READING", default=None)


class Transport:
    """One ccxt client. ``tap`` is set by who listens to the sockets."""

    def __init__(self, profile: Profile, exchange: Any) -> None:
        self.profile = profile
        self.exchange = exchange
        self.requests = 0
        self.status = 0

    async def call(self, request: Request) -> Any:
        """Make one request and return what came back; every failure is a ``VenueError``."""
        import ccxt  # 0.5 s and 100 MB: only where a venue is asked

        self.requests += 1
        self.status = 0
        try:
            return await getattr(self.exchange, request.method)(dict(request.params))
        except ccxt.BaseError as error:
            raise translate(error, self.profile.name, self.status, self.headers()) from error
        except (RecursionError, UnicodeError) as error:
            raise BadPayload("an answer that cannot be read", venue=self.profile.name, number=131) from error

    async def read(self, request: Request, reader: Callable[[str], T]) -> T:
        """Make one request and return what ``reader`` makes of the answer's text: nothing else is decoded.

        An answer that ``reader`` refuses is read by ccxt, which tells errors apart; failures are as of ``call``.
        """
        reading = _Reading(reader)
        token = _READING.set(reading)
        try:
            await self.call(request)
        finally:
            _READING.reset(token)
        if reading.found is None:
            raise BadPayload("an answer that cannot be read", venue=self.profile.name, number=137)
        return reading.found

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the last answer."""
        found: Mapping[str, str] = self.exchange.last_response_headers or {}
        return found

    def used(self) -> int | None:
        """Return how much weight the venue says it has counted."""
        header = self.profile.used_header.lower()
        value = next((value for key, value in self.headers().items() if key.lower() == header), None)
        return int(value) if value is not None and value.isdecimal() and header else None

    async def close(self) -> None:
        await self.exchange.close()


def connect(profile: Profile, *, session: Any = None, tap: Tap | None = None) -> Transport:
    """Return the client of a venue; ``session`` replaces the network, and its owner closes it. Opens nothing yet."""
    import ccxt.pro as library  # every exchange of the library: 0.5 to 0.8 s

    settings: dict[str, Any] = {
        "timeout": TIMEOUT_MS,
        "enableRateLimit": True,
        "rateLimiterAlgorithm": "rollingWindow",
        "maxRetriesOnFailure": 0,
        "enableLastHttpResponse": False,  # the text of a listing would be held until the next answer
        **profile.settings,
    }
    if session is not None:
        settings["session"] = session
    exchange = _tapped(getattr(library, profile.exchange))(settings)
    transport = Transport(profile, exchange)
    exchange.heard_by = transport
    exchange.tap = tap
    return transport


def _tapped(base: Any) -> Any:
    """Return ccxt's class with our ear at its sockets and our caps on its answers."""

    class Tapped(base):  # type: ignore[misc]
        heard_by: Transport
        tap: Tap | None = None

        def client(self, url: str) -> Any:
            client = super().client(url)
            if not hasattr(client, "untapped"):
                client.untapped = client.handle_text_or_binary_message
                client.handle_text_or_binary_message = self._ear(url, client.untapped)
            return client

        def _ear(self, url: str, untapped: Callable[[str | bytes], None]) -> Callable[[str | bytes], None]:
            def hear(data: str | bytes) -> None:
                tap = self.tap
                if tap is None or not tap(url, data):
                    untapped(data)

            return hear

        def on_rest_response(self, code: int, reason: str, url: str, method: str, *rest: Any) -> Any:
            self.heard_by.status = code
            body = super().on_rest_response(code, reason, url, method, *rest)
            if isinstance(body, str) and len(body) > LARGEST_BODY:
                raise BadPayload("an answer of over 32 MiB", venue=self.heard_by.profile.name, number=132)
            return body

        def parse_json(self, text: Any) -> Any:
            reading = _READING.get()
            if reading is not None:
                try:
                    reading.found = reading.reader(text)
                    return None
                except UNREADABLE:
                    reading.found = None
            return super().parse_json(text)

    Tapped.__name__ = base.__name__
    return Tapped


def translate(error: Exception, venue: str, status: int, headers: Mapping[str, str]) -> VenueError:
    """Return our error for one of ccxt's, the most specific class first. Its text holds no query and no raw body."""
    import ccxt

    said = plain(error)
    match error:
        case ccxt.RateLimitExceeded() | ccxt.DDoSProtection():
            after = retry_after(headers)
            return RateLimited(
                f"asked to slow down ({status or 'its own code'}): {said}",
                venue=venue,
                retry_after_s=after if after is not None else BANNED_S if status == 418 else SLOWED_S,
            )
        case ccxt.AuthenticationError():
            return AuthFailed(f"refused the key: {said}", venue=venue, number=120)
        case ccxt.NotSupported():
            return Unsupported(f"is not offered here: {said}", venue=venue, number=121)
        case ccxt.OnMaintenance():
            return Unavailable(f"is under maintenance: {said}", venue=venue, number=112)
        case ccxt.RequestTimeout():
            return Unavailable(f"did not answer within {TIMEOUT_MS // 1000} s", venue=venue, number=113)
        case ccxt.BadResponse() | ccxt.NullResponse():
            return BadPayload(f"an answer that cannot be read: {said}", venue=venue, number=130)
        case ccxt.NetworkError():
            return _unreachable(error, venue, status, said)
        case _:
            return BadPayload(f"refused the question: {said}", venue=venue, number=133)


def _unreachable(error: Exception, venue: str, status: int, said: str) -> VenueError:
    import aiohttp

    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientSSLError):
        reason = "cannot be trusted: its certificate does not prove that it is the venue"
        return Unavailable(
            reason, venue=venue, number=114, hint="nothing was sent; there is no way around this"
        )
    return Unavailable(f"cannot be reached ({status or 'no answer'}): {said}", venue=venue, number=111)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` names, where it names any."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isdecimal() and len(value) < 8:
            return float(value)
    return None


def plain(error: Exception) -> str:
    """Return a foreign error's text: printable, cut, without the query of an address or a page made for browsers.

    Of a venue's JSON only its own words are kept.
    """
    text = _PAGE.split(_QUERY.sub("", _HANDSHAKE.sub(r"\1 \2", str(error))), maxsplit=1)[0]
    before, brace, body = text.partition("{")
    if brace:
        with suppress(msgspec.DecodeError):
            text = f"{before}{', '.join(_words(msgspec.json.decode(brace + body))) or brace + body}"
    return _UNSAFE.sub(" ", text)[:160].strip()


def _words(body: Any) -> Iterator[str]:
    """Yield what a venue's error body says in words, wherever it says it."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if isinstance(value, dict):
            yield from _words(value)
        elif name.lower() in _SPOKEN and value:
            yield str(value)
