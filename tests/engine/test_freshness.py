"""Whether data are young enough to trade on: every way of being old has its words (D07, N05)."""

from __future__ import annotations

from tests.fakes.desk import BTC, ETH, T0, engine, quote
from tradecli.domain.enums import Side
from tradecli.domain.market import Candle, Trade
from tradecli.engine.freshness import NO_PRICE, staleness


def test_d07_a_fresh_quote_does_not_hide_that_nothing_was_traded_for_long() -> None:
    made = engine(max_trade_age_s=60.0)
    made.process(Trade(BTC, T0, 60_000.0, 1.0, Side.BUY, "1"), T0)
    late = T0 + 60_001
    made.process(quote(60_000, late), late)
    assert staleness(made.state, BTC, made.desk.limits, late - 1) is None
    assert "last trade is 60.0 s old" in (staleness(made.state, BTC, made.desk.limits, late) or "")


def test_d07_where_there_are_only_bars_two_of_their_periods_are_young_enough() -> None:
    made = engine(max_trade_age_s=60.0)
    assert staleness(made.state, ETH, made.desk.limits, T0) == NO_PRICE
    made.process(Candle(ETH, T0 - 60_000, 60_000, 1.0, 1.0, 1.0, 1.0, 1.0), T0)
    assert staleness(made.state, ETH, made.desk.limits, T0 + 120_000) is None
    assert "last bar is 120 s old" in (staleness(made.state, ETH, made.desk.limits, T0 + 120_001) or "")


def test_c02_after_the_clock_went_back_an_old_quote_is_stale_until_the_next_one() -> None:
    made = engine()
    made.process(quote(60_000, T0), T0)
    back = T0 - 3_600_000
    assert "ahead of our clock" in (staleness(made.state, BTC, made.desk.limits, back) or "")
    made.process(quote(60_000, back + 10), back + 10)
    assert staleness(made.state, BTC, made.desk.limits, back + 20) is None


def test_c02_after_the_clock_went_forward_everything_is_old() -> None:
    made = engine()
    made.process(quote(60_000, T0), T0)
    assert "s old" in (staleness(made.state, BTC, made.desk.limits, T0 + 3_600_000) or "")
