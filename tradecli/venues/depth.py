"""Whether a recorded depth stream is whole and right: rebuilt, and compared with the best prices beside it. Pure.

Messages are numbered by their ``last_id``, and best prices by the update that produced them; the two are compared at
every id that both have. Before the first snapshot only the levels that differences have named are known; a best price
is compared there when both its levels are among them. Gaps are counted in the stream itself, so that one is found even
where a later snapshot would hide it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Quote
from tradecli.venues.sequence import BookBuilder, Rule, Status, continues, rule_of

Top: TypeAlias = tuple[int, float, int, float]
"""A best bid and ask: ticks and size of each."""


class DepthVerdict(NamedTuple):
    """What the stream is worth. ``gaps`` counts breaks of the numbering, ``status`` is that of the book at the end."""

    messages: int
    compared: int
    matches: int
    gaps: int
    crossed: int
    bad: int
    status: Status
    first_gap: int | None
    """``last_id`` of the first message that does not follow the one before it."""
    first_mismatch: int | None
    """Update id of the first disagreement."""

    @property
    def is_sound(self) -> bool:
        faults = self.gaps or self.crossed or self.bad or self.compared != self.matches
        return self.status is Status.OK and not faults


def verify_depth(
    deltas: Iterable[BookDelta], bbo: Iterable[Quote], rule: Rule | None = None, tick: float | None = None
) -> DepthVerdict:
    """Rebuild the book from ``deltas`` in their order of arrival and compare it with ``bbo`` by its ``sequence``.

    Without ``rule`` it is the one of the first message's venue (``KeyError`` where none is known); without ``tick``,
    the one that the first message carries (``ValueError`` where it carries none).
    """
    messages = iter(deltas)
    first = next(messages, None)
    if first is None:
        return DepthVerdict(0, 0, 0, 0, 0, 0, Status.WAITING, None, None)
    step = tick or first.tick
    if not step:
        raise ValueError("the messages do not say the price of one tick")
    rule = rule or rule_of(first.instrument)
    tops = {quote.sequence: _top(quote, step) for quote in bbo if quote.sequence}
    builder, chain = _Compared(first.instrument, step, rule, tops), _Chain(rule)
    count = 0
    for delta in itertools.chain((first,), messages):
        count += 1
        chain.follow(delta)
        builder.apply(delta)
    return DepthVerdict(
        messages=count,
        compared=len(builder.agreed),
        matches=sum(builder.agreed.values()),
        gaps=chain.gaps,
        crossed=builder.crossed,
        bad=builder.bad,
        status=builder.status,
        first_gap=chain.first_gap,
        first_mismatch=next((id for id, agrees in builder.agreed.items() if not agrees), None),
    )


def _top(quote: Quote, tick: float) -> Top:
    return round(quote.bid / tick), quote.bid_qty, round(quote.ask / tick), quote.ask_qty


class _Chain:
    """The numbering of the differences alone, whatever the book makes of them."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._last: int | None = None
        self.gaps = 0
        self.first_gap: int | None = None

    def follow(self, delta: BookDelta) -> None:
        if delta.is_snapshot or delta.last_id is None:
            return
        last = self._last
        if last is not None and delta.last_id <= last and self._rule is not Rule.CHAIN:
            return
        if last is not None and not continues(self._rule, last, delta):
            self.gaps += 1
            self.first_gap = self.first_gap or delta.last_id
        self._last = delta.last_id


class _Compared(BookBuilder):
    """A builder that looks at the recorded best prices after each message."""

    def __init__(self, instrument: InstrumentId, tick: float, rule: Rule, tops: Mapping[int, Top]) -> None:
        super().__init__(instrument, tick, rule)
        self._tops = tops
        self._named_bids: dict[int, float] = {}
        self._named_asks: dict[int, float] = {}
        self.agreed: dict[int, bool] = {}

    def _merge(self, delta: BookDelta) -> Status:
        status = super()._merge(delta)
        top = None if delta.last_id is None else self._tops.get(delta.last_id)
        if top is not None and delta.last_id is not None and status is Status.OK:
            self.agreed[delta.last_id] = self.best() == (top[:2], top[2:])
        return status

    def apply(self, delta: BookDelta) -> Status:
        precedes = self.status is Status.WAITING or (self.joining and (delta.last_id or 0) < self.last_id)
        if precedes and not delta.is_snapshot and delta.last_id is not None:
            self._look_at_named(delta, delta.last_id)
        return super().apply(delta)

    def _look_at_named(self, delta: BookDelta, update_id: int) -> None:
        """Compare a difference that precedes the snapshot, on the levels that differences have named so far."""
        bids, asks = self._named_bids, self._named_asks
        bids.update(delta.bids)
        asks.update(delta.asks)
        top = self._tops.get(update_id)
        if top is not None and top[0] in bids and top[2] in asks:
            bid = max(ticks for ticks, size in bids.items() if size or ticks == top[0])
            ask = min(ticks for ticks, size in asks.items() if size or ticks == top[2])
            self.agreed[update_id] = (bid, bids[bid], ask, asks[ask]) == top
