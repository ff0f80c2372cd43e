"""``signals show``: scores of the timeframes, what is combined, and what is not claimed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, linear
from tests.fakes.view import FakeView, candles, walk
from tradecli import codec
from tradecli.components.signals import show
from tradecli.components.signals.settings import SignalsSettings, SignalWeights, TimeframeWeights
from tradecli.components.signals.show import SHOW, TIMEFRAMES, SignalsReport
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, INTERVALS_MS, MINUTE_MS

AT = 20_000 * DAY_MS + 2_000


def rising(interval_ms: int, n: int = 250, slope: float = 0.002) -> Any:
    return candles((100 * np.exp(slope * np.arange(n))).tolist(), interval_ms, until=AT - 2_000, width=0.001)


def view(names: tuple[str, ...] = tuple(TIMEFRAMES.values()), slope: float = 0.002, **more: Any) -> FakeView:
    bars = {(BTC, INTERVALS_MS[name]): rising(INTERVALS_MS[name], slope=slope) for name in names}
    return FakeView(**({"at": AT, "focus": BTC, "specs": (linear(),), "bars": bars} | more))


def assess(seen: FakeView, **settings: Any) -> SignalsReport:
    found = SHOW.assess(seen, SignalsSettings(**settings), SHOW.query())
    assert isinstance(found, SignalsReport)
    return found


def test_a_steady_rise_scores_up_on_every_timeframe_and_they_agree() -> None:
    report = assess(view())
    assert report.score is not None and report.score > 0.5
    assert report.agreement == pytest.approx(1.0)
    assert report.coverage == pytest.approx(1.0)
    assert all(each.trend is not None and each.trend > 0.9 for each in report.timeframes)


def test_a_fall_scores_as_far_down_as_a_rise_scores_up() -> None:
    up, down = assess(view()), assess(view(slope=-0.002))
    assert up.score is not None and down.score is not None
    assert down.score == pytest.approx(-up.score, abs=0.05)


def test_missing_timeframes_give_their_weight_to_the_others() -> None:
    report = assess(view(("1h", "4h")))
    used = {each.interval: each.used for each in report.timeframes}
    assert used["1h"] == used["4h"] == pytest.approx(0.5)
    assert used["1d"] is None
    assert report.coverage == pytest.approx(0.5)
    assert "0.50 of the weight" in report.reason


def test_two_of_five_categories_are_no_signal_and_no_confidence_is_claimed() -> None:
    report = assess(view())
    assert not report.tradable and "0.55" in report.reason
    assert report.confidence is None and report.confidence_reason.startswith("uncalibrated")
    alone = SignalWeights(trend=0.6, momentum=0.4, volume=0.0, volatility=0.0, crypto=0.0)
    assert assess(view(), weights=alone).tradable


def test_opposite_timeframes_disagree() -> None:
    seen = view(("1h", "4h"))
    seen.bars = {**seen.bars, (BTC, 4 * HOUR_MS): rising(4 * HOUR_MS, slope=-0.002)}
    report = assess(seen)
    assert report.agreement is not None and report.agreement < 0.05
    assert report.dispersion is not None and report.dispersion > 0.5


def test_short_stale_and_motionless_bars_each_say_what_is_wrong() -> None:
    seen = view(())
    seen.bars = {
        (BTC, MINUTE_MS): rising(MINUTE_MS, n=99),
        (BTC, HOUR_MS): candles([100.0] * 200, HOUR_MS, until=AT - 4 * HOUR_MS),
        (BTC, DAY_MS): candles([100.0] * 200, DAY_MS, until=AT - 2_000),
    }
    reasons = {each.interval: each.reason for each in assess(seen).timeframes}
    assert reasons["1m"] == "99 of 100 bars"
    assert reasons["1h"] == "newest 1h bar is 4.0 intervals old"
    assert reasons["1d"] == "the price did not move"
    assert reasons["5m"] == "no 5m bars"


def test_without_any_bars_there_is_no_score_and_a_reason_for_each() -> None:
    report = assess(view(()))
    assert report.score is None and report.agreement is None and report.coverage == 0
    assert all(each.reason for each in report.timeframes)
    assert codec.decode(codec.encode(report), SignalsReport) == report
    assert SHOW.present(report).status == "no signal"


def test_a_bar_that_closed_within_two_seconds_is_not_used() -> None:
    early = assess(view(at=AT - 1))
    assert early.timeframes[0].as_of == AT - 2_000 - MINUTE_MS


def test_a_timeframe_is_not_computed_again_before_its_next_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    first = assess(view())
    monkeypatch.setattr(show, "lines_of", lambda *a: pytest.fail("computed again"))
    again = assess(view(reports=(first,), at=AT + 30_000))
    assert again.timeframes == first.timeframes


def test_a_weight_of_zero_silences_a_timeframe() -> None:
    weights = TimeframeWeights(m1=0.0, m5=0.0, m15=0.0, h1=1.0, h4=0.0, d1=0.0)
    report = assess(view(), timeframes=weights)
    hour = next(each for each in report.timeframes if each.interval == "1h")
    assert report.score == pytest.approx(hour.score)


@given(st.integers(0, 1_000), st.floats(0.01, 3.0))
def test_scores_stay_between_minus_one_and_one(seed: int, vol: float) -> None:
    seen = view(())
    seen.bars = {(BTC, HOUR_MS): walk(120, vol, HOUR_MS, until=AT - 2_000, seed=seed)}
    report = assess(seen)
    assert report.score is not None and -1 <= report.score <= 1
    assert report.dispersion == pytest.approx(0.0, abs=1e-9)
    hour = next(each for each in report.timeframes if each.interval == "1h")
    assert hour.macd is not None and hour.macd_signal is not None and hour.macd_histogram is not None
    assert math.isclose(hour.macd - hour.macd_signal, hour.macd_histogram, abs_tol=1e-9)


def test_what_was_scored_is_recorded_with_age_and_source() -> None:
    found = {each.name: each for each in SHOW.inputs(assess(view(("1h",))))}
    assert found["signal 1h"].as_of == AT - 2_000
    assert found["signal 1d"].quality is Quality.UNAVAILABLE and found["signal 1d"].reason
    assert len(SHOW.feeds(BTC, SignalsSettings())) == 6
