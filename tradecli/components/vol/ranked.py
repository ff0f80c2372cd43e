"""One part of the stress score: a number now, what it is made of, and its mid-rank in the year before.

What a part is measured on is decided where it is measured; a part that cannot be ranked says why.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tradecli.quant.returns import Floats
from tradecli.quant.stress import WEIGHTS, percentile_rank

YEAR_DAYS, LEAST_DAYS = 365, 60


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """One number that a part is made of, and its own rank, 1 for the worst."""

    name: str
    value: float
    unit: str
    rank: float | None
    n_obs: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its value now, its rank in [0, 1] among its past, and its weight; None with a reason where unknown.

    ``as_of`` is when the value was true, UTC ms; ``raw`` is what it is made of, where it is of more than one number.
    """

    name: str
    value: float | None
    rank: float | None
    weight: float
    method: str
    n_obs: int
    as_of: int | None = None
    raw: tuple[Raw, ...] = ()
    reason: str = ""


def ranked(name: str, path: Floats, method: str, wrong: str | None, as_of: int | None) -> Part:
    """Return a part whose past and present are one daily path, the present last; absent where ``wrong`` says why."""
    path = path[np.isfinite(path)]
    if wrong is not None or len(path) < LEAST_DAYS:
        return absent(name, wrong or f"{len(path)} of {LEAST_DAYS} days", as_of=as_of)
    past, now = path[-YEAR_DAYS - 1 : -1], float(path[-1])
    return Part(
        name=name,
        value=now,
        rank=percentile_rank(past, now),
        weight=WEIGHTS[name],
        method=method,
        n_obs=len(past),
        as_of=as_of,
    )


def absent(
    name: str, reason: str, *, n_obs: int = 0, as_of: int | None = None, raw: tuple[Raw, ...] = ()
) -> Part:
    """Return a part that gives its weight to the others."""
    return Part(
        name=name,
        value=None,
        rank=None,
        weight=WEIGHTS[name],
        method="none",
        n_obs=n_obs,
        as_of=as_of,
        raw=raw,
        reason=reason,
    )
