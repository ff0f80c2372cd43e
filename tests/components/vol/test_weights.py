"""``vol weights``: both composites side by side, and what is said before there is enough to weigh by."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.vol.test_show import AT, view
from tests.fakes.desk import BTC
from tests.fakes.view import FakeView, values, walk
from tradecli import codec
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.weights import WEIGHTS, WeightsReport
from tradecli.domain.feed import DAY_MS, HOUR_MS


def assess(seen: FakeView) -> WeightsReport:
    found = WEIGHTS.assess(seen, VolSettings(), WEIGHTS.query())
    assert isinstance(found, WeightsReport)
    return found


def rich_index() -> FakeView:
    """Return 620 days of prices whose index is a quarter above what they do."""
    seen = view()
    hours = walk(24 * 620, 0.6, HOUR_MS, until=AT - 2_000, seed=2)
    whole = AT // DAY_MS * DAY_MS
    days = walk(620, 0.6, DAY_MS, until=whole)
    seen.bars = {**seen.bars, (BTC, HOUR_MS): hours, (BTC, DAY_MS): days}
    rng = np.random.default_rng(1)
    rows = [
        (whole - (620 - i) * DAY_MS, 0.75 * float(np.exp(0.1 * rng.standard_normal()))) for i in range(621)
    ]
    seen.indices = {"DVOL-BTC": values([*rows, (AT - HOUR_MS, 0.75)])}
    return seen


@pytest.fixture(scope="module")
def report() -> WeightsReport:
    return assess(rich_index())


def test_a_rich_index_is_freed_of_its_premium_and_the_specified_weights_stay_in_force(
    report: WeightsReport,
) -> None:
    named = {each.name: each for each in report.inputs}
    assert named["bitvol"].debias == pytest.approx((0.6 / 0.75) ** 2, rel=0.1)
    assert sum(each.accurate or 0 for each in report.inputs) == pytest.approx(1.0)
    assert [each.fixed for each in report.inputs] == [0.30, 0.25, 0.20]
    assert report.in_force == "fixed" and report.fixed is not None and report.accurate is not None
    assert report.accurate < report.fixed, "the premium is not in it"
    assert report.accurate_loss is not None and report.fixed_loss is not None
    assert "win" in report.verdict
    assert codec.decode(codec.encode(report), WeightsReport) == report
    assert "in force" in repr(WEIGHTS.present(report))


def test_with_too_few_days_there_are_no_weights_by_accuracy_and_the_count_is_said() -> None:
    for seen, words in ((view(days=300), "of 370 days"), (FakeView(AT, BTC), "no 1d bars")):
        found = assess(seen)
        assert found.accurate is None and words in found.verdict
        (kept,) = WEIGHTS.inputs(found)
        assert kept.value is None and kept.reason == found.verdict
