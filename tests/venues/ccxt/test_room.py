"""Freed memory goes back to the system where the allocator can be asked to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tradecli.venues.ccxt.room import give_back

STATM = Path("/proc/self/statm")


def resident_mib() -> float:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_what_was_freed_below_something_that_is_kept_is_given_back() -> None:
    if not (STATM.exists() and give_back()):
        pytest.skip("another system or another allocator")
    blocks = [bytes([n % 250 + 1]) * 4_000 for n in range(10_000)]
    kept, full = blocks[-1], resident_mib()
    blocks.clear()
    give_back()
    assert kept and resident_mib() < full - 20
