"""Depth as venues write it: what no row may say, whose books stay those of read differences, and how much is kept."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.venues.books import SYMBOLS, TICK, Server, Wire
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.rows import PRICES_KEPT, Depth, Pair, Scale
from tradecli.venues.sequence import BookBuilder, Rule, Status

ID = InstrumentId("BTCUSDT@okx")


def depth(number: int, bids: list[Pair], asks: list[Pair], *, is_snapshot: bool = False) -> Depth:
    return Depth("BTC", number, is_snapshot, None, number, number - 1, bids, asks)


@pytest.mark.parametrize("venue", PROFILES)
@pytest.mark.parametrize("what", ["-1", "0", "nan", "inf", "1e15"])
def test_d05_a_message_with_a_price_that_is_none_is_refused_whole(venue: str, what: str) -> None:
    text = _with(venue, "59999.5", what)
    with pytest.raises(msgspec.DecodeError):
        profile_of(venue).depth(text)


@pytest.mark.parametrize("venue", PROFILES)
@pytest.mark.parametrize("what", ["nan", "inf", "1e15"])
def test_d05_a_message_with_a_size_that_is_none_is_refused_whole(venue: str, what: str) -> None:
    text = _with(venue, "7.125", what)
    with pytest.raises(msgspec.DecodeError):
        profile_of(venue).depth(text)


def _with(venue: str, number: str, instead: str) -> str:
    """Return a difference in which one number is another."""
    text = Wire(venue, Server(random.Random(1))).diff({119_999: 7.125}, {120_001: 1.0})
    assert number in text
    return text.replace(number, instead, 1)


def test_d05_a_size_below_zero_makes_the_book_bad() -> None:
    builder = BookBuilder(ID, 0.5, Rule.CHAIN)
    builder.take(depth(1, [Pair(100.0, 1.0)], [Pair(101.0, 1.0)], is_snapshot=True))
    assert builder.take(depth(2, [Pair(99.0, -1.0)], [])) is Status.BAD


@pytest.mark.parametrize("inverse", [False, True])
def test_a_book_of_rows_is_that_of_the_differences_which_a_recorder_keeps(inverse: bool) -> None:
    scale = Scale(ID, 0.1, 0.01, inverse=inverse)
    rows, read = BookBuilder(ID, 0.1, Rule.CHAIN, scale), BookBuilder(ID, 0.1, Rule.CHAIN)
    heard = BookBuilder(ID, 0.1, Rule.CHAIN, scale)
    for number in range(1, 400):
        bids = [Pair(60_000 - ((number * 7 + k * k) % 90) / 10, 3.0 * (k % 4)) for k in range(1, 9)]
        asks = [Pair(60_000 + ((number * 5 + k * k) % 90) / 10 + 0.1, 7.0 * (k % 3)) for k in range(1, 9)]
        message = depth(number, bids, asks, is_snapshot=number == 1)
        assert rows.take(message) is read.apply(scale.delta(message))
        assert heard.take_kept(message) == (rows.status, scale.delta(message))
    assert rows.best() == read.best() == heard.best() and rows.book(100) == read.book(100) == heard.book(100)
    assert rows.status is Status.OK


@pytest.mark.parametrize("size", [-1.0, 3.0])
@pytest.mark.parametrize("number", [2, 7])
def test_a_recorder_keeps_the_whole_of_a_message_also_where_the_book_ends_with_it(
    size: float, number: int
) -> None:
    builder = BookBuilder(ID, 0.5, Rule.CHAIN)
    builder.take(depth(1, [Pair(100.0, 1.0)], [Pair(101.0, 1.0)], is_snapshot=True))
    message = depth(number, [Pair(99.5, 2.0), Pair(99.0, size), Pair(98.5, 4.0)], [Pair(101.5, 5.0)])
    status, kept = builder.take_kept(message)
    assert status is (Status.GAP if number == 7 else Status.BAD if size < 0.0 else Status.OK)
    assert kept == builder.scale.delta(message) and len(kept.bids) == 3 and len(kept.asks) == 1


def test_a_message_that_does_not_follow_ends_the_book_and_one_that_is_repeated_does_not() -> None:
    builder = BookBuilder(ID, 0.5, Rule.CHAIN)
    assert builder.take(depth(1, [Pair(100.0, 1.0)], [Pair(101.0, 1.0)])) is Status.WAITING
    builder.take(depth(2, [Pair(100.0, 1.0)], [Pair(101.0, 1.0)], is_snapshot=True))
    assert builder.take(depth(3, [Pair(99.5, 2.0)], [])) is Status.OK
    ignored = builder.ignored
    assert builder.take(depth(3, [Pair(99.5, 9.0)], [])) is Status.OK and builder.ignored == ignored + 1
    assert builder.take(depth(5, [Pair(99.5, 9.0)], [])) is Status.GAP
    assert builder.best() is None


def test_ticks_of_a_thousand_prices_are_remembered_and_no_more() -> None:
    scale = Scale(ID, 0.5)
    found = [scale.learn(50_000 + 0.5 * number) for number in range(3 * PRICES_KEPT)]
    assert found == [100_000 + number for number in range(3 * PRICES_KEPT)]
    assert len(scale.ticks) <= PRICES_KEPT


@pytest.mark.parametrize("venue", PROFILES)
def test_what_is_read_as_depth_and_what_is_decoded_are_one_difference(venue: str) -> None:
    listed = Listed(InstrumentId(f"{SYMBOLS[venue]}@{venue}"), SYMBOLS[venue], TICK, size=0.01, inverse=True)
    text = Wire(venue, Server(random.Random(1))).diff({119_999: 7.125, 119_998: 0.0}, {120_001: 1.0})
    found = profile_of(venue).depth(text)
    assert found is not None and found.symbol == listed.symbol
    (decoded,) = profile_of(venue).decode(text, lambda _: listed)
    assert isinstance(decoded, BookDelta)
    assert decoded == listed.scale.delta(found)
    assert decoded.bids == ((119_999, 7.125 * 0.01 / 59_999.5), (119_998, 0.0))
