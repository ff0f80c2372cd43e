"""Whether data are young enough to trade on: every way of being old has its words (D07, N05)."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.fakes.desk import BTC, ETH, T0, engine, fill, quote, request
from tradecli.domain.commands import Notify, SubmitOrder
from tradecli.domain.enums import Side
from tradecli.domain.events import LinkChanged, OrderAsked
from tradecli.domain.market import Candle, Trade
from tradecli.domain.order import Denied
from tradecli.engine.freshness import NO_PRICE, past_link, staleness, told_of
from tradecli.engine.risk import ask, check


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


def test_while_the_past_is_read_a_manual_order_is_denied_in_words_and_one_that_reduces_is_not() -> None:
    made = engine()
    made.process(fill(None, qty="0.2"), T0)
    made.process(past_link(up=False, ts=T0), T0)

    def denial(side: Side, **more: Any) -> str | None:
        asked = request(side, source="manual", **more)
        question = ask(asked, made.state, made.breakers.freshness, made.desk.limits, T0)
        assert question is not None
        outcome = check(question, "c1").outcome
        return outcome.reason if isinstance(outcome, Denied) else None

    assert "warming up: the past is still being read" in (denial(Side.BUY) or "")
    assert denial(Side.SELL, price="60000", reduce_only=True) is None
    commands = made.process(OrderAsked(request=request(source="manual"), ts=T0), T0)
    assert not any(isinstance(each, SubmitOrder) for each in commands)
    made.process(past_link(up=True, ts=T0), T0)
    assert denial(Side.BUY) is None, "nothing was stale: no minute of clean data is waited for"


def test_a_link_is_told_in_words_and_without_a_reason_there_is_none() -> None:
    up = LinkChanged(venue="okx", up=True, ts=T0)
    assert told_of(up) == ("feed", "okx all feeds up")
    assert told_of(msgspec.structs.replace(up, up=False)) == ("feed", "okx all feeds down: no reason given")
    assert told_of(past_link(up=False, ts=T0))[0] == "start"


def test_a_link_that_stays_down_is_told_once_however_often_it_is_tried() -> None:
    made = engine()

    def told(*, up: bool, reason: str) -> list[str]:
        commands = made.process(LinkChanged(venue="okx", up=up, ts=T0, reason=reason), T0)
        return [each.text for each in commands if isinstance(each, Notify)]

    assert told(up=False, reason="silent for 20 s") == ["okx all feeds down: silent for 20 s"]
    assert told(up=False, reason="503") == [] == told(up=False, reason="503")
    assert made.state.links[("okx", "")].reason == "503", (
        "the newest reason is what is shown beside the venue"
    )
    assert told(up=True, reason="") == ["okx all feeds up"]
