"""Where a one-shot answer comes from: the simulated market, recorded data, or the venues themselves.

Each opens with the instruments that were asked for and, beside them, those that a topic weighs them with.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from tradecli.components.vol.chains import VENUE as OPTIONS
from tradecli.components.vol.chains import coin_named
from tradecli.config.loading import Config
from tradecli.domain.enums import Mode
from tradecli.domain.feed import HOUR_MS, MINUTE_MS, CandleFeed, Feed, MarkFeed, QuoteFeed
from tradecli.domain.instrument import Instrument, InstrumentId, instrument_id, symbol_of
from tradecli.engine.assess import Running
from tradecli.errors import NotEnoughData
from tradecli.ports import MarketData
from tradecli.present.format import moment as moment_text
from tradecli.store.market import MarketStore
from tradecli.venues.known import known as rules_known
from tradecli.venues.recorded import Recorded
from tradecli.wiring.parts import watch

_DEMO_WARM_MS = 60_000
_DEMO_LONGEST_MS = 2 * HOUR_MS


class Wanted(msgspec.Struct, frozen=True):
    """What somebody asked: a topic, of which symbols, where, as of when. ``beside``: symbols that are only weighed."""

    config: Config
    asked: Running
    symbols: tuple[str, ...]
    venues: tuple[str, ...]
    beside: tuple[str, ...]
    at: int | None
    seed: int | None

    def config_at(self, venues: Sequence[str]) -> Config:
        """Return the configuration that watches what was asked for there; a symbol with its venue adds that venue."""
        run = self.config.run
        names = [_name(each) for each in self.symbols]
        more = [each.rpartition("@")[2] for each in self.symbols if "@" in each]
        symbols = list(dict.fromkeys(names or run.symbols))
        run = dataclasses.replace(run, symbols=symbols, venues=list(dict.fromkeys((*venues, *more))))
        return dataclasses.replace(self.config, run=run)

    def with_beside(self, config: Config) -> Config:
        """Return ``config`` with the symbols that are weighed watched as well, after those that were asked for."""
        symbols = list(dict.fromkeys((*config.run.symbols, *self.beside)))
        return dataclasses.replace(config, run=dataclasses.replace(config.run, symbols=symbols))

    def is_asked(self, instrument: InstrumentId) -> bool:
        """Say whether an instrument is of a symbol that was asked for, and not only weighed with one."""
        return not self.symbols or symbol_of(instrument) in map(_name, self.symbols)


class Source(msgspec.Struct, frozen=True):
    """Where an answer comes from: instruments, market and the moment it is given for."""

    config: Config
    instruments: tuple[Instrument, ...]
    market: MarketData
    at: int
    streams_from: int | None = None
    """The simulated market is played from here to ``at``; recorded data are read as they are."""
    listen: tuple[Feed, ...] = ()
    roll: bool = True
    """Longer bars are built from shorter ones where too few are kept; a venue sums its own."""


def source_of(wanted: Wanted, *, offline: bool) -> AbstractAsyncContextManager[Source]:
    """Return what opens the source of an answer."""
    if wanted.config.mode is Mode.DEMO:
        return _simulated(wanted)
    if offline or wanted.at is not None or wanted.config.mode is Mode.REPLAY:
        return _recorded(wanted)
    return _live(wanted)


def in_demo(at: int) -> bool:
    """Say whether the simulated market is answered for ``at``."""
    from tradecli.venues.simulated.market import START_MS

    return START_MS <= at <= START_MS + _DEMO_LONGEST_MS


@asynccontextmanager
async def _simulated(wanted: Wanted) -> AsyncIterator[Source]:
    from tradecli.venues.simulated.market import SimulatedMarket
    from tradecli.venues.simulated.tapes import tape_named
    from tradecli.wiring.demo import SEED, TAPE, VENUES

    market = SimulatedMarket(SEED if wanted.seed is None else wanted.seed, tape_named(TAPE))
    start = market.start
    moment = start + _DEMO_WARM_MS if wanted.at is None else wanted.at
    if not in_demo(moment):
        raise NotEnoughData(
            f"the simulated market is answered for two hours from {moment_text(start)} on",
            number=115,
            hint="tradecli data import PATH brings recorded data, and --profile replay answers from them",
        )
    config = wanted.config_at(wanted.venues or VENUES)
    found = tuple(await market.instruments())
    listen = _told(market.all_feeds(), watch(config, found))
    yield Source(wanted.with_beside(config), found, market, moment, start, listen, roll=False)


def _told(feeds: Sequence[Feed], asked: Sequence[InstrumentId]) -> tuple[Feed, ...]:
    """Return what the simulated market must play: all of what is asked for, and what prices anything else held."""
    wanted = {None, *asked}
    return tuple(
        feed
        for feed in feeds
        if isinstance(feed, QuoteFeed | MarkFeed) or getattr(feed, "instrument", None) in wanted
    )


@asynccontextmanager
async def _recorded(wanted: Wanted) -> AsyncIterator[Source]:
    from tradecli.wiring.recorded import rules_of

    async with await MarketStore.open(wanted.config.place.market, writable=False) as history:
        coverage = await history.coverage()
        covered = {row.subject for row in coverage}
        roots = [each for each in wanted.symbols if f"{each}@{OPTIONS}" in covered]
        run = wanted.config.run
        config = wanted.config_at((*(wanted.venues or run.venues), *([OPTIONS] if roots else ())))
        known = [each for each in _ids(config) if _is_answered(each, covered)]
        if not known:
            raise NotEnoughData(
                f"nothing is recorded of {', '.join(config.run.symbols)} at {', '.join(config.run.venues)}",
                number=112,
                where=str(history.path),
                hint="tradecli data list shows what is recorded",
            )
        subjects = _looked_at(wanted.asked, known, covered)
        newest = max(row.last_ts + (row.interval_ms or 1) for row in coverage if row.subject in subjects)
        moment = newest if wanted.at is None else wanted.at
        config = wanted.with_beside(config)
        ids = dict.fromkeys((*known, *(each for each in _ids(config) if each in covered)))
        instruments = tuple([await rules_of(history, each, MINUTE_MS) for each in ids])
        yield Source(config, instruments, Recorded(history, instruments, 0, moment), moment)


def _ids(config: Config) -> list[InstrumentId]:
    return [instrument_id(symbol, venue) for symbol in config.run.symbols for venue in config.run.venues]


def _is_answered(instrument: InstrumentId, covered: set[str]) -> bool:
    """Say whether it is recorded itself, or has rules and recorded options."""
    return instrument in covered or (_chain_of(instrument) in covered and rules_known(instrument) is not None)


def _chain_of(instrument: InstrumentId) -> str:
    """Return under which subject the options of an instrument's coin are recorded."""
    return f"{coin_named(symbol_of(instrument))}@{OPTIONS}"


def _looked_at(asked: Running, known: Sequence[InstrumentId], covered: set[str]) -> set[str]:
    """Return whose newest row is the moment of an answer: the instruments', or the options' of topics without bars."""
    own: set[str] = {each for each in known if each in covered}
    feeds = (feed for each in known for feed in asked.topic.feeds(each, asked.settings))
    by_bars = any(isinstance(feed, CandleFeed) for feed in feeds)
    chains = {_chain_of(each) for each in known} & covered
    return own if own and (by_bars or not chains) else chains


@asynccontextmanager
async def _live(wanted: Wanted) -> AsyncIterator[Source]:
    """Ask the venues themselves; what is asked is kept, and what is kept is not asked again."""
    from tradecli.wiring.live import live_market

    config = wanted.with_beside(wanted.config_at(wanted.venues or wanted.config.run.venues))
    async with live_market(config) as market:
        found = await market.instruments()
        for symbol in wanted.symbols:
            if symbol.rpartition("@")[2] in market.missing:
                raise market.missing[symbol.rpartition("@")[2]]
        watched = set(watch(config, found))
        instruments = tuple(each for each in found if each.id in watched)
        yield Source(config, instruments, market, time.time_ns() // 1_000_000, roll=False)


def _name(symbol: str) -> str:
    return symbol_of(InstrumentId(symbol)) if "@" in symbol else symbol
