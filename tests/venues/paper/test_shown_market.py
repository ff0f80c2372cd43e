"""Orders against books, quotes and trades."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest

from tests.venues.paper.scene import PERP, T0, Scene, book
from tradecli.domain.market import Book, MarkPrice, Quote

D = Decimal

BIDS = [(100.0, 1.0), (99.9, 2.0), (99.8, 3.0)]
ASKS = [(100.1, 1.0), (100.2, 2.0), (100.3, 3.0)]


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.book(BIDS, ASKS)
    return scene


WALKS = [
    # side, qty, price, tif, outcomes
    ("buy", "0.5", None, "gtc", ["accepted", "fill 0.500@100.1 taker"]),
    ("sell", "0.5", None, "gtc", ["accepted", "fill 0.500@100.0 taker"]),
    ("buy", "2", None, "gtc", ["accepted", "fill 1.000@100.1 taker", "fill 1.000@100.2 taker"]),
    ("sell", "4", None, "ioc", [
        "accepted", "fill 1.000@100.0 taker", "fill 2.000@99.9 taker", "fill 1.000@99.8 taker",
    ]),
    ("buy", "2", "100.1", "gtc", ["accepted", "fill 1.000@100.1 taker"]),
    ("buy", "2", "100.1", "ioc", ["accepted", "fill 1.000@100.1 taker", "expired"]),
    ("buy", "2", "100.1", "fok", ["accepted", "expired"]),
    ("buy", "3", "100.2", "fok", ["accepted", "fill 1.000@100.1 taker", "fill 2.000@100.2 taker"]),
    ("buy", "1", "100.0", "ioc", ["accepted", "expired"]),
    ("buy", "1", "100.0", "gtc", ["accepted"]),
    ("sell", "1", "100.1", "gtc", ["accepted"]),
    ("sell", "9", "99.8", "ioc", [
        "accepted", "fill 1.000@100.0 taker", "fill 2.000@99.9 taker", "fill 3.000@99.8 taker", "expired",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("side", "qty", "price", "tif", "outcomes"), WALKS)
def test_a_taker_walks_the_visible_levels_inside_its_limit(
    scene: Scene, side: str, qty: str, price: str | None, tif: str, outcomes: list[str]
) -> None:
    assert scene.of(scene.order(side, qty, price, tif=tif)) == outcomes


def test_beyond_the_visible_depth_a_market_order_pays_the_shown_spacing_per_missing_level() -> None:
    scene = Scene()
    scene.book(BIDS, ASKS)
    order = scene.order("buy", "9")
    assert (
        scene.of(order)[-1] == "fill 3.000@100.5 taker"
    )  # 3 lots missing, 2 a level, 0.1 apart: two levels on
    assert scene.fills(order)[-1].price > D("100.3")


def test_what_we_took_is_gone_until_the_next_book(scene: Scene) -> None:
    scene.order("buy", "1")
    second = scene.order("buy", "1")
    assert scene.of(second) == ["accepted", "fill 1.000@100.2 taker"]
    scene.book(BIDS, ASKS)
    third = scene.order("buy", "1")
    assert scene.of(third) == ["accepted", "fill 1.000@100.1 taker"]


def test_a_quote_shows_its_top_only_and_the_rest_slips_against_us() -> None:
    scene = Scene()
    scene.quote(100.0, 1.0, 100.1, 0.5)
    assert scene.of(scene.order("buy", "1")) == [
        "accepted",
        "fill 0.500@100.1 taker",
        "fill 0.500@100.2 taker",
    ]


def test_a_quote_newer_than_the_book_replaces_its_top(scene: Scene) -> None:
    scene.quote(100.0, 1.0, 100.2, 0.5)
    assert scene.of(scene.order("buy", "1")) == [
        "accepted",
        "fill 0.500@100.2 taker",
        "fill 0.500@100.3 taker",
    ]


@pytest.mark.parametrize(
    ("side", "price", "outcome"),
    [
        ("buy", "100.1", "rejected post-only"),
        ("buy", "100.5", "rejected post-only"),
        ("buy", "100.0", "accepted"),
        ("sell", "100.0", "rejected post-only"),
        ("sell", "100.1", "accepted"),
    ],
)
def test_a_post_only_order_that_would_cross_is_rejected_and_never_takes_v24(
    scene: Scene, side: str, price: str, outcome: str
) -> None:
    order = scene.order(side, "1", price, post_only=True)
    assert scene.of(order) == [outcome]
    assert not scene.fills()


UNUSABLE = {
    "crossed": book([(100.2, 1.0)], [(100.1, 1.0)], T0 + 1),
    "locked": book([(100.1, 1.0)], [(100.1, 1.0)], T0 + 1),
    "one-sided": book([(100.1, 1.0)], [], T0 + 1),
    "unsorted": book([(100.0, 1.0), (100.05, 1.0), (100.4, 1.0)], [(100.5, 1.0)], T0 + 1),
    "size nan": book([(100.0, nan)], [(100.1, 1.0)], T0 + 1),
    "size inf": book([(100.0, 1.0)], [(100.1, inf)], T0 + 1),
    "size zero": book([(100.0, 1.0)], [(100.1, 0.0)], T0 + 1),
    "tick nan": Book(PERP, T0 + 1, nan, ((1000, 1.0),), ((1001, 1.0),)),
    "negative": Book(PERP, T0 + 1, 0.1, ((-1, 1.0),), ((1001, 1.0),)),
    "old": book(BIDS, ASKS, T0 - 5_001),
    "quote crossed": Quote(PERP, T0 + 1, 100.2, 1.0, 100.1, 1.0),
    "quote nan": Quote(PERP, T0 + 1, nan, 1.0, 100.1, 1.0),
    "quote size nan": Quote(PERP, T0 + 1, 100.0, nan, 100.1, 1.0),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_no_order_is_filled_from_an_invalid_or_stale_market_inv_11(name: str) -> None:
    scene = Scene()
    scene.market(UNUSABLE[name], at=T0 + 1)
    assert scene.of(scene.order("buy", "1")) == ["rejected no-market"]
    assert scene.of(scene.order("buy", "1", "101", tif="ioc")) == ["rejected no-market"]
    assert scene.of(scene.order("buy", "1", "101")) == ["accepted"]
    assert scene.fills() == []


def test_an_unusable_book_after_a_good_one_closes_the_market(scene: Scene) -> None:
    scene.book([(100.2, 1.0)], [(100.1, 1.0)])
    assert scene.of(scene.order("buy", "1")) == ["rejected no-market"]


def test_a_book_that_arrives_late_does_not_replace_a_newer_one(scene: Scene) -> None:
    scene.market(book([(90.0, 1.0)], [(90.1, 1.0)], T0 - 500), at=scene.now)
    assert scene.of(scene.order("buy", "1")) == ["accepted", "fill 1.000@100.1 taker"]


# -- resting orders ---------------------------------------------------------------------------------------------


TOUCHES = [
    # resting side, price, prints (price, qty, aggressor), filled
    ("buy", "100.0", [(100.0, 0.9, "sell")], "0"),
    ("buy", "100.0", [(100.0, 1.0, "sell")], "0"),
    ("buy", "100.0", [(100.0, 1.4, "sell")], "0.400"),
    ("buy", "100.0", [(100.0, 0.6, "sell"), (100.0, 0.6, "sell")], "0.200"),
    ("buy", "100.0", [(100.0, 5.0, "buy")], "0"),
    ("buy", "100.0", [(99.9, 0.3, "sell")], "0.300"),
    ("buy", "100.0", [(99.9, 9.0, "sell")], "1.000"),
    ("buy", "100.0", [(100.1, 9.0, "sell")], "0"),
    ("sell", "100.1", [(100.1, 1.0, "buy")], "0"),
    ("sell", "100.1", [(100.1, 1.5, "buy")], "0.500"),
    ("sell", "100.1", [(100.2, 0.7, "buy")], "0.700"),
    ("buy", "99.7", [(99.7, 9.0, "sell")], "0"),
    ("buy", "99.7", [(99.6, 9.0, "sell")], "1.000"),
]


@pytest.mark.parametrize(("side", "price", "prints", "filled"), TOUCHES)
def test_a_touch_is_not_a_fill_until_the_queue_ahead_is_gone(
    scene: Scene, side: str, price: str, prints: list[tuple[float, float, str]], filled: str
) -> None:
    order = scene.order(side, "1", price)
    for print_price, qty, aggressor in prints:
        scene.trade(print_price, qty, aggressor)
    fills = scene.fills(order)
    assert sum((f.qty for f in fills), D(0)) == D(filled)
    assert {f.price for f in fills} <= {D(price)}
    assert all(f.liquidity == "maker" for f in fills)


def test_an_order_inside_the_spread_has_nobody_ahead() -> None:
    scene = Scene()
    scene.book([(100.0, 5.0)], [(100.5, 5.0)])
    order = scene.order("buy", "1", "100.2")
    scene.trade(100.2, 0.4, "sell")
    assert scene.of(order) == ["accepted", "fill 0.400@100.2 maker"]


def test_cancels_at_the_level_move_the_queue_by_half_their_share(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.9")  # behind 2.0
    scene.book(
        [(100.0, 1.0), (99.9, 1.0)], ASKS
    )  # one of two cancelled: half of it counts, 1.5 then capped at 1.0
    scene.trade(99.9, 1.2, "sell")
    assert sum(f.qty for f in scene.fills(order)) == D("0.2")


def test_size_that_traded_is_not_counted_as_cancelled_too(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.8")  # behind 3.0
    scene.trade(99.8, 1.0, "sell")  # 2.0 left ahead
    scene.book([(100.0, 1.0), (99.8, 6.0)], ASKS)
    scene.trade(99.8, 2.0, "sell")
    assert scene.fills(order) == []
    scene.trade(99.8, 0.5, "sell")
    assert sum(f.qty for f in scene.fills(order)) == D("0.5")


def test_one_print_is_shared_between_our_orders_and_never_counted_twice(scene: Scene) -> None:
    first, second = scene.order("buy", "1", "100.0"), scene.order("buy", "1", "100.0")
    scene.trade(100.0, 2.5, "sell")
    assert sum(f.qty for f in scene.fills(first)) == D("1.0")
    assert sum((f.qty for f in scene.fills(second)), D(0)) == D("0.5")


def test_a_book_that_lies_beyond_our_price_fills_at_our_price(scene: Scene) -> None:
    order = scene.order("buy", "1", "100.0")
    scene.book([(99.7, 5.0)], [(100.0, 5.0)])
    assert scene.of(order) == ["accepted"]
    scene.book([(99.7, 5.0)], [(99.9, 0.3), (100.0, 5.0)])
    assert scene.of(order) == ["accepted", "fill 0.300@100.0 maker"]


def test_a_print_from_before_the_order_arrived_cannot_fill_it(scene: Scene) -> None:
    order = scene.order("buy", "1", "100.0", at=T0 + 1_000)
    scene.trade(99.0, 5.0, "sell", ts=T0 + 999)
    assert scene.of(order) == ["accepted"]


def test_the_rest_of_a_crossing_limit_order_becomes_the_maker(scene: Scene) -> None:
    order = scene.order("buy", "2", "100.1")
    scene.trade(100.0, 0.5, "sell")
    assert scene.of(order) == ["accepted", "fill 1.000@100.1 taker", "fill 0.500@100.1 maker"]


# -- stops ------------------------------------------------------------------------------------------------------


def test_a_stop_waits_for_a_print_or_mark_at_its_trigger(scene: Scene) -> None:
    by_trade = scene.order("sell", "0.5", type="stop", trigger=D("99.5"))
    by_mark = scene.order("buy", "0.5", type="stop", trigger=D("100.4"))
    scene.trade(99.6, 1.0, "sell")
    assert scene.of(by_trade) == ["accepted"]
    scene.trade(99.5, 1.0, "sell")
    assert scene.of(by_trade) == ["accepted", "fill 0.500@100.0 taker"]
    scene.market(MarkPrice(PERP, scene.now + 1, 100.4))
    assert scene.of(by_mark) == ["accepted", "fill 0.500@100.1 taker"]


def test_a_triggered_stop_waits_for_a_valid_market_and_is_not_lost(scene: Scene) -> None:
    order = scene.order("sell", "0.5", type="stop", trigger=D("99.5"))
    scene.book([(100.2, 1.0)], [(100.1, 1.0)])
    scene.trade(99.5, 1.0, "sell")
    assert scene.of(order) == ["accepted"]
    scene.book([(99.4, 1.0)], [(99.6, 1.0)])
    assert scene.of(order) == ["accepted", "fill 0.500@99.4 taker"]


def test_a_stop_limit_rests_at_its_price_once_triggered(scene: Scene) -> None:
    order = scene.order("sell", "0.5", "100.2", type="stop", trigger=D("99.5"))
    scene.trade(99.5, 1.0, "sell")
    assert scene.of(order) == ["accepted"]
    scene.trade(100.3, 1.0, "buy")
    assert scene.of(order) == ["accepted", "fill 0.500@100.2 maker"]


# -- own orders -------------------------------------------------------------------------------------------------


def test_the_newest_order_is_cancelled_where_it_would_meet_our_own_v29() -> None:
    scene = Scene()
    scene.book([(99.0, 5.0)], [(100.0, 1.0), (101.0, 5.0)])
    resting = scene.order("sell", "1", "100.5")
    limit = scene.order("buy", "3", "100.5")
    market = scene.order("buy", "1")
    assert scene.of(limit) == ["accepted", "fill 1.000@100.0 taker", "canceled"]
    assert scene.of(market) == ["accepted", "canceled"]
    assert scene.of(resting) == ["accepted"]


def test_a_cancel_ends_an_order_once_and_fails_afterwards(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.0")
    scene.cancel(order)
    scene.cancel(order)
    scene.cancel("never-sent")
    assert scene.of(order) == ["accepted", "canceled", "cancelfailed"]
    assert scene.of("never-sent") == ["cancelfailed"]
    scene.trade(90.0, 50.0, "sell")
    assert scene.fills(order) == []


def test_a_cancel_reports_what_had_filled_v09(scene: Scene) -> None:
    order = scene.order("buy", "1", "100.0")
    scene.trade(99.9, 0.4, "sell")
    scene.cancel(order)
    assert scene.told[-1].cum_filled == D("0.400")  # type: ignore[union-attr]
