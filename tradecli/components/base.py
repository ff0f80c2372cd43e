"""What a topic and a component are. A topic declares what it needs and never fetches; ``assess`` computes its report
once; ``present`` shows it; ``propose``, where there is one, says what to trade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from tradecli.domain.decision import Input
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.intent import Intent
from tradecli.domain.market import Book, FundingRate, OptionChain, Quote, VolIndex
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.position import Position
from tradecli.present.blocks import Panel

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries, FundingSeries, TradeSeries, ValueSeries

R = TypeVar("R")


class View(Protocol):
    """A frozen look at what was known at ``at``. Nothing later than ``at`` is ever in it."""

    @property
    def at(self) -> int: ...
    @property
    def focus(self) -> InstrumentId | None: ...
    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """The watched instruments, sorted."""
        ...

    def instrument(self, instrument: InstrumentId) -> Instrument | None: ...
    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries: ...
    def quote(self, instrument: InstrumentId) -> Quote | None: ...
    def book(self, instrument: InstrumentId) -> Book | None: ...
    def trades(self, instrument: InstrumentId) -> TradeSeries: ...
    def funding(self, instrument: InstrumentId) -> FundingSeries: ...
    def predicted_funding(self, instrument: InstrumentId) -> FundingRate | None: ...
    def mark(self, instrument: InstrumentId) -> tuple[float, int] | None:
        """Return (mark price, its time); the mid or last close where no mark is published."""
        ...

    def open_interest(self, instrument: InstrumentId) -> ValueSeries: ...
    def vol_index(self, name: str) -> ValueSeries: ...
    def sentiment(self, name: str) -> ValueSeries: ...
    def options(self, venue: str, currency: str) -> OptionChain | None: ...
    def position(self, instrument: InstrumentId, source: str | None = None) -> Position: ...
    def positions(self) -> tuple[Position, ...]: ...
    def orders(self, source: str | None = None) -> tuple[Order, ...]:
        """Return the unresolved orders, oldest first."""
        ...

    def balances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return balances by (venue, coin)."""
        ...

    def equity(self) -> Decimal | None: ...
    def equity_series(self) -> ValueSeries: ...
    def report(self, type: type[R], focus: InstrumentId | None = None) -> R | None:
        """Return the newest report of that type for ``focus`` (default: this view's focus), or None."""
        ...


def focus_of(view: View) -> InstrumentId:
    """Return the instrument that a view is about; ``ValueError`` in the view of the whole desk."""
    if view.focus is None:
        raise ValueError("this topic is about one instrument, and the view has none in focus")
    return view.focus


class NoQuery(msgspec.Struct, frozen=True):
    """The query of a topic that takes no options."""


class Reach(StrEnum):
    """What one report of a topic is about."""

    INSTRUMENT = "instrument"
    PORTFOLIO = "portfolio"


def _no_feeds(instrument: InstrumentId, settings: Any) -> tuple[Feed, ...]:
    return ()


def _nothing_kept(report: Any) -> tuple[VolIndex, ...]:
    return ()


def _no_inputs(report: Any) -> tuple[Input, ...]:
    return ()


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One question a component answers.

    ``every_ms`` is how often the running engine asks again; None: only when somebody looks. ``wakes_on_fill`` asks
    again after a fill on the instrument. ``every_venue``: asked for each symbol at each
    venue, not only where it is traded. ``strategy`` names the source of its intents; the engine acts on them only
    where that strategy is ACTIVE. ``needs`` names the topics of the same component whose reports it reads; None: all
    that come before it.
    """

    name: str
    summary: str
    report: type
    assess: Callable[[Any, Any, Any], Any]
    present: Callable[[Any], Panel]
    query: type = NoQuery
    reach: Reach = Reach.INSTRUMENT
    feeds: Callable[[InstrumentId, Any], tuple[Feed, ...]] = _no_feeds
    asked_feeds: Callable[[InstrumentId, Any], tuple[Feed, ...]] = _no_feeds
    """The longer past that a single answer rests on; a running desk does not keep it."""
    peers: Callable[[InstrumentId, Any], tuple[Feed, ...]] = _no_feeds
    """Of (instrument, query): what it reads of each watched instrument, whichever one it is asked of: a basket does."""
    inputs: Callable[[Any], tuple[Input, ...]] = _no_inputs
    propose: Callable[[Any, Any, Any], tuple[Intent, ...]] | None = None
    orders: Callable[[Any], tuple[OrderRequest, ...]] | None = None
    """The orders that a report amounts to now: what ``--plan`` writes down and ``--apply`` sends."""
    strategy: str | None = None
    kept: Callable[[Any], tuple[VolIndex, ...]] = _nothing_kept
    """The numbers of a report that a live desk keeps as series in the market store, to be ranked among later."""
    concerns: Callable[[InstrumentId], bool] | None = None
    """Of which instruments a running desk asks it; None: of all."""
    recorded: Callable[[Any], bool] | None = None
    """Whether a run over recorded data asks it by these settings though no strategy reads it: to be scored later."""
    live: bool = False
    """It shows the present market and is cheap: a face that looks at it sees it anew with each picture."""
    every_venue: bool = False
    every_ms: int | None = None
    wakes_on_fill: bool = False
    needs: tuple[str, ...] | None = None
    standing: Any = None
    """The query that a running desk asks with, where it is not the plain one."""
    same_as: Callable[[Any], Any] | None = None
    """Reports with the same value say the same from different ends: of those, a table shows the first."""
    units: Mapping[str, str] = {}
    """Unit of each report field that has one, for the JSON envelope: ``{"composite": "fraction/year"}``."""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of topics with one section of settings."""

    name: str
    summary: str
    settings: type
    topics: tuple[Topic, ...]

    def topic(self, name: str) -> Topic:
        for topic in self.topics:
            if topic.name == name:
                return topic
        raise KeyError(f"{self.name} {name}")


def topic_key(component: str, topic: str) -> str:
    """Return the name of a topic across components: ``vol.show``."""
    return f"{component}.{topic}"
