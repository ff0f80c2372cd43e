"""The engine as a function: events in, commands out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.fakes.desk import BTC, ETH, T0, engine, enter, fill, quote, request
from tradecli.domain.commands import Assess, CancelOrder, Notify, Record, SetLatch, SubmitOrder
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import (
    KillLevel,
    OrderStatus,
    ScopeKind,
    Severity,
    Side,
    StrategyState,
    TradingState,
    Verdict,
)
from tradecli.domain.events import (
    Assessed,
    CancelAsked,
    CancelFailed,
    LatchReleased,
    LatchSet,
    LinkChanged,
    OrderAccepted,
    OrderAsked,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSending,
    StrategySet,
    TimerFired,
)
from tradecli.domain.intent import Ladder, Rung, Target
from tradecli.engine.core import Engine
from tradecli.engine.cycle import Duty

GRID = Duty(topic="vol.grid", focuses=(BTC,), every_ms=60_000, strategy="grid", wakes_on_fill=True)
BEAT = T0 + 2_000


def of(kind: type, commands: tuple[Any, ...]) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


def answer(cycle: int, *rungs: tuple[Side, str, str], **more: Any) -> Assessed:
    ladder = Ladder(
        instrument=BTC,
        source="grid",
        rungs=tuple(Rung(side, Decimal(price), Decimal(qty)) for side, price, qty in rungs),
        reason="grid",
    )
    return Assessed(
        topic="vol.grid", focus=BTC, cycle=cycle, ts=BEAT, report=object, intents=(ladder,), **more
    )


def latch(level: KillLevel, scope: Scope | None = None) -> LatchSet:
    made = Latch(level=level, scope=scope or Scope(), reason="drill", by="operator", at=T0)
    return LatchSet(latch=made, ts=T0)


def asked(made: Engine) -> Engine:
    """Bring a desk with a grid to the point where its first cycle waits for the answer."""
    made.process(quote(60_000, BEAT), BEAT)
    commands = made.process(TimerFired(ts=BEAT), BEAT)
    assert of(Assess, commands) == [] or made.cycle.is_waiting
    return made


def test_a_cycle_runs_two_seconds_after_the_minute_asks_its_topics_and_decides_when_they_answered() -> None:
    made = engine(duties=(GRID,))
    assert made.next_due() == BEAT
    commands = made.process(quote(60_000, BEAT), BEAT)
    assert of(Assess, commands) == [Assess("vol.grid", BTC, 1)]
    assert of(Record, commands) == []
    commands = made.process(answer(1, (Side.BUY, "59900", "0.01"), (Side.SELL, "60100", "0.01")), BEAT)
    assert [each.approved.request.price for each in of(SubmitOrder, commands)] == [
        Decimal(59_900),
        Decimal(60_100),
    ]
    decision = of(Record, commands)[0].decision
    assert (decision.number, decision.trigger, decision.orders) == (1, "cycle", ("t00000001", "t00000002"))
    assert {check.name for check in decision.checks} >= {
        "drawdown",
        "daily_loss",
        "data",
        "symbol",
        "self_cross",
    }
    assert made.next_due() == BEAT + 60_000


def test_every_submitted_order_was_entered_as_an_intent_before_it_left() -> None:
    made = engine()
    commands = made.process(OrderAsked(request=request(), ts=T0), T0)
    (submit,) = of(SubmitOrder, commands)
    order = made.state.account.order(submit.approved.client_id)
    assert order is not None
    assert order.status is OrderStatus.INTENT
    step = made.make_step(OrderAsked(request=request(), ts=T0), T0, commands)
    assert step.orders == (order,)


def test_a_cycle_whose_topic_does_not_answer_in_time_is_closed_and_said() -> None:
    made = engine(duties=(GRID,))
    made.process(quote(60_000, BEAT), BEAT)
    commands = made.process(TimerFired(ts=BEAT + 20_000), BEAT + 20_000)
    assert any("did not answer in time" in each.text for each in of(Notify, commands))
    assert len(of(Record, commands)) == 1


def test_a_topic_that_breaks_halts_its_strategy_and_its_orders_are_cancelled() -> None:
    made = asked(engine(duties=(GRID,)))
    made.process(answer(1, (Side.BUY, "59900", "0.01")), BEAT)
    made.process(OrderSending(client_id="t00000001", ts=BEAT), BEAT)
    made.process(OrderAccepted(client_id="t00000001", ts=BEAT), BEAT)
    broken = Assessed(
        topic="vol.grid", focus=BTC, cycle=0, ts=BEAT, report=None, error="ValueError: x", fault=True
    )
    commands = made.process(broken, BEAT + 1)
    assert made.state.strategies["grid"] is StrategyState.HALTED
    (set_latch,) = of(SetLatch, commands)
    commands = made.process(LatchSet(latch=set_latch.latch, ts=BEAT), BEAT + 2)
    assert [each.client_id for each in of(CancelOrder, commands)] == ["t00000001"]


def test_missing_data_are_no_fault_and_are_noted_in_the_decision() -> None:
    made = asked(engine(duties=(GRID,)))
    short = Assessed(topic="vol.grid", focus=BTC, cycle=1, ts=BEAT, report=None, error="20 of 250 bars")
    commands = made.process(short, BEAT)
    assert of(Record, commands)[0].decision.notices == ("vol.grid BTCUSDT@binance: 20 of 250 bars",)
    assert made.state.strategies["grid"] is StrategyState.ACTIVE


def test_a_fill_wakes_the_grid_and_its_answer_is_acted_on_at_once() -> None:
    made = asked(engine(duties=(GRID,)))
    made.process(answer(1, (Side.BUY, "59900", "0.01")), BEAT)
    made.process(OrderSending(client_id="t00000001", ts=BEAT), BEAT)
    commands = made.process(fill("t00000001", qty="0.01", price="59900"), BEAT + 10)
    assert of(Assess, commands) == [Assess("vol.grid", BTC, 0)]
    commands = made.process(answer(0, (Side.SELL, "60000", "0.01")), BEAT + 10)
    assert of(Record, commands)[0].decision.trigger == "fill"
    assert of(SubmitOrder, commands)[0].approved.request.side is Side.SELL


def test_an_operator_order_that_a_limit_refuses_is_kept_as_denied_with_its_code() -> None:
    made = engine(max_symbol_pct=1.0)
    commands = made.process(OrderAsked(request=request(source="manual"), ts=T0), T0)
    assert of(SubmitOrder, commands) == []
    order = made.state.account.order("t00000001")
    assert order is not None
    assert order.status is OrderStatus.DENIED
    assert order.reason.startswith("E-RISK-103")
    assert of(Record, commands)[0].decision.proposals[0].verdict is Verdict.REFUSE


def test_the_same_request_with_the_same_key_is_sent_once() -> None:
    made = engine()
    first = made.process(OrderAsked(request=request(), ts=T0, key="k"), T0)
    again = made.process(OrderAsked(request=request(), ts=T0, key="k"), T0)
    assert len(of(SubmitOrder, first)) == 1
    assert of(SubmitOrder, again) == []


def test_cancelling_marks_the_order_once_and_an_unknown_id_is_answered_plainly() -> None:
    made = engine()
    enter(made, request(), "t1")
    assert len(of(CancelOrder, made.process(CancelAsked(client_id="t1", ts=T0), T0))) == 1
    assert of(CancelOrder, made.process(CancelAsked(client_id="t1", ts=T0), T0)) == []
    assert "nothing to cancel" in of(Notify, made.process(CancelAsked(client_id="x", ts=T0), T0))[0].text
    enter(made, request(price="59000"), "t2")
    assert len(of(CancelOrder, made.process(CancelAsked(client_id=None, ts=T0), T0))) == 1


@pytest.mark.parametrize(
    ("level", "cancels"), [("pause", 0), ("reduce", 0), ("cancel", 1), ("flatten", 1), ("halt", 1)]
)
def test_each_level_cancels_what_it_says_and_leaves_protective_orders(level: str, cancels: int) -> None:
    made = engine()
    enter(made, request(price="59000"), "t1")
    enter(made, request(price="58000", protective=True), "t2")
    commands = made.process(latch(KillLevel(level)), T0)
    assert [each.client_id for each in of(CancelOrder, commands)] == ["t1"] * cancels


def test_v22_a_cancel_that_was_lost_is_asked_again_until_nothing_in_scope_works() -> None:
    made = engine()
    enter(made, request(price="59000"), "t1")
    enter(made, request(price="58000"), "t2")
    made.process(latch(KillLevel.HALT), T0)
    made.process(OrderCanceled(client_id="t1", ts=T0, cum_filled=Decimal(0)), T0)
    made.process(CancelFailed(client_id="t2", ts=T0, reason="no answer"), T0)
    soon, later = made.process(quote(60_000, T0 + 1_000), T0 + 1_000), []
    for at in range(T0 + 2_000, T0 + 12_000, 1_000):
        later += of(CancelOrder, made.process(quote(60_000, at), at))
    assert of(CancelOrder, soon) == [] and [each.client_id for each in later] == ["t2"]


def test_flatten_closes_in_reduce_only_slices_and_halts_once_flat() -> None:
    made = engine()
    enter(made, request(qty="0.1"), "t1")
    made.process(fill("t1", qty="0.1"), T0)
    at, closed = T0, Decimal(0)
    for index in range(20):
        event = quote(60_000, at) if index else latch(KillLevel.FLATTEN)
        commands = made.process(event, at)
        at += 2_000
        for submit in of(SubmitOrder, commands):
            asked_for = submit.approved.request
            assert asked_for.reduce_only
            assert asked_for.side is Side.SELL
            name = submit.approved.client_id
            made.process(OrderSending(client_id=name, ts=at), at)
            made.process(fill(name, Side.SELL, str(asked_for.qty), "60000", f"c{index}"), at)
            closed += asked_for.qty
    assert closed == Decimal("0.1")
    assert made.state.account.position(BTC).qty == 0
    assert any(each.level is KillLevel.HALT for each in made.state.latches)
    assert made.state.trading_state() is TradingState.HALTED


def test_a_flatten_whose_slices_find_no_buyer_goes_on_and_then_says_that_it_failed() -> None:
    made = engine()
    enter(made, request(qty="0.1"), "t1")
    made.process(fill("t1", qty="0.1"), T0)
    at = T0
    for index in range(60):
        event = quote(60_000, at) if index else latch(KillLevel.FLATTEN)
        at += 2_000
        for submit in of(SubmitOrder, made.process(event, at - 2_000)):
            name = submit.approved.client_id
            made.process(OrderSending(client_id=name, ts=at), at)
            made.process(OrderExpired(client_id=name, ts=at), at)
    (parent,) = made.parents.values()
    assert parent.status.value == "FAILED"
    assert made.state.account.position(BTC).qty == Decimal("0.1")


def test_a_release_lifts_the_latches_of_its_scope_only() -> None:
    made = engine()
    made.process(latch(KillLevel.PAUSE), T0)
    made.process(latch(KillLevel.HALT, Scope(ScopeKind.VENUE, "okx")), T0)
    made.process(LatchReleased(scope=Scope(), reason="checked", ts=T0), T0)
    assert [each.scope.name for each in made.state.latches] == ["okx"]


def test_more_than_five_rejections_in_a_minute_pause_the_venue() -> None:
    made = engine()
    for index in range(6):
        enter(made, request(qty="0.001", price=f"5900{index}"), f"t{index}", live=False)
        made.process(OrderSending(client_id=f"t{index}", ts=T0), T0)
        made.process(OrderRejected(client_id=f"t{index}", ts=T0, code="margin", reason="no"), T0 + index)
    (found,) = made.state.latches
    assert (found.level, found.scope) == (KillLevel.PAUSE, Scope(ScopeKind.VENUE, "binance"))


def test_a_refused_post_only_order_does_not_count_as_a_rejection_of_the_venue() -> None:
    made = engine()
    for index in range(9):
        enter(made, request(qty="0.001", price=f"5900{index}"), f"t{index}", live=False)
        made.process(OrderSending(client_id=f"t{index}", ts=T0), T0)
        made.process(OrderRejected(client_id=f"t{index}", ts=T0, code="post_only", reason="crosses"), T0)
    assert made.state.latches == ()


def test_the_drawdown_breaker_latches_flatten_at_its_limit_inclusive_and_stays() -> None:
    made = engine(max_symbol_pct=100.0)
    enter(made, request(qty="1"), "t1")
    made.process(fill("t1", qty="1"), T0)
    commands = made.process(quote(45_000, T0 + 2_000), T0 + 2_000)
    levels = {each.latch.level for each in of(SetLatch, commands)}
    assert KillLevel.FLATTEN in levels
    assert any(each.severity is Severity.CRITICAL for each in of(Notify, commands))
    commands = made.process(quote(70_000, T0 + 4_000), T0 + 4_000)
    assert made.state.trading_state() is not TradingState.ACTIVE


def test_stale_data_withdraw_resting_strategy_orders_and_manual_ones_stay() -> None:
    made = engine()
    enter(made, request(price="59000"), "t1")
    enter(made, request(price="58000", source="manual"), "t2")
    made.process(quote(60_000, T0 + 1_000), T0 + 1_000)
    commands = made.process(quote(3_000, T0 + 9_000, ETH), T0 + 9_000)
    assert [each.client_id for each in of(CancelOrder, commands)] == ["t1"]


def test_a_broken_message_order_is_a_bug_that_halts_the_symbol_and_nothing_else() -> None:
    made = engine()
    enter(made, request(), "t1", live=False)
    commands = made.process(OrderRejected(client_id="t1", ts=T0, code="x", reason="y"), T0)
    (found,) = of(SetLatch, commands)
    assert found.latch.scope == Scope(ScopeKind.SYMBOL, BTC)
    order = made.state.account.order("t1")
    assert order is not None
    assert order.status is OrderStatus.INTENT


def test_links_and_strategies_are_told_when_they_change() -> None:
    made = engine()
    down = made.process(LinkChanged(venue="okx", up=False, ts=T0, reason="silent"), T0)
    assert "okx all feeds down: silent" in of(Notify, down)[0].text
    made.process(StrategySet(strategy="grid", state=StrategyState.PAUSED, reason="lunch", ts=T0), T0)
    assert made.state.strategies["grid"] is StrategyState.PAUSED


def test_two_targets_that_meet_inside_move_between_books_without_an_order() -> None:
    from tradecli.engine.plan import Strategy

    duty_a = Duty(topic="x.a", focuses=(BTC,), every_ms=60_000, strategy="a")
    duty_b = Duty(topic="x.b", focuses=(BTC,), every_ms=60_000, strategy="b")
    made = engine(
        duties=(duty_a, duty_b),
        strategies=(
            Strategy(name="a", priority=1, budget_pct=50),
            Strategy(name="b", priority=2, budget_pct=50),
        ),
    )
    made.process(quote(60_000, BEAT), BEAT)
    wishes = {"a": "0.1", "b": "-0.1"}
    commands: tuple[Any, ...] = ()
    for name, qty in wishes.items():
        wish = Target(instrument=BTC, source=name, qty=Decimal(qty), reason="x")
        commands = made.process(
            Assessed(topic=f"x.{name}", focus=BTC, cycle=1, ts=BEAT, report=object, intents=(wish,)), BEAT
        )
    assert of(SubmitOrder, commands) == []
    account = made.state.account
    assert (account.book(BTC, "a").qty, account.book(BTC, "b").qty) == (Decimal("0.1"), Decimal("-0.1"))
    assert account.position(BTC).qty == 0
    decision = of(Record, commands)[0].decision
    assert decision.netting[0].crossed == Decimal("0.1")
    assert msgspec.json.encode(decision)
