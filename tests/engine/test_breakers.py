"""Breakers: what trips, once each, at which figure, and what opens again by itself (INV-17, D06, D07)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.fakes.desk import BTC, T0, engine, quote
from tradecli.domain.enums import KillLevel, Severity, Verdict
from tradecli.domain.feed import MINUTE_MS
from tradecli.engine.breakers import Breakers, Trip
from tradecli.engine.core import Engine
from tradecli.engine.state import State


def desk(**changes: float) -> tuple[State, Breakers]:
    made = engine(**changes)
    return made.state, Breakers(made.desk.limits)


def at_equity(state: State, breakers: Breakers, value: int, at: int = T0) -> list[Trip]:
    """Let the desk be worth ``value`` and look once."""
    state.account.balances[("binance", "USDT")] = Decimal(value)
    return breakers.evaluate(state, (), at)


def levels(trips: list[Trip]) -> list[KillLevel]:
    return [trip.latch.level for trip in trips if trip.latch is not None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (100_000, []),
        (89_999, [KillLevel.REDUCE]),
        (85_000, [KillLevel.FLATTEN, KillLevel.REDUCE]),
    ],
)
def test_a_drawdown_acts_at_its_step_and_the_step_itself_counts(
    value: int, expected: list[KillLevel]
) -> None:
    state, breakers = desk(max_daily_loss_pct=50.0)
    at_equity(state, breakers, 100_000)
    assert levels(at_equity(state, breakers, value)) == expected


def test_a_loss_since_midnight_flattens_and_a_new_day_starts_its_own_account() -> None:
    state, breakers = desk(max_drawdown_pct=90.0, reduce_drawdown_pct=90.0)
    at_equity(state, breakers, 100_000)
    assert levels(at_equity(state, breakers, 96_000)) == [KillLevel.FLATTEN]
    tomorrow = T0 + 24 * 60 * MINUTE_MS
    breakers.released()
    assert levels(at_equity(state, breakers, 95_000, tomorrow)) == []


def test_inv_17_a_breaker_speaks_once_and_after_a_release_again_while_the_loss_stands() -> None:
    state, breakers = desk(max_daily_loss_pct=50.0)
    at_equity(state, breakers, 100_000)
    assert levels(at_equity(state, breakers, 84_000))
    assert not levels(at_equity(state, breakers, 84_000))
    breakers.released()
    assert levels(at_equity(state, breakers, 84_000)) == [KillLevel.FLATTEN, KillLevel.REDUCE]


def test_a_warning_is_repeated_only_after_it_had_clearly_gone() -> None:
    state, breakers = desk(max_daily_loss_pct=50.0, warn_daily_loss_pct=50.0)
    at_equity(state, breakers, 100_000)
    assert [trip.severity for trip in at_equity(state, breakers, 94_900)] == [Severity.WARN]
    assert at_equity(state, breakers, 95_300) == []
    assert at_equity(state, breakers, 94_900) == []
    assert at_equity(state, breakers, 96_000) == []
    assert [trip.severity for trip in at_equity(state, breakers, 94_900)] == [Severity.WARN]


def test_equity_that_is_not_known_moves_no_mark() -> None:
    state, breakers = desk()
    at_equity(state, breakers, 100_000)
    state.account.balances[("binance", "DOGE")] = Decimal(1)
    assert at_equity(state, breakers, 1) == []
    assert state.equity.value == Decimal(100_000)


def test_sizes_are_halved_past_the_halving_step() -> None:
    state, breakers = desk(max_daily_loss_pct=50.0)
    at_equity(state, breakers, 100_000)
    assert breakers.size_factor(state) == 1
    at_equity(state, breakers, 92_000)
    assert breakers.size_factor(state) == Decimal("0.5")


def minutes(made: Engine, breakers: Breakers, prices: list[float], first: int = 0) -> list[Trip]:
    """Show one price a minute and collect what the breakers say."""
    trips = []
    for index, price in enumerate(prices, first):
        at = T0 + index * MINUTE_MS
        made.state.apply(quote(price, at), at)
        trips += breakers.evaluate(made.state, (BTC,), at)
    return trips


def test_wild_minutes_halve_sizes_after_two_strikes_and_calm_ones_end_it_after_half_an_hour() -> None:
    made = engine(vol_breaker=1.0)
    breakers = Breakers(made.desk.limits)
    calm = minutes(made, breakers, [60_000.0 + index % 2 for index in range(70)])
    assert calm == [] and breakers.volatility(BTC) is not None
    wild = minutes(made, breakers, [60_000.0 * (1.01 if index % 2 else 1.0) for index in range(10)], 70)
    assert [trip.severity for trip in wild] == [Severity.ALERT]
    assert "sizes halved" in wild[0].text and breakers.size_factor(made.state) == Decimal("0.5")
    rows = {row.name: row for row in breakers.rows(made.state, (BTC,), T0 + 80 * MINUTE_MS)}
    assert rows["volatility"].verdict is Verdict.WARN
    quiet = minutes(made, breakers, [60_000.0] * 150, 80)
    again = minutes(made, breakers, [60_000.0 * (1.02 if index % 2 else 1.0) for index in range(4)], 230)
    after = minutes(made, breakers, [60_000.0] * 600, 234)
    told = [trip for trip in quiet + again + after if "full sizes" in trip.text]
    assert told and all(trip.severity is Severity.NOTE for trip in told)
    assert breakers.size_factor(made.state) == 1


def test_a_fall_back_into_the_wild_starts_the_wait_for_calm_anew() -> None:
    made = engine(vol_breaker=1.0)
    breakers = Breakers(made.desk.limits)
    minutes(made, breakers, [60_000.0 + index % 2 for index in range(70)])
    minutes(made, breakers, [60_000.0 * (1.01 if index % 2 else 1.0) for index in range(10)], 70)
    vol = breakers._vols[BTC]
    at = 80
    while vol.calm_since is None:
        minutes(made, breakers, [60_000.0], at)
        at += 1
    minutes(made, breakers, [60_000.0, 61_500.0], at)
    assert vol.over and vol.calm_since is None


def test_before_an_hour_of_minutes_there_is_no_volatility_and_no_verdict_on_it() -> None:
    made = engine()
    breakers = Breakers(made.desk.limits)
    minutes(made, breakers, [60_000.0, 61_000.0, 62_000.0])
    assert breakers.volatility(BTC) is None
    assert {row.name for row in breakers.rows(made.state, (BTC,), T0)} == {"drawdown", "daily_loss", "data"}


def test_data_that_go_stale_close_the_symbol_once_and_fresh_ones_open_it_after_their_wait() -> None:
    made = engine(max_quote_age_s=5.0, stale_clean_s=10.0)
    breakers = Breakers(made.desk.limits)
    late = T0 + 6_000
    (closed,) = breakers.evaluate(made.state, (BTC,), late)
    assert closed.closed == BTC and "closed" in closed.text
    assert breakers.evaluate(made.state, (BTC,), late + 1) == []
    assert breakers.rows(made.state, (BTC,), late)[-1].verdict is Verdict.REFUSE
    for after in (7_000, 16_000):
        made.state.apply(quote(60_000, T0 + after), T0 + after)
        trips = breakers.evaluate(made.state, (BTC,), T0 + after)
    made.state.apply(quote(60_000, T0 + 17_000), T0 + 17_000)
    trips += breakers.evaluate(made.state, (BTC,), T0 + 17_000)
    assert [(trip.closed, "open again" in trip.text) for trip in trips] == [(None, True)]
