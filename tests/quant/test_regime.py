"""The regime moves only past its band and after two bars, to the worst at once, and survives a restart."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant.regime import LABELS, RegimeState, path, step


def test_the_states_of_the_vector_are_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("regime_hysteresis")
    assert vector.inputs["labels"] == list(LABELS)
    vector.check({"states": [LABELS[index] for index in path(vector.inputs["vol"])]})


def test_extreme_is_entered_at_once_and_left_slowly() -> None:
    state = step(RegimeState(1), 1.2)
    assert state == RegimeState(4)
    state = step(state, 0.4)
    assert state == RegimeState(4, -1, 1)
    assert step(state, 0.4) == RegimeState(1)


def test_a_volatility_that_is_not_known_keeps_the_state_and_breaks_the_row() -> None:
    assert step(RegimeState(1, 1, 1), math.nan) == RegimeState(1)
    with pytest.raises(ValueError, match="unknown volatility"):
        step(None, math.nan)


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=60), st.integers(0, 59))
def test_a_state_stored_and_taken_up_again_goes_on_as_if_nothing_had_been(
    vols: list[float], cut: int
) -> None:
    state = None
    for vol in vols[:cut]:
        state = step(state, vol)
    if state is not None:
        state = RegimeState(state.index, state.direction, state.asked)
    for vol in vols[cut:]:
        state = step(state, vol)
    assert state is not None
    assert state.index == path(vols)[-1]


@given(st.lists(st.floats(0.476, 0.524), min_size=1), st.sampled_from([0.4, 0.6]))
def test_noise_inside_the_band_of_an_edge_never_moves_the_state(noise: list[float], start: float) -> None:
    assert len(set(path([start, *noise]))) == 1
