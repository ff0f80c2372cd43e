"""An hour of a book is the mean of its samples, and only an hour that was seen is kept."""

from __future__ import annotations

import pytest

from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.liquidity import FEWEST, Gauge, Hour, Sample, series_of
from tradecli.domain.market import VolIndex

BTC = InstrumentId("BTCUSDT@binance")
T0 = 480_000 * HOUR_MS


def hour(samples: list[Sample], at: int = T0) -> Hour:
    gauge = Gauge()
    for place, sample in enumerate(samples):
        assert gauge.add(at + place * MINUTE_MS, sample) is None
    found = gauge.add(at + HOUR_MS, Sample(9.0, 9.0))
    assert found is not None
    return found


def test_the_first_sample_of_an_hour_gives_the_hour_before_as_means_that_stand_at_its_end() -> None:
    found = hour([Sample(1.0, 100.0), Sample(3.0, 300.0)] * 30)
    assert found == Hour(T0 + HOUR_MS, 2.0, 200.0, 60)
    spread, depth = series_of(BTC)
    assert found.rows(BTC) == (
        VolIndex(spread, T0 + HOUR_MS, 2.0),
        VolIndex(depth, T0 + HOUR_MS, 200.0),
    )
    assert (spread, depth) == ("SPREAD-BTCUSDT@binance", "DEPTH10-BTCUSDT@binance")


def test_an_hour_of_which_half_was_not_seen_is_told_and_not_kept() -> None:
    found = hour([Sample(1.0, 100.0)] * (FEWEST - 1))
    assert (found.samples, found.is_kept, found.rows(BTC)) == (FEWEST - 1, False, ())


def test_depth_that_most_samples_did_not_reach_is_not_the_mean_of_the_others() -> None:
    thin = hour([Sample(1.0, None)] * 31 + [Sample(1.0, 50.0)] * 29)
    assert thin.depth is None and [row.name for row in thin.rows(BTC)] == ["SPREAD-BTCUSDT@binance"]
    assert hour([Sample(1.0, None)] * 20 + [Sample(1.0, 50.0)] * 40).depth == 50.0


def test_hours_without_a_book_leave_no_hour() -> None:
    gauge = Gauge()
    gauge.add(T0, Sample(1.0, 1.0))
    ended = gauge.add(T0 + 5 * HOUR_MS, Sample(2.0, 2.0))
    assert ended == Hour(T0 + HOUR_MS, 1.0, 1.0, 1)
    assert gauge.close() == Hour(T0 + 6 * HOUR_MS, 2.0, 2.0, 1) and gauge.close() is None


@pytest.mark.parametrize("late", [0, 1, HOUR_MS - 1])
def test_a_sample_belongs_to_the_hour_that_it_was_taken_in(late: int) -> None:
    gauge = Gauge()
    gauge.add(T0 + late, Sample(1.0, 1.0))
    found = gauge.close()
    assert found is not None and found.at == T0 + HOUR_MS
