"""The limits: each refuses what it should with its own number, counts unresolved orders, and lets reducing through."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tests.fakes.desk import BTC, ETH, T0, engine, enter, fill, linear, quote, request
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import InstrumentKind, KillLevel, OrderType, ScopeKind, Side, Verdict
from tradecli.domain.events import (
    CancelFailed,
    CancelRequested,
    LatchSet,
    LinkChanged,
    OrderAmbiguous,
    OrderCanceled,
    OrderSending,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Approved, Denied, OrderRequest
from tradecli.engine.core import Engine
from tradecli.engine.risk import CHECKS, ask, check, is_reducing, largest_allowed, malformed
from tradecli.ports import Execution


def rule(made: Engine, asked: OrderRequest, at: int = T0) -> Approved | Denied:
    question = ask(asked, made.state, made.breakers.freshness, made.desk.limits, at)
    assert question is not None
    return check(question, "c1").outcome


def number(made: Engine, asked: OrderRequest, at: int = T0) -> int | None:
    outcome = rule(made, asked, at)
    return outcome.number if isinstance(outcome, Denied) else None


def test_an_order_inside_every_limit_is_approved_with_its_worst_notional_reserved() -> None:
    outcome = rule(engine(), request(qty="0.1", price="60000"))
    assert isinstance(outcome, Approved)
    assert outcome.reserved == Decimal(6_000)


@pytest.mark.parametrize(
    ("change", "asked", "expected"),
    [
        ({}, request(qty="0.0005"), 102),
        ({}, request(price="60000.05"), 102),
        ({}, request(side=Side.SELL, reduce_only=True), 114),
        ({}, request(qty="0.001", price="1000"), None),
        ({"max_order_notional_usd": Decimal(5_999)}, request(), 104),
        ({"max_symbol_pct": 5.9}, request(), 103),
        ({"max_symbol_pct": 6.1}, request(), None),
        ({"max_venue_pct": 5.9}, request(), 107),
        ({"max_gross_pct": 5.9}, request(), 108),
        ({"max_net_pct": 5.9}, request(), 109),
        ({"price_collar_pct": 1.0}, request(price="60700"), 106),
        ({"price_collar_pct": 1.0}, request(price="50000"), None),
        ({"price_collar_pct": 1.0}, request(side=Side.SELL, price="59000"), 106),
    ],
)
def test_each_limit_refuses_with_its_own_number(
    change: dict[str, object], asked: OrderRequest, expected: int | None
) -> None:
    assert number(engine(**change), asked) == expected


def test_an_unresolved_order_counts_in_full_so_two_halves_never_pass_a_limit_together() -> None:
    made = engine(max_symbol_pct=10.0)
    enter(made, request(qty="0.1"), "t1", live=False)
    assert number(made, request(qty="0.1")) == 103
    assert number(made, request(qty="0.066")) is None


def test_an_order_of_unknown_outcome_keeps_its_reservation_and_blocks_new_risk_of_its_strategy() -> None:
    made = engine(max_symbol_pct=50.0)
    enter(made, request(qty="0.1"), "t1", live=False)
    made.process(OrderSending(client_id="t1", ts=T0), T0)
    made.process(OrderAmbiguous(client_id="t1", ts=T0, reason="timeout"), T0)
    assert number(made, request(qty="0.1")) == 113
    assert number(made, request(qty="0.1", source="manual")) is None


def test_n15_nothing_is_amended_and_old_and_new_count_together_until_the_old_one_has_ended() -> None:
    assert not [name for name in vars(Execution) if "amend" in name or "edit" in name or "replace" in name]
    made = engine(max_symbol_pct=10.0)
    enter(made, request(qty="0.1"), "t1")
    moved = request(qty="0.1", price="59000")
    for unclear in (
        CancelRequested(client_id="t1", ts=T0),
        CancelFailed(client_id="t1", ts=T0, reason="timeout"),
    ):
        made.process(unclear, T0)
        assert number(made, moved) == 103
    made.process(OrderCanceled(client_id="t1", ts=T0, reason="asked"), T0)
    assert number(made, moved) is None


def test_a_reducing_order_passes_the_exposure_limits_but_a_flip_does_not() -> None:
    share = dict.fromkeys(("max_symbol_pct", "max_gross_pct", "max_net_pct", "max_venue_pct"), 10.0)
    made = engine(max_order_notional_usd=Decimal(50_000), **share)
    enter(made, request(qty="0.3"), "t1")
    made.process(fill("t1", qty="0.3"), T0)
    assert is_reducing(made.state, request(side=Side.SELL, qty="0.3"))
    assert number(made, request(side=Side.SELL, qty="0.3", price="60000")) is None
    assert not is_reducing(made.state, request(side=Side.SELL, qty="0.5"))
    assert number(made, request(side=Side.SELL, qty="0.5", price="60000")) == 103


def test_two_reducing_orders_together_may_not_flip_the_position() -> None:
    made = engine()
    enter(made, request(qty="0.3"), "t1")
    made.process(fill("t1", qty="0.3"), T0)
    enter(made, request(side=Side.SELL, qty="0.2", price="61000"), "t2")
    assert not is_reducing(made.state, request(side=Side.SELL, qty="0.2", price="61000"))
    assert is_reducing(made.state, request(side=Side.SELL, qty="0.1", price="61000"))


def test_stale_data_deny_new_risk_and_the_age_is_said() -> None:
    made = engine()
    outcome = rule(made, request(), T0 + 5_001)
    assert isinstance(outcome, Denied)
    assert outcome.number == 105
    assert "5.0 s old" in outcome.reason


def test_a_venue_whose_link_is_down_takes_no_new_risk() -> None:
    made = engine()
    made.process(LinkChanged(venue="binance", up=False, ts=T0, reason="silent"), T0)
    assert number(made, request()) == 105


def test_an_instrument_without_any_price_takes_no_order() -> None:
    made = engine()
    assert number(made, request(instrument=ETH, price="3000")) == 105


@pytest.mark.parametrize(
    ("level", "entry", "reducing"),
    [
        (KillLevel.PAUSE, 101, None),
        (KillLevel.REDUCE, 101, None),
        (KillLevel.CANCEL, 101, None),
        (KillLevel.FLATTEN, 101, 101),
        (KillLevel.HALT, 101, 101),
    ],
)
@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(ScopeKind.VENUE, "binance"),
        Scope(ScopeKind.SYMBOL, "BTCUSDT"),
        Scope(ScopeKind.STRATEGY, "grid"),
    ],
)
def test_every_kill_level_refuses_what_it_says_in_every_scope(
    level: KillLevel, entry: int, reducing: int | None, scope: Scope
) -> None:
    made = engine()
    enter(made, request(qty="0.3"), "t1")
    made.process(fill("t1", qty="0.3"), T0)
    latch = Latch(level=level, scope=scope, reason="drill", by="operator", at=T0)
    made.state.latches = (latch,)
    assert number(made, request()) == entry
    assert number(made, request(side=Side.SELL, qty="0.1")) == reducing


def test_a_latch_on_another_symbol_or_strategy_does_not_bind() -> None:
    made = engine()
    latch = Latch(
        level=KillLevel.HALT, scope=Scope(ScopeKind.SYMBOL, "ETHUSDT"), reason="x", by="operator", at=T0
    )
    made.process(LatchSet(latch=latch, ts=T0), T0)
    assert number(made, request()) is None


def test_own_orders_never_cross_each_other() -> None:
    made = engine()
    enter(made, request(side=Side.SELL, price="60010"), "t1")
    assert number(made, request(price="60010")) == 112
    assert number(made, request(price="60009.9")) is None
    assert number(made, request(price=None)) == 112


def test_the_number_of_open_orders_and_their_rate_are_limited() -> None:
    made = engine(max_open_orders=2, max_orders_per_min=10)
    enter(made, request(qty="0.001", price="50000"), "t1")
    enter(made, request(qty="0.001", price="50001"), "t2")
    assert number(made, request(qty="0.001", price="50002")) == 110
    made = engine(max_orders_per_min=2)
    enter(made, request(qty="0.001", price="50000"), "t1")
    enter(made, request(qty="0.001", price="50001"), "t2")
    assert number(made, request(qty="0.001", price="50002")) == 111
    made.process(quote(60_000, T0 + 60_001), T0 + 60_001)
    assert number(made, request(qty="0.001", price="50002"), T0 + 60_001) is None


def test_the_largest_allowed_quantity_is_allowed_and_one_lot_more_is_not() -> None:
    made = engine(max_symbol_pct=10.0)
    question = ask(request(qty="1"), made.state, made.breakers.freshness, made.desk.limits, T0)
    assert question is not None
    most = largest_allowed(question)
    assert most == Decimal("0.166")
    assert number(made, request(qty=str(most))) is None
    assert number(made, request(qty=str(most + Decimal("0.001")))) == 103


def test_a_preview_runs_all_checks_and_names_the_first_refusal() -> None:
    made = engine(max_symbol_pct=5.0, max_gross_pct=5.0)
    question = ask(request(), made.state, made.breakers.freshness, made.desk.limits, T0)
    assert question is not None
    ruling = check(question, "preview", all_rows=True)
    assert len(ruling.checks) == len(CHECKS)
    assert isinstance(ruling.outcome, Denied)
    assert ruling.outcome.check == "symbol"


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (request(qty="0"), "quantity"),
        (request(qty="-1"), "quantity"),
        (request(price="0"), "price"),
        (request(price="-5"), "price"),
    ],
)
def test_impossible_requests_are_named(asked: OrderRequest, word: str) -> None:
    assert word in (malformed(asked, linear(BTC)) or "")


@pytest.mark.parametrize(
    ("change", "asked", "words"),
    [
        ({"kind": InstrumentKind.OPTION}, request(), "shown, not traded"),
        ({"min_qty": Decimal("0.2")}, request(qty="0.1"), "below the least 0.2"),
        ({"max_qty": Decimal("0.05")}, request(qty="0.1"), "above the most 0.05"),
        ({}, msgspec.structs.replace(request(), price=None), "needs a price"),
        ({}, msgspec.structs.replace(request(), type=OrderType.MARKET), "takes no price"),
        ({}, msgspec.structs.replace(request(), type=OrderType.STOP), "needs a trigger"),
        (
            {},
            msgspec.structs.replace(request(), type=OrderType.STOP, price=None, trigger=Decimal("0.05")),
            "price 0.05 is not a positive multiple",
        ),
        ({}, msgspec.structs.replace(request(), type=OrderType.STOP, trigger=Decimal(59_000)), None),
    ],
)
def test_i03_what_cannot_be_an_order_is_refused_before_any_venue_is_asked(
    change: dict[str, object], asked: OrderRequest, words: str | None
) -> None:
    wrong = malformed(asked, msgspec.structs.replace(linear(BTC), **change))
    assert wrong is None if words is None else words in (wrong or "")


def test_i03_a_reduce_only_order_without_a_position_is_refused_by_its_own_check() -> None:
    assert number(engine(), request(side=Side.SELL, reduce_only=True)) == 114


def test_d15_without_a_market_price_every_check_that_needs_one_refuses() -> None:
    made = engine(traded=(ETH,))
    question = ask(
        request(instrument=ETH, price=None), made.state, made.breakers.freshness, made.desk.limits, T0
    )
    assert question is not None and question.price is None
    refused = {
        row.name for row in check(question, "x", all_rows=True).checks if row.verdict is Verdict.REFUSE
    }
    assert {"min_notional", "data", "collar", "order_notional", "symbol", "venue", "gross", "net"} <= refused
    assert largest_allowed(question) == 0


def test_d15_a_position_that_has_no_price_makes_gross_and_net_unknown_and_so_breached() -> None:
    made = engine()
    enter(made, request(instrument=ETH, price="3000", qty="0.1"), "t1", live=False)
    question = ask(request(), made.state, made.breakers.freshness, made.desk.limits, T0)
    assert question is not None
    rows = {row.name: row for row in check(question, "x", all_rows=True).checks}
    assert rows["gross"].value == rows["net"].value == "unknown"
    assert rows["gross"].verdict is rows["net"].verdict is Verdict.REFUSE


def test_the_venue_limit_leaves_out_what_is_held_at_another_venue() -> None:
    there = InstrumentId("BTCUSDT@okx")
    made = engine(
        instruments=(linear(), linear(there)), max_venue_pct=10.0, max_gross_pct=200.0, max_net_pct=200.0
    )
    made.process(quote(60_000, instrument=there), T0)
    enter(made, request(instrument=there, qty="0.1"), "t1", live=False)
    assert number(made, request(qty="0.1")) is None
    assert number(made, request(qty="0.1", instrument=there)) == 107


def test_submissions_older_than_a_minute_leave_the_rate_and_younger_ones_stay() -> None:
    made = engine(max_orders_per_min=2)
    made.state.order_times.extend([T0 - 60_000, T0 - 59_999])
    assert number(made, request(qty="0.001", price="50000")) is None
    made.state.order_times.append(T0)
    assert number(made, request(qty="0.001", price="50000")) == 111


def test_an_instrument_that_is_not_known_cannot_be_asked_about() -> None:
    made = engine()
    asked = request(instrument=InstrumentId("NOPE@binance"))
    assert ask(asked, made.state, made.breakers.freshness, made.desk.limits, T0) is None


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_net_exposure_is_that_of_the_orders_own_side(side: Side) -> None:
    made = engine(max_net_pct=5.0)
    assert number(made, request(side=side)) == 109


def test_without_any_equity_a_share_of_it_is_unknown_and_refuses() -> None:
    made = engine()
    made.state.equity.value = None
    assert number(made, request()) == 103
    made.state.equity.value = Decimal(0)
    assert number(made, request()) == 103
