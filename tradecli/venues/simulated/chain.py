"""Deribit's option chains: which expiries and strikes are listed, and what is quoted for them.

Inverse options: prices in coin, ``Black-76(F) / F`` with the forward of their own expiry and no interest. Bid and
ask lie around the mark by the width that options of that delta had, rounded outward to the tick; no bid where it
would be zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from tradecli.domain.enums import OptionType
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import OptionChain, OptionQuote
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.draws import Floats, Ints, mixed, word
from tradecli.venues.simulated.listing import OPTION_VENUE
from tradecli.venues.simulated.smile import Smile

EXPIRY_HOUR_MS = 8 * HOUR_MS
STRIKES = 30
_COARSEST = 1.25
"""Steps are round numbers: up to this much wider than STRIKES asks for. Wider ones make a strip overstate variance."""
REACH = 3.2
"""Strikes are listed up to this many standard deviations from the forward."""

_STEPS = {"BTC": (250, 500, 1_000, 2_000, 5_000, 10_000), "ETH": (5, 10, 25, 50, 100, 200, 500)}
_FINE_BELOW = 0.005
_FINE, _TICK = 0.0001, 0.0005
_KINDS = (OptionType.CALL, OptionType.PUT)
_KIND_SALT = np.array([0, 1], np.uint64)[:, None]
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Row(NamedTuple):
    """What is listed of one expiry: strikes from ``low`` to ``high`` times ``step``, and all calls before all puts."""

    step: int
    low: int
    high: int
    strikes: Floats
    kinds: list[OptionType]
    names: list[InstrumentId]


class Term(NamedTuple):
    """One expiry now: years to it, its forward, its total variance at the money."""

    expiry: int
    years: float
    forward: float
    theta: float


def expiries(ts: int) -> tuple[int, ...]:
    """Return the eight listed expiries at ``ts``: two days, two Fridays, two month ends, two quarter ends."""
    day = (ts - EXPIRY_HOUR_MS) // DAY_MS + 1
    days = [day, day + 1]
    fridays = [each for each in range(day + 2, day + 300) if _is_friday(each)]
    month_ends = [each for each in fridays if _month(each) != _month(each + 7)]
    quarter_ends = [each for each in month_ends if _month(each) % 3 == 0]
    days += [each for each in fridays if each not in month_ends][:2]
    months = [each for each in month_ends if each > days[-1]][:2]
    days += months
    days += [each for each in quarter_ends if each > months[-1]][:2]
    return tuple(each * DAY_MS + EXPIRY_HOUR_MS for each in days)


def _is_friday(day: int) -> bool:
    return day % 7 == 1  # the epoch was a Thursday


def _month(day: int) -> int:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).month


def option_id(coin: str, expiry: int, strike: int, kind: OptionType) -> InstrumentId:
    """Return Deribit's name, for example ``BTC-27MAR26-90000-C@deribit``."""
    date = datetime.fromtimestamp(expiry / 1000, UTC)
    letter = "C" if kind is OptionType.CALL else "P"
    return InstrumentId(
        f"{coin}-{date.day}{_MONTHS[date.month - 1]}{date.year % 100}-{strike}-{letter}@{OPTION_VENUE}"
    )


def black_76(forward: float | Floats, strikes: Floats, deviation: Floats) -> tuple[Floats, Floats]:
    """Return (undiscounted call price, call delta N(d1)) for total standard deviations ``deviation``."""
    d1 = np.log(forward / strikes) / deviation + deviation / 2.0
    below = [0.5 * math.erfc(-x / math.sqrt(2.0)) for x in d1.tolist()]
    below_2 = [0.5 * math.erfc(-x / math.sqrt(2.0)) for x in (d1 - deviation).tolist()]
    delta = np.array(below)
    return np.maximum(forward * delta - strikes * np.array(below_2), 0.0), delta


class Chains:
    """The listed options of one coin. Strikes are added when the price moves away, and never withdrawn."""

    def __init__(self, seed: int, coin: str) -> None:
        self.coin = coin
        self._salt = word(seed, "chain", coin)
        self._rows: dict[int, Row] = {}

    def chain(
        self, ts: int, index: float, thetas: Callable[[Floats], Floats], smile: Smile, strain: float = 0.0
    ) -> OptionChain:
        """Return every listed option at ``ts``.

        ``thetas`` gives total variance at the money by days; ``strain`` widens quotes (1: twice as wide).
        """
        index = round(index, 2)
        terms = self._terms(ts, index, thetas)
        quotes = self._quotes(terms, [self._row(term) for term in terms], ts, smile, strain)
        for past in [expiry for expiry in self._rows if expiry <= ts]:
            del self._rows[past]
        return OptionChain(OPTION_VENUE, self.coin, ts, index, True, quotes)

    def list_strikes(self, ts: int, index: float, thetas: Callable[[Floats], Floats]) -> None:
        """List what ``chain`` would list at ``ts``."""
        for term in self._terms(ts, round(index, 2), thetas):
            self._row(term)

    def _terms(self, ts: int, index: float, thetas: Callable[[Floats], Floats]) -> list[Term]:
        live = np.array(expiries(ts), dtype=np.int64)
        days = (live - ts) / DAY_MS
        carry = np.interp(days, [d for d, _ in cal.CARRY[self.coin]], [x for _, x in cal.CARRY[self.coin]])
        years = (days / 365.0).tolist()
        return [
            Term(expiry, year, round(index * math.exp(rate * year), 2), theta)
            for expiry, year, rate, theta in zip(
                live.tolist(), years, carry.tolist(), thetas(days).tolist(), strict=True
            )
        ]

    def _row(self, term: Term) -> Row:
        """Return what is listed of an expiry, with strikes added where the price has moved to."""
        known = self._rows.get(term.expiry)
        forward, reach = term.forward, REACH * math.sqrt(term.theta)
        if known is None:
            wanted = forward * 2.0 * reach / STRIKES
            fine = [each for each in _STEPS[self.coin] if each <= _COARSEST * wanted]
            step = fine[-1] if fine else _STEPS[self.coin][0]
            low = high = round(forward / step)
        else:
            step, low, high = known.step, known.low, known.high
        low = min(low, max(math.floor(forward * (1.0 - reach / 1.15) / step), 1))
        high = max(high, math.ceil(forward * (1.0 + reach) / step))
        if known is None or (low, high) != (known.low, known.high):
            strikes = [step * place for place in range(low, high + 1)]
            kinds = [kind for kind in _KINDS for _ in strikes]
            names = [option_id(self.coin, term.expiry, strike, kind) for kind in _KINDS for strike in strikes]
            known = Row(step, low, high, np.array(strikes, dtype=np.float64), kinds, names)
            self._rows[term.expiry] = known
        return known

    def _quotes(
        self, terms: list[Term], rows: list[Row], ts: int, smile: Smile, strain: float
    ) -> tuple[OptionQuote, ...]:
        """Return calls and then puts of each expiry, all made at once."""
        counts = [len(row.strikes) for row in rows]
        expiry = np.repeat(np.array([term.expiry for term in terms], dtype=np.int64), counts)
        years, forward, theta = (
            np.repeat(column, counts) for column in np.array([term[1:] for term in terms]).T
        )
        strikes = np.concatenate([row.strikes for row in rows])
        variance = smile.total_variance(theta, np.log(strikes / forward))
        volatility = np.round(np.sqrt(variance / years), 4).astype(np.float64)
        call, call_delta = black_76(forward, strikes, volatility * np.sqrt(years))
        mark = np.stack((call, np.maximum(call - forward + strikes, 0.0))) / forward
        delta = np.stack((call_delta, call_delta - 1.0))
        bid, ask = self._quoted(expiry, ts, strikes, mark, np.abs(delta), strain)
        both = np.arange(2 * len(strikes)).reshape(2, -1)
        ends = np.cumsum(counts)
        order = np.concatenate([part.ravel() for part in np.split(both, ends[:-1], axis=1)])
        once, kinds = order % len(strikes), [kind for row in rows for kind in row.kinds]
        return tuple(
            map(
                OptionQuote,
                [name for row in rows for name in row.names],
                expiry[once].tolist(),
                strikes[once].tolist(),
                kinds,
                [price if price > 0 else None for price in bid.ravel()[order].tolist()],
                [
                    price if price < 1 or kind is OptionType.PUT else None
                    for price, kind in zip(ask.ravel()[order].tolist(), kinds, strict=True)
                ],
                np.round(mark, 6).ravel()[order].tolist(),
                volatility[once].tolist(),
                np.round(delta, 5).ravel()[order].tolist(),
                forward[once].tolist(),
                self._interest(expiry, strikes)[once].tolist(),
            )
        )

    def _quoted(
        self, expiry: Ints, ts: int, strikes: Floats, mark: Floats, delta: Floats, strain: float
    ) -> tuple[Floats, Floats]:
        """Return bids and asks in coin, rows of calls and of puts; in the money they are as wide as delta says."""
        key = expiry.astype(np.uint64) ^ np.uint64(ts // 60_000) ^ (self._salt + _KIND_SALT)
        chance = (mixed(strikes.astype(np.uint64) ^ key) & np.uint64(255)).astype(np.float64) / 255.0
        width = (
            np.interp(delta, cal.WIDTH_DELTA, cal.WIDTH_COIN[self.coin])
            * (0.7 + 0.6 * chance)
            * (1.0 + strain)
        )
        low, high = mark - width / 2.0, mark + width / 2.0
        tick_low = np.where(low < _FINE_BELOW, _FINE, _TICK)
        tick_high = np.where(high < _FINE_BELOW, _FINE, _TICK)
        bid_ticks = np.floor(np.round(low / tick_low, 6)).astype(np.int64)
        ask_ticks = np.maximum(np.ceil(np.round(high / tick_high, 6)).astype(np.int64), 1)
        return np.round(bid_ticks * tick_low, 4), np.round(ask_ticks * tick_high, 4)

    def _interest(self, expiry: Ints, strikes: Floats) -> Floats:
        """Return open interest in coins: uneven over strikes, the same at every time."""
        chance = mixed(strikes.astype(np.uint64) ^ expiry.astype(np.uint64) ^ self._salt) & np.uint64(1023)
        share = cal.OPTION_INTEREST[self.coin] / (2.0 * STRIKES * 8.0)
        coins: Floats = np.round(share * (0.2 + 1.8 * (chance.astype(np.float64) / 1023.0) ** 3), 1)
        return coins
