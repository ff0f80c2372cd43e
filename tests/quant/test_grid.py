"""The grid's spacing, reach and what to expect of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import grid


def test_spacing_range_levels_and_expectations_follow_the_rule(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("grid_spacing_rule")
    i = vector.inputs
    spacing = grid.spacing(i["sigma"], i["tau_hours"], i["maker_fee"], i["spread_frac"], kappa=i["kappa"])
    reach = grid.half_range(i["sigma"], i["range_hours"], i["z"])
    g, tick = spacing.value, i["tick"]
    vector.check(
        {
            "spacing_raw": spacing.raw,
            "spacing_floor": spacing.floor,
            "spacing": g,
            "half_range": reach,
            "levels_per_side": grid.levels_per_side(reach, g),
            "buy1": math.floor(i["price"] * math.exp(-g) / tick) * tick,
            "sell1": math.ceil(i["price"] * math.exp(g) / tick) * tick,
            "expected_hours_between_steps": grid.hours_between_steps(i["sigma"], g),
            "expected_steps_per_day": grid.steps_per_day(i["sigma"], g),
            "p_touch_1h_one_side": grid.touch_probability(g, i["sigma"], 1.0),
        }
    )


@given(st.floats(0.05, 4), st.floats(0.001, 168), st.floats(0, 0.01), st.floats(0, 0.01), st.floats(0, 0.01))
def test_spacing_never_falls_below_costs_and_two_ticks(
    vol: float, tau: float, fee: float, spread: float, tick: float
) -> None:
    found = grid.spacing(vol, tau, fee, spread, tick=tick)
    assert found.value >= 2.0 * (2 * fee + spread)
    assert found.value >= 2 * tick
    assert found.value >= found.raw


def test_without_volatility_nothing_is_touched() -> None:
    assert grid.touch_probability(0.01, 0.0, 24) == 0
    assert grid.touch_probability(0.0, 0.6, 24) == 1


def test_the_worst_case_is_every_level_filled_and_the_price_one_step_further() -> None:
    edge = grid.worst_case(100.0, 0.01, 2, 3.0)
    up = 100 * math.exp(0.03)
    loss = 3 * (up - 100 * math.exp(0.01)) + 3 * (up - 100 * math.exp(0.02))
    assert edge.qty == -6, "a straight rise costs more than a fall of as many log steps"
    assert edge.loss == pytest.approx(loss)
    assert grid.worst_case(100.0, 0.01, 2, 3.0, held=4.0).qty == 10
