"""The limits trip where they are stated to, and where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.vectors import Vector
from tradecli.quant.breaker import drawdown_step, standing


def test_the_active_breakers_of_the_vector_are_those(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("breaker_rules")
    i = vector.inputs
    found = standing(i["drawdown"], i["position_share"], i["vol"], i["max_corr"])
    vector.check(
        {
            "halt": found.halt,
            "block_add_position": found.block_adds,
            "vol_reduce": found.halve,
            "corr_alert": found.crowded,
        }
    )


@pytest.mark.parametrize(
    ("drawdown", "step"),
    [(0.0, None), (0.0499, None), (0.05, "warn"), (0.08, "halve"), (0.10, "reduce"), (0.15, "flatten")],
)
def test_each_step_of_the_ladder_begins_on_its_limit(drawdown: float, step: str | None) -> None:
    assert drawdown_step(drawdown) == step


def test_what_is_not_known_has_tripped() -> None:
    assert drawdown_step(math.nan) == "flatten"
    found = standing(math.nan, {"BTC": math.nan}, {"BTC": math.nan}, math.nan)
    assert (found.halt, found.block_adds, found.halve, found.crowded) == (True, ("BTC",), ("BTC",), True)


def test_a_short_counts_like_a_long_and_a_limit_met_exactly_holds_but_for_the_drawdown() -> None:
    assert standing(0.15, {"A": -0.11, "B": 0.10}, {"A": 1.0}, 0.9).halt
    found = standing(0.1499, {"A": -0.11, "B": 0.10}, {"A": 1.0}, 0.9)
    assert (found.halt, found.block_adds, found.halve, found.crowded) == (False, ("A",), (), False)
