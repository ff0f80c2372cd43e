"""The age of an answer is that of what it is about: read off the view, whatever the topic says of itself."""

from __future__ import annotations

from tests.fakes.desk import BTC, ETH, T0, linear, quote
from tradecli.components.base import Topic, View
from tradecli.domain.commands import Assess
from tradecli.domain.market import Candle, FundingRate, OptionChain
from tradecli.engine.assess import Running
from tradecli.engine.dated import DatedAssessor, as_of
from tradecli.engine.state import State
from tradecli.present.blocks import Panel

MINUTE = 60_000


class Low:
    """What an earlier topic found."""


class High:
    """What builds on it."""


def _topic(name: str, report: type, assess: object) -> Topic:
    return Topic(
        name=name,
        summary="",
        report=report,
        assess=assess,  # type: ignore[arg-type]
        present=lambda _: Panel(title="", blocks=()),
    )


def _state() -> State:
    state = State([linear(), linear(ETH, "0.01")], {})
    state.apply(quote(60_000, T0), T0)
    state.apply(quote(3_000, T0 - MINUTE, ETH), T0)
    state.apply(FundingRate(BTC, T0 - 5_000, 0.0001, 8.0), T0)
    state.apply(Candle(BTC, T0 - 2 * MINUTE, MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0), T0)
    state.apply(OptionChain("deribit", "BTC", T0 - 7_000, 60_000.0, True, ()), T0)
    return state


def test_the_focus_counts_by_its_newest_datum_and_not_what_it_is_compared_with() -> None:
    view = DatedAssessor((), _state(), (BTC, ETH)).view(T0, BTC)
    view.candles(BTC, MINUTE)
    view.quote(ETH)
    view.options("deribit", "BTC")
    assert as_of(view.read, BTC) == T0 - MINUTE
    view.quote(BTC)
    assert as_of(view.read, BTC) == T0


def test_the_whole_desk_is_as_old_as_the_instrument_that_is_furthest_behind() -> None:
    view = DatedAssessor((), _state(), (BTC, ETH)).view(T0, None)
    for each in (BTC, ETH):
        view.mark(each)
        view.candles(each, MINUTE)
    assert as_of(view.read, None) == view.read[("instrument", ETH)]


def test_without_an_instrument_the_newest_chain_or_index_counts_and_nothing_known_is_nothing() -> None:
    view = DatedAssessor((), _state(), (BTC, ETH)).view(T0, BTC)
    view.vol_index("DVOL-BTC")
    assert as_of(view.read, BTC) is None
    view.options("deribit", "BTC")
    assert as_of(view.read, BTC) == T0 - 7_000


def test_what_is_taken_from_an_earlier_report_counts_as_read() -> None:
    def low(view: View, *_: object) -> Low:
        view.predicted_funding(BTC)
        view.funding(BTC)
        return Low()

    def high(view: View, *_: object) -> High:
        assert view.report(Low) is not None
        return High()

    state = _state()
    running = tuple(
        Running(f"x.{name}", _topic(name, report, assess), None)
        for name, report, assess in (("low", Low, low), ("high", High, high))
    )
    assessor = DatedAssessor(running, state, (BTC,))
    state.apply(assessor.answer(Assess("x.low", BTC, 0), T0), T0)
    assert assessor.answer(Assess("x.high", BTC, 0), T0).error == ""
    assert as_of(assessor.memory[(High, BTC)], BTC) == T0 - 5_000
