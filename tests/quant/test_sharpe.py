"""The Sharpe ratio with its error, its probability, and what luck alone would have found."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import sharpe


def test_the_published_errors_and_probabilities_are_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("sharpe_psr_dsr")
    i = vector.inputs
    one, two = i["psr"], i["dsr"]
    ratio = two["sr_annual"] / math.sqrt(two["periods"])
    variance = two["var_sr_annual"] / two["periods"]
    found = {
        "lo_se": [sharpe.lo_std_error(*case) for case in i["lo"]],
        "psr_normal": sharpe.probabilistic(one["sr"], one["n"]),
        "psr_nonnormal": sharpe.probabilistic(one["sr"], one["n"], one["skew"], one["kurt"]),
        "sr0_per_period": sharpe.expected_best(variance, two["N"]),
        "dsr": sharpe.deflated(ratio, two["T"], variance, two["N"], two["skew"], two["kurt"]),
    }
    published = {name: value for name, value in found.items() if name != "sr0_per_period"}
    published["sr0"] = found["sr0_per_period"]
    vector.check({**found, "published": published})


def test_an_autocorrelated_ratio_is_annualised_by_its_variance_over_the_year(
    vectors: Callable[[str], Vector],
) -> None:
    vector = vectors("sharpe_annualise_autocorr")
    i = vector.inputs
    factor = sharpe.annual_factor(i["q"], np.array(i["rho"]))
    assert factor is not None
    vector.check({"eta": factor, "sr_annual": factor * i["sr"], "naive": i["sr"] * math.sqrt(i["q"])})
    assert sharpe.annual_factor(12, np.zeros(11)) == pytest.approx(math.sqrt(12))
    assert sharpe.annual_factor(12, np.full(11, -0.9)) is None


def test_returns_that_do_not_move_or_are_not_known_have_no_ratio() -> None:
    for returns in (np.full(50, 0.1), np.array([0.1]), np.array([0.1, np.nan, 0.2]), np.empty(0)):
        assert sharpe.sharpe(returns) is None
        assert sharpe.annual_sharpe(returns) is None
    assert sharpe.probabilistic(0.5, 1) is None


def test_an_annual_ratio_has_an_interval_that_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth, inside = 0.05, 0
    for _ in range(400):
        found = sharpe.annual_sharpe(truth + rng.normal(0, 1.0, 250))
        assert found is not None
        inside += found.low <= truth * math.sqrt(365) <= found.high
    assert 0.90 < inside / 400 < 0.99


def test_smoothed_returns_lose_part_of_their_ratio() -> None:
    rng = np.random.default_rng(4)
    raw = 0.05 + rng.normal(0, 1.0, 3_000)
    smooth = 0.5 * (raw[1:] + raw[:-1])
    one, other = sharpe.annual_sharpe(raw), sharpe.annual_sharpe(smooth)
    assert one is not None and other is not None
    assert other.is_autocorrelated and not one.is_autocorrelated
    assert other.annual < 0.85 * other.per_period * math.sqrt(365)
    assert other.annual == pytest.approx(one.annual, rel=0.15)


def test_fat_losses_lower_the_probability_and_more_trials_raise_the_bar() -> None:
    fat = sharpe.probabilistic(0.1, 250, -2.0, 12.0)
    normal = sharpe.probabilistic(0.1, 250)
    assert fat is not None and normal is not None
    assert fat < normal
    assert sharpe.expected_best(0.01, 1) == 0.0
    assert sharpe.expected_best(0.01, 10) < sharpe.expected_best(0.01, 1_000)
