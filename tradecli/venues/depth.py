"""Whether a recorded depth stream is whole and right: rebuilt, and compared with the best prices beside it. Pure.

Messages are numbered by their ``last_id``, and best prices by the update that produced them; the two are compared at
every id that both have. Before the first snapshot only the levels that differences have named are known; a best price
is compared there when both its levels are among them. Gaps are counted in the stream itself, so that one is found even
where a later snapshot would hide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.venues.sequence import BookBuilder, Rule, Status, continues, rule_of


class Top(NamedTuple):
    """A recorded best bid and ask with the update id that produced it."""

    update_id: int
    bid_ticks: int
    bid_qty: float
    ask_ticks: int
    ask_qty: float


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


def verify_depth(deltas: Iterable[BookDelta], bbo: Iterable[Top], rule: Rule | None = None) -> DepthVerdict:
    """Rebuild the book from ``deltas`` in their order of arrival and compare it with ``bbo``.

    Without ``rule`` it is the one of the first message's venue (``KeyError`` where none is known).
    """
    tops = {top.update_id: top for top in bbo}
    builder: _Compared | None = None
    chain: _Chain | None = None
    messages = 0
    for delta in deltas:
        if builder is None or chain is None:
            rule = rule or rule_of(delta.instrument)
            builder, chain = _Compared(rule, tops), _Chain(rule)
        messages += 1
        chain.follow(delta)
        builder.apply(delta)
    if builder is None or chain is None:
        return DepthVerdict(0, 0, 0, 0, 0, 0, Status.WAITING, None, None)
    return DepthVerdict(
        messages=messages,
        compared=len(builder.agreed),
        matches=sum(builder.agreed.values()),
        gaps=chain.gaps,
        crossed=builder.crossed,
        bad=builder.bad,
        status=builder.status,
        first_gap=chain.first_gap,
        first_mismatch=next((id for id, agrees in builder.agreed.items() if not agrees), None),
    )


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
    """A builder that looks at the recorded best prices after each message it applies or keeps."""

    def __init__(self, rule: Rule, tops: Mapping[int, Top]) -> None:
        super().__init__(InstrumentId("DEPTH@verified"), 1.0, rule)
        self._tops = tops
        self._named_bids: dict[int, float] = {}
        self._named_asks: dict[int, float] = {}
        self.agreed: dict[int, bool] = {}

    def _merge(self, delta: BookDelta) -> Status:
        status = super()._merge(delta)
        top = self._tops.get(delta.last_id) if delta.last_id is not None else None
        if top is not None and status is Status.OK:
            self.agreed[top.update_id] = (*(self.best_bid() or ()), *(self.best_ask() or ())) == top[1:]
        return status

    def _keep(self, delta: BookDelta) -> None:
        super()._keep(delta)
        if self.status is not Status.WAITING:
            return
        self._named_bids.update(delta.bids)
        self._named_asks.update(delta.asks)
        top = self._tops.get(delta.last_id) if delta.last_id is not None else None
        if top is not None and top.bid_ticks in self._named_bids and top.ask_ticks in self._named_asks:
            bid = max(ticks for ticks, size in self._named_bids.items() if size or ticks == top.bid_ticks)
            ask = min(ticks for ticks, size in self._named_asks.items() if size or ticks == top.ask_ticks)
            self.agreed[top.update_id] = (bid, self._named_bids[bid], ask, self._named_asks[ask]) == top[1:]
