"""Room that answers and messages took in passing, given back to the system.

A listing is a megabyte of text for a moment, and thousands of messages a second come and go. The allocator keeps the
heap as large as it was at its fullest, a little fuller each time, and a session runs for weeks; where it can be asked
to (glibc), it lets go of what is free.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    with suppress(OSError, TypeError, AttributeError):  # no such library, another system, another allocator
        return ctypes.CDLL(None).malloc_trim
    return None


def give_back() -> bool:
    """Return freed memory to the system, in less than a millisecond; say whether there was a way to."""
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True
