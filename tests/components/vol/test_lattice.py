"""The lattice: where orders rest, how the centre follows fills, and what may never happen whatever the numbers."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.fakes.desk import linear, spot
from tradecli.components.vol.lattice import (
    HEADROOM,
    Lattice,
    Wanted,
    anchored,
    follow,
    inventory_share,
    is_due,
    level_size,
    rungs,
)
from tradecli.domain.enums import Side
from tradecli.domain.instrument import Instrument
from tradecli.domain.intent import Rung
from tradecli.domain.number import ZERO

SPEC = linear()
WANTED = Wanted(spacing=0.004, reach=0.05, levels=5, capital=Decimal(10_000))
HOUR = 3_600_000


def laid(position: Decimal = ZERO, mid: float = 60_000.0, wanted: Wanted = WANTED) -> Lattice:
    made = anchored(SPEC, mid, 0, position, wanted)
    assert made is not None
    return made


def sides(orders: tuple[Rung, ...]) -> tuple[list[Decimal], list[Decimal]]:
    return (
        [each.price for each in orders if each.side is Side.BUY],
        [each.price for each in orders if each.side is Side.SELL],
    )


def test_a_new_grid_rests_the_same_count_on_both_sides_a_spacing_apart() -> None:
    buys, sells = sides(rungs(laid(), SPEC, 60_000.0, ZERO, WANTED.capital))
    assert len(buys) == len(sells) == 5
    assert buys[0] == Decimal("59760.4") and sells[0] == Decimal("60240.5")


def test_a_bought_level_puts_a_sell_one_step_above_it_and_leaves_the_other_orders_where_they_are() -> None:
    lattice = laid()
    before = rungs(lattice, SPEC, 60_000.0, ZERO, WANTED.capital)
    after = follow(lattice, lattice.qty, 59_760.0, 1.5)
    orders = rungs(after, SPEC, 59_760.0, lattice.qty, WANTED.capital)
    buys, sells = sides(orders)
    assert after.centre == -1
    assert sells[0] == Decimal("60000"), "one step above the level that was bought"
    assert sides(before)[0][1:] == buys[:4]
    assert sides(before)[1][:4] == sells[1:], "the farthest goes, the refill comes"
    assert sides(before)[0][0] not in buys


def test_a_round_trip_brings_the_centre_back() -> None:
    lattice = laid()
    there = follow(lattice, lattice.qty, 59_761.0, 1.5)
    back = follow(there, ZERO, 60_000.0, 1.5)
    assert back == lattice


def test_a_partly_filled_level_still_rests() -> None:
    lattice = laid()
    half = lattice.qty / 2
    after = follow(lattice, half, 59_750.0, 1.5)
    assert after.centre == 0
    order = (Side.BUY, Decimal("59760.4"))
    assert rungs(after, SPEC, 59_750.0, half, WANTED.capital, {order})[0].price == order[1]
    assert rungs(after, SPEC, 59_750.0, half, WANTED.capital)[0].price < order[1], "but is not placed anew"


def test_a_fee_taken_in_the_coin_does_not_hide_a_fill() -> None:
    lattice = laid()
    assert follow(lattice, lattice.qty * Decimal("0.999"), 59_760.0, 1.5).centre == -1


def test_a_price_that_ran_away_without_fills_takes_the_centre_with_it_on_the_same_lines() -> None:
    lattice = laid()
    after = follow(lattice, ZERO, 60_000 * math.exp(3.2 * 0.004), 1.5)
    assert after.centre == 3
    assert after.anchor == lattice.anchor
    assert follow(lattice, ZERO, 60_000 * math.exp(1.4 * 0.004), 1.5) == lattice


def test_at_the_inventory_limit_the_growing_side_is_not_quoted_and_the_other_is() -> None:
    lattice = laid()
    full = WANTED.capital / 60_000
    buys, sells = sides(rungs(lattice, SPEC, 60_000.0, full, WANTED.capital))
    assert not buys and len(sells) == 5
    buys, sells = sides(rungs(lattice, SPEC, 60_000.0, -full, WANTED.capital))
    assert len(buys) == 5 and not sells


def test_outside_the_range_nothing_is_quoted_on_that_side() -> None:
    wanted = msgspec.structs.replace(WANTED, reach=0.009)
    buys, sells = sides(rungs(laid(wanted=wanted), SPEC, 60_000.0, ZERO, WANTED.capital))
    assert len(buys) == len(sells) == 2


def test_a_spot_grid_sells_only_what_it_holds() -> None:
    spec = spot()
    lattice = anchored(spec, 60_000.0, 0, ZERO, WANTED)
    assert lattice is not None
    assert not sides(rungs(lattice, spec, 60_000.0, ZERO, WANTED.capital))[1]
    held = 2 * lattice.qty
    assert len(sides(rungs(lattice, spec, 60_000.0, held, WANTED.capital))[1]) == 2


def test_a_small_capital_makes_fewer_levels_and_then_none() -> None:
    tiny = msgspec.structs.replace(WANTED, capital=Decimal(200))
    levels, qty = level_size(SPEC, 60_000.0, tiny)
    assert (levels, qty) == (3, Decimal("0.001"))
    assert level_size(SPEC, 60_000.0, msgspec.structs.replace(tiny, capital=Decimal(20))) == (0, ZERO)
    dear = msgspec.structs.replace(SPEC, min_notional=Decimal(5_000))
    assert level_size(dear, 60_000.0, WANTED)[0] == 1


def test_a_grid_is_laid_out_anew_when_spacing_moved_by_a_fifth_or_a_horizon_has_passed() -> None:
    lattice = laid()
    assert is_due(lattice, WANTED, HOUR, 24 * HOUR) is None
    assert is_due(lattice, msgspec.structs.replace(WANTED, spacing=0.0047), 0, 24 * HOUR) is None
    assert "spacing" in (is_due(lattice, msgspec.structs.replace(WANTED, spacing=0.0049), 0, 24 * HOUR) or "")
    assert "24 h" in (is_due(lattice, WANTED, 24 * HOUR, 24 * HOUR) or "")


def test_a_new_layout_leans_against_the_inventory() -> None:
    leaning = msgspec.structs.replace(WANTED, skew=-0.002)
    long, short = (laid(position=Decimal(held), wanted=leaning) for held in ("0.1", "-0.1"))
    assert long.anchor < 60_000 < short.anchor
    assert long.anchor == 60_000 * math.exp(
        -0.002 * inventory_share(Decimal("0.1"), 60_000.0, WANTED.capital)
    )
    far = laid(position=Decimal("0.1"), wanted=msgspec.structs.replace(WANTED, skew=-1.0))
    assert far.anchor == 60_000 * math.exp(-0.004), "one step at most"
    assert inventory_share(Decimal(-9), 60_000.0, Decimal(10_000)) == -1


def test_a_position_changed_by_others_does_not_run_the_centre_away() -> None:
    lattice = laid()
    after = follow(lattice, 40 * lattice.qty, 60_000.0, 1.5)
    assert after.centre == 0 and after.held == 40 * lattice.qty


SPECS = st.builds(
    lambda tick, lot, least: msgspec.structs.replace(
        SPEC, tick=Decimal(tick), lot=Decimal(lot), min_qty=Decimal(lot), min_notional=Decimal(least)
    ),
    st.sampled_from(["0.0001", "0.01", "0.1", "0.5"]),
    st.sampled_from(["0.001", "0.01", "1"]),
    st.sampled_from(["0", "5", "100"]),
)


@given(
    SPECS,
    st.floats(0.5, 90_000),
    st.floats(0.0004, 0.05),
    st.integers(1, 12),
    st.integers(100, 1_000_000),
    st.integers(-12, 12),
    st.floats(-3, 3),
)
def test_whatever_the_market_the_orders_keep_their_rules(
    spec: Instrument, mid: float, spacing: float, most: int, capital: int, levels_held: int, drift: float
) -> None:
    assume(spacing * mid >= 2 * float(spec.tick))
    wanted = Wanted(spacing=spacing, reach=30 * spacing, levels=most, capital=Decimal(capital))
    lattice = anchored(spec, mid, 0, ZERO, wanted)
    assume(lattice is not None)
    assert lattice is not None
    position = levels_held * lattice.qty
    price = mid * math.exp(drift * spacing)
    moved = follow(lattice, position, price, 1.5)
    orders = rungs(moved, spec, price, position, wanted.capital)
    buys, sells = sides(orders)
    assert all(each < Decimal(repr(price)) for each in buys), "buys below the market"
    assert all(each > Decimal(repr(price)) for each in sells), "sells above it"
    assert not (buys and sells) or max(buys) < min(sells), "never our own orders crossing"
    for each in orders:
        assert each.price % spec.tick == 0 and each.qty % spec.lot == 0 and each.qty >= spec.min_qty
        assert each.qty * each.price >= spec.min_notional
    for prices in (buys, sells):
        ordered = sorted(prices)
        for low, high in itertools.pairwise(ordered):
            assert math.log(high / low) >= spacing - 2 * float(spec.tick) / float(low)
    if buys and sells:
        assert math.log(min(sells) / max(buys)) >= spacing
    now = Decimal(repr(price))
    long = position + sum((each.qty for each in orders if each.side is Side.BUY), ZERO)
    short = -position + sum((each.qty for each in orders if each.side is Side.SELL), ZERO)
    if buys:
        assert long * now <= wanted.capital
    if sells:
        assert short * max(sells) <= wanted.capital
    one_side = lattice.qty * lattice.levels * Decimal(repr(mid * math.exp(spacing * lattice.levels)))
    assert one_side <= wanted.capital * HEADROOM * (1 + Decimal("1e-9"))
