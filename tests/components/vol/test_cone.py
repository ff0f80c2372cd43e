"""``vol cone`` and ``vol compare``: ranks among the past, and every estimate beside the index."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.vol.test_show import AT, BNB, view
from tests.fakes.desk import BTC, linear
from tests.fakes.view import FakeView, candles, values, walk
from tradecli import codec
from tradecli.components.vol.compare import COMPARE, CompareReport
from tradecli.components.vol.cone import CONE, ConeQuery, ConeReport
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.quant.realised import cone
from tradecli.quant.volatility import rogers_satchell_terms

END = (AT - 2_000) // DAY_MS * DAY_MS


def assess(seen: FakeView, **query: int) -> ConeReport:
    found = CONE.assess(seen, VolSettings(), ConeQuery(**query))
    assert isinstance(found, ConeReport)
    return found


def test_the_cone_is_that_of_the_kernel_on_the_daily_ranges() -> None:
    report = assess(view())
    bars = view().bars[(BTC, DAY_MS)]
    terms = rogers_satchell_terms(bars.open, bars.high, bars.low, bars.close)
    straight = np.log(bars.high / bars.low) ** 2 / (4 * np.log(2))
    expected = cone(np.where(terms > 0, terms, straight)[-365:])
    assert [each.horizon_days for each in report.lines] == [7, 14, 30, 60, 90]
    for ours, theirs in zip(report.lines, expected, strict=True):
        assert ours.p50 == pytest.approx(theirs.quantiles[0.5]) and ours.rank == theirs.rank
    assert report.lines[2].independent == pytest.approx(365 / 30)
    assert report.source == "rogers-satchell 1d" and report.quality is Quality.OK


def test_five_months_of_hours_are_better_than_ranges() -> None:
    seen = view()
    seen.bars = {**seen.bars, (BTC, HOUR_MS): walk(24 * 200, 0.6, HOUR_MS, until=AT - 2_000, seed=2)}
    report = assess(seen)
    assert report.source == "realised variance 1h" and report.days == 199
    assert report.lines[0].p50 == pytest.approx(0.6, abs=0.05)


def test_the_index_is_ranked_between_its_extremes_and_among_its_readings() -> None:
    seen = view()
    rows = [(AT - (400 - i) * DAY_MS, 0.4 + 0.001 * i) for i in range(400)]
    seen.indices = {"DVOL-BTC": values([*rows, (AT, 0.5)])}
    found = assess(seen).implied
    low, high = 0.4 + 0.001 * 35, 0.4 + 0.001 * 399
    assert found.value == 0.5 and found.rank == pytest.approx((0.5 - low) / (high - low), abs=0.01)
    assert found.percentile == pytest.approx(65 / 365, abs=0.01)
    few = assess(view()).implied
    assert few.rank is None and "of 30 days" in few.reason
    seen.focus, seen.specs = BNB, (linear(BNB),)
    assert "another coin" in assess(seen).implied.reason


@pytest.mark.parametrize("closes", [[], [100.0], [100.0] * 400, [100.0, float("nan")] * 200])
def test_without_variance_there_is_a_reason_and_no_cone(closes: list[float]) -> None:
    seen = FakeView(AT, BTC, (linear(),))
    seen.bars = {(BTC, DAY_MS): candles(closes, DAY_MS, until=END)}
    with np.errstate(all="ignore"):
        report = assess(seen)
    assert report.lines == () and report.reason and report.quality is Quality.UNAVAILABLE
    assert codec.decode(codec.encode(report), ConeReport) == report
    assert CONE.present(report).title == "Cone BTCUSDT@binance"


def test_every_estimate_stands_beside_the_index_with_its_kind_and_the_premium() -> None:
    found = COMPARE.assess(view(), VolSettings(), None)
    assert isinstance(found, CompareReport)
    named = {each.name: each for each in found.estimates}
    assert {each.kind for each in found.estimates} == {"realised", "forecast", "implied", "composite"}
    assert named["bitvol"].ratio == 1.0
    assert named["parkinson"].ratio == pytest.approx((named["parkinson"].value or 0) / 0.55)
    assert found.premium == pytest.approx(0.55**2 - (named["har 30d"].value or 0) ** 2)
    assert COMPARE.present(found).blocks and len(COMPARE.inputs(found)) == len(found.estimates)
    nothing = COMPARE.assess(FakeView(AT, BTC, (linear(),)), VolSettings(), None)
    assert nothing.premium is None and nothing.premium_reason == "no index"
    assert all(each.value is None and each.reason for each in nothing.estimates)
