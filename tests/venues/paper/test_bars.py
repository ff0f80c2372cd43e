"""Orders where bars are all there is: what a bar leaves open is resolved against us."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest

from tests.venues.paper.scene import MINUTE, PERP, T0, Scene
from tradecli.domain.market import Candle, MarkPrice

D = Decimal


@pytest.fixture
def scene() -> Scene:
    """A bar has closed at 100; orders placed now take part in the bar that opens at the current minute or later."""
    scene = Scene()
    scene.bar(100, 100.5, 99.5, 100, ts=T0 - MINUTE)
    return scene


TOUCHES = [
    # side, price, high, low, filled
    ("buy", "99.0", 100.2, 99.1, False),
    ("buy", "99.0", 100.2, 99.0, False),
    ("buy", "99.0", 100.2, 98.95, False),
    ("buy", "99.0", 100.2, 98.9, True),
    ("buy", "99.0", 100.2, 90.0, True),
    ("sell", "101.0", 100.9, 99.9, False),
    ("sell", "101.0", 101.0, 99.9, False),
    ("sell", "101.0", 101.05, 99.9, False),
    ("sell", "101.0", 101.1, 99.9, True),
    ("sell", "101.0", 110.0, 99.9, True),
]


@pytest.mark.parametrize(("side", "price", "high", "low", "filled"), TOUCHES)
def test_a_touch_is_not_a_fill_a_bar_must_trade_one_tick_beyond_the_price(
    scene: Scene, side: str, price: str, high: float, low: float, filled: bool
) -> None:
    order = scene.order(side, "1", price)
    scene.bar(100, high, low, 100, ts=T0)
    assert scene.of(order) == (["accepted", f"fill 1.000@{price} maker"] if filled else ["accepted"])


def test_an_order_placed_during_a_bar_takes_part_in_the_next_one_only(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.0", at=T0 + 1)
    scene.bar(100, 100, 90, 95, ts=T0)
    assert scene.of(order) == ["accepted"]
    scene.bar(95, 100, 90, 95, ts=T0 + MINUTE)
    assert scene.of(order) == ["accepted", "fill 1.000@99.0 maker"]


def test_a_fill_inside_a_bar_carries_its_last_millisecond(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.0")
    scene.bar(100, 100, 90, 95, ts=T0)
    assert [fill.ts for fill in scene.fills(order)] == [T0 + MINUTE - 1]


def test_all_our_fills_of_a_bar_together_are_at_most_the_share_of_its_volume(scene: Scene) -> None:
    first, second, third = (scene.order("buy", "2", price) for price in ("99.0", "99.5", "98.0"))
    scene.bar(100, 100, 90, 95, volume=60.0, ts=T0)  # 5 % of 60 is 3
    assert [scene.of(order)[1:] for order in (first, second, third)] == [
        ["fill 1.000@99.0 maker"],
        ["fill 2.000@99.5 maker"],
        [],
    ]
    scene.bar(100, 100, 90, 95, volume=20.0, ts=T0 + MINUTE)
    assert scene.of(first)[1:] == ["fill 1.000@99.0 maker", "fill 1.000@99.0 maker"]


def test_a_buy_and_a_sell_never_both_fill_in_one_bar_and_the_worse_side_is_the_one_that_does(
    scene: Scene,
) -> None:
    buy, sell = scene.order("buy", "1", "99.0"), scene.order("sell", "1", "101.0")
    scene.bar(100, 102, 98, 98.5, ts=T0)  # closes low: the buy is the worse one
    assert (scene.of(buy)[1:], scene.of(sell)[1:]) == (["fill 1.000@99.0 maker"], [])
    scene.bar(98.5, 102, 98, 101.5, ts=T0 + MINUTE)
    assert scene.of(sell)[1:] == ["fill 1.000@101.0 maker"]


def test_the_worse_side_is_the_sells_when_the_bar_closes_high(scene: Scene) -> None:
    buy, sell = scene.order("buy", "1", "99.0"), scene.order("sell", "1", "101.0")
    scene.bar(100, 102, 98, 101.5, ts=T0)
    assert (scene.of(buy)[1:], scene.of(sell)[1:]) == ([], ["fill 1.000@101.0 maker"])


def test_an_order_placed_after_a_fill_cannot_fill_in_the_bar_of_that_fill(scene: Scene) -> None:
    scene.order("buy", "1", "99.0")
    scene.bar(100, 102, 98, 98.5, ts=T0)
    refill = scene.order("sell", "1", "100.0", at=scene.now + 150)
    scene.bar(98.5, 102, 98, 101, ts=T0 + MINUTE)
    assert scene.of(refill) == ["accepted"]


# -- takers -----------------------------------------------------------------------------------------------------


def test_a_market_order_fills_at_the_next_open_one_tick_worse(scene: Scene) -> None:
    buy = scene.order("buy", "1", at=T0 + 80)
    scene.bar(100, 105, 95, 101, ts=T0)
    assert scene.of(buy) == ["accepted"]
    scene.bar(101, 105, 95, 102, ts=T0 + MINUTE)
    assert scene.of(buy) == ["accepted", "fill 1.000@101.1 taker"]
    sell = scene.order("sell", "1")
    scene.bar(102, 105, 95, 102, ts=T0 + 2 * MINUTE)
    assert scene.of(sell) == ["accepted", "fill 1.000@101.9 taker"]


def test_slippage_of_a_market_order_stays_inside_the_bar(scene: Scene) -> None:
    order = scene.order("buy", "1")
    scene.bar(100, 100, 95, 96, ts=T0)
    assert scene.of(order) == ["accepted", "fill 1.000@100.0 taker"]


def test_a_market_order_too_large_for_a_bar_goes_on_in_the_next_and_an_ioc_expires(scene: Scene) -> None:
    market = scene.order("buy", "3")
    scene.bar(100, 101, 99, 100, volume=20, ts=T0)
    scene.bar(100, 101, 99, 100, volume=100, ts=T0 + MINUTE)
    assert scene.of(market) == ["accepted", "fill 1.000@100.1 taker", "fill 2.000@100.1 taker"]
    ioc = scene.order("buy", "3", tif="ioc")
    scene.bar(100, 101, 99, 100, volume=20, ts=T0 + 2 * MINUTE)
    assert scene.of(ioc) == ["accepted", "fill 1.000@100.1 taker", "expired"]


@pytest.mark.parametrize(
    ("side", "price", "tif", "volume", "outcomes"),
    [
        ("buy", "101.0", "ioc", 1000, ["accepted", "fill 1.000@100.1 taker"]),
        ("buy", "100.0", "ioc", 1000, ["accepted", "fill 1.000@100.0 taker"]),
        ("buy", "99.9", "ioc", 1000, ["accepted", "expired"]),
        ("sell", "99.0", "ioc", 1000, ["accepted", "fill 1.000@99.9 taker"]),
        ("buy", "101.0", "fok", 1000, ["accepted", "fill 1.000@100.1 taker"]),
        ("buy", "101.0", "fok", 10, ["accepted", "expired"]),
        ("buy", "101.0", "ioc", 10, ["accepted", "fill 0.500@100.1 taker", "expired"]),
        ("buy", "101.0", "gtc", 1000, ["accepted", "fill 1.000@100.1 taker"]),
        ("buy", "101.0", "gtc", 10, ["accepted", "fill 0.500@100.1 taker"]),
        ("sell", "99.0", "gtc", 1000, ["accepted", "fill 1.000@99.9 taker"]),
    ],
)
def test_a_marketable_limit_order_is_a_taker_at_the_next_open(
    scene: Scene, side: str, price: str, tif: str, volume: float, outcomes: list[str]
) -> None:
    order = scene.order(side, "1", price, tif=tif)
    scene.bar(100, 102, 98, 100, volume=volume, ts=T0)
    assert scene.of(order) == outcomes


def test_a_marketable_limit_order_that_the_open_has_left_behind_rests_as_maker(scene: Scene) -> None:
    order = scene.order("buy", "1", "100.5")
    scene.bar(101, 102, 100.5, 101, ts=T0)
    assert scene.of(order) == ["accepted"]
    scene.bar(101, 102, 100.4, 101, ts=T0 + MINUTE)
    assert scene.of(order) == ["accepted", "fill 1.000@100.5 maker"]


def test_after_a_taker_at_the_open_the_other_side_waits(scene: Scene) -> None:
    sell = scene.order("sell", "1", "101.0")
    scene.order("buy", "1")
    scene.bar(100, 105, 99, 104, ts=T0)
    assert [fill.side for fill in scene.fills()] == ["buy"]
    scene.bar(104, 105, 99, 104, ts=T0 + MINUTE)
    assert scene.of(sell) == ["accepted", "fill 1.000@101.0 maker"]


@pytest.mark.parametrize(
    ("side", "price", "outcome"),
    [
        ("buy", "100.1", "rejected post-only"),
        ("buy", "100.0", "accepted"),
        ("sell", "99.9", "rejected post-only"),
        ("sell", "100.0", "accepted"),
    ],
)
def test_with_bars_only_post_only_is_judged_by_the_last_close(
    scene: Scene, side: str, price: str, outcome: str
) -> None:
    assert scene.of(scene.order(side, "1", price, post_only=True)) == [outcome]


def test_without_a_recent_bar_a_market_order_is_refused(scene: Scene) -> None:
    assert scene.of(scene.order("buy", "1", at=T0 + 3 * MINUTE)) == ["rejected no-market"]
    assert Scene().of(Scene().order("buy", "1")) == []
    empty = Scene()
    assert empty.of(empty.order("buy", "1")) == ["rejected no-market"]


# -- stops ------------------------------------------------------------------------------------------------------


STOPS = [
    # side, trigger, open, high, low, price
    ("sell", "98.0", 100, 101, 98.1, None),
    ("sell", "98.0", 100, 101, 98.0, "98.0"),  # one tick worse would leave the bar
    ("sell", "98.0", 100, 101, 97.0, "97.9"),
    ("sell", "98.0", 96, 97, 95.0, "95.9"),  # gap: the open is worse than the trigger
    ("buy", "102.0", 100, 101.9, 99, None),
    ("buy", "102.0", 100, 103, 99, "102.1"),
    ("buy", "102.0", 104, 105, 103, "104.1"),
]


@pytest.mark.parametrize(("side", "trigger", "o", "high", "low", "price"), STOPS)
def test_a_stop_fills_at_the_worse_of_its_trigger_and_the_open(
    scene: Scene, side: str, trigger: str, o: float, high: float, low: float, price: str | None
) -> None:
    order = scene.order(side, "1", type="stop", trigger=D(trigger))
    scene.bar(o, high, low, o, ts=T0)
    assert scene.of(order) == (["accepted"] if price is None else ["accepted", f"fill 1.000@{price} taker"])


def test_a_stop_limit_set_off_by_a_bar_takes_part_from_the_next_bar_on(scene: Scene) -> None:
    order = scene.order("sell", "1", "98.5", type="stop", trigger=D("98.0"))
    scene.bar(100, 101, 97, 97.5, ts=T0)
    assert scene.of(order) == ["accepted"]
    scene.bar(97.5, 98.6, 97, 98, ts=T0 + MINUTE)
    assert scene.of(order) == ["accepted", "fill 1.000@98.5 maker"]


def test_a_stop_on_the_side_that_waits_stays_triggered_and_fills_at_the_next_open(scene: Scene) -> None:
    scene.order("buy", "1")
    stop = scene.order("sell", "1", type="stop", trigger=D("98.0"))
    scene.bar(100, 101, 97, 100, ts=T0)
    assert scene.of(stop) == ["accepted"]
    scene.bar(100, 101, 99, 100, ts=T0 + MINUTE)
    assert scene.of(stop) == ["accepted", "fill 1.000@99.9 taker"]


def test_a_stop_set_off_by_a_mark_between_two_bars_does_not_fill_in_the_bar_before_it(scene: Scene) -> None:
    stop = scene.order("sell", "1", type="stop", trigger=D("98.0"))
    scene.market(MarkPrice(PERP, T0 + 30_000, 97.0))
    scene.bar(100, 101, 99, 99, ts=T0)
    assert scene.of(stop) == ["accepted"]
    scene.bar(97, 98, 96, 97, ts=T0 + MINUTE)
    assert scene.of(stop) == ["accepted", "fill 1.000@96.9 taker"]


# -- which bars count -------------------------------------------------------------------------------------------


BAD = [
    (nan, 101, 90, 95, 10),
    (100, nan, 90, 95, 10),
    (100, 101, nan, 95, 10),
    (100, 101, 90, nan, 10),
    (100, 101, 90, 95, nan),
    (100, inf, 90, 95, 10),
    (100, 101, 0, 95, 10),
    (100, 101, -5, 95, 10),
    (100, 99, 90, 95, 10),
    (100, 101, 96, 95, 10),
    (100, 101, 90, 95, -1),
]


@pytest.mark.parametrize("numbers", BAD)
def test_a_bar_that_cannot_be_one_fills_nothing_inv_11(scene: Scene, numbers: tuple[float, ...]) -> None:
    limit, market = scene.order("buy", "1", "99.0"), scene.order("buy", "1")
    scene.market(Candle(PERP, T0, MINUTE, *numbers), T0 + MINUTE)
    assert scene.fills() == []
    assert (scene.of(limit), scene.of(market)) == (["accepted"], ["accepted"])


def test_a_bar_in_which_books_or_trades_were_seen_is_not_matched_again(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.0")
    scene.trade(100.0, 1.0, "sell", ts=T0 + 10)
    scene.bar(100, 101, 90, 95, ts=T0)
    assert scene.of(order) == ["accepted"]
    scene.bar(95, 101, 90, 95, ts=T0 + MINUTE)
    assert scene.of(order) == ["accepted", "fill 1.000@99.0 maker"]


def test_a_longer_bar_over_the_same_time_and_a_repeated_bar_are_not_matched_again(scene: Scene) -> None:
    order = scene.order("buy", "2", "99.0")
    scene.bar(100, 101, 98, 99, volume=20, ts=T0)
    scene.bar(100, 101, 98, 99, volume=20, ts=T0)
    scene.market(Candle(PERP, T0 - 59 * MINUTE, 60 * MINUTE, 100, 101, 90, 99, 9_999), T0 + MINUTE)
    assert scene.of(order) == ["accepted", "fill 1.000@99.0 maker"]


def test_a_cancel_that_arrives_ends_the_order_before_the_bar_is_known(scene: Scene) -> None:
    order = scene.order("buy", "1", "99.0")
    scene.cancel(order, at=T0 + 100)
    scene.bar(100, 101, 90, 95, ts=T0)
    assert scene.of(order) == ["accepted", "canceled"]
