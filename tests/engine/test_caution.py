"""A caution binds every strategy on its instrument: smaller sizes, nothing that grows, and a row in the record."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.test_plan import A, ladder, plan, target
from tests.fakes.desk import BTC, ETH, T0, engine, enter, fill, request
from tradecli.domain.commands import Notify, Record
from tradecli.domain.enums import Severity, Side, StrategyState, Verdict
from tradecli.domain.events import Assessed
from tradecli.domain.intent import Caution
from tradecli.engine.core import Engine
from tradecli.engine.cycle import Duty

DUTIES = (Duty(topic="vol.stress", focuses=(BTC,), every_ms=60_000),)


def caution(level: str = "stressed", size: str = "0.5", *, reduce_only: bool = False) -> Caution:
    return Caution(
        instrument=BTC,
        source="stress",
        level=level,
        score=82.0,
        threshold=75.0,
        size_factor=Decimal(size),
        reduce_only=reduce_only,
        reason="highest ranks: vol_level 97",
    )


def holding(qty: str, source: str = "grid") -> Engine:
    made = engine(strategies=(A,), standing={"a": StrategyState.ACTIVE, "grid": StrategyState.ACTIVE})
    side = Side.BUY if not qty.startswith("-") else Side.SELL
    enter(made, request(side, qty.lstrip("-"), source=source), "g1")
    made.process(fill("g1", side, qty.lstrip("-")), T0)
    return made


def test_sizes_are_scaled_once_also_where_the_ladder_already_heeded_it() -> None:
    rungs = ladder((Side.BUY, "59000", "0.2"), (Side.SELL, "61000", "0.2"))
    found = plan(engine(), rungs, cautions={BTC: caution()})
    assert [each.request.qty for each in found.requests] == [Decimal("0.100")] * 2
    heeded = type(rungs)(
        instrument=BTC, source="grid", rungs=rungs.rungs, reason="grid", heeded=Decimal("0.5")
    )
    found = plan(engine(), heeded, cautions={BTC: caution()})
    assert [each.request.qty for each in found.requests] == [Decimal("0.2")] * 2
    assert plan(engine(), rungs, cautions={ETH: caution()}).requests[0].request.qty == Decimal("0.2")


def test_reduce_only_keeps_what_takes_a_position_down_as_far_as_it_goes() -> None:
    rungs = ladder((Side.BUY, "59000", "0.2"), (Side.SELL, "61000", "0.2"), (Side.SELL, "62000", "0.2"))
    crisis = caution("crisis", "1", reduce_only=True)
    found = plan(holding("0.3"), rungs, cautions={BTC: crisis})
    assert [(each.request.side, each.request.qty) for each in found.requests] == [
        (Side.SELL, Decimal("0.2")),
        (Side.SELL, Decimal("0.100")),
    ]
    assert found.proposals[0].verdict is Verdict.WARN
    assert found.proposals[0].why == "stress crisis: reduce only"
    assert plan(engine(), rungs, cautions={BTC: crisis}).requests == (), "nothing held, nothing to reduce"


def test_reduce_only_lets_no_target_grow_or_turn_a_position() -> None:
    crisis = caution("crisis", "1", reduce_only=True)
    made = holding("0.3", "a")
    for wanted, order in (("0.4", None), ("0.1", "0.2"), ("-0.2", "0.3")):
        found = plan(made, target("a", wanted), cautions={BTC: crisis})
        sizes = [each.request.qty for each in found.requests]
        assert sizes == ([] if order is None else [Decimal(order)]), wanted


def answer(found: Caution, cycle: int = 0) -> Assessed:
    return Assessed(topic="vol.stress", focus=BTC, cycle=cycle, ts=T0, report=None, intents=(found,))


def test_a_caution_stands_until_replaced_is_told_once_and_recorded_with_its_reason() -> None:
    made = engine(duties=DUTIES)
    told = [each for each in made.process(answer(caution()), T0) if isinstance(each, Notify)]
    assert [each.severity for each in told] == [Severity.ALERT] and "stressed" in told[0].text
    assert not [each for each in made.process(answer(caution()), T0) if isinstance(each, Notify)]
    assert made.state.cautions[BTC].level == "stressed"
    decision = recorded(made)
    row = next(each for each in decision.checks if each.name == "stress")
    assert row.verdict is Verdict.WARN and row.scope == BTC and row.threshold == "75"
    assert row.value == "82.0 stressed, size ×0.5: highest ranks: vol_level 97"
    calm = caution("calm", "1")
    told = [each for each in made.process(answer(calm), T0) if isinstance(each, Notify)]
    assert [each.severity for each in told] == [Severity.NOTE]


def recorded(made: Engine):  # type: ignore[no-untyped-def]
    decided = made.decider.decide("cycle", {}, (), (), made.desk.traded, T0)
    return next(each for each in decided.commands if isinstance(each, Record)).decision
