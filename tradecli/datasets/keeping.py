"""One proved file into a history: all of its rows in one transaction, or none.

A row that is there already changes nothing. One that is there with other values stops the file before anything is
written: which of the two is right is for a person to say. Values that only one of the two knows do not contradict: what
the stored row does not know is filled in, so that it does not matter which file comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import msgspec

from tradecli.datasets.batch import Batch
from tradecli.datasets.kinds import feed_of
from tradecli.datasets.reading import Reading
from tradecli.datasets.units import AGAIN, holds_contracts
from tradecli.domain.market import (
    Book,
    BookDelta,
    FundingRate,
    Quote,
    Trade,
    available_at,
)
from tradecli.errors import ReconciliationMismatch, StoreFault
from tradecli.ports import History, Recordable

TOLERANCE = 1e-9
TOLERANCES = {"volume": 1e-6}
"""Relative; volumes of some sources went through single precision."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file brought: new rows of each of its batches, and stored rows that it told more than they knew."""

    new: tuple[int, ...]
    filled: int = 0


async def keep(reading: Reading, history: History | None, *, write: bool = True) -> Kept:
    """Keep every row of a file that is not there yet. Without a history, or to ``write``, only count them.

    Raises ``ReconciliationMismatch`` for the first row that contradicts a stored one, having written nothing.
    """
    fresh: list[Recordable] = []
    richer: list[Recordable] = []
    new: list[int] = []
    series: dict[tuple[str, str, int | None], dict[Any, Recordable]] = {}
    for batch in reading.batches:
        rows, before = batch.rows(), len(fresh)
        there = series.setdefault((batch.kind, batch.subject, batch.interval_ms), {})
        if history is not None:
            await _same_units(reading.path.name, batch, history)
            there |= await _stored(history, batch, rows)
        for row in rows:
            key = key_of(row)
            old = there.get(key)
            if old is None:
                there[key] = row
                fresh.append(row)
            elif old != row and _tells_more(reading.path.name, batch, old, row):
                richer.append(row)
        new.append(len(fresh) - before)
    wanted_rows = fresh + richer
    if write and history is not None and wanted_rows:
        written = await history.write(wanted_rows)
        if written != len(wanted_rows):
            raise StoreFault(
                f"kept {written} of {len(wanted_rows)} rows",
                path=reading.path.name,
                number=132,
                hint="tradecli data list",
            )
    return Kept(tuple(new), len(richer))


def key_of(row: Recordable) -> Any:
    """Return what tells a row apart inside its series."""
    match row:
        case Trade():
            return row.trade_id
        case Quote():
            return row.sequence or (row.ts, row.bid, row.bid_qty, row.ask, row.ask_qty)
        case BookDelta():
            return row.is_snapshot, row.first_id, row.last_id, row.ts
        case Book():
            return row.ts, row.sequence
        case FundingRate():
            return row.ts, row.kind
        case _:
            return row.ts


async def _same_units(name: str, batch: Batch, history: History) -> None:
    """Refuse to add coins to a series that an earlier version kept in contracts."""
    if await holds_contracts(history, batch.kind, batch.subject, batch.interval_ms):
        raise ReconciliationMismatch(
            f"{batch.kind} of {batch.subject} in the store are in contracts, this file is kept in coins",
            number=110,
            where=name,
            hint=f"nothing of this file was imported; {AGAIN}",
        )


async def _stored(history: History, batch: Batch, rows: Sequence[Recordable]) -> dict[Any, Recordable]:
    """Return the stored rows of a batch's series and span, of its kind, by their keys."""
    known = [available_at(row) for row in rows]
    feed = feed_of(batch.kind, batch.subject, batch.interval_ms)
    like = type(rows[0])
    found = history.read(feed, min(known), max(known) + 1)
    return {key_of(row): row async for row in found if isinstance(row, like)}


def _tells_more(name: str, batch: Batch, old: Recordable, new: Recordable) -> bool:
    """Say whether the new row knows what the stored one does not; raise where they contradict."""
    more = False
    for field in msgspec.structs.fields(type(new)):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was == now or now is None:
            continue
        if was is None:
            more = True
        elif not _close(was, now, TOLERANCES.get(field.name, TOLERANCE)):
            raise ReconciliationMismatch(
                f"{batch.kind} of {batch.subject} at {new.ts}: {field.name} is {_short(now)} here and {_short(was)} "
                "in the store",
                number=110,
                where=name,
                hint="nothing of this file was imported; tradecli data export shows what is stored",
            )
    return more


def _close(was: object, now: object, tolerance: float) -> bool:
    return (
        isinstance(was, float)
        and isinstance(now, float)
        and isclose(was, now, rel_tol=tolerance, abs_tol=1e-15)
    )


def _short(value: object) -> str:
    return str(value)[:40]
