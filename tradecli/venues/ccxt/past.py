"""What a venue knows of the past: a span of time asked for in pages, oldest first, each row once.

A page is a span that cannot hold more rows than the venue gives, so that any page can be asked for by itself and a
broken pull goes on where it stopped. Bars that have not closed are left out; what is missing is not invented.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from tradecli.domain.budget import Priority
from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.market import Candle, FundingRate, OpenInterest, Sentiment, Trade, VolIndex
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.profile import Heard, Kind, Listed, Question, Unpriced

INTEREST_STEP_MS = 5 * MINUTE_MS
STEPS = {
    Kind.FUNDING_HISTORY: HOUR_MS,
    Kind.INTEREST_HISTORY: INTEREST_STEP_MS,
    Kind.RATIO: INTEREST_STEP_MS,
    Kind.VOL_INDEX: HOUR_MS,
}
"""The shortest time between two rows of a kind."""
_TRADES_SPAN_MS = 10 * MINUTE_MS
_USUAL_PAGE = 100

ROWS = (Candle, FundingRate, OpenInterest, Sentiment, Trade, VolIndex)
Row: TypeAlias = Candle | FundingRate | OpenInterest | Sentiment | Trade | VolIndex


def spans(kind: Kind, interval_ms: int, page: int, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield the pages of [since, until), oldest first; bars start on their own beat."""
    step = interval_ms or STEPS.get(kind, 0)
    width = page * step if step else _TRADES_SPAN_MS
    at = since - since % step if step and kind is Kind.CANDLES else since
    while at < until:
        yield at, min(at + width, until)
        at += width


async def rows(
    client: Client,
    kind: Kind,
    listed: Listed | None,
    since: int,
    until: int,
    *,
    interval_ms: int = 0,
    currency: str = "",
    priority: Priority = Priority.HISTORY,
    have: Callable[[int, int], Awaitable[bool]] | None = None,
) -> AsyncIterator[tuple[int, list[Row]]]:
    """Yield (end of the page, its rows) for [since, until); rows are known by then, sorted and unrepeated.

    A page that ``have`` says is there already is not asked for.
    """
    page = client.profile.page.get(kind, _USUAL_PAGE)
    step = interval_ms or STEPS.get(kind, 0)
    if kind is Kind.CANDLES and listed is not None:
        page = client.profile.bars(page, step, client.profile.product_of(listed.id))
    for start, end in spans(kind, interval_ms, page, since, until):
        if have is not None and await have(start, end):
            yield end, []
            continue
        question = Question(
            kind=kind, listed=listed, currency=currency, interval_ms=step, since=start, until=end, limit=page
        )
        found = await _page(client, question, page, priority)
        yield end, [row for row in found if _known(row) <= until]


async def _page(client: Client, question: Question, page: int, priority: Priority) -> list[Row]:
    """Return one span's rows; prints come in as many answers as they need."""
    kept: dict[tuple[int, str], Row] = {}
    since, until, shift = question.since or 0, question.until or 1 << 62, _shift(question)
    while True:
        heard = await client.ask(question, priority)
        found = await _valued(client, question, heard, priority)
        inside = [row for row in found if since <= row.ts - shift < until]
        fresh = [row for row in inside if (row.ts, _id(row)) not in kept]
        kept |= {(row.ts, _id(row)): row for row in fresh}
        if question.kind is not Kind.TRADES or len(heard) < page or not fresh:
            return [kept[key] for key in sorted(kept)]
        if client.profile.newest_first:
            question = msgspec.structs.replace(question, until=min(kept)[0] + 1)
        else:
            question = msgspec.structs.replace(question, since=max(kept)[0])


async def _valued(
    client: Client, question: Question, heard: Sequence[Heard], priority: Priority
) -> list[Row]:
    """Return the rows of an answer; open interest that its venue does not value is valued at the bar of its time."""
    bare = [each for each in heard if isinstance(each, Unpriced)]
    found = [each for each in heard if isinstance(each, ROWS)]
    if bare:
        asked = msgspec.structs.replace(question, kind=Kind.CANDLES)
        bars = {bar.ts: bar.open for bar in await client.ask(asked, priority) if isinstance(bar, Candle)}
        found += [
            OpenInterest(each.instrument, each.ts, each.qty * bars[each.ts])
            for each in bare
            if each.ts in bars
        ]
    return found


def _shift(question: Question) -> int:
    """Return how much later than it starts a row is dated: an index is known when its hour ends."""
    return question.interval_ms if question.kind is Kind.VOL_INDEX else 0


def _id(row: Row) -> str:
    return row.trade_id if isinstance(row, Trade) else ""


def _known(row: Row) -> int:
    return row.close_ts if isinstance(row, Candle) else row.ts
