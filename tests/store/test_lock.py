"""One engine per ledger: the lock frees itself, says who has it, and a lease without its lock is lost (M01, M03)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tradecli.errors import LockHeld, StoreFault
from tradecli.store.lock import HeldLease, ProcessLock


def test_m01_a_second_one_is_refused_and_told_the_process_that_holds_it(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "s" / "l.lock"), ProcessLock(tmp_path / "s" / "l.lock")
    first.acquire()
    with pytest.raises(LockHeld) as refused:
        second.acquire()
    assert f"process {os.getpid()}" in refused.value.message and int(refused.value.exit_code) == 9
    first.release()
    second.acquire()
    second.release()


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
