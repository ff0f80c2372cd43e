"""What venues post beside the flow of orders: marks, funding, open interest, option chains, indices.

It owns the beat of each (``every`` below) and the state that only they need: running premiums, the smile's own
skew, the listed strikes. Marks are posted each second inside a stretch; everything else on its edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tradecli.domain.enums import FundingKind
from tradecli.domain.feed import DAY_MS, MINUTE_MS
from tradecli.domain.market import (
    FundingRate,
    MarketEvent,
    OpenInterest,
    OptionChain,
    Sentiment,
    VolIndex,
)
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.basis import INTERVAL_MS, Funding, Premiums, next_settlement
from tradecli.venues.simulated.chain import Chains
from tradecli.venues.simulated.draws import keep_over, kick, stream
from tradecli.venues.simulated.listing import LINES, OPTION_COINS, Line
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.process import CELL_MS, LAG, Coins, Stretch
from tradecli.venues.simulated.smile import Surface, surface
from tradecli.venues.simulated.tapes import Script
from tradecli.venues.simulated.wanted import FEAR_GREED, Wanted, index_name

PREDICTED_EVERY = 10_000
CHAIN_EVERY = 30_000
CHAIN_AT = {"BTC": 10_000, "ETH": 25_000}
INDEX_EVERY = MINUTE_MS
INTEREST_EVERY = MINUTE_MS
_SKEW_HALF_LIFE_H = 24.0
INTEREST_SD, INTEREST_HALF_LIFE_H = 0.10, 300.0
"""ASSUMED; the day-to-day deviation it gives is the recorded .025 to .04 (derivs/binance_open_interest_daily,
2025).
"""

PERPS = tuple((place, line) for place, line in enumerate(LINES) if line.perp)


class Marked(NamedTuple):
    """Marks and index prices of one perpetual in a stretch."""

    ts: list[int]
    mark: list[float]
    spot: list[float]


class Board:
    """The posting state of one run."""

    def __init__(self, seed: int, coins: Coins, premiums: Premiums, script: Script, past: Past) -> None:
        self._coins, self._premiums, self._script, self._past = coins, premiums, script, past
        self._rng = stream(seed, "board")
        self._funding = {line.id: Funding(line, *past.running(line)) for _, line in PERPS}
        self._interest = [0.0] * len(PERPS)
        self._chains = {coin: Chains(seed, coin) for coin in OPTION_COINS}
        self._skew = [0.0] * len(OPTION_COINS)
        self._log_surge = 0.0
        self._strain = 0.0

    def premium(self, place: int, line: Line, ts: int) -> float:
        """Return the slow premium of a line, the tape's included."""
        scripted = self._script.premium(line.venue, line.base, ts) if line.perp else 0.0
        return self._premiums.level(place) + scripted

    def advance(self, stretch: Stretch, levels: list[float], strain: float) -> None:
        """Take in a stretch: the premiums of all lines in it, and how strained its books were (0: not at all)."""
        seconds = stretch.cells * CELL_MS // 1000
        for place, line in PERPS:
            self._funding[line.id].add(levels[place], seconds)
        self._log_surge = round(math.log(stretch.surge / self._script.tape.level), 9)
        self._strain = strain
        hours = seconds / 3600.0
        draws = self._rng.standard_normal(len(self._skew) + len(self._interest)).tolist()
        keep = keep_over(hours, _SKEW_HALF_LIFE_H)
        spread = kick(keep, cal.SKEW_SD)
        self._skew = [round(keep * x + spread * z, 12) for x, z in zip(self._skew, draws, strict=False)]
        keep = keep_over(hours, INTEREST_HALF_LIFE_H)
        spread = kick(keep, INTEREST_SD)
        rest = draws[len(self._skew) :]
        self._interest = [round(keep * x + spread * z, 12) for x, z in zip(self._interest, rest, strict=True)]

    def marks(self, line: Line, stretch: Stretch, level: float) -> Marked:
        """Return the marks of a perpetual at each second of a stretch."""
        seconds = stretch.cells * CELL_MS // 1000
        price = stretch.price[line.coin, LAG + 9 :: 10][:seconds]
        index = np.round(price, 2)
        mark = np.round(price * (1.0 + level), 4)
        ts = stretch.start + 1000 * np.arange(seconds, dtype=np.int64) + 1000 - CELL_MS + line.phase_ms
        return Marked(ts.tolist(), mark.tolist(), index.tolist())

    def edge(self, ts: int, wanted: Wanted, opening: bool) -> Iterator[MarketEvent]:
        """Yield what is posted at ``ts``; at the opening everything that has a current value."""
        if ts % INTERVAL_MS == 0:
            yield from self._settle(ts, wanted)
        if opening or ts % PREDICTED_EVERY == 0:
            for place, line in PERPS:
                if line.id in wanted.funding:
                    yield self._predicted(place, line, ts)
        if opening or ts % INTEREST_EVERY == 0:
            for number, (_, line) in enumerate(PERPS):
                if line.id in wanted.interest:
                    yield OpenInterest(line.id, ts, open_interest(line, self._interest[number]))
        for coin in OPTION_COINS:
            if coin in wanted.options and (opening or ts % CHAIN_EVERY == CHAIN_AT[coin]):
                yield self.chain(coin, ts)
            if index_name(coin) in wanted.indices and (opening or ts % INDEX_EVERY == 0):
                yield VolIndex(index_name(coin), ts, self._surface(coin).volatility_index())
        if FEAR_GREED in wanted.sentiments and ts % DAY_MS == 0:
            yield Sentiment(FEAR_GREED, ts, self._past.mood(ts, float(self._coins.price[0])), ts)

    def _settle(self, ts: int, wanted: Wanted) -> Iterator[MarketEvent]:
        for place, line in PERPS:
            rate = self._funding[line.id].settle()
            if line.id in wanted.funding:
                yield FundingRate(
                    line.id,
                    ts,
                    rate,
                    cal.FUNDING_INTERVAL_H,
                    FundingKind.SETTLED,
                    ts + INTERVAL_MS,
                    self._mark(place, line, ts),
                )

    def _mark(self, place: int, line: Line, ts: int) -> float:
        return round(float(self._coins.price[line.coin]) * (1.0 + self.premium(place, line, ts)), 4)

    def _predicted(self, place: int, line: Line, ts: int) -> FundingRate:
        rate = self._funding[line.id].rate
        kind, mark = FundingKind.PREDICTED, self._mark(place, line, ts)
        return FundingRate(line.id, ts, rate, cal.FUNDING_INTERVAL_H, kind, next_settlement(ts), mark)

    def chain(self, coin: str, ts: int) -> OptionChain:
        """Return the chain of a coin now."""
        now = self._surface(coin)
        return self._chains[coin].chain(ts, self._price(coin), now.thetas, now.smile, self._strain)

    def list_options(self, ts: int, wanted: Wanted) -> None:
        """List the strikes that ``edge`` would quote at the opening, and quote none."""
        for coin in OPTION_COINS:
            if coin in wanted.options:
                self._chains[coin].list_strikes(ts, self._price(coin), self._surface(coin).thetas)

    def _price(self, coin: str) -> float:
        return float(self._coins.price[cal.COINS.index(coin)])

    def _surface(self, coin: str) -> Surface:
        factors = self._coins.factors[cal.COINS.index(coin)]
        skew = self._skew[OPTION_COINS.index(coin)]
        return surface(coin, factors, self._log_surge, self._script.tape.level, skew)


def open_interest(line: Line, log: float) -> float:
    """Return the open interest of a perpetual in USD; ``log`` is its deviation from the usual level."""
    usd = cal.FIGURES[line.base].open_interest * cal.VENUE_VOLUME[line.venue]
    return float(round(usd * math.exp(log)))
