"""The score card finds the true model on a simulated path, and shuffled outcomes destroy its ranking."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quant.garch_samples import simulated
from tradecli.quant import garch
from tradecli.quant.garch import Garch
from tradecli.quant.scorecard import NOMINAL, coverage, scores, walk_forward
from tradecli.quant.weighing import contest, weigh

PATH = Garch(0.0, 0.5, 0.12, 0.80)
N = 1_800


@pytest.fixture(scope="module")
def card() -> tuple[dict[tuple[str, int], np.ndarray], np.ndarray]:
    """Forecasts on a path whose realised variance is the true one with the noise of 48 returns a day."""
    percent = simulated(N, PATH, seed=8)
    h = garch.variances(PATH, percent, PATH.omega / (1 - PATH.persistence))[:-1] / 1e4
    rv = h * np.random.default_rng(4).chisquare(48, N) / 48
    return walk_forward(percent / 100, rv, (1, 7), refit=60, models=("garch", "ewma", "har")), rv


def test_on_a_garch_path_the_true_model_ranks_first_and_beats_ewma(card) -> None:  # type: ignore[no-untyped-def]
    forecasts, rv = card
    for horizon in (1, 7):
        found = scores(forecasts, rv, horizon)
        assert [each.rank for each in found] == [1, 2, 3]
        assert found[0].model == "garch"
        assert found[0].against is not None and found[0].against.statistic < 0
        assert found[0].against.p < 0.05
        assert found[0].coverage == pytest.approx(NOMINAL, abs=0.08)


def test_shuffled_outcomes_destroy_the_ranking(card) -> None:  # type: ignore[no-untyped-def]
    forecasts, rv = card
    level = np.where(np.isfinite(forecasts["garch", 1]), float(np.mean(rv)), np.nan)
    beside = {**forecasts, ("level", 1): level}
    first = [each.model for each in scores(beside, rv, 1)]
    assert first.index("garch") < first.index("level"), "it knows more than the mean of everything"
    after = scores(beside, np.random.default_rng(5).permutation(rv), 1)
    assert after[0].model == "level", "nothing is known of a shuffled outcome but its mean"
    found = next(each for each in after if each.model == "garch")
    assert found.qlike > 3 * scores(forecasts, rv, 1)[0].qlike


def test_no_forecast_sees_its_future() -> None:
    percent = simulated(420, PATH)
    rv = np.abs(percent) / 100
    changed = percent.copy()
    changed[400:] *= 3
    a = walk_forward(percent / 100, rv, (1,), refit=50, models=("garch", "ewma"), compiled=False)
    b = walk_forward(changed / 100, rv, (1,), refit=50, models=("garch", "ewma"), compiled=False)
    for key in a:
        np.testing.assert_array_equal(a[key][:400], b[key][:400])


def test_models_are_compared_where_all_have_a_forecast_and_the_missing_are_counted() -> None:
    rv = np.full(300, 1e-4)
    forecasts = {
        ("ewma", 1): np.full(300, 1.1e-4),
        ("har", 1): np.concatenate((np.full(100, np.nan), np.full(200, 0.9e-4))),
    }
    found = {each.model: each for each in scores(forecasts, rv, 1)}
    assert found["har"].n == found["ewma"].n == 199
    assert found["har"].missing == 100
    assert scores({("ewma", 1): np.full(300, np.nan)}, rv, 1) == ()
    assert coverage(np.full(10, 1.0), np.ones(10), 1) is None


def test_weights_move_to_the_accurate_input_slowly_and_keep_their_floor() -> None:
    rng = np.random.default_rng(6)
    truth = np.exp(np.cumsum(rng.normal(0, 0.05, 600)) - 8)
    good = truth * np.exp(rng.normal(0, 0.05, 600))
    bad = truth * np.exp(rng.normal(0, 0.8, 600))
    rich = truth * 1.3
    prior = {"good": 0.2, "bad": 0.5, "rich": 0.3}
    found = weigh({"good": good, "bad": bad, "rich": rich}, truth, prior, 1)
    assert found.weights is not None and found.debias is not None
    assert found.weights["good"] > prior["good"] and found.weights["bad"] >= 0.045
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert found.debias["rich"] == pytest.approx(1 / 1.3, rel=0.01)
    assert np.all(np.isnan(found.accurate[:90])) and np.isfinite(found.accurate[200])
    result = contest(found, truth, 1)
    assert result is not None and result.accurate < result.fixed
    assert "win" in result.verdict and "not win" not in result.verdict


def test_before_ninety_evaluated_forecasts_there_are_no_accuracy_weights() -> None:
    ones = np.ones(100)
    found = weigh({"a": ones, "b": np.full(100, np.nan)}, ones, {"a": 0.5, "b": 0.5}, 30)
    assert found.weights is None and found.evaluated == 100
    assert found.fixed[0] == 1.0
    assert contest(found, ones, 30) is None
