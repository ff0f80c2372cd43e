"""Whether what we know of an instrument is young enough to trade on, and when it becomes so again.

A symbol closes at once when its data are old, its book is crossed or its venue's link is down, and reopens only
after the data have been fresh for a while, so that a flapping feed does not let orders through between two gaps.
"""

from __future__ import annotations

from tradecli.domain.events import LinkChanged
from tradecli.domain.instrument import InstrumentId
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State
from tradecli.present.format import moment

NO_PRICE = "no price yet"
"""Nothing was ever heard: closed to orders, but not a fault that must clear."""
DESK, PAST_FEED = "desk", "past"
"""The link that is down while a session reads the past that its reports and limits rest on."""
_PERIODS = 2
"""A feed that comes in bars may be this many of its periods old."""


AHEAD_MS = 1_000
"""How far ahead of our clock something may have been heard before the clock counts as turned back (C02)."""


def past_link(*, up: bool, ts: int) -> LinkChanged:
    """Return the event that says whether the past has been read."""
    reason = "the past is in" if up else "the past is still being read"
    return LinkChanged(venue=DESK, feed=PAST_FEED, up=up, ts=ts, reason=reason)


def told_of(link: LinkChanged) -> tuple[str, str]:
    """Return the topic and the words in which a change of a link is told."""
    if link.feed == PAST_FEED:
        return "start", link.reason + ("" if link.up else ": orders that add risk wait for it")
    word, feed = "up" if link.up else "down", link.feed or "all feeds"
    reason = link.reason or ("" if link.up else "no reason given")
    return "feed", f"{link.venue} {feed} {word}" + (f": {reason}" if reason else "")


def warming(state: State) -> str | None:
    """Say that the desk warms up: until the past is in, no order may add risk."""
    link = state.links.get((DESK, PAST_FEED))
    return None if link is None or link.up else f"warming up: {link.reason}"


def staleness(state: State, instrument: InstrumentId, settings: RiskSettings, at: int) -> str | None:
    """Say what is wrong with the data of ``instrument`` at ``at``, or None when an order may be priced from them."""
    link = state.broken_link(instrument)
    if link is not None:
        what = "halted" if link.feed else "venue feed down"
        return f"{what} since {moment(link.ts)}: {link.reason or 'no reason given'}"
    quote = state.quotes.get(instrument)
    if quote is not None:
        age = at - state.prices[instrument][1]
        if age < -AHEAD_MS:
            return f"quote is {-age / 1000:.1f} s ahead of our clock, which went back"
        if age > settings.max_quote_age_s * 1000:
            return f"quote is {age / 1000:.1f} s old, over {settings.max_quote_age_s:g} s"
        traded = state.trade_times.get(instrument)
        if traded is not None and at - traded > settings.max_trade_age_s * 1000:
            return f"last trade is {(at - traded) / 1000:.1f} s old, over {settings.max_trade_age_s:g} s"
        return None
    bar = state.bar_ages.get(instrument)
    if bar is None:
        return NO_PRICE
    allowed = max(settings.max_trade_age_s * 1000, _PERIODS * bar[1])
    age = at - bar[0]
    return f"last bar is {age / 1000:.0f} s old, over {allowed / 1000:.0f} s" if age > allowed else None


class Freshness:
    """Remembers, per instrument, why it is closed and since when its data have been clean again."""

    def __init__(self, settings: RiskSettings) -> None:
        self.settings = settings
        self.closed: dict[InstrumentId, str] = {}
        self._clean_since: dict[InstrumentId, int] = {}

    def evaluate(self, state: State, instrument: InstrumentId, at: int) -> tuple[bool, str] | None:
        """Look once. Return (closed?, reason) when the instrument just closed or just reopened, else None."""
        wrong = staleness(state, instrument, self.settings, at)
        was = self.closed.get(instrument)
        if wrong == NO_PRICE and was is None:
            return None
        if wrong is not None:
            self._clean_since.pop(instrument, None)
            self.closed[instrument] = wrong
            return (True, wrong) if was is None else None
        if was is None:
            return None
        since = self._clean_since.setdefault(instrument, at)
        if at - since >= self.settings.stale_clean_s * 1000:
            del self.closed[instrument]
            del self._clean_since[instrument]
            return (False, f"data fresh for {(at - since) / 1000:.0f} s")
        return None

    def why_closed(self, state: State, instrument: InstrumentId, at: int) -> str | None:
        """Say why no new risk may be taken on ``instrument`` right now, or None."""
        wrong = warming(state) or staleness(state, instrument, self.settings, at)
        if wrong is not None:
            return wrong
        was = self.closed.get(instrument)
        return (
            f"reopens after {self.settings.stale_clean_s:g} s of clean data; it closed because {was}"
            if was
            else None
        )
