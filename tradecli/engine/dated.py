"""How new what an answer rests on is: a view that remembers what was read through it, and how new that was.

No topic has to say it, so none can forget to. What a topic takes from an earlier report counts as read by itself.
"""

from __future__ import annotations

from typing import Any, TypeVar

from tradecli.components.base import Reach
from tradecli.domain.commands import Assess
from tradecli.domain.events import Assessed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, FundingRate, OptionChain, Quote
from tradecli.domain.series import CandleSeries, FundingSeries, TradeSeries, ValueSeries
from tradecli.engine.assess import Assessor
from tradecli.engine.view import StateView

R = TypeVar("R")
Read = dict[tuple[str, str], int | None]
"""By (what kind of subject, its name): the newest time read of it, None where nothing was known."""

INSTRUMENT, ELSE = "instrument", "else"


def as_of(read: Read, focus: InstrumentId | None) -> int | None:
    """Return the time of the newest thing that was read of what an answer is about.

    That is the instrument in focus, and not what it is compared with; for the whole desk it is the instrument that is
    furthest behind. Where no instrument was read, it is the time of the newest chain or index.
    """
    own = read.get((INSTRUMENT, focus or ""))
    if own is not None:
        return own
    times = [at for (kind, _), at in read.items() if kind == INSTRUMENT and at is not None]
    others = [at for (kind, _), at in read.items() if kind == ELSE and at is not None]
    return min(times) if times and focus is None else max(others, default=None)


class DatedView(StateView):
    """A view over the state that notes what is read."""

    __slots__ = ("_memory", "read")

    def __init__(self, memory: dict[tuple[type, InstrumentId | None], Read], *args: Any) -> None:
        super().__init__(*args)
        self._memory = memory
        self.read: Read = {}

    def _note(self, subject: str, at: int | None, kind: str = INSTRUMENT) -> None:
        known = self.read.get((kind, subject))
        self.read[(kind, subject)] = at if known is None else known if at is None else max(known, at)

    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries:
        found = super().candles(instrument, interval_ms)
        self._note(instrument, found.as_of)
        return found

    def quote(self, instrument: InstrumentId) -> Quote | None:
        found = super().quote(instrument)
        self._note(instrument, None if found is None else found.ts)
        return found

    def book(self, instrument: InstrumentId) -> Book | None:
        found = super().book(instrument)
        self._note(instrument, None if found is None else found.ts)
        return found

    def trades(self, instrument: InstrumentId) -> TradeSeries:
        found = super().trades(instrument)
        self._note(instrument, _newest(found))
        return found

    def funding(self, instrument: InstrumentId) -> FundingSeries:
        found = super().funding(instrument)
        self._note(instrument, _newest(found))
        return found

    def predicted_funding(self, instrument: InstrumentId) -> FundingRate | None:
        found = super().predicted_funding(instrument)
        self._note(instrument, None if found is None else found.ts)
        return found

    def mark(self, instrument: InstrumentId) -> tuple[float, int] | None:
        found = super().mark(instrument)
        self._note(instrument, None if found is None else found[1])
        return found

    def open_interest(self, instrument: InstrumentId) -> ValueSeries:
        found = super().open_interest(instrument)
        self._note(instrument, _newest(found))
        return found

    def vol_index(self, name: str) -> ValueSeries:
        found = super().vol_index(name)
        self._note(name, _newest(found), ELSE)
        return found

    def sentiment(self, name: str) -> ValueSeries:
        found = super().sentiment(name)
        self._note(name, _newest(found), ELSE)
        return found

    def options(self, venue: str, currency: str) -> OptionChain | None:
        found = super().options(venue, currency)
        self._note(f"{currency}@{venue}", None if found is None else found.ts, ELSE)
        return found

    def report(self, type: type[R], focus: InstrumentId | None = None) -> R | None:
        found = super().report(type, focus)
        if found is not None:
            for (kind, subject), at in self._memory.get((type, focus or self.focus), {}).items():
                self._note(subject, at, kind)
        return found


class DatedAssessor(Assessor):
    """Answers as an ``Assessor`` does, and remembers what each report rests on."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.memory: dict[tuple[type, InstrumentId | None], Read] = {}

    def view(self, at: int, focus: InstrumentId | None) -> DatedView:
        return DatedView(self.memory, self.state, at, focus, self.watched)

    def answer(self, command: Assess, at: int) -> Assessed:
        topic = self.running[command.topic].topic
        view = self.view(at, command.focus)
        answer = self.answer_from(view, command, at)
        target = None if topic.reach is Reach.PORTFOLIO else command.focus
        self.memory[(topic.report, target)] = view.read
        return answer


def _newest(series: TradeSeries | FundingSeries | ValueSeries) -> int | None:
    return int(series.ts[-1]) if len(series) else None
