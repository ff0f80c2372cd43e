"""Stress ranks what is known, and says nothing when too little is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant.stress import BANDS, WEIGHTS, Stress, percentile_rank, stress


def test_the_stress_scores_of_the_vector_are_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("stress_score")
    inputs = vector.inputs
    one, two = (stress(inputs[case], inputs["weights"]) for case in ("case1", "case2"))
    vector.check(
        {
            "case1": one.score,
            "case1_coverage": one.coverage,
            "case2": two.score,
            "case2_coverage": two.coverage,
            "percentile": percentile_rank(np.array(inputs["history"]), inputs["current"]),
        }
    )


def test_a_rank_without_history_or_of_nothing_is_unknown() -> None:
    assert percentile_rank(np.array([]), 1.0) is None
    assert percentile_rank(np.array([np.nan]), 1.0) is None
    assert percentile_rank(np.array([1.0]), math.nan) is None


def test_the_weights_are_those_of_the_vector_and_add_to_one(vectors: Callable[[str], Vector]) -> None:
    assert vectors("stress_score").inputs["weights"] == WEIGHTS
    assert math.fsum(WEIGHTS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("score", "band"), [(0.0, "calm"), (50.0, "calm"), (60.0, "watch"), (90.0, "stressed"), (90.1, "crisis")]
)
def test_a_score_has_a_band(score: float, band: str) -> None:
    assert Stress(score, 1.0).band == band
    assert len(BANDS) == 3


def test_an_unknown_score_has_no_band_and_a_rank_that_is_nan_is_missing() -> None:
    assert stress({}).band is None
    assert stress({"vol_level": math.nan}).coverage == 0.0
