"""The comparison with a vector: it accepts the expected values and sees every kind of difference."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vectors import Vector


def vector(expected: dict[str, Any], tolerance: dict[str, Any]) -> Vector:
    return Vector("made_here", "", {}, expected, tolerance)


def test_every_shared_vector_agrees_with_itself(shared: Path) -> None:
    paths = sorted((shared / "vectors").glob("*.json"))
    assert len(paths) >= 59
    for path in paths:
        one = Vector.read(path)
        due = {key for key in one.expected if not one._is_aside(key)}
        one.check({key: one.expected[key] for key in due})


def test_a_vector_is_read_by_its_id(vectors: Callable[[str], Vector]) -> None:
    assert vectors("garch_forecast_30d").inputs


@pytest.mark.parametrize(
    ("tolerance", "actual", "agrees"),
    [
        ({"*": {"rel": 1e-3}}, 100.09, True),
        ({"*": {"rel": 1e-3}}, 100.11, False),
        ({"abs": 0.2}, 100.19, True),
        ({"a": {"abs": 0.01}, "*": {"abs": 1.0}}, 100.5, False),
        ({"*": "exact"}, 100, True),
        ({"*": "exact"}, 100.00001, False),
        ({}, 100.0, True),
        ({"*": {"abs": 1.0}}, math.nan, False),
        ({"*": {"abs": 1.0}}, None, False),
        ({"*": {"abs": 1.0}}, True, False),
        ({"*": {"abs": 1.0}}, Decimal("100.5"), True),
        ({"*": {"abs": 1.0}}, np.float64(100.5), True),
    ],
)
def test_a_number_is_compared_within_the_tolerance_of_its_key_or_of_all(
    tolerance: dict[str, Any], actual: Any, agrees: bool
) -> None:
    one = vector({"a": 100}, tolerance)
    if agrees:
        one.check({"a": actual})
    else:
        with pytest.raises(AssertionError, match="made_here"):
            one.check({"a": actual})


def test_a_tolerance_of_a_key_holds_for_every_leaf_below_it() -> None:
    one = vector({"a": {"b": [1.0, 2.0], "c": None}}, {"a": {"abs": 0.1}})
    one.check({"a": {"b": np.array([1.05, 2.05]), "c": None}})
    one.check_at("a.b.1", 2.05)
    for wrong in (
        {"b": (1.05, 2.2), "c": None},
        {"b": [1.0], "c": None},
        {"b": [1.0, 2.0]},
        {"b": [1, 2], "c": 0},
    ):
        with pytest.raises(AssertionError):
            one.check({"a": wrong})


@pytest.mark.parametrize(("expected", "actual"), [("calm", "wild"), (True, 1), (False, True), (None, 0.0)])
def test_words_flags_and_null_compare_exactly(expected: Any, actual: Any) -> None:
    one = vector({"a": expected}, {"*": {"abs": 10.0}})
    one.check({"a": expected})
    with pytest.raises(AssertionError):
        one.check({"a": actual})


def test_a_number_without_a_tolerance_must_agree_as_far_as_the_files_print() -> None:
    vector({"a": 0.123456789012}, {}).check({"a": 0.1234567890124})
    with pytest.raises(AssertionError, match="made_here"):
        vector({"a": 0.123456789012}, {}).check({"a": 0.1234567895})


def test_a_key_may_be_skipped_by_name_and_never_by_forgetting_it() -> None:
    one = vector({"a": 1, "b": 2, "published_b": 2.1}, {"*": "exact", "published_b": {"abs": 0.2}})
    one.check({"a": 1}, skip=("b",))
    one.check({"a": 1, "b": 2, "published_b": 2.0})
    for given in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "published_b": 3.0}):
        with pytest.raises(AssertionError):
            one.check(given)
