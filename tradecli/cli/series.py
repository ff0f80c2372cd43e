"""Series of the market store as ``tradecli data`` picks, lists, searches and exports them. It prints nothing."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tradecli.cli import desk, options, parse
from tradecli.cli.series_rows import Gap, Series
from tradecli.config.place import Place, locate
from tradecli.domain.enums import FundingKind, Mode
from tradecli.domain.market import FundingRate
from tradecli.errors import NotEnoughData, UsageError
from tradecli.ports import Coverage, Recordable
from tradecli.store.market import MarketStore

if TYPE_CHECKING:
    from tradecli.datasets.kinds import Kind

T = TypeVar("T")
EVER = 1 << 60


def place() -> Place:
    """Return the place whose market store is meant: where nothing names a profile, the one of recorded data.

    The demo would be the default then, but its market is invented, and the two never mix.
    """
    named = options.current().profile or os.environ.get("TRADECLI_PROFILE")
    found = desk.here()
    if named is None and found.mode is Mode.DEMO:
        return locate("replay", options.current().config, options.current().db)
    return found


async def with_store(ask: Callable[[MarketStore], Awaitable[T]]) -> T:
    """Ask the market store that is meant, without making one."""
    async with await MarketStore.open(place().market, writable=False) as store:
        return await ask(store)


def kind_of(text: str) -> Kind | None:
    """Return the kind that ``--kind`` names."""
    from tradecli.datasets.kinds import Kind

    return Kind(parse.one_of(text, tuple(Kind), "--kind")) if text else None


def interval_of(text: str) -> int | None:
    """Return the milliseconds that ``--interval`` names."""
    from tradecli.datasets.kinds import INTERVALS_MS

    return INTERVALS_MS[parse.one_of(text, tuple(INTERVALS_MS), "--interval")] if text else None


def subject_of(text: str, kind: Kind | None) -> tuple[str, str | None]:
    """Return (symbol or name, venue) of ``--symbol``: an instrument's symbol, or the name of an index."""
    from tradecli.datasets.kinds import NAMED

    if kind in NAMED or (kind is None and text[:1].islower()):
        return parse.name(text, "series"), None
    return parse.symbol(text, options.current().venue)


async def picked(store: MarketStore, kind: str, symbol: str, interval: str = "") -> list[Coverage]:
    """Return the series that ``--kind``, ``--symbol``, ``--venue`` and ``--interval`` pick, all where none is given."""
    from tradecli.datasets.kinds import KIND_OF_ROW

    wanted, length = kind_of(kind), interval_of(interval)
    name, venue = subject_of(symbol, wanted) if symbol else (None, options.current().venue)
    found = []
    for each in await store.coverage():
        subject, _, at = each.subject.partition("@")
        if wanted is not None and KIND_OF_ROW[each.kind] is not wanted:
            continue
        if name is not None and subject != name:
            continue
        if venue is not None and at != venue:
            continue
        if length is None or each.interval_ms in (None, length):
            found.append(each)
    return found


async def of_one_subject(store: MarketStore, kind: str, symbol: str, interval: str) -> list[Coverage]:
    """Return the picked series, which must be there and belong to one venue."""
    found = await picked(store, kind, symbol, interval)
    if not found:
        what = f"{interval} {kind}".strip()
        raise NotEnoughData(
            f"no {what} of {symbol} are recorded",
            number=112,
            hint="tradecli data list; tradecli data import PATH",
        )
    subjects = sorted({each.subject for each in found})
    if len(subjects) > 1:
        venues = ", ".join(subject.partition("@")[2] for subject in subjects)
        raise UsageError(f"{symbol} is recorded at several venues: {venues}", number=108, hint="--venue NAME")
    return found


async def recorded_as(store: MarketStore, kind: str, symbol: str, interval: str) -> list[Coverage]:
    """Return the picked series of every instrument that its venue writes as ``symbol``, the perpetual first.

    A venue names its spot pair as it names its perpetual: BTCUSDT is both at Binance, and BTCUSD_PERP is our
    BTCUSD.inverse.
    """
    found = await picked(store, kind, "", interval)
    if symbol:
        wanted, venue = subject_of(symbol.removesuffix("_PERP"), kind_of(kind))
        found = [
            each
            for each in found
            if wanted in (_symbol(each), _symbol(each).partition(".")[0])
            and venue in (None, each.subject.partition("@")[2])
        ]
    if not found:
        what = f"{interval} {kind}".strip()
        raise NotEnoughData(
            f"no {what} of {symbol or 'anything'} are recorded",
            number=112,
            hint="tradecli data list; tradecli data import PATH",
        )
    return sorted(found, key=lambda each: (_symbol(each).count("."), each.subject, each.interval_ms or 0))


def _symbol(each: Coverage) -> str:
    return each.subject.partition("@")[0]


async def rows_of(store: MarketStore, each: Coverage) -> list[Recordable]:
    """Return the rows of one series known between ``--since`` and ``--until``."""
    from tradecli.datasets.kinds import KIND_OF_ROW, ROW_TYPES, feed_of

    kind = KIND_OF_ROW[each.kind]
    feed = feed_of(kind, each.subject, each.interval_ms)
    since, until = span()
    return [row async for row in store.read(feed, since, until) if isinstance(row, ROW_TYPES[kind])]


def settled(rows: list[Recordable]) -> list[FundingRate]:
    """Return the rates that were paid, without estimates and predictions."""
    return [row for row in rows if isinstance(row, FundingRate) and row.kind is FundingKind.SETTLED]


def span() -> tuple[int, int]:
    """Return ``--since`` and ``--until``, by default from the first to the last."""
    given = options.current()
    return given.since or 0, given.until or EVER


def row_of(each: Coverage) -> Series:
    """Return a series as it is listed."""
    from tradecli.datasets.kinds import KIND_OF_ROW, interval_name

    return Series(
        kind=KIND_OF_ROW[each.kind].value,
        instrument=each.subject,
        interval=interval_name(each.interval_ms) if each.interval_ms else None,
        first=each.first_ts,
        last=each.last_ts,
        rows=each.rows,
    )


async def in_contracts(store: MarketStore, found: list[Coverage]) -> list[str]:
    """Return a sentence for each series of a coin-margined instrument that an earlier version kept in contracts."""
    from tradecli.domain.contracts import is_coin_margined
    from tradecli.domain.instrument import InstrumentId

    sentences = []
    for each in found:
        if "@" not in each.subject or not is_coin_margined(InstrumentId(each.subject)):
            continue
        from tradecli.datasets.kinds import KIND_OF_ROW
        from tradecli.datasets.units import holds_contracts  # arrays: only for these

        kind = KIND_OF_ROW[each.kind]
        if await holds_contracts(store, kind, each.subject, each.interval_ms):
            sentences.append(f"{kind} of {each.subject} are in contracts, as earlier versions kept them")
    return sentences


async def gaps(store: MarketStore, kind: str, symbol: str, interval: str) -> tuple[list[Gap], int]:
    """Return what is missing in the bars of every picked interval, or in the funding, and the last time looked at."""
    from tradecli.datasets import checks
    from tradecli.datasets.kinds import Kind, interval_name
    from tradecli.domain.feed import CandleFeed
    from tradecli.domain.instrument import InstrumentId

    wanted = kind_of(kind)
    if wanted not in (Kind.CANDLES, Kind.FUNDING):
        raise UsageError(
            f"{kind or 'every kind'} has no beat to miss", number=109, hint="--kind candles or funding"
        )
    found = await of_one_subject(store, kind, symbol, interval)
    rows: list[Gap] = []
    for each in found:
        if each.interval_ms is not None:
            bars = await store.candles(CandleFeed(InstrumentId(each.subject), each.interval_ms), *span())
            holes, name = checks.holes_in_bars(bars.ts, each.interval_ms), interval_name(each.interval_ms)
        else:
            holes, name = checks.holes_in_funding(settled(await rows_of(store, each))), "settlement"
        rows += [
            Gap(
                instrument=each.subject,
                interval=name,
                since=hole.since,
                until=hole.until,
                missing=hole.missing,
            )
            for hole in holes
        ]
    return rows, max(each.last_ts for each in found)


async def export(
    store: MarketStore, kind: str, symbol: str, interval: str, target: Path, replace: bool
) -> Series:
    """Write one series to a file and return what was written."""
    from tradecli.datasets.export import write_rows
    from tradecli.datasets.kinds import KIND_OF_ROW, interval_name

    found = await of_one_subject(store, kind, symbol, interval)
    if len({each.kind for each in found}) > 1:
        raise UsageError("several kinds are recorded", number=108, hint="--kind names one")
    if len(found) > 1:
        lengths = ", ".join(interval_name(each.interval_ms) for each in found if each.interval_ms)
        raise UsageError(f"bars of several lengths are recorded: {lengths}", number=108, hint="--interval 1h")
    rows = await rows_of(store, found[0])
    if not rows:
        raise NotEnoughData(
            "nothing is recorded between --since and --until", number=112, hint="tradecli data list"
        )
    write_rows(target, KIND_OF_ROW[found[0].kind], rows, replace=replace)
    row = row_of(found[0])
    return Series(
        kind=row.kind,
        instrument=row.instrument,
        interval=row.interval,
        first=rows[0].ts,
        last=rows[-1].ts,
        rows=len(rows),
    )
