"""The past and the first prices: what may run ahead of it, and what waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from tests.fakes.desk import BTC, T0, linear
from tradecli.domain.events import Event
from tradecli.domain.feed import CandleFeed, Feed, FundingFeed
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import Candle, FundingRate, MarketEvent, Quote
from tradecli.engine.freshness import past_link
from tradecli.engine.state import State
from tradecli.engine.warmup import announced, prices_first, warm_up

MINUTE = 60_000


def quote(after_ms: int) -> Quote:
    return Quote(BTC, T0 + after_ms, 100.0, 1.0, 100.1, 1.0)


def rate(after_ms: int) -> FundingRate:
    return FundingRate(BTC, T0 + after_ms, 0.0001, 8.0)


def bar(after_ms: int, close: float = 100.0) -> Candle:
    return Candle(BTC, T0 + after_ms, MINUTE, close, close, close, close, 1.0)


class Past:
    """A market with a past of bars and funding rates."""

    async def instruments(self) -> Sequence[Instrument]:
        return (linear(),)

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        if isinstance(feed, CandleFeed):
            return [bar(-MINUTE * back, 100.0 + back) for back in range(feed.count, 0, -1)]
        return [rate(-8 * 3_600_000)]


PAST = "the past is in"


def arrivals(events: Sequence[Event], warm_at: int | None, patience_until: int) -> list[Event | str]:
    """Return what comes out of ``events`` when the past is read before the event number ``warm_at``, or only when it is
    waited for.
    """
    seen: list[Event | str] = []

    async def read_the_past() -> None:
        seen.append(PAST)

    async def source() -> AsyncIterator[Event]:
        for number, event in enumerate(events):
            if number == warm_at:
                await asyncio.sleep(0)
            yield event

    async def run() -> None:
        warm = asyncio.create_task(read_the_past())
        async for event in prices_first(source(), warm, patience_until):
            seen.append(event)

    asyncio.run(run())
    return seen


def test_prices_run_ahead_of_the_past_and_everything_else_follows_it_in_its_order() -> None:
    events = [quote(0), rate(10), quote(20), rate(30), quote(40), quote(50)]
    assert arrivals(events, warm_at=4, patience_until=T0 + 1_000) == [
        quote(0), quote(20), PAST, rate(10), rate(30), quote(40), quote(50),
    ]  # fmt: skip


def test_at_the_end_of_patience_even_a_price_waits_for_the_past() -> None:
    events = [quote(0), rate(10), quote(1_000), quote(1_010)]
    assert arrivals(events, warm_at=None, patience_until=T0 + 1_000) == [
        quote(0), PAST, rate(10), quote(1_000), quote(1_010),
    ]  # fmt: skip


def test_a_past_read_in_slices_fills_the_windows_and_moves_neither_time_nor_the_count_of_events() -> None:
    async def run() -> tuple[State, int, int]:
        state = State([linear()], {})
        state.apply(quote(0), T0)
        pauses = 0

        async def pause() -> None:
            nonlocal pauses
            pauses += 1

        feeds = [CandleFeed(BTC, MINUTE, 2_500), FundingFeed(BTC, 86_400_000)]
        return state, await warm_up(state, Past(), feeds, T0, pause=pause), pauses

    state, applied, pauses = asyncio.run(run())
    series = state.window(BTC).candle_series(MINUTE)
    assert (applied, len(series.ts), int(series.ts[-1])) == (2_501, 2_500, T0 - MINUTE)
    assert len(state.window(BTC).funding_series().ts) == 1
    assert (state.at, state.events) == (T0, 1)
    assert state.prices[BTC] == (100.05, T0), "an old close does not replace a live price"
    assert pauses >= 5, "two feeds and three slices"


def test_it_is_said_before_and_after_that_the_past_is_read_and_the_second_once() -> None:
    async def run() -> list[Event]:
        warm: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def source() -> AsyncIterator[Event]:
            yield quote(0)
            warm.set_result(None)
            yield quote(10)
            yield quote(20)

        return [event async for event in announced(source(), warm, T0, lambda: T0)]

    before, after = past_link(up=False, ts=T0), past_link(up=True, ts=T0)
    assert asyncio.run(run()) == [before, quote(0), after, quote(10), quote(20)]
