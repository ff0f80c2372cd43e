"""One instrument as a venue lists it: its name there, where it stands on the floor, its display and its spelling.

Also the figures that several venues answer from it: closes at past moments, open interest, the share of longs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tradecli.domain.market import OpenInterest
from tradecli.venues.loopback.display import Display, Levels
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.spelling import Spelling, wave
from tradecli.venues.loopback.stand import Bar, Stand
from tradecli.venues.loopback.wire import Wire
from tradecli.venues.simulated.basis import INTERVAL_MS

_HOUR = 3_600_000


class Listed:
    """One instrument of one venue. ``topic`` is what its streams are named by, ``own`` its symbol in our writing."""

    def __init__(
        self,
        stand: Stand,
        symbol: str,
        topic: str,
        spell: Spelling,
        *,
        first_id: int,
        restless: bool,
        levels: Levels | None = None,
    ) -> None:
        self.stand = stand
        self.symbol = symbol
        self.topic = topic
        self.spell = spell
        self.perp = stand.line.perp
        self.own = stand.line.instrument.symbol
        shown = levels or (lambda: (stand.bids, stand.asks))
        self.display = Display(shown, first_id, restless=restless)

    @property
    def instrument(self) -> str:
        return self.stand.line.instrument.id

    def is_halted(self, wire: Wire) -> bool:
        return wire.switchboard.is_halted(wire.venue, self.own)

    def last_ticks(self, now: int) -> int:
        return self.stand.last_price or self.stand.day(now).close

    def mark(self, now: int) -> float:
        """Return the mark, or the last price of what has none."""
        known = self.stand.mark
        return known.mark if known is not None else self.spell.price(self.last_ticks(now))

    def index(self, now: int) -> float:
        known = self.stand.mark
        return known.index if known is not None and known.index is not None else self.mark(now)

    def close_at(self, ts: int, now: int) -> float:
        """Return the close of the newest hour that was over at ``ts``."""
        rows = self.stand.bars(_HOUR, now)
        place = min(max(bisect_left(rows, ts, key=lambda bar: bar.ts) - 1, 0), len(rows) - 1)
        return self.spell.price(rows[place].close)

    def predicted(self) -> tuple[float, int]:
        """Return the rate of the running interval and the time it settles; at first the rate is not known yet: 0."""
        known, quote = self.stand.predicted, self.stand.quote
        if known is not None and known.next_ts is not None:
            return known.rate, known.next_ts
        now = quote.ts if quote is not None else 0
        return (known.rate if known is not None else 0.0), (now // INTERVAL_MS + 1) * INTERVAL_MS

    def long_share(self, ts: int, step: int) -> float:
        """Return the share of accounts that are long: a made-up figure between 0.45 and 0.65."""
        return 0.55 + 0.1 * wave(ts, self.stand.line.coin, step)


def interest_at(floor: Floor, listed: Listed, moments: Sequence[int]) -> list[float]:
    """Return the open interest in USD at each moment."""
    known: list[OpenInterest] = floor.interest(listed.stand.line)
    places = (bisect_left(known, ts + 1, key=lambda each: each.ts) - 1 for ts in moments)
    return [known[max(place, 0)].value_usd for place in places]


def window(rows: Sequence[Bar], since: int | None, until: int | None) -> Sequence[Bar]:
    """Return the bars that open in [since, until]; None leaves a side open."""
    first = 0 if since is None else bisect_left(rows, since, key=lambda bar: bar.ts)
    last = len(rows) if until is None else bisect_left(rows, until + 1, key=lambda bar: bar.ts)
    return rows[first:last]
