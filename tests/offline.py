"""The guard of the suite: no network beyond this machine, and nothing in tradecli that runs text as code (X06).

An audit hook sees what C code does too, and it cannot be caught away: an attempt raises at the spot and is also kept,
so that a test fails even where the code under test swallowed the error.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

attempts: list[str] = []
is_open = False  # set for a test marked `live`

_OUTWARD = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
_TEXT_AS_CODE = {"exec", "compile", "os.system", "pickle.find_class", "marshal.loads"}


class Forbidden(RuntimeError):
    """The suite reached out of this machine, or tradecli ran text as code."""


def install() -> None:
    """Start guarding this process; a second call does nothing."""
    if not getattr(sys, "_tradecli_guarded", False):
        sys.addaudithook(_watch)
        sys._tradecli_guarded = True  # type: ignore[attr-defined]


def is_local(host: str | bytes | None) -> bool:
    """Say whether a host is this machine's loopback; no name is looked up for it."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in _OUTWARD:
        endpoint, address = args[0], args[1]
        if endpoint.family in (socket.AF_INET, socket.AF_INET6) and address:
            host, port = address[:2]
            if not is_local(host) or (event == "socket.bind" and host in ("", b"")):
                _refuse(f"{event} {host}:{port}")
    elif event == "socket.getaddrinfo":
        if not is_local(args[0]):
            _refuse(f"{event} {args[0]}")
    elif event in _TEXT_AS_CODE:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller == "tradecli" or caller.startswith("tradecli."):
            _refuse(f"{event} in {caller}")


def _refuse(what: str) -> None:
    if not is_open:
        attempts.append(what)
        raise Forbidden(what)
