"""One answer of one topic, as of a moment: from recorded data, the simulated market, or the venues themselves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradecli.components.base import Reach, Topic, topic_key
from tradecli.config.loading import Config, load
from tradecli.config.place import locate
from tradecli.domain.commands import Assess
from tradecli.domain.enums import Mode
from tradecli.domain.events import Fill
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import InstrumentId, instrument_id, symbol_of
from tradecli.domain.market import MARKET_TYPES
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.engine.assess import Running, declared_feeds
from tradecli.engine.dated import DatedAssessor, as_of
from tradecli.engine.restore import restore_account
from tradecli.engine.state import State
from tradecli.engine.warmup import warm_up
from tradecli.errors import NotEnoughData, NotFound
from tradecli.store.reader import LedgerReader
from tradecli.wiring.kept import KeptMarket
from tradecli.wiring.parts import Parts, build, running_topics
from tradecli.wiring.sources import Source, Wanted, in_demo, source_of


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
    is_past = offline or (at is not None and not in_demo(at))
    if locate(None, config_path, db).mode is Mode.DEMO and is_past and recorded.market.exists():
        return recorded.profile
    return profile


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
    needed = _needed(running_topics(config), asked.key)
    question: Any = msgspec.convert(dict(query), asked.topic.query, strict=False)
    beside = _beside(config, needed, question) if symbols else ()
    wanted = Wanted(config, asked, symbols, venues, beside, at, seed)
    async with source_of(wanted, offline=offline) as source:
        own = _recorded_account(source.config.place.ledger, source.at)
        parts = build(source.config, source.instruments, seed=0)
        needed = _needed(tuple(parts.assessor.running.values()), asked.key)
        feeds = _feeds(wanted, parts, needed, question)
        start = source.streams_from if source.streams_from is not None else source.at
        await _warm(parts, source, feeds, start)
        if source.streams_from is not None:
            await _play(parts, source)
        if own is not None:
            restore_account(parts.engine.state, *own)
        answer = _assess(source, parts, needed, asked, symbols, question)
        if not isinstance(source.market, KeptMarket):
            return answer
        meant = source.config.run.venues if asked.topic.every_venue else venues
        return msgspec.structs.replace(
            answer,
            warnings=(*source.market.notes, *answer.warnings),
            missing=tuple(venue for venue in meant if venue in source.market.missing),
        )


def _questions(needed: tuple[Running, ...], question: Any) -> list[tuple[Running, Any]]:
    """Return each topic with what it is asked: the last one what the user asks, those before it the usual."""
    return [*((each, each.topic.query()) for each in needed[:-1]), (needed[-1], question)]


def _beside(config: Config, needed: tuple[Running, ...], question: Any) -> tuple[str, ...]:
    """Return the configured symbols that an answer weighs, whichever it is asked of."""
    asked = _questions(needed, question)
    ids = {symbol: instrument_id(symbol, config.run.venues[0]) for symbol in config.run.symbols}
    return tuple(
        symbol for symbol, id in ids.items() if any(each.topic.peers(id, query) for each, query in asked)
    )


def _feeds(wanted: Wanted, parts: Parts, needed: tuple[Running, ...], question: Any) -> tuple[Feed, ...]:
    """Return what an answer reads: all that its topics declare of what was asked for, and little of what is weighed."""
    own = tuple(each for each in parts.watched if wanted.is_asked(each))
    feeds = dict.fromkeys(declared_feeds(needed, own))
    for each in own:
        feeds.update(dict.fromkeys(wanted.asked.topic.asked_feeds(each, wanted.asked.settings)))
    for each in parts.watched:
        for running, query in _questions(needed, question):
            feeds.update(dict.fromkeys(running.topic.peers(each, query)))
    return tuple(feeds)


async def _warm(parts: Parts, source: Source, feeds: Sequence[Feed], start: int) -> None:
    live = source.streams_from is None
    await warm_up(parts.engine.state, source.market, feeds, start, live=live, roll=source.roll)


def _assess(
    source: Source,
    parts: Parts,
    needed: tuple[Running, ...],
    asked: Running,
    symbols: tuple[str, ...],
    question: Any,
) -> TopicAnswer:
    topic, at = asked.topic, source.at
    focuses = _focuses(topic, symbols, parts)
    assessor = DatedAssessor(needed, parts.engine.state, parts.watched)
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
