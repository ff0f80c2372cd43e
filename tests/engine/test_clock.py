"""The machine's clock: a step of an hour neither hangs nor hurries anything (C02)."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.virtual import run_virtually
from tradecli.engine.clock import SystemClock
from tradecli.engine.pace import Pace

T0 = 1_700_000_000_000
HOUR = 3_600_000


class Machine:
    """A wall clock and a monotonic one that a test moves."""

    def __init__(self) -> None:
        self.wall = T0
        self.steady = 5_000
        self.clock = SystemClock(lambda: self.wall * 1_000_000, lambda: self.steady * 1_000_000)

    def passes(self, ms: int) -> None:
        self.wall += ms
        self.steady += ms


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_c02_a_step_between_asking_for_a_time_and_waiting_for_it_changes_no_wait(step: int) -> None:
    machine = Machine()
    due = machine.clock.now() + 500
    machine.wall += step
    machine.passes(100)
    assert machine.clock.away_ms(due) == 400
    machine.passes(400)
    assert machine.clock.away_ms(due) == 0


def test_c02_a_clock_that_is_set_back_is_not_followed_and_what_is_due_comes_when_it_is_due() -> None:
    machine = Machine()
    due = machine.clock.now() + 60_000
    machine.wall -= HOUR
    machine.passes(10_000)
    assert machine.clock.now() == T0 + 10_000 and machine.clock.set_back_ms == HOUR
    machine.passes(49_999)
    assert machine.clock.now() < due
    machine.passes(1)
    assert machine.clock.now() == due


def test_c02_a_clock_that_is_set_back_again_and_again_still_goes_on_at_its_own_pace() -> None:
    machine = Machine()
    for n in range(1, 6):
        machine.wall -= HOUR
        machine.passes(1_000)
        assert machine.clock.now() == T0 + 1_000 * n
    machine.wall += 5 * HOUR
    assert machine.clock.now() == T0 + 5_000 and machine.clock.set_back_ms == 0


def test_c02_a_clock_that_is_set_forward_is_followed_at_once() -> None:
    machine = Machine()
    machine.wall += HOUR
    assert machine.clock.now() == T0 + HOUR and machine.clock.set_back_ms == 0


def test_c02_a_time_that_was_asked_for_long_ago_is_measured_from_what_the_clock_shows_now() -> None:
    machine = Machine()
    machine.passes(10_000)
    assert machine.clock.away_ms(T0 + 10_250) == 250


def test_time_never_runs_backwards_over_small_adjustments() -> None:
    machine = Machine()
    before = machine.clock.now()
    machine.wall -= 20
    assert machine.clock.now() == before
    machine.passes(20)
    assert machine.clock.now() == before
    machine.passes(5)
    assert machine.clock.now() == before + 5


def test_c02_a_sleep_lasts_as_long_as_was_asked_by_the_loops_own_time() -> None:
    async def main(_: object) -> float:
        machine = Machine()
        due = machine.clock.now() + 250
        machine.wall -= HOUR
        begun = asyncio.get_running_loop().time()
        await machine.clock.sleep_until(due)
        return asyncio.get_running_loop().time() - begun

    assert run_virtually(main, T0) == pytest.approx(0.25)


class Stepped:
    """A clock over a virtual loop whose wall a test moves by hours."""

    def __init__(self) -> None:
        self.step = 0
        steady = asyncio.get_running_loop().time
        self.clock = SystemClock(
            lambda: (T0 + self.step) * 1_000_000 + round(steady() * 1e9), lambda: round(steady() * 1e9)
        )


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_c02_the_rate_budget_neither_dries_up_nor_overflows_when_the_clock_is_set(step: int) -> None:
    async def main(_: object) -> list[float]:
        machine = Stepped()
        pace = Pace(machine.clock, per_s=10, reserve=0)
        loop, left = asyncio.get_running_loop(), []
        for n in range(30):
            machine.step += step if n == 15 else 0
            await pace.wait("binance", cancel=False)
            left.append(loop.time())
        return left

    left = run_virtually(main, T0)
    assert left[9] == 0 and left[-1] == pytest.approx(2.0, abs=0.1)
