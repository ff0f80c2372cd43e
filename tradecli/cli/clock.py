"""Where wall time enters the command line. Everything below is told what time it is."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Return UTC milliseconds."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - the seam


def steady_ms() -> int:
    """Return milliseconds of a clock that nobody sets, for durations only."""
    return time.monotonic_ns() // 1_000_000  # noqa: TID251 - the seam


def pause(seconds: float) -> None:
    """Wait between two looks, such as two answers of ``--watch``."""
    time.sleep(seconds)  # noqa: TID251 - the seam
