"""``data verify``: recorded series against themselves, shorter bars, and the best prices beside a book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tradecli.cli.series import picked, recorded_as, rows_of, settled, span
from tradecli.cli.series_rows import Verified
from tradecli.datasets import checks
from tradecli.datasets.kinds import KIND_OF_ROW, Kind, interval_name
from tradecli.domain.feed import CandleFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Quote, Trade
from tradecli.domain.series import CandleSeries
from tradecli.errors import NotEnoughData, UsageError
from tradecli.ports import Coverage
from tradecli.present.format import moment
from tradecli.store.market import MarketStore

T = TypeVar("T")
VERIFIABLE = (Kind.CANDLES, Kind.FUNDING, Kind.TRADES, Kind.DEPTH)


async def verify(
    store: MarketStore, kind: str, symbol: str, interval: str
) -> tuple[list[Verified], int, list[str]]:
    """Return a row for each thing verified, the last time looked at, and what is to be said."""
    if kind not in VERIFIABLE:
        words = ", ".join(VERIFIABLE)
        raise UsageError(f"--kind {kind[:40]!a} has nothing to verify", number=109, hint=f"one of {words}")
    found = await recorded_as(store, kind, symbol, interval)
    rows: list[Verified] = []
    for subject in dict.fromkeys(each.subject for each in found):
        rows += await _of_one(store, [each for each in found if each.subject == subject])
    warnings = [f"{row.instrument}: nothing recorded to compare with" for row in rows if not row.compared]
    return rows, max(each.last_ts for each in found), warnings


async def _of_one(store: MarketStore, found: Sequence[Coverage]) -> list[Verified]:
    """Return a row for each thing verified of one instrument."""
    each = found[0]
    match KIND_OF_ROW[each.kind]:
        case Kind.CANDLES:
            return await _candles(store, found)
        case Kind.DEPTH:
            return [await _depth(store, each)]
        case Kind.FUNDING:
            rates = settled(await rows_of(store, each))
            return [_row(Kind.FUNDING, each.subject, None, "intervals", checks.verify_funding(_some(rates)))]
        case _:
            trades = [row for row in await rows_of(store, each) if isinstance(row, Trade)]
            return [_row(Kind.TRADES, each.subject, None, "numbers", checks.verify_trades(_some(trades)))]


async def _candles(store: MarketStore, found: Sequence[Coverage]) -> list[Verified]:
    """Verify the bars of each picked length, and the longer ones against every shorter one that is recorded."""
    subject = InstrumentId(found[0].subject)
    symbol, _, venue = subject.partition("@")
    every = [
        each.interval_ms
        for each in await picked(store, Kind.CANDLES, f"{symbol}@{venue}")
        if each.interval_ms is not None
    ]
    bars: dict[int, CandleSeries] = {}
    for length in sorted(every):
        bars[length] = await store.candles(CandleFeed(subject, length), *span())
    rows = []
    for each in found:
        length = each.interval_ms or 0
        name = interval_name(length)
        if not len(bars[length]):
            raise NotEnoughData("nothing is recorded between --since and --until", number=112)
        rows.append(_row(Kind.CANDLES, subject, name, "bars", checks.verify_bars(bars[length])))
        for shorter in (ms for ms in bars if ms < length and length % ms == 0):
            verdict = checks.verify_sum(bars[shorter], bars[length])
            if verdict.compared:
                rows.append(_row(Kind.CANDLES, subject, name, f"sum of {interval_name(shorter)}", verdict))
    return rows


async def _depth(store: MarketStore, each: Coverage) -> Verified:
    """Rebuild a book and compare it with the best prices recorded beside it, by update id."""
    from tradecli.domain.feed import QuoteFeed
    from tradecli.venues.depth import verify_depth

    messages = [row for row in await rows_of(store, each) if isinstance(row, BookDelta)]
    quotes = [
        row
        async for row in store.read(QuoteFeed(InstrumentId(each.subject)), *span())
        if isinstance(row, Quote)
    ]
    try:
        found = verify_depth(_some(messages), quotes)
    except KeyError as error:
        raise UsageError(f"how {each.subject} numbers its messages is not known", number=109) from error
    problem = ""
    if found.first_gap is not None:
        problem = f"gap before update {found.first_gap}"
    elif found.first_mismatch is not None:
        problem = f"best bid/ask differ at update {found.first_mismatch}"
    return Verified(
        kind=Kind.DEPTH.value,
        instrument=each.subject,
        interval=None,
        check="best bid/ask",
        rows=found.messages,
        compared=found.compared,
        matches=found.matches,
        gaps=found.gaps,
        crossed=found.crossed,
        bad=found.bad,
        sound=found.is_sound,
        status=found.status.value,
        first_problem=problem,
    )


def _some(rows: list[T]) -> list[T]:
    if not rows:
        raise NotEnoughData(
            "nothing is recorded between --since and --until", number=112, hint="tradecli data list"
        )
    return rows


def _row(kind: Kind, subject: str, interval: str | None, check: str, verdict: checks.Verdict) -> Verified:
    problem = "" if verdict.first is None else f"{verdict.problem}: {moment(verdict.first)}"
    return Verified(
        kind=kind.value,
        instrument=subject,
        interval=interval,
        check=check,
        rows=verdict.rows,
        compared=verdict.compared,
        matches=verdict.matches,
        gaps=verdict.gaps,
        crossed=0,
        bad=verdict.bad,
        sound=verdict.is_sound,
        status="ok" if verdict.is_sound else "bad",
        first_problem=problem,
    )
