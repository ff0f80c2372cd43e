"""Illiquidity in the stress score: hours of books ranked strictly before the newest one, or the reason why not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.vol.test_stress import AT, SETTINGS, assess, view
from tests.fakes.desk import BTC
from tradecli.components.vol.illiquidity import LEAST_HOURS
from tradecli.components.vol.ranked import Part
from tradecli.components.vol.stress import STRESS, told
from tradecli.domain.feed import HOUR_MS
from tradecli.domain.liquidity import series_of
from tradecli.domain.series import ValueSeries

SPREAD, DEPTH = series_of(BTC)
NEWEST = AT // HOUR_MS * HOUR_MS
ENOUGH = LEAST_HOURS + 1


def hourly(values: list[float], until: int = NEWEST) -> ValueSeries:
    ts = until - HOUR_MS * np.arange(len(values) - 1, -1, -1, dtype=np.int64)
    return ValueSeries(ts, np.array(values))


def part(spread: ValueSeries | None, depth: ValueSeries | None = None) -> Part:
    seen = view()
    seen.indices = {name: each for name, each in ((SPREAD, spread), (DEPTH, depth)) if each is not None}
    report = assess(seen)
    assert STRESS.present(report).blocks
    return next(each for each in report.parts if each.name == "illiquidity")


def test_a_wide_spread_over_a_thin_book_ranks_highest_and_shows_both_numbers() -> None:
    usual = [1.0 + 0.01 * (i % 7) for i in range(LEAST_HOURS)]
    found = part(hourly([*usual, 3.0]), hourly([*[5e6 * each for each in usual], 1e6]))
    assert (found.rank, found.value, found.n_obs, found.as_of) == (1.0, 3.0, LEAST_HOURS, NEWEST)
    spread, depth = found.raw
    assert (spread.value, spread.unit, spread.rank) == (3.0, "bp", 1.0)
    assert (depth.value, depth.unit, depth.rank) == (1e6, "USD", 1.0)
    assert told(found) == (
        "spread and depth, hourly, n 1440: spread 3.000 bp rank 100, depth within 10 bp 1000000 USD rank 100"
    )


def test_the_rank_is_the_mean_of_both_and_less_depth_is_worse() -> None:
    rising = [float(i) for i in range(1, ENOUGH + 1)]
    assert part(hourly(rising), hourly(rising)).rank == pytest.approx(0.5), "widest, and deepest"
    assert part(hourly(rising[::-1]), hourly(rising)).rank == 0.0


def test_the_newest_hour_is_no_part_of_its_own_history() -> None:
    found = part(hourly([1.0] * ENOUGH))
    assert (found.rank, found.n_obs) == (0.5, LEAST_HOURS), "mid-rank among equals"


def test_depth_that_the_book_does_not_reach_leaves_the_spread_alone_and_is_said() -> None:
    found = part(hourly([1.0] * LEAST_HOURS + [2.0]))
    assert found.rank == 1.0 and "spread alone" in found.method and len(found.raw) == 1
    short = part(hourly([1.0] * LEAST_HOURS + [2.0]), hourly([5e6] * 100))
    assert short.rank == 1.0 and short.raw[1].rank is None, "shown, and not ranked among too few"


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (None, "0 of 1440 hours of books"),
        (hourly([1.0] * 13), "12 of 1440 hours of books"),
        (hourly([1.0] * LEAST_HOURS), "1439 of 1440 hours of books"),
        (hourly([1.0] * ENOUGH, until=NEWEST - 5 * HOUR_MS), "books end 5 hours ago"),
        (
            hourly([float("nan")] * ENOUGH),
            "0 of 1440 hours of books",
        ),
        (hourly([1.0] * ENOUGH, until=NEWEST - 400 * 24 * HOUR_MS), "0 of 1440 hours of books"),
    ],
)
def test_too_few_or_too_old_hours_are_no_part_and_say_how_many_there_are(
    series: ValueSeries | None, reason: str
) -> None:
    found = part(series)
    assert (found.rank, found.value) == (None, None) and found.reason.startswith(reason)


def test_an_hour_that_has_not_ended_yet_is_not_known() -> None:
    found = part(hourly([1.0] * (ENOUGH + 1), until=NEWEST + HOUR_MS))
    assert (found.n_obs, found.as_of) == (LEAST_HOURS, NEWEST)


def test_an_hour_told_twice_counts_once() -> None:
    once = hourly([1.0] * LEAST_HOURS)
    twice = ValueSeries(np.repeat(once.ts, 2), np.repeat(once.value, 2))
    assert part(twice).reason == "1439 of 1440 hours of books"


def test_with_it_the_score_rests_on_fifteen_hundredths_more() -> None:
    seen = view()
    seen.indices = {SPREAD: hourly([1.0] * LEAST_HOURS + [2.0]), DEPTH: hourly([2.0] * LEAST_HOURS + [1.0])}
    report, before = assess(seen), assess(view())
    assert report.coverage == pytest.approx(before.coverage + 0.15)
    assert report.score is not None and before.score is not None
    assert report.score == pytest.approx((before.score * 0.60 + 100 * 0.15) / 0.75)
    feeds = {feed.name for feed in STRESS.feeds(BTC, SETTINGS) if hasattr(feed, "name")}
    assert {SPREAD, DEPTH} <= feeds
