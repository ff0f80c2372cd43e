"""Proof of absence: when to ask for an order that may not exist, and when enough was heard. Pure.

RELIABILITY section 3: the request's validity window and the venue's settle time have passed since it may have left,
three look-ups spread over that time each answered a definite "no such order", and (asked by the caller, last) no
page of the venue shows it and our books equal the venue's. A question that failed is no answer. What is known here is
lost with the process, and then gathered again from the beginning.
"""

from __future__ import annotations

import msgspec

LOOKS = 3
AGAIN_MS = 2_000
"""How long after a question that failed it is asked again."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One order that is looked for: since when it may be out, how long that must be waited for, what was heard."""

    client_id: str
    sent_at: int
    window_ms: int
    absent_at: tuple[int, ...] = ()
    """Moments of definite "no such order", each a share of the window after the one before."""

    @property
    def spacing_ms(self) -> int:
        return self.window_ms // LOOKS


def heard_absent(search: Search, at: int) -> Search:
    """Return the search after a definite "no such order" at ``at``; one that came too soon adds nothing."""
    if search.absent_at and at - search.absent_at[-1] < search.spacing_ms:
        return search
    return msgspec.structs.replace(search, absent_at=(*search.absent_at, at))


def is_complete(search: Search) -> bool:
    """Say whether the look-ups suffice: at least three, the last of them after the whole window."""
    heard = search.absent_at
    return len(heard) >= LOOKS and heard[-1] >= search.sent_at + search.window_ms


def next_look_at(search: Search, at: int) -> int:
    """Return when to ask next, never before ``at``."""
    heard = search.absent_at
    if not heard:
        return at
    due = heard[-1] + search.spacing_ms
    if len(heard) >= LOOKS - 1:
        due = max(due, search.sent_at + search.window_ms)
    return max(due, at)


def evidence(search: Search) -> str:
    """Say in one sentence of what the proof consists."""
    waited = (search.absent_at[-1] - search.sent_at) / 1000
    return (
        f"{len(search.absent_at)} look-ups over {waited:.0f} s found no such order; it is in no list since it was "
        "sent, and positions and balances are equal"
    )
