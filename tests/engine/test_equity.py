"""The equity curve: the high-water mark, the day's loss, and capital that moves without being performance (C04)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradecli.domain.feed import DAY_MS
from tradecli.engine.equity import EquityCurve

moves = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, DAY_MS)), min_size=1, max_size=30)


def test_before_the_first_value_nothing_is_lost() -> None:
    curve = EquityCurve()
    curve.move_capital(Decimal(5))
    assert (curve.drawdown(), curve.daily_loss(), curve.value) == (0.0, 0.0, None)


@given(moves)
def test_the_mark_is_the_highest_value_seen_and_the_drawdown_lies_between_zero_and_one(
    steps: list[tuple[int, int]],
) -> None:
    curve, at, highest = EquityCurve(), 0, Decimal(0)
    for value, later in steps:
        at += later
        curve.update(Decimal(value), at)
        highest = max(highest, Decimal(value))
        assert curve.peak == highest
        assert 0 <= curve.drawdown() <= curve.max_drawdown < 1


@given(moves, st.integers(-(10**5), 10**5))
def test_a_deposit_or_withdrawal_moves_every_mark_with_it(steps: list[tuple[int, int]], amount: int) -> None:
    curve, at = EquityCurve(), 0
    for value, later in steps:
        at += later
        curve.update(Decimal(value), at)
    assert curve.value is not None and curve.peak is not None
    lost = curve.peak - curve.value
    curve.move_capital(Decimal(amount))
    assert curve.peak - curve.value == lost


def test_c04_midnight_starts_a_new_day_once_and_never_an_older_one() -> None:
    curve = EquityCurve()
    curve.update(Decimal(100), 10 * DAY_MS - 1)
    curve.update(Decimal(90), 10 * DAY_MS)
    assert curve.daily_loss() == 0
    curve.update(Decimal(81), 10 * DAY_MS + 1)
    assert curve.daily_loss() == 0.1
    curve.update(Decimal(81), 10 * DAY_MS - 1)
    assert curve.daily_loss() == 0.1
