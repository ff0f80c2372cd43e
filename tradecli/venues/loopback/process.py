"""Starting and asking the loopback venues in a process of their own, from code that has no event loop."""

from __future__ import annotations

import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any

import msgspec

from tradecli.errors import Unavailable
from tradecli.venues.loopback.faults import Fault

_ANSWERS_S = 10.0


class LoopbackProcess:
    """The running server. It ends with ``stop``, or with this process."""

    def __init__(self, child: subprocess.Popen[bytes], port: int) -> None:
        self._child = child
        self.port = port

    @classmethod
    def start(cls, *words: str) -> LoopbackProcess:
        """Start the server with the words of its command line and wait until it listens; ``Unavailable`` if not."""
        command = [sys.executable, "-m", "tradecli.venues.loopback", *words]
        # Its own session: a Ctrl-C is for the console, which then ends it in order.
        child = subprocess.Popen(  # noqa: S603 - our own module and our own words
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        line = child.stdout.readline() if child.stdout is not None else b""
        try:
            port = int(msgspec.json.decode(line)["port"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            child.kill()
            child.wait()
            raise Unavailable("the loopback venues did not start", venue="loopback", number=140) from None
        return cls(child, port)

    def status(self) -> dict[str, Any]:
        """Return what the server saw so far: requests, signed requests, faults that struck."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_ANSWERS_S)
        try:
            connection.request("GET", "/loopback/status")
            found: dict[str, Any] = msgspec.json.decode(connection.getresponse().read())
        except (OSError, HTTPException, msgspec.DecodeError) as error:
            raise Unavailable("the loopback venues stopped", venue="loopback", number=141) from error
        finally:
            connection.close()
        return found

    def set(self, fault: Fault) -> None:
        """Arm a fault."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_ANSWERS_S)
        connection.request("POST", "/loopback/faults", msgspec.json.encode(fault))
        connection.getresponse().read()
        connection.close()

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(_ANSWERS_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
