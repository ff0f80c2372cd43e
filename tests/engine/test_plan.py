"""Netting of targets by priority and budget, and ladders that keep their place in the queue."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, T0, engine, enter, fill, linear, request
from tradecli.domain.enums import Side, StrategyState, TimeInForce, Verdict
from tradecli.domain.events import CancelRequested
from tradecli.domain.intent import Ladder, Rung, Target, Wish
from tradecli.engine.core import Engine
from tradecli.engine.plan import Plan, Room, Strategy, _reducing, plan_instrument

A = Strategy(name="a", priority=1, budget_pct=50)
B = Strategy(name="b", priority=2, budget_pct=50)


def desk(**standing: StrategyState) -> Engine:
    names = {"a": StrategyState.ACTIVE, "b": StrategyState.ACTIVE, "grid": StrategyState.ACTIVE} | standing
    return engine(strategies=(A, B), standing=names)


def room(**changes: object) -> Room:
    values: dict[str, object] = {"strategies": {"a": A, "b": B}, "max_symbol_pct": 50.0}
    return Room(**(values | changes))  # type: ignore[arg-type]


def target(source: str, qty: str) -> Target:
    return Target(instrument=BTC, source=source, qty=Decimal(qty), reason=source)


def ladder(*rungs: tuple[Side, str, str]) -> Ladder:
    return Ladder(
        instrument=BTC,
        source="grid",
        rungs=tuple(Rung(side, Decimal(price), Decimal(qty)) for side, price, qty in rungs),
        reason="grid",
    )


def plan(made: Engine, *intents: object, **changes: object) -> Plan:
    return plan_instrument(BTC, list(intents), made.state, room(**changes))  # type: ignore[arg-type]


def test_one_target_becomes_one_order_that_is_bounded_in_price_and_never_rests() -> None:
    found = plan(desk(), target("a", "0.1"))
    (planned,) = found.requests
    assert planned.request.qty == Decimal("0.1")
    assert planned.request.tif is TimeInForce.IOC
    assert planned.request.price == Decimal("60120.0")
    assert planned.shares == (("a", Decimal(1)),)


def test_targets_of_two_strategies_are_netted_and_the_rest_is_shared_in_proportion() -> None:
    found = plan(desk(), target("a", "0.3"), target("b", "0.1"))
    (planned,) = found.requests
    assert planned.request.qty == Decimal("0.4")
    assert planned.request.source == "a+b"
    assert planned.shares == (("a", Decimal("0.75")), ("b", Decimal("0.25")))
    assert found.crosses == ()


def test_opposite_targets_cross_inside_and_only_the_difference_is_sent() -> None:
    found = plan(desk(), target("a", "0.3"), target("b", "-0.1"))
    (cross,) = found.crosses
    assert (cross.buyer, cross.seller, cross.qty, cross.price) == ("a", "b", Decimal("0.1"), Decimal(60_000))
    (planned,) = found.requests
    assert (planned.request.side, planned.request.qty) == (Side.BUY, Decimal("0.2"))
    assert planned.shares == (("a", Decimal(1)),)
    assert found.netting[0].net == Decimal("0.2")


def test_a_lower_priority_gets_what_the_higher_one_left_of_the_symbol_limit() -> None:
    found = plan(desk(), target("b", "0.5"), target("a", "0.5"), max_symbol_pct=42.0)
    first, second = found.proposals
    assert (first.source, first.wanted) == ("a", "hold 0.5")
    assert (second.source, second.wanted, second.verdict) == ("b", "hold 0.2", Verdict.WARN)


def test_a_target_is_cut_to_the_budget_of_its_strategy() -> None:
    small = Strategy(name="a", priority=1, budget_pct=6)
    found = plan(desk(), target("a", "1"), strategies={"a": small})
    assert found.requests[0].request.qty == Decimal("0.1")
    assert found.proposals[0].why == "cut from 1"


@pytest.mark.parametrize(
    "state", [StrategyState.OFF, StrategyState.OBSERVE, StrategyState.PAUSED, StrategyState.HALTED]
)
def test_a_strategy_that_is_not_active_sends_nothing_and_its_resting_orders_are_withdrawn(
    state: StrategyState,
) -> None:
    made = desk(a=state, grid=state)
    enter(made, request(price="59000"), "t1")
    found = plan(made, target("a", "0.1"), ladder((Side.BUY, "59000", "0.1")))
    assert found.requests == ()
    assert [order.client_id for order, _ in found.cancels] == ["t1"]
    assert all(proposal.verdict is Verdict.REFUSE for proposal in found.proposals)


def test_a_target_waits_while_an_order_for_one_is_open() -> None:
    made = desk()
    enter(made, request(source="a", tif=TimeInForce.IOC), "t1")
    found = plan(made, target("a", "0.5"))
    assert found.requests == ()
    assert "still open" in found.proposals[0].why


def test_a_change_too_small_for_the_venue_sends_nothing() -> None:
    made = desk()
    enter(made, request(qty="0.1", source="a"), "t1")
    made.process(fill("t1", qty="0.1"), T0)
    assert plan(made, target("a", "0.1")).requests == ()
    assert plan(made, target("a", "0.1004")).requests == ()


def test_rungs_that_already_rest_are_left_alone_and_the_others_are_replaced() -> None:
    made = desk()
    enter(made, request(price="59900", qty="0.01"), "keep")
    enter(made, request(price="59000", qty="0.01"), "drop")
    found = plan(made, ladder((Side.BUY, "59900", "0.01"), (Side.SELL, "60100", "0.01")))
    assert [order.client_id for order, _ in found.cancels] == ["drop"]
    (planned,) = found.requests
    assert (planned.request.side, planned.request.price, planned.request.post_only) == (
        Side.SELL,
        Decimal(60_100),
        True,
    )


def test_an_order_whose_cancel_is_pending_is_neither_kept_nor_cancelled_again() -> None:
    made = desk()
    enter(made, request(price="59900", qty="0.01"), "t1")
    made.process(CancelRequested(client_id="t1", ts=T0), T0)
    found = plan(made, ladder())
    assert found.cancels == ()


def test_halved_sizes_leave_out_rungs_that_become_too_small() -> None:
    found = plan(
        desk(), ladder((Side.BUY, "59900", "0.01"), (Side.BUY, "59800", "0.001")), size_factor=Decimal("0.5")
    )
    assert [planned.request.qty for planned in found.requests] == [Decimal("0.005")]


def test_a_blocked_instrument_keeps_nothing_resting() -> None:
    made = desk()
    enter(made, request(price="59900", qty="0.01"), "t1")
    found = plan(made, ladder((Side.BUY, "59900", "0.01")), blocked={BTC: "stale"})
    assert (len(found.requests), len(found.cancels)) == (0, 1)
    assert found.proposals[0].why == "stale"


def test_a_wish_of_an_operator_passes_as_it_is() -> None:
    asked = request(source="manual")
    assert plan(desk(), Wish(request=asked)).requests[0].request is asked


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-400, 400)),
        min_size=1,
        max_size=3,
        unique_by=lambda t: t[0],
    )
)
def test_crosses_and_the_order_together_are_exactly_what_was_asked(wanted: list[tuple[str, int]]) -> None:
    strategies = {name: Strategy(name=name, priority=i, budget_pct=100) for i, name in enumerate("abc")}
    made = engine(strategies=tuple(strategies.values()), max_symbol_pct=1_000.0)
    intents = [target(name, str(Decimal(lots) / 1000)) for name, lots in wanted]
    found = plan(made, *intents, strategies=strategies, max_symbol_pct=1_000.0)
    moved = dict.fromkeys("abc", Decimal(0))
    for cross in found.crosses:
        moved[cross.buyer] += cross.qty
        moved[cross.seller] -= cross.qty
    assert sum(moved.values()) == 0
    for planned in found.requests:
        signed = planned.request.qty * planned.request.side.sign
        assert sum(share for _, share in planned.shares).quantize(Decimal("1e-9")) == 1
        for name, share in planned.shares:
            moved[name] += signed * share
    net = sum((Decimal(lots) / 1000 for _, lots in wanted), Decimal(0))
    if found.requests:
        for name, lots in wanted:
            assert abs(moved[name] - Decimal(lots) / 1000) < Decimal("1e-9")
    else:
        assert abs(net) * 60_000 < 5


def test_a_rung_that_would_reduce_by_less_than_the_venue_takes_is_left_out() -> None:
    rungs = (
        Rung(Side.SELL, Decimal(1), Decimal("0.001")),
        Rung(Side.BUY, Decimal(60_000), Decimal("0.1")),
        Rung(Side.SELL, Decimal(60_000), Decimal("0.1")),
    )
    assert _reducing(rungs, Decimal("0.05"), linear()) == (Rung(Side.SELL, Decimal(60_000), Decimal("0.05")),)
