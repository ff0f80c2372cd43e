"""One engine per ledger: the lock frees itself, says who has it, and a lease without its lock is lost (M01, M03)."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tradecli import __version__
from tradecli.domain.enums import Mode
from tradecli.errors import LockHeld, StoreFault
from tradecli.store.ledger import Ledger
from tradecli.store.lock import FencedLease, HeldLease, Holder, ProcessLock, holder_of, refuse_other_code


def test_m01_a_second_one_is_refused_and_told_the_process_that_holds_it(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "s" / "l.lock"), ProcessLock(tmp_path / "s" / "l.lock")
    first.acquire()
    with pytest.raises(LockHeld) as refused:
        second.acquire()
    assert f"process {os.getpid()}" in refused.value.message and int(refused.value.exit_code) == 9
    first.release()
    second.acquire()
    second.release()


def test_p18_beside_an_engine_of_another_version_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "l.lock"
    refuse_other_code(path)
    lock = ProcessLock(path)
    lock.acquire()
    assert holder_of(path) == Holder(str(os.getpid()), __version__)
    refuse_other_code(path)
    for written, told in (
        (b"12 9.9.9", "version 9.9.9"),
        (b"12", "another version"),
        (b"x \x1b[1m", "another"),
    ):
        path.write_bytes(written)
        with pytest.raises(LockHeld, match=told) as refused:
            refuse_other_code(path)
        assert "read, not write" in refused.value.message and refused.value.number == 103
    lock.release()
    refuse_other_code(path)
    assert holder_of(path) is None


def test_a_lock_file_that_says_nothing_readable_names_an_unknown_holder(tmp_path: Path) -> None:
    first = ProcessLock(tmp_path / "l.lock")
    first.acquire()
    (tmp_path / "l.lock").write_bytes(b"")
    with pytest.raises(LockHeld, match="process unknown"):
        ProcessLock(tmp_path / "l.lock").acquire()
    first.release()


def test_a_release_of_what_is_not_held_is_nothing_and_a_lease_lives_as_long_as_its_lock(
    tmp_path: Path,
) -> None:
    lock = ProcessLock(tmp_path / "l.lock")
    lock.release()
    lock.acquire()
    lease = HeldLease(3, lock)
    assert lease.held() and HeldLease(3).held()
    lock.release()
    assert not lease.held()


def test_x10_the_file_is_private_and_a_link_is_refused(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        lock = ProcessLock(tmp_path / "s" / "l.lock")
        lock.acquire()
        lock.release()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s" / "l.lock").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "s" / "l.lock")
    with pytest.raises(StoreFault, match="link"):
        ProcessLock(tmp_path / "link").acquire()


class Ticking:
    """A clock that moves by what is slept; something may happen at each sleep."""

    def __init__(self, at_sleep: Callable[[int], None]) -> None:
        self.at, self.slept, self._at_sleep = 0, 0, at_sleep

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at

    async def sleep_until(self, ts: int) -> None:
        self.at, self.slept = ts, self.slept + 1
        self._at_sleep(self.slept)


def test_a_one_shot_waits_for_another_one_to_end_and_takes_its_turn(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "l.lock"), ProcessLock(tmp_path / "l.lock")
    first.acquire()
    clock = Ticking(lambda times: first.release() if times == 3 else None)
    asyncio.run(second.acquire_within(1_000, clock))  # type: ignore[arg-type]
    assert clock.slept == 3 and second.is_ours()
    second.release()


def test_m01_it_waits_only_as_long_as_it_was_told(tmp_path: Path) -> None:
    first = ProcessLock(tmp_path / "l.lock")
    first.acquire()
    clock = Ticking(lambda times: None)
    with pytest.raises(LockHeld):
        asyncio.run(ProcessLock(tmp_path / "l.lock").acquire_within(100, clock))  # type: ignore[arg-type]
    assert 0 < clock.at <= 100 + 25
    first.release()


def test_m04_a_lock_whose_file_is_gone_or_is_another_one_is_lost(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "l.lock")
    assert not lock.is_ours()
    lock.acquire()
    (tmp_path / "l.lock").unlink()
    assert not lock.is_ours()
    (tmp_path / "l.lock").write_text("")
    assert not lock.is_ours() and not HeldLease(1, lock).held()
    lock.release()


def test_m04_a_fence_that_moved_on_or_cannot_be_read_is_a_lost_lease(tmp_path: Path) -> None:
    path = tmp_path / "l.db"

    async def lease() -> int:
        ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
        try:
            return await ledger.take_lease("x")
        finally:
            await ledger.close()

    lock = ProcessLock(tmp_path / "l.lock")
    lock.acquire()
    held = FencedLease(asyncio.run(lease()), path, lock)
    assert held.held()
    asyncio.run(lease())
    assert not held.held()
    held.close()
    assert not held.held()
    again = FencedLease(1, path, lock)
    lock.release()
    assert not again.held()
    again.close()
