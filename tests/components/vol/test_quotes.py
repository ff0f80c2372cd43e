"""``vol.grid.quotes = "glft"``: nearest orders that lean against the inventory, by a fill rate of the tape."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.components.vol.test_grid import assess, ladder, report_of, view
from tests.components.vol.test_show import AT
from tests.components.vol.test_show import view as vol_view
from tests.fakes.desk import BTC, linear
from tradecli import codec
from tradecli.components.vol import quotes
from tradecli.components.vol.grid import GRID
from tradecli.components.vol.grid_report import GridReport, Quoting
from tradecli.components.vol.lattice import Wanted, anchored
from tradecli.components.vol.settings import GridSettings, VolSettings
from tradecli.domain.enums import Side
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.intent import Rung
from tradecli.domain.position import Position

GLFT = VolSettings(grid=GridSettings(quotes="glft"))
TAPE = vol_view(minutes=1_440).bars[(BTC, MINUTE_MS)]
MID = float(TAPE.close[-1])
CHEAP = msgspec.structs.replace(linear(), maker_fee=Decimal(0))


def market(orders: float = 0.0, spec: Any = CHEAP) -> quotes.Market:
    wanted = Wanted(spacing=0.005, reach=0.05, levels=8, capital=Decimal(20_000))
    lattice = anchored(spec, MID, AT, Decimal(0), wanted)
    assert lattice is not None
    position = Decimal(repr(orders)) * lattice.qty
    return quotes.Market(spec, MID, 0.6, lattice, position, wanted.capital)


def offsets(orders: float, aversion: float = 4.0, spec: Any = CHEAP) -> Quoting:
    found = quotes.assess(market(orders, spec), TAPE, aversion)
    assert found.is_calibrated, found.reason
    return found


def seen(minutes: int = 1_440, held: Decimal = Decimal(0), **more: Any) -> Any:
    bars = {(BTC, MINUTE_MS): vol_view(minutes=minutes).bars[(BTC, MINUTE_MS)]} if minutes else {}
    own = {"grid": (Position(instrument=BTC, qty=held),)}
    return view(mid=MID, bars=bars, own=own, reports=(report_of(),), **more)


def nearest(rungs: tuple[Rung, ...], side: Side) -> Decimal:
    return next(each.price for each in rungs if each.side is side)


@given(orders=st.floats(0.1, 7.9))
def test_it_leans_against_the_inventory_the_same_way_for_long_and_short(orders: float) -> None:
    long, short, flat = offsets(orders), offsets(-orders), offsets(0.0)
    assert long.bid_offset == pytest.approx(short.ask_offset)
    assert long.ask_offset == pytest.approx(short.bid_offset)
    assert flat.bid_offset == pytest.approx(flat.ask_offset) and flat.skew == 0.0
    assert long.skew is not None and long.skew < 0 and short.skew == pytest.approx(-long.skew)
    assert long.reservation == pytest.approx(MID + long.skew)
    assert long.bid_offset is not None and flat.bid_offset is not None and long.bid_offset > flat.bid_offset


@given(orders=st.floats(-7.9, 7.9), aversion=st.floats(0.0, 100.0))
def test_no_offset_is_below_the_fee_or_a_tick(orders: float, aversion: float) -> None:
    dear = offsets(orders, aversion, linear())
    coarse = offsets(orders, aversion, msgspec.structs.replace(CHEAP, tick=Decimal(50)))
    for found, least in ((dear, 0.0002 * MID), (coarse, 50.0)):
        assert found.bid_offset is not None and found.ask_offset is not None
        assert min(found.bid_offset, found.ask_offset) >= least


def test_without_aversion_both_offsets_are_one_over_k() -> None:
    for orders in (-5.0, 0.0, 5.0):
        found = offsets(orders, aversion=0.0)
        assert found.decay is not None
        assert found.bid_offset == found.ask_offset == pytest.approx(1 / found.decay)
    nearly = offsets(5.0, aversion=1e-9)
    assert nearly.decay is not None
    assert nearly.bid_offset == pytest.approx(1 / nearly.decay, rel=1e-3)


@pytest.mark.parametrize(("orders", "side"), [(8.0, Side.BUY), (-8.0, Side.SELL)])
def test_at_the_limit_of_inventory_that_side_is_not_quoted(orders: float, side: Side) -> None:
    scene = market(orders)
    found = quotes.assess(scene, TAPE, 4.0)
    both = tuple(
        Rung(each, Decimal(repr(MID * (1 - each.sign * 0.005))), scene.lattice.qty)
        for each in (Side.BUY, Side.SELL)
    )
    left = quotes.lean(both, found, scene, set())
    assert [each.side for each in left] == [each for each in (Side.BUY, Side.SELL) if each is not side]


def test_the_nearest_order_stands_at_its_offset_and_the_next_ones_on_lines_a_spacing_apart() -> None:
    scene = seen()
    report = assess(scene, GLFT)
    plain = assess(scene)
    assert report.quotes is not None and report.quotes.is_calibrated and report.spacing is not None
    assert plain.quotes is None
    rungs = ladder(report, scene).rungs
    for side, offset in ((Side.BUY, report.quotes.bid_offset), (Side.SELL, report.quotes.ask_offset)):
        own = [each.price for each in rungs if each.side is side]
        assert offset is not None
        assert float(own[0]) == pytest.approx(MID - side.sign * offset, abs=0.11)
        assert set(own[1:]) <= {each.price for each in plain.levels}
        steps = [abs(math.log(b / a)) / report.spacing for a, b in pairwise(own)]
        assert steps[0] >= 0.5 and steps[1:] == pytest.approx([1.0] * len(steps[1:]), rel=1e-2)
        assert len(own) <= sum(each.side is side for each in plain.levels)
    assert "glft: bid" in ladder(report, scene).reason and "skew" in ladder(report, scene).reason


def test_a_long_grid_offers_nearer_and_bids_lower_than_a_flat_one() -> None:
    settings = VolSettings(grid=GridSettings(quotes="glft", aversion=40.0))
    flat = assess(seen(), settings)
    held = sum((each.qty or Decimal(0) for each in flat.levels if each.side is Side.BUY), Decimal(0)) / 2
    long = seen(held=held)
    prices = ladder(assess(long, settings), long).rungs
    before = ladder(flat, seen()).rungs
    assert nearest(prices, Side.BUY) < nearest(before, Side.BUY)
    assert nearest(prices, Side.SELL) <= nearest(before, Side.SELL)


def test_an_order_near_its_offset_or_just_passed_stays_and_one_farther_is_moved() -> None:
    scene = market()
    found = quotes.assess(scene, TAPE, 4.0)
    assert found.bid_offset is not None
    line = (Rung(Side.BUY, Decimal(repr(MID * 0.995)), scene.lattice.qty),)
    wanted = nearest(quotes.lean(line, found, scene, set()), Side.BUY)
    for away, stays in ((0.1, True), (0.5, False)):
        price = wanted + Decimal(str(round(away * found.bid_offset, 1)))
        moved = nearest(quotes.lean(line, found, scene, {(Side.BUY, price)}), Side.BUY)
        assert (moved == price) is stays and (stays or moved == wanted)
    passed = Decimal(repr(round(MID + 1, 1)))
    assert nearest(quotes.lean(line, found, scene, {(Side.BUY, passed)}), Side.BUY) == passed


@pytest.mark.parametrize("minutes", [0, 120])
def test_with_fewer_than_500_fills_the_lines_of_the_grid_stand_and_it_says_so(minutes: int) -> None:
    scene = seen(minutes)
    report = assess(scene, GLFT)
    assert report.quotes is not None and not report.quotes.is_calibrated
    assert report.levels == assess(scene).levels
    assert report.quotes.reason == f"glft: {report.quotes.reached} of 500 fills: spacing by the rule"
    assert report.quotes.reason in ladder(report, scene).reason
    assert "spacing by the rule" in repr(GRID.present(report))


def test_the_reservation_price_is_shown_and_survives_the_codec() -> None:
    report = assess(seen(), GLFT)
    assert codec.decode(codec.encode(report), GridReport) == report
    shown = repr(GRID.present(report))
    assert "reservation price" in shown and "fills of the tape" in shown
