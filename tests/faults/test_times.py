"""C05, D08: what time does wrong, to timers and in messages."""

from __future__ import annotations

import pytest

from tests.fakes.desk import T0, engine, quote
from tradecli.domain.events import TimerFired
from tradecli.venues.ccxt.reading import Malformed, stamp


@pytest.mark.parametrize("late_ms", [0, 1, 5_000, 59_000])
def test_c05_a_timer_that_is_late_or_told_twice_makes_one_cycle(late_ms: int) -> None:
    made = engine()
    due = made.next_due()
    before = made.cycle.number
    made.process(quote(60_000, due - 1), due - 1)
    for at in (due + late_ms, due + late_ms, due + late_ms + 1):
        made.process(TimerFired(ts=due), at)
    assert made.cycle.number == before + 1
    assert made.next_due() > due + late_ms


@pytest.mark.parametrize(
    "value", [T0 * 1_000, T0 * 1_000_000, -T0, 4_102_444_800_001, float("nan"), "yesterday"]
)
def test_d08_seconds_microseconds_and_far_times_are_refused_where_milliseconds_are_due(value: object) -> None:
    with pytest.raises(Malformed):
        stamp(value, "time")
