"""Higher bars are complete and closed, and no bar is known before its close."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant.bars import (
    Bars,
    align,
    last_unbroken,
    newest_usable,
    previous_closes,
    resample,
)

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def minutes(count: int, start: int = 0) -> Bars:
    ts = start + MINUTE_MS * np.arange(count, dtype=np.int64)
    close = 100.0 + np.sin(np.arange(count, dtype=np.float64))
    return Bars(ts, close - 0.1, close + 0.5, close - 0.5, close, np.full(count, 2.0))


def without(bars: Bars, *indices: int) -> Bars:
    return Bars(*(np.delete(column, indices) for column in bars))


def test_the_close_before_a_bar_is_unknown_where_that_bar_is_missing() -> None:
    whole = minutes(10)
    holed = without(whole, 4)
    before = previous_closes(holed.ts, holed.close, MINUTE_MS)
    assert np.isnan(before[[0, 4]]).all()
    assert before[5] == holed.close[4]
    assert last_unbroken(holed.ts, MINUTE_MS) == 4
    assert last_unbroken(whole.ts, MINUTE_MS) == 0


def test_hours_are_made_of_their_minutes_open_first_high_max_low_min_close_last_volume_sum() -> None:
    bars = minutes(120)
    hours = resample(bars, MINUTE_MS, HOUR_MS)
    assert hours.ts.tolist() == [0, HOUR_MS]
    for index, part in enumerate((slice(0, 60), slice(60, 120))):
        assert hours.open[index] == bars.open[part][0]
        assert hours.high[index] == bars.high[part].max()
        assert hours.low[index] == bars.low[part].min()
        assert hours.close[index] == bars.close[part][-1]
        assert hours.volume[index] == 120.0


def test_an_hour_with_57_of_its_minutes_is_made_and_one_with_56_is_not() -> None:
    bars = minutes(120)
    assert len(resample(without(bars, 1, 2, 3), MINUTE_MS, HOUR_MS).ts) == 2
    assert resample(without(bars, 1, 2, 3, 4), MINUTE_MS, HOUR_MS).ts.tolist() == [HOUR_MS]


def test_an_hour_that_has_not_closed_is_no_bar_although_it_has_enough_minutes() -> None:
    bars = minutes(118)
    assert resample(bars, MINUTE_MS, HOUR_MS).ts.tolist() == [0]
    assert resample(bars, MINUTE_MS, HOUR_MS, as_of=2 * HOUR_MS).ts.tolist() == [0, HOUR_MS]
    assert not len(resample(minutes(0), MINUTE_MS, HOUR_MS).ts)


def test_bars_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        resample(minutes(10), 7 * MINUTE_MS, HOUR_MS)


def test_resampling_in_two_steps_is_resampling_in_one() -> None:
    bars = minutes(1440, start=19_000 * DAY_MS)
    once = resample(bars, MINUTE_MS, 4 * HOUR_MS)
    twice = resample(resample(bars, MINUTE_MS, HOUR_MS), HOUR_MS, 4 * HOUR_MS)
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)


def test_the_newest_usable_bar_is_the_last_that_closed_two_seconds_ago(
    vectors: Callable[[str], Vector],
) -> None:
    vector = vectors("mtf_bar_alignment")
    at = vector.inputs["decision_epoch"] * 1000
    latency = vector.inputs["latency_s"] * 1000
    found = {
        name: newest_usable(at, seconds * 1000, latency) // 1000
        for name, seconds in vector.inputs["timeframes"].items()
    }
    vector.check({"bar_open_epoch": found})


@given(st.integers(0, 10**13), st.sampled_from([MINUTE_MS, HOUR_MS, DAY_MS]))
def test_no_bar_is_usable_before_its_close_and_none_is_kept_back_after_it(at: int, interval: int) -> None:
    opened = newest_usable(at, interval)
    assert opened + interval <= at - 2000 < opened + 2 * interval


def test_alignment_joins_on_the_close_and_finds_nothing_before_the_first_bar() -> None:
    opens = HOUR_MS * np.array([0, 1, 3], dtype=np.int64)
    at = np.array([0, HOUR_MS + 1999, HOUR_MS + 2000, 3 * HOUR_MS, 4 * HOUR_MS + 2000], dtype=np.int64)
    assert align(at, opens, HOUR_MS).tolist() == [-1, -1, 0, 1, 2]
