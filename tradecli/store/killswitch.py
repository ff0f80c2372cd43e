"""The kill flag: a small file that binds whatever else is broken.

It is written before anything acts on it (fsync, then rename), needs no configuration, engine, network or store, and
is read at the gate of every order. Whatever cannot be read counts as halted, and so does a flag or a folder that was
there and is gone (O06): a release leaves an empty flag behind, never none. Setting and releasing exclude each other
through a lock file; a release names exactly the latches it saw, so a kill that arrives meanwhile wins.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tradecli import codec
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.errors import NotFound, StoreFault
from tradecli.store.private import make_private

_LIFTED_KEPT = 50


class Flag(msgspec.Struct, frozen=True):
    """What the file holds: latches in force, and the newest ones that were lifted by hand."""

    latches: tuple[Latch, ...]
    lifted: tuple[Latch, ...] = ()


class KillSwitch:
    """The latches of one profile, on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file, self._folder = str(path), str(path.parent)
        self._seen: tuple[int, int, int] | None = None
        self._was_there = False
        self._had_folder = False
        self._lifted: tuple[Latch, ...] = ()

    def lifted(self) -> tuple[Latch, ...]:
        """Return the newest latches that were lifted by hand: a copy of one in the store binds no longer."""
        self.load()
        return self._lifted

    def load(self) -> tuple[Latch, ...]:
        """Return the latches in force; an unreadable flag is a halt of everything."""
        self._seen = self._stamp()
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            has_folder = self.path.parent.is_dir()
            if self._was_there or (self._had_folder and not has_folder):
                return (_halt("the kill flag is gone: it was removed, not released"),)
            self._had_folder = has_folder
            return ()
        except OSError as error:
            return (_halt(f"the kill flag cannot be read: {error.strerror}"),)
        self._was_there = True
        try:
            flag = codec.decode_outside(raw, Flag)
            self._lifted = flag.lifted
            return flag.latches
        except (ValueError, msgspec.MsgspecError) as error:
            return (_halt(f"the kill flag is damaged: {error}"),)

    def changed(self) -> bool:
        """Say whether the file is another one than ``load`` saw last; costs a ``stat`` or two."""
        return self._stamp() != self._seen

    def set(self, latch: Latch) -> None:
        """Add a latch, durable when this returns; the same level and scope twice is one latch."""
        with self._alone():
            known = self.load()
            if not any(each.level is latch.level and each.scope == latch.scope for each in known):
                self._write((*known, latch))

    def release(self, scope: Scope, seen: tuple[Latch, ...] | None = None) -> tuple[Latch, ...]:
        """Lift the latches of ``scope`` (of those in ``seen``, when given) and return them; ``NotFound`` for none."""
        with self._alone():
            known = self.load()
            lifted = tuple(each for each in known if each.scope == scope and (seen is None or each in seen))
            if not lifted:
                raise NotFound(f"no latch on {scope}", number=110, hint="tradecli kill status")
            self._lifted = (*self._lifted, *lifted)[-_LIFTED_KEPT:]
            self._write(tuple(each for each in known if each not in lifted))
            return lifted

    def _write(self, latches: tuple[Latch, ...]) -> None:
        beside = self.path.with_suffix(".new")
        try:
            make_private(beside)
            descriptor = os.open(beside, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                raw = codec.encode(Flag(latches, self._lifted))
                if os.write(descriptor, raw) != len(raw):
                    raise OSError(errno.ENOSPC, "not all of it was written")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            beside.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            text = f"the kill flag cannot be written: {error.strerror}"
            raise StoreFault(text, path=str(self.path), number=150) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self.path.with_suffix(".lock")
        make_private(lock)
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            return None if os.path.isdir(self._folder) else (0, 0, 1)
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_mtime_ns, found.st_size)


class NoKill:
    """Latches of a run that is alone in its process and ends with it."""

    def __init__(self) -> None:
        self._latches: tuple[Latch, ...] = ()

    def load(self) -> tuple[Latch, ...]:
        return self._latches

    def set(self, latch: Latch) -> None:
        self._latches = (*self._latches, latch)

    def changed(self) -> bool:
        return False

    def lifted(self) -> tuple[Latch, ...]:
        return ()


def _halt(reason: str) -> Latch:
    return Latch(level=KillLevel.HALT, scope=Scope(), reason=reason, by="kill flag", at=0)
