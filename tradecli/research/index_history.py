"""An index computed again over every recorded chain: one record a snapshot, and its values kept as a series.

Each record rests on its own chain alone: nothing is carried from one to the next, so a chain that cannot be used has
no value, with the reason.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from tradecli.components.vol import bvx, chains, curve
from tradecli.domain.feed import OptionsFeed, VolIndexFeed
from tradecli.domain.market import OptionChain, VolIndex
from tradecli.ports import History
from tradecli.quant.bvx import Bvx

COMPUTED = frozenset({"bvx", "term", "skew"})
"""Methods whose values are ours, and are kept."""
IMPORTED = "BITVOL"
"""Name under which a licensed index is imported: BITVOL-BTC."""


class IndexRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One value of an index, or of a number of the chain; volatilities are annualised fractions.

    ``at`` is the time of the chain or reading, UTC ms. ``full`` and ``five_delta`` are both constructions and
    ``wing_share`` their difference; ``left_out`` is what the quotes do not reach; days are those of the expiries used.
    Of books ``value`` is ``spread_bps``, the mean of ``samples``, and ``depth`` the notional within 10 basis points of
    the mid, both sides, in quote currency; ``at`` is the end of the hour.
    """

    at: int
    value: float | None
    quality: str
    method: str
    wings: str | None = None
    full: float | None = None
    five_delta: float | None = None
    wing_share: float | None = None
    left_out: float | None = None
    truncated: bool = False
    days: tuple[float, ...] = ()
    spread_bps: float | None = None
    depth: float | None = None
    samples: int | None = None
    reason: str = ""


def series_name(method: str, coin: str, wings: str) -> str:
    """Return the name under which a method's values are kept: BVX-BTC, BVX5D-BTC, TERM-BTC, DVOL-BTC, BITVOL-BTC."""
    if method in curve.NUMBERS:
        return curve.series_of(method, coin)
    if method == "bvx":
        return f"{'BVX5D' if wings == '5d' else 'BVX'}-{coin}"
    return f"{IMPORTED if method == 'import' else 'DVOL'}-{coin}"


async def records(
    history: History, method: str, coin: str, wings: str, since: int, until: int
) -> AsyncIterator[IndexRecord]:
    """Yield the index at every chain known in [since, until), or at every reading of a published one."""
    if method not in COMPUTED:
        async for each in history.read(VolIndexFeed(series_name(method, coin, wings)), since, until):
            if isinstance(each, VolIndex):
                yield IndexRecord(at=each.ts, value=each.value, quality="ok", method=method)
        return
    async for each in history.read(OptionsFeed(chains.VENUE, coin), since, until):
        if isinstance(each, OptionChain) and method == "bvx":
            yield record_of(each.ts, bvx.of_chain(each, wings))
        elif isinstance(each, OptionChain):
            yield _of_curve(each, method)


def record_of(at: int, index: Bvx) -> IndexRecord:
    """Return the index of one chain as a record."""
    return IndexRecord(
        at=at,
        value=index.vol,
        quality=index.quality,
        method=f"bvx {index.wings}, {index.method}",
        wings=index.wings,
        full=index.full,
        five_delta=index.cut,
        wing_share=index.wing_share,
        left_out=index.left_out,
        truncated=index.truncated,
        days=tuple(round(each.T * 365.0, 2) for each in index.strips),
        reason="; ".join(index.reasons),
    )


def _of_curve(chain: OptionChain, method: str) -> IndexRecord:
    value, reason = curve.of_chain(chain, method)
    return IndexRecord(
        at=chain.ts,
        value=value,
        quality="ok" if value is not None else "unavailable",
        method=curve.NUMBERS[method][1],
        reason=reason,
    )


def as_series(name: str, found: Sequence[IndexRecord]) -> list[VolIndex]:
    """Return the values that are there, as rows of a series."""
    return [VolIndex(name, each.at, each.value) for each in found if each.value is not None]
