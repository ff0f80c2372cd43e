"""The composite and its weights, and the regime it stands in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant.composite import accuracy_weights, composite, refusals
from tradecli.quant.regime import EDGES, LABELS, RegimeState, bucket, path, step

WEIGHTS = {"bitvol": 0.30, "lxvx": 0.25, "garch": 0.25, "realised": 0.20}


def test_missing_inputs_give_their_weight_to_the_others(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("composite_renormalisation")
    inputs = vector.inputs
    for case in ("case_full", "case_bitvol_missing"):
        found = composite(inputs[case], inputs["weights"])
        vector.check_at(case + ".weights", found.weights)
        vector.check_at(case + ".vol_variance_mean", found.vol)
        vector.check_at(case + ".vol_linear_mean", found.linear)
        vector.check_at(case + ".coverage", found.coverage)
    weights = accuracy_weights(inputs["qlike"], inputs["weights"], eta=inputs["eta"], shrink=inputs["shrink"])
    vector.check_at("accuracy_weights", weights)
    vector.check_at("accuracy_vol_full", composite(inputs["case_full"], weights).vol)


def test_no_input_at_all_is_unknown_and_not_zero() -> None:
    assert composite(dict.fromkeys(WEIGHTS), WEIGHTS).vol is None
    assert composite(dict.fromkeys(WEIGHTS), WEIGHTS).coverage == 0


@given(st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(0.05, 4.0), min_size=1))
def test_the_composite_lies_between_its_inputs_and_its_weights_sum_to_one(values: dict[str, float]) -> None:
    found = composite(values, WEIGHTS)
    assert found.vol is not None
    assert min(values.values()) - 1e-12 <= found.vol <= max(values.values()) + 1e-12
    assert sum(found.weights.values()) == pytest.approx(1.0)


def test_a_value_in_vol_points_or_far_from_the_others_is_refused() -> None:
    assert set(refusals({"bitvol": 52.0, "garch": 0.5, "realised": 0.4})) == {"bitvol"}
    assert set(refusals({"bitvol": 2.0, "garch": 0.5, "realised": 0.45})) == {"bitvol"}
    assert refusals({"bitvol": 2.0, "garch": 0.5}) == {}, "of two, neither is the outlier"
    assert refusals({"bitvol": None, "garch": 0.5, "realised": 0.4}) == {}


def test_the_regime_moves_with_band_and_dwell(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("regime_hysteresis")
    states = path(vector.inputs["vol"])
    vector.check({"states": [LABELS[index] for index in states]})
    assert list(EDGES) == vector.inputs["thresholds"]


def test_the_highest_regime_is_entered_at_once_and_left_slowly() -> None:
    state = step(RegimeState(0), 1.3)
    assert state.label == "extreme"
    assert step(state, 0.2).label == "extreme"
    assert step(step(state, 0.2), 0.2).label == "calm"


@given(st.lists(st.floats(0.05, 2.0), min_size=1, max_size=60))
def test_a_regime_never_stands_more_than_the_band_away_from_its_bucket_for_long(vols: list[float]) -> None:
    states = path([*vols, vols[-1], vols[-1], vols[-1]])
    near = {bucket(vols[-1] * factor) for factor in (0.94, 1.0, 1.06)}
    assert min(near) <= states[-1] <= max(near)
