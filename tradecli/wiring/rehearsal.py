"""The venues of a rehearsal: a loopback server in a process of its own, found by its profile until it ends.

Every command of the profile then talks to this machine and to nothing else. Nothing here decides what is rehearsed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tradecli.config import folders
from tradecli.errors import LockHeld
from tradecli.store.lock import ProcessLock
from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.process import LoopbackProcess
from tradecli.wiring.live import PORT_FILE

SEED = 42


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """What the loopback venues were asked during a rehearsal."""

    port: int
    requests: int
    signed_requests: int


class Rehearsal:
    """A rehearsal that is running."""

    def __init__(self, server: LoopbackProcess) -> None:
        self._server = server

    @property
    def port(self) -> int:
        return self._server.port

    def asked(self) -> Requests:
        """Return what the venues were asked so far; ``Unavailable`` when their process ended."""
        status = self._server.status()
        return Requests(
            port=self.port, requests=status["requests"], signed_requests=status["signed_requests"]
        )

    def strike(self, fault: Fault) -> None:
        """Let the venues do one thing wrong."""
        self._server.set(fault)


@contextmanager
def rehearsing(profile: str, *, seed: int | None = None, tape: str = "") -> Iterator[Rehearsal]:
    """Start the venues of ``profile`` and stop them at the end; one rehearsal of a profile at a time."""
    folder = folders.made(folders.profile_dir(profile))
    lock = ProcessLock(folder / "loopback.lock")
    try:
        lock.acquire()
    except LockHeld as held:
        raise LockHeld(
            f"a rehearsal of profile {profile} is running already", number=120, hint=held.hint
        ) from held
    server = None
    path = folder / PORT_FILE
    try:
        words = ["--seed", str(SEED if seed is None else seed)]
        server = LoopbackProcess.start(*words, *(["--tape", tape] if tape else []))
        _write(path, server.port)
        yield Rehearsal(server)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
        if server is not None:
            server.stop()
        lock.release()


def _write(path: Path, port: int) -> None:
    """Write the port owner-only and whole."""
    new = path.with_suffix(".new")
    new.write_text(f"{port}\n")
    os.chmod(new, 0o600)
    os.replace(new, path)
