"""What is heard of a book is also gauged: once a minute, from all its levels, and told by the hour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.fakes.desk import BTC
from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.market import Book, BookDelta, VolIndex
from tradecli.venues.ccxt.ears import Ears
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.rows import Scale
from tradecli.venues.sequence import Rule

T0 = 480_000 * HOUR_MS
LEVELS = 120
"""Of 0.1 below and above 10,000: the book reaches 12 basis points, the twenty levels that are handed on two."""


class Ticking:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at - T0


def ears(clock: Ticking, recorded: list[Any]) -> Ears:
    listed = SimpleNamespace(id=BTC, tick=0.1, scale=Scale(BTC, 0.1))
    profile = SimpleNamespace(rule_of=lambda _: Rule.CHAIN, name="binance")
    client: Any = SimpleNamespace(clock=clock, profile=profile, listed=lambda _: listed)
    return Ears(client, Inbox(), recorder=recorded.append)


def whole(id: int, size: float) -> BookDelta:
    bids = tuple((100_000 - i, size) for i in range(LEVELS))
    asks = tuple((100_001 + i, size) for i in range(LEVELS))
    return BookDelta(BTC, T0, True, None, id, None, bids, asks)


def test_an_hour_of_a_followed_book_is_recorded_and_told_to_the_desk_when_the_next_one_begins() -> None:
    clock, recorded = Ticking(), list[Any]()
    heard = ears(clock, recorded)
    for minute in range(61):
        for part in range(4):
            clock.at = T0 + minute * MINUTE_MS + part * 15_000
            heard.hear(whole(minute * 4 + part + 1, 1.0 if part == 0 else 50.0))
    rows = [each for each in recorded if isinstance(each, VolIndex)]
    near = sum(0.1 * ticks for ticks in (*range(99_901, 100_001), *range(100_001, 100_101)))
    assert [(each.name, each.ts) for each in rows] == [
        ("SPREAD-BTCUSDT@binance", T0 + HOUR_MS),
        ("DEPTH10-BTCUSDT@binance", T0 + HOUR_MS),
    ]
    assert abs(rows[0].value - 0.1 / 10_000.05 * 10_000) < 1e-9
    assert abs(rows[1].value - near) < 1e-3, "the first book of each minute, and of no other moment"
    told = []
    while (event := heard.inbox.take()) is not None:
        told.append(event)
    assert [each for each in told if isinstance(each, VolIndex)] == rows
    assert all(len(each.bids) == 20 for each in told if isinstance(each, Book))


def test_a_book_that_is_not_proven_is_not_gauged() -> None:
    clock, recorded = Ticking(), list[Any]()
    heard = ears(clock, recorded)
    for minute in range(61):
        clock.at = T0 + minute * MINUTE_MS
        heard.hear(BookDelta(BTC, T0, False, None, 7, 5, ((10_000, 1.0),), ((10_001, 1.0),)))
    assert not any(isinstance(each, VolIndex) for each in recorded)
