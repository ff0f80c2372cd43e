"""One engine per account and store: an advisory lock that the system frees when its holder dies, and the lease.

The lock keeps a second engine out; the lease's fence makes a paused one that wakes up too late fail at its next
commit.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

import msgspec

from tradecli import __version__
from tradecli.errors import LockHeld
from tradecli.ports import Clock
from tradecli.store.private import make_private

AGAIN_MS = 25


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock: its process, and the version of its code; empty where the lock file does not say."""

    pid: str
    code: str


class ProcessLock:
    """Held from ``acquire`` until ``release`` or the end of the process; nothing has to be cleaned up by hand
    (M03).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    async def acquire_within(self, wait_ms: int, clock: Clock) -> None:
        """Take the lock as ``acquire`` does, waiting at most ``wait_ms`` for another one-shot to end."""
        until = clock.monotonic() + wait_ms
        while True:
            try:
                self.acquire()
                return
            except LockHeld:
                if clock.monotonic() >= until:
                    raise
            await clock.sleep_until(clock.now() + AGAIN_MS)

    def acquire(self) -> None:
        """Take the lock, or raise ``LockHeld`` naming the process that has it."""
        make_private(self.path)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _told(descriptor)
            os.close(descriptor)
            raise LockHeld(
                f"another engine holds this ledger (process {holder.pid or 'unknown'})",
                number=101,
                where=str(self.path),
                hint="stop it, or choose another --profile or --db",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {__version__}".encode(), 0)
        self._descriptor = descriptor

    def is_ours(self) -> bool:
        """Say whether the file that we locked is still the one that others would lock (M04, O06)."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        except OSError:
            return False

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder_of(path: Path) -> Holder | None:
    """Return who holds the lock at ``path`` now, or None; nothing is changed by asking."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _told(descriptor)
    finally:
        os.close(descriptor)
    return None


def refuse_other_code(path: Path) -> None:
    """Let nobody write beside an engine of another version: ``LockHeld`` says which two they are (P18)."""
    holder = holder_of(path)
    if holder is not None and holder.code != __version__:
        told = f"version {holder.code}" if holder.code else "another version"
        raise LockHeld(
            f"the running engine is {told} and this is {__version__}: it may read, not write",
            number=103,
            where=str(path),
            hint="use the engine's version, or end the engine first; kill works with any",
        )


def _told(descriptor: int) -> Holder:
    pid, _, code = os.pread(descriptor, 64, 0).decode(errors="replace").strip().partition(" ")
    return Holder(pid if pid.isdigit() else "", code if code.isprintable() else "")


class HeldLease:
    """The fence that this process committed under, and whether its lock is still there."""

    def __init__(self, fence: int, lock: ProcessLock | None = None) -> None:
        self.fence = fence
        self._lock = lock

    def held(self) -> bool:
        return self._lock is None or self._lock.is_ours()


class FencedLease:
    """The fence that this process committed under, held against the one in the ledger at every question (M04).

    A process that slept while another took the lease finds out at the gate, not only at its next commit. What cannot
    be read counts as lost.
    """

    def __init__(self, fence: int, ledger: Path, lock: ProcessLock | None = None) -> None:
        self.fence = fence
        self._lock = HeldLease(fence, lock)
        self._db = sqlite3.connect(
            f"{ledger.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0
        )

    def held(self) -> bool:
        if not self._lock.held():
            return False
        try:
            found = self._db.execute("SELECT fence FROM lease").fetchone()
        except sqlite3.Error:
            return False
        return found is not None and found[0] == self.fence

    def close(self) -> None:
        self._db.close()
