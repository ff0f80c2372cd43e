"""One answer of one topic, as of a moment: from recorded data, or from the simulated market in the demo profile."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradecli.components.base import Reach, Topic, topic_key
from tradecli.components.vol.chains import VENUE as OPTIONS
from tradecli.components.vol.chains import coin_named
from tradecli.config.loading import Config, load
from tradecli.config.place import locate
from tradecli.domain.commands import Assess
from tradecli.domain.enums import Mode
from tradecli.domain.events import Fill
from tradecli.domain.feed import HOUR_MS, MINUTE_MS, CandleFeed, Feed, MarkFeed, QuoteFeed
from tradecli.domain.instrument import Instrument, InstrumentId, instrument_id, symbol_of
from tradecli.domain.market import MARKET_TYPES
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.engine.assess import Running, declared_feeds
from tradecli.engine.dated import DatedAssessor, as_of
from tradecli.engine.restore import restore_account
from tradecli.engine.state import State
from tradecli.engine.warmup import warm_up
from tradecli.errors import NotEnoughData, NotFound
from tradecli.ports import MarketData
from tradecli.present.format import moment as moment_text
from tradecli.store.market import MarketStore
from tradecli.store.reader import LedgerReader
from tradecli.venues.known import known as rules_known
from tradecli.venues.recorded import Recorded
from tradecli.wiring.kept import KeptMarket
from tradecli.wiring.parts import Parts, build, running_topics, watch

_DEMO_WARM_MS = 60_000
_DEMO_LONGEST_MS = 2 * HOUR_MS


class TopicAnswer(msgspec.Struct, frozen=True):
    """What was found: one report for each instrument, or one for the desk."""

    reports: tuple[Any, ...]
    mode: Mode
    at: int
    """The moment the answer is given for."""
    as_of: int | None
    """The newest thing that it rests on; of several reports, that of the one that is furthest behind."""
    warnings: tuple[str, ...]
    topic: Topic
    state: Any
    """The engine's state that it was assessed on."""
    missing: tuple[str, ...] = ()
    """Venues that were meant and could not be asked."""


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


def assess_once(
    *,
    profile: str | None,
    config_path: str | None,
    db: str | None,
    component: str,
    topic: str,
    symbols: tuple[str, ...],
    venues: tuple[str, ...],
    query: Mapping[str, str],
    at: int | None,
    offline: bool,
    seed: int | None,
) -> TopicAnswer:
    """Return what ``component topic`` says as of ``at`` (default: the newest that is known)."""
    config = load(_profile(profile, config_path, db, at, offline), config_path, db, trades=False)
    key = topic_key(component, topic)
    asked = next((each for each in running_topics(config) if each.key == key), None)
    if asked is None:
        raise NotFound(f"there is no topic {key}", number=121, hint="tradecli --help")
    return asyncio.run(_answer(config, asked, symbols, venues, query, at, seed, offline))


def _profile(
    profile: str | None, config_path: str | None, db: str | None, at: int | None, offline: bool
) -> str | None:
    """Return the profile that answers: the one that is named, else recorded data where the demo could not.

    The invented market knows two hours. What was recorded is meant by ``--offline``, and by any other moment.
    """
    if profile is not None or os.environ.get("TRADECLI_PROFILE"):
        return profile
    recorded = locate("replay", config_path, db)
    is_past = offline or (at is not None and not _in_demo(at))
    if locate(None, config_path, db).mode is Mode.DEMO and is_past and recorded.market.exists():
        return recorded.profile
    return profile


def _in_demo(at: int) -> bool:
    from tradecli.venues.simulated.market import START_MS

    return START_MS <= at <= START_MS + _DEMO_LONGEST_MS


async def _answer(
    config: Config,
    asked: Running,
    symbols: tuple[str, ...],
    venues: tuple[str, ...],
    query: Mapping[str, str],
    at: int | None,
    seed: int | None,
    offline: bool,
) -> TopicAnswer:
    source_of = _recorded if offline or at is not None or config.mode is Mode.REPLAY else _live
    if config.mode is Mode.DEMO:
        source_of = _simulated
    async with source_of(config, asked, symbols, venues, at, seed) as source:
        own = _recorded_account(source.config.place.ledger, source.at)
        parts = build(source.config, source.instruments, seed=0)
        needed = _needed(tuple(parts.assessor.running.values()), asked.key)
        wanted = (asked.topic.asked_feeds(each, asked.settings) for each in parts.watched)
        feeds = (*declared_feeds(needed, parts.watched), *(feed for more in wanted for feed in more))
        start = source.streams_from if source.streams_from is not None else source.at
        await _warm(parts, source, feeds, start)
        if source.streams_from is not None:
            await _play(parts, source)
        if own is not None:
            restore_account(parts.engine.state, *own)
        answer = _assess(source, parts, needed, asked, symbols, query)
        if not isinstance(source.market, KeptMarket):
            return answer
        meant = source.config.run.venues if asked.topic.every_venue else venues
        return msgspec.structs.replace(
            answer,
            warnings=(*source.market.notes, *answer.warnings),
            missing=tuple(venue for venue in meant if venue in source.market.missing),
        )


async def _warm(parts: Parts, source: Source, feeds: Sequence[Feed], start: int) -> None:
    live = source.streams_from is None
    await warm_up(parts.engine.state, source.market, feeds, start, live=live, roll=source.roll)


def _assess(
    source: Source,
    parts: Parts,
    needed: tuple[Running, ...],
    asked: Running,
    symbols: tuple[str, ...],
    query: Mapping[str, str],
) -> TopicAnswer:
    topic, at = asked.topic, source.at
    focuses = _focuses(topic, symbols, parts)
    assessor = DatedAssessor(needed, parts.engine.state, parts.watched)
    question: Any = msgspec.convert(dict(query), topic.query, strict=False)
    reports: list[Any] = []
    warnings: list[str] = []
    known: list[int | None] = []
    for focus in focuses:
        for earlier in needed[:-1]:
            target = None if earlier.topic.reach is Reach.PORTFOLIO else focus
            answer = assessor.answer(Assess(earlier.key, target, 0), at)
            parts.engine.state.apply(answer, at)
        view = assessor.view(at, focus)
        try:
            reports.append(topic.assess(view, asked.settings, question))
            known.append(as_of(view.read, focus) if view.read else _newest_of(parts.engine.state))
        except NotEnoughData as short:
            if len(focuses) == 1:
                raise
            warnings.append(f"{focus}: {short.message}")
    if not reports and warnings:
        raise NotEnoughData("; ".join(warnings), number=114)
    behind = min((each for each in known if each is not None), default=None)
    return TopicAnswer(
        reports=tuple(reports),
        mode=source.config.mode,
        at=at,
        as_of=None if behind is None else min(behind, at),
        warnings=tuple(warnings),
        topic=topic,
        state=parts.engine.state,
    )


def _newest_of(state: State) -> int | None:
    """Return the newest time of anything: what an answer about nothing but our own rests on."""
    times = [when for _, when in state.prices.values()] or [each.ts for each in state.chains.values()]
    return max(times, default=None)


def _needed(running: Sequence[Running], key: str) -> tuple[Running, ...]:
    """Return the topics of the same component up to the one asked for: what it may build on, and itself last."""
    component = key.partition(".")[0]
    own = [each for each in running if each.key.partition(".")[0] == component]
    place = next(index for index, each in enumerate(own) if each.key == key)
    needs = own[place].topic.needs
    before = own[:place] if needs is None else [each for each in own[:place] if each.topic.name in needs]
    return (*before, own[place])


def _focuses(topic: Topic, symbols: tuple[str, ...], parts: Parts) -> tuple[InstrumentId | None, ...]:
    if topic.reach is Reach.PORTFOLIO:
        return (None,)
    pool = parts.watched if topic.every_venue else parts.traded
    if not symbols:
        return pool
    wanted = [
        each for each in parts.watched if each in symbols or (symbol_of(each) in symbols and each in pool)
    ]
    missing = [each for each in symbols if not any(each in (one, symbol_of(one)) for one in wanted)]
    if missing:
        raise NotFound(f"not known here: {', '.join(missing)}", number=122, hint="tradecli data list")
    return tuple(wanted)


@asynccontextmanager
async def _simulated(
    config: Config,
    asked: Running,
    symbols: tuple[str, ...],
    venues: tuple[str, ...],
    at: int | None,
    seed: int | None,
) -> AsyncIterator[Source]:
    from tradecli.venues.simulated.market import SimulatedMarket
    from tradecli.venues.simulated.tapes import tape_named
    from tradecli.wiring.demo import SEED, TAPE, VENUES

    market = SimulatedMarket(SEED if seed is None else seed, tape_named(TAPE))
    start = market.start
    moment = start + _DEMO_WARM_MS if at is None else at
    if not _in_demo(moment):
        raise NotEnoughData(
            f"the simulated market is answered for two hours from {moment_text(start)} on",
            number=115,
            hint="tradecli data import PATH brings recorded data, and --profile replay answers from them",
        )
    run = dataclasses.replace(config.run, venues=list(venues or VENUES))
    config = dataclasses.replace(config, run=_with_symbols(run, symbols))
    found = tuple(await market.instruments())
    listen = _told(market.all_feeds(), watch(config, found))
    yield Source(config, found, market, moment, start, listen, roll=False)


def _told(feeds: Sequence[Feed], watched: Sequence[InstrumentId]) -> tuple[Feed, ...]:
    """Return what the simulated market must play: all of what is watched, and what prices anything else held."""
    wanted = {None, *watched}
    return tuple(
        feed
        for feed in feeds
        if isinstance(feed, QuoteFeed | MarkFeed) or getattr(feed, "instrument", None) in wanted
    )


@asynccontextmanager
async def _recorded(
    config: Config,
    asked: Running,
    symbols: tuple[str, ...],
    venues: tuple[str, ...],
    at: int | None,
    seed: int | None,
) -> AsyncIterator[Source]:
    from tradecli.wiring.recorded import rules_of

    async with await MarketStore.open(config.place.market, writable=False) as history:
        run = dataclasses.replace(config.run, venues=list(venues)) if venues else config.run
        coverage = await history.coverage()
        covered = {row.subject for row in coverage}
        roots = [each for each in symbols if f"{each}@{OPTIONS}" in covered]
        run = _with_symbols(run, symbols)
        run = dataclasses.replace(
            run, venues=list(dict.fromkeys((*run.venues, *([OPTIONS] if roots else ()))))
        )
        config = dataclasses.replace(config, run=run)
        ids = [instrument_id(symbol, name) for symbol in config.run.symbols for name in config.run.venues]
        known = [
            each for each in ids if each in covered or (_chain_of(each) in covered and rules_known(each))
        ]
        if not known:
            raise NotEnoughData(
                f"nothing is recorded of {', '.join(config.run.symbols)} at {', '.join(config.run.venues)}",
                number=112,
                where=str(history.path),
                hint="tradecli data list shows what is recorded",
            )
        instruments = tuple([await rules_of(history, each, MINUTE_MS) for each in known])
        subjects = _looked_at(asked, known, covered)
        newest = max(row.last_ts + (row.interval_ms or 1) for row in coverage if row.subject in subjects)
        moment = newest if at is None else at
        yield Source(config, instruments, Recorded(history, instruments, 0, moment), moment)


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
async def _live(
    config: Config,
    asked: Running,
    symbols: tuple[str, ...],
    venues: tuple[str, ...],
    at: int | None,
    seed: int | None,
) -> AsyncIterator[Source]:
    """Ask the venues themselves; what is asked is kept, and what is kept is not asked again."""
    from tradecli.wiring.live import live_market

    run = dataclasses.replace(config.run, venues=list(venues)) if venues else config.run
    config = dataclasses.replace(config, run=_with_symbols(run, symbols))
    async with live_market(config) as market:
        found = await market.instruments()
        for symbol in symbols:
            if symbol.rpartition("@")[2] in market.missing:
                raise market.missing[symbol.rpartition("@")[2]]
        wanted = set(watch(config, found))
        instruments = tuple(each for each in found if each.id in wanted)
        yield Source(config, instruments, market, time.time_ns() // 1_000_000, roll=False)


def _with_symbols(run: Any, symbols: tuple[str, ...]) -> Any:
    """Watch what was asked for as well; a symbol with its venue adds that venue."""
    names = [symbol_of(InstrumentId(each)) if "@" in each else each for each in symbols]
    venues = [each.rpartition("@")[2] for each in symbols if "@" in each]
    return dataclasses.replace(
        run,
        symbols=list(dict.fromkeys(names or run.symbols)),
        venues=list(dict.fromkeys((*run.venues, *venues))),
    )


async def _play(parts: Parts, source: Source) -> None:
    """Play the simulated market up to the moment of the answer; nothing trades."""
    async for event in source.market.stream(source.listen):
        when = event.ts if hasattr(event, "ts") else source.at
        if when >= source.at:
            return
        if isinstance(event, MARKET_TYPES):
            parts.engine.state.apply(event, when)


Own = tuple[list[Order], list[Fill], list[LedgerEntry], list[tuple[int, Decimal]]]


def _recorded_account(ledger: Path, at: int) -> Own | None:
    """Return orders, fills, money and equity as the newest run of the ledger had them at ``at``; None without a run.

    It is read ahead of the market: a ledger that cannot be read refuses at once.
    """
    if not ledger.exists():
        return None
    with LedgerReader(ledger) as reader:
        if not reader.runs(limit=1):
            return None
        return (
            list(reader.orders(at=at, limit=100_000)),
            list(reader.fills(at=at)),
            list(reader.entries(at=at)),
            list(reader.equity(at=at)),
        )
