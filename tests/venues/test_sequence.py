"""A book is valid only while the venue's numbering proves it."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Level
from tradecli.venues.sequence import NEAR, BookBuilder, Rule, Status, rule_of

ID = InstrumentId("BTCUSDT@binance")
BIDS: tuple[Level, ...] = ((100, 1.0), (99, 2.0), (97, 3.0))
ASKS: tuple[Level, ...] = ((101, 1.0), (102, 2.0), (105, 3.0))


def bid_of(builder: BookBuilder) -> Level | None:
    best = builder.best()
    return best and best[0]


def snapshot(
    last_id: int | None, bids: tuple[Level, ...] = BIDS, asks: tuple[Level, ...] = ASKS
) -> BookDelta:
    return BookDelta(ID, 1, True, None, last_id, None, bids, asks)


def diff(
    first: int | None, last: int | None, prev: int | None, *bids: Level, asks: tuple[Level, ...] = ()
) -> BookDelta:
    return BookDelta(ID, 2, False, first, last, prev, bids, asks)


def built(rule: Rule = Rule.CHAIN) -> BookBuilder:
    builder = BookBuilder(ID, 0.5, rule)
    assert builder.apply(snapshot(10)) is Status.OK
    return builder


# rule, differences before the snapshot (id 10), differences after it, ignored, size of the best bid
JOINS: list[tuple[Rule, list[BookDelta], list[BookDelta], float]] = [
    (
        Rule.BINANCE_FUTURES,
        [diff(3, 8, 2, (100, 7.0)), diff(9, 12, 8, (100, 8.0))],
        [diff(13, 14, 12, (100, 9.0))],
        9.0,
    ),
    (Rule.BINANCE_FUTURES, [diff(3, 8, 2, (100, 7.0))], [diff(9, 12, 8, (100, 8.0))], 8.0),
    (Rule.BINANCE_FUTURES, [diff(9, 10, 8, (100, 8.0))], [], 8.0),
    (Rule.BINANCE_SPOT, [diff(3, 10, None, (100, 7.0)), diff(11, 12, None, (100, 8.0))], [], 8.0),
    (Rule.BINANCE_SPOT, [diff(8, 13, None, (100, 8.0))], [diff(14, 14, None, (100, 9.0))], 9.0),
    (Rule.CHAIN, [diff(None, 10, 9, (100, 7.0))], [diff(None, 15, 10, (100, 9.0))], 9.0),
    (
        Rule.COUNT,
        [diff(None, 10, None, (100, 7.0)), diff(None, 11, None, (100, 8.0))],
        [diff(None, 12, None)],
        8.0,
    ),
]


@pytest.mark.parametrize(("rule", "before", "after", "size"), JOINS)
def test_differences_are_joined_to_the_snapshot_by_the_venues_own_procedure(
    rule: Rule, before: list[BookDelta], after: list[BookDelta], size: float
) -> None:
    builder = BookBuilder(ID, 0.5, rule)
    for delta in before:
        assert builder.apply(delta) is Status.WAITING
        assert builder.book() is None
    assert builder.apply(snapshot(10)) is Status.OK
    for delta in after:
        assert builder.apply(delta) is Status.OK
    assert bid_of(builder) == (100, size) and builder.gaps == 0


GAPS = [
    (Rule.BINANCE_FUTURES, diff(12, 14, 11)),
    (Rule.BINANCE_FUTURES, diff(11, 12, 10)),  # the first after a snapshot must reach back to it
    (Rule.BINANCE_SPOT, diff(12, 14, None)),
    (Rule.CHAIN, diff(None, 12, 11)),
    (Rule.CHAIN, diff(None, 12, None)),
    (Rule.COUNT, diff(None, 12, None)),
    (Rule.COUNT, diff(None, None, None)),
]


@pytest.mark.parametrize(("rule", "delta"), GAPS)
def test_a_missing_difference_makes_the_book_invalid_at_once_d01(rule: Rule, delta: BookDelta) -> None:
    builder = built(rule)
    assert builder.apply(delta) is Status.GAP
    assert (builder.gaps, builder.book(), builder.best()) == (1, None, None)


@pytest.mark.parametrize("rule", list(Rule))
def test_a_repeated_difference_changes_nothing_d01(rule: Rule) -> None:
    builder = built(rule)
    first = diff(9, 11, 10, (100, 5.0)) if rule is not Rule.BINANCE_SPOT else diff(11, 11, None, (100, 5.0))
    assert builder.apply(first) is Status.OK
    assert builder.apply(first) is Status.OK
    assert (builder.ignored, bid_of(builder)) == (1, (100, 5.0))


def test_after_a_gap_only_a_new_snapshot_makes_the_book_valid_and_what_came_meanwhile_is_joined_d02() -> None:
    builder = built(Rule.CHAIN)
    builder.apply(diff(None, 12, 11, (100, 5.0)))
    assert builder.apply(diff(None, 13, 12, (100, 6.0))) is Status.GAP
    assert builder.gaps == 1, "one loss is one gap"
    assert builder.apply(snapshot(12, ((90, 1.0),), ((110, 1.0),))) is Status.OK
    book = builder.book()
    assert book is not None
    assert (book.bids, book.asks, book.sequence) == (((100, 6.0), (90, 1.0)), ((110, 1.0),), 13)


def test_a_loss_among_what_came_meanwhile_keeps_the_rest_for_the_next_snapshot() -> None:
    builder = BookBuilder(ID, 0.5, Rule.CHAIN)
    for delta in (
        diff(None, 11, 10, (100, 2.0)),
        diff(None, 13, 12, (100, 3.0)),
        diff(None, 14, 13, (100, 4.0)),
    ):
        builder.apply(delta)
    assert builder.apply(snapshot(10)) is Status.GAP
    assert builder.apply(snapshot(12)) is Status.OK
    assert (builder.last_id, bid_of(builder)) == (14, (100, 4.0))


def test_a_fresh_snapshot_replaces_everything_d02() -> None:
    builder = built()
    builder.apply(snapshot(50, ((10, 1.0),), ((11, 1.0),)))
    book = builder.book()
    assert book is not None and (book.bids, book.asks, book.sequence) == (((10, 1.0),), ((11, 1.0),), 50)


def test_a_late_snapshot_does_not_turn_a_binance_book_back() -> None:
    builder = built(Rule.BINANCE_SPOT)
    builder.apply(diff(11, 20, None, (100, 5.0)))
    assert builder.apply(snapshot(15)) is Status.OK
    assert (builder.last_id, bid_of(builder), builder.ignored) == (20, (100, 5.0), 1)


def test_a_venue_that_counts_anew_after_a_restart_is_followed() -> None:
    builder = built(Rule.COUNT)
    assert builder.apply(snapshot(1, ((90, 1.0),), ((91, 1.0),))) is Status.OK
    assert builder.apply(diff(None, 2, None, (90, 2.0))) is Status.OK
    assert bid_of(builder) == (90, 2.0)


CROSSED: list[tuple[tuple[Level, ...], tuple[Level, ...]]] = [
    (((101, 1.0),), ()),  # locked
    (((103, 1.0),), ()),  # crossed
    ((), ((99, 1.0),)),
    (((100, 0.0), (99, 0.0), (97, 0.0)), ()),  # empty
    ((), ((101, 0.0), (102, 0.0), (105, 0.0))),
]


@pytest.mark.parametrize(("bids", "asks"), CROSSED)
def test_a_crossed_locked_or_empty_book_is_unusable_until_a_new_snapshot_d03(
    bids: tuple[Level, ...], asks: tuple[Level, ...]
) -> None:
    builder = built()
    assert builder.apply(diff(None, 11, 10, *bids, asks=asks)) is Status.CROSSED
    assert (builder.crossed, builder.book()) == (1, None)
    assert builder.apply(diff(None, 12, 11, (101, 0.0), (103, 0.0))) is Status.CROSSED
    assert builder.apply(snapshot(40)) is Status.OK


@pytest.mark.parametrize("level", [(100, nan), (100, inf), (100, -1.0), (100, -inf)])
@pytest.mark.parametrize("is_bid", [True, False])
def test_a_level_that_is_not_a_number_spoils_the_book_d04(level: Level, is_bid: bool) -> None:
    builder = built()
    delta = diff(None, 11, 10, level) if is_bid else diff(None, 11, 10, asks=((103, level[1]),))
    assert builder.apply(delta) is Status.BAD
    assert (builder.bad, builder.book()) == (1, None)


def test_a_price_of_zero_or_less_is_never_handed_out_d04() -> None:
    builder = built()
    builder.apply(diff(None, 11, 10, (0, 5.0), (-3, 5.0)))
    assert builder.book() is None and builder.status is Status.BAD
    assert built().apply(diff(None, 11, 10, asks=((-1, 5.0),))) is Status.CROSSED


def test_the_next_best_price_is_found_near_and_far() -> None:
    far = 1_000 - 3 * NEAR
    builder = BookBuilder(ID, 0.5, Rule.CHAIN)
    builder.apply(
        snapshot(10, ((1_000, 1.0), (998, 1.0), (far, 2.0)), ((1_001, 1.0), (1_001 + 5 * NEAR, 2.0)))
    )
    builder.apply(diff(None, 11, 10, (1_000, 0.0)))
    assert bid_of(builder) == (998, 1.0)
    builder.apply(diff(None, 12, 11, (998, 0.0), asks=((1_001, 0.0),)))
    assert builder.best() == ((far, 2.0), (1_001 + 5 * NEAR, 2.0))


def test_a_book_shows_the_best_levels_of_each_side_in_order() -> None:
    book = built().book(2)
    assert book is not None
    assert (book.bids, book.asks, book.tick, book.best_bid, book.best_ask) == (
        BIDS[:2],
        ASKS[:2],
        0.5,
        50.0,
        50.5,
    )


@pytest.mark.parametrize(
    ("instrument", "rule"),
    [
        ("BTCUSDT@binance", Rule.BINANCE_FUTURES),
        ("BTCUSD.inverse@binance", Rule.BINANCE_FUTURES),
        ("BTCUSDT.spot@binance", Rule.BINANCE_SPOT),
        ("BTC-PERPETUAL@deribit", Rule.CHAIN),
        ("BTCUSDT@okx", Rule.CHAIN),
        ("BTCUSDT@bybit", Rule.COUNT),
    ],
)
def test_each_venue_has_its_rule(instrument: str, rule: Rule) -> None:
    assert rule_of(InstrumentId(instrument)) is rule


levels = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0.0, 0.5, 1.0, 2.0])), max_size=6)


@given(st.lists(st.tuples(levels, levels), max_size=25))
@settings(max_examples=80, deadline=None)
def test_a_valid_book_equals_a_plain_dict_of_levels_and_is_sorted_positive_and_uncrossed_inv_18(
    script: list[Any],
) -> None:
    bids, asks = {180: 1.0, 150: 1.0}, {220: 1.0, 260: 1.0}
    builder = BookBuilder(ID, 1.0, Rule.CHAIN)
    builder.apply(snapshot(0, tuple(bids.items()), tuple(asks.items())))
    for number, (new_bids, new_asks) in enumerate(script, 1):
        status = builder.apply(diff(None, number, number - 1, *new_bids, asks=tuple(new_asks)))
        for side, changes in ((bids, new_bids), (asks, new_asks)):
            for ticks, size in changes:
                side[ticks] = size
                if not size:
                    del side[ticks]
        sound = bool(bids and asks and max(bids) < min(asks))
        assert (status is Status.OK) == sound
        if not sound:
            assert builder.book() is None
            return
        book = builder.book(1_000)
        assert book is not None
        assert book.bids == tuple(sorted(bids.items(), reverse=True))
        assert book.asks == tuple(sorted(asks.items()))
        assert builder.best() == (book.bids[0], book.asks[0])


def test_a_whole_book_tells_its_spread_and_what_stands_near_the_mid() -> None:
    builder = built()
    found = builder.near(500.0)  # five of a hundred ticks to each side: 95.5 to 105.5
    assert found is not None and found.spread_bps == pytest.approx(1 / 100.5 * 10_000)
    assert found.depth is None, "the bids are known down to 97, and 95.5 is not reached"
    inside = builder.near(248.0)  # 98.01 to 102.99
    assert inside is not None and inside.depth == pytest.approx(0.5 * (100 + 198 + 101 + 204))
    builder.apply(diff(None, 14, 12))
    assert builder.near(248.0) is None, "a gap: nothing may be read from it"
