"""An engine with its topics, its paper venue and its feeds, and the unpaced run of one."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradecli.components.base import Component, topic_key
from tradecli.config import folders
from tradecli.config.loading import Config
from tradecli.domain.enums import Mode, StrategyState
from tradecli.domain.feed import MINUTE_MS, CandleFeed, Feed
from tradecli.domain.instrument import Instrument, InstrumentId, symbol_of
from tradecli.engine.assess import Assessor, Running, declared_feeds, duties
from tradecli.engine.clock import SimulatedClock
from tradecli.engine.core import Desk, Engine
from tradecli.engine.plan import Strategy
from tradecli.engine.runner import Runner
from tradecli.engine.summary import RunSummary, Timing, summarise
from tradecli.engine.warmup import warm_up
from tradecli.errors import NotFound
from tradecli.ports import MarketData
from tradecli.store.killswitch import NoKill
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import HeldLease
from tradecli.venues.paper.venue import PaperVenue

ACCOUNT = "paper"
MANUAL = "manual"


class Parts(msgspec.Struct, frozen=True):
    """An engine with what it needs to run, before it runs."""

    engine: Engine
    assessor: Assessor
    venue: PaperVenue
    feeds: tuple[Feed, ...]
    watched: tuple[InstrumentId, ...]
    traded: tuple[InstrumentId, ...]


class Outcome(msgspec.Struct, frozen=True):
    """A finished headless run: its result, and how long it took."""

    summary: RunSummary
    timing: Timing


def running_topics(config: Config, among: Sequence[Component] | None = None) -> tuple[Running, ...]:
    """Return every topic with its component's settings, in the order of assessment."""
    from tradecli import components

    built_in: tuple[Component, ...] = getattr(components, "ALL", ())
    return tuple(
        Running(topic_key(component.name, topic.name), topic, config.components.get(component.name))
        for component in (built_in if among is None else among)
        for topic in component.topics
    )


def watch(config: Config, instruments: Sequence[Instrument]) -> tuple[InstrumentId, ...]:
    """Return the configured symbols at every configured venue that has them, sorted."""
    wanted = {f"{symbol}@{venue}" for symbol in config.run.symbols for venue in config.run.venues}
    return tuple(sorted(each.id for each in instruments if each.id in wanted))


def trade_where(config: Config, watched: Sequence[InstrumentId]) -> tuple[InstrumentId, ...]:
    """Return, for each symbol, the instrument at the first configured venue that has it."""
    traded: list[InstrumentId] = []
    for symbol in config.run.symbols:
        places = [InstrumentId(f"{symbol}@{venue}") for venue in config.run.venues]
        traded += [each for each in places if each in watched][:1]
    return tuple(sorted(traded))


def _why(config: Config) -> str:
    """Say which kinds of market are not connected, where that is why a live profile knows none of its symbols."""
    if config.mode not in (Mode.PAPER, Mode.REHEARSAL, Mode.LIVE):
        return ""
    from tradecli.venues.ccxt import PROFILES, profile_of  # only now, to say what went wrong
    from tradecli.venues.ccxt.profile import is_missing

    told = [
        is_missing(profile_of(venue), InstrumentId(f"{symbol}@{venue}"))
        for symbol in config.run.symbols
        for venue in config.run.venues
        if venue in PROFILES
    ]
    found = [each for each in told if ":" in each]
    return f" ({'; '.join(found)})" if found else ""


def build(
    config: Config,
    instruments: Sequence[Instrument],
    *,
    seed: int,
    base_ms: int = MINUTE_MS,
    among: Sequence[Component] | None = None,
    id_prefix: str = "tc",
    traders_only: bool = False,
) -> Parts:
    """Put an engine, its topics and a paper venue together; ``among`` replaces the built-in components.

    ``traders_only`` leaves out the topics that no enabled strategy reads and that are not to be recorded: nobody looks
    at them in a run over recorded data.
    """
    running = running_topics(config, among)
    if traders_only:
        running = _of_traders(config, running)
    watched = watch(config, instruments)
    traded = trade_where(config, watched)
    if not traded:
        raise NotFound(
            f"none of {', '.join(config.run.symbols)} is known at {', '.join(config.run.venues)}{_why(config)}",
            number=120,
            hint="tradecli data list shows what is recorded; run.symbols and run.venues say what is watched",
        )
    enabled = frozenset(config.run.strategies) | frozenset(config.run.observe)
    standing = dict.fromkeys(config.run.strategies, StrategyState.ACTIVE)
    standing |= dict.fromkeys(config.run.observe, StrategyState.OBSERVE)
    desk = Desk(
        limits=config.risk,
        strategies=tuple(
            Strategy(name=name, priority=place, budget_pct=config.risk.max_symbol_pct)
            for place, name in enumerate(config.run.strategies)
        ),
        standing=standing,
        duties=duties(running, traded, watched, enabled),
        traded=traded,
        id_prefix=id_prefix,
        cycle_ms=config.run.cycle_s * 1000,
        assess_timeout_ms=config.run.assess_timeout_s * 1000,
        base_ms=base_ms,
    )
    engine = Engine(desk, instruments)
    venue = PaperVenue(engine.state.instruments, config.paper, seed)
    feeds = declared_feeds(running, watched)
    return Parts(engine, Assessor(running, engine.state, watched), venue, feeds, watched, traded)


def widen(config: Config, parts: Parts, found: Sequence[Instrument]) -> Parts:
    """Let a running desk watch what is configured of ``found`` too, and return its parts as they are now.

    What is traded keeps its place; a symbol that nothing was traded for is traded where it is found now.
    """
    engine, assessor = parts.engine, parts.assessor
    watched = tuple(sorted({*parts.watched, *watch(config, found)}))
    placed = {symbol_of(each) for each in parts.traded}
    fresh = [each for each in trade_where(config, watched) if symbol_of(each) not in placed]
    traded = tuple(sorted({*parts.traded, *fresh}))
    running = tuple(assessor.running.values())
    enabled = frozenset(config.run.strategies) | frozenset(config.run.observe)
    with engine.state.guard:
        engine.state.know([each for each in found if each.id in watched])
    assessor.watched = watched
    engine.cycle.duties = duties(running, traded, watched, enabled)
    engine.desk = msgspec.structs.replace(engine.desk, duties=engine.cycle.duties, traded=traded)
    return msgspec.structs.replace(
        parts, feeds=declared_feeds(running, watched), watched=watched, traded=traded
    )


def _of_traders(config: Config, running: tuple[Running, ...]) -> tuple[Running, ...]:
    enabled = {*config.run.strategies, *config.run.observe}
    wanted: set[str] = set()
    for place, each in enumerate(running):
        if each.topic.recorded is not None and each.topic.recorded(each.settings):
            wanted.add(each.key)
        if each.topic.strategy not in enabled:
            continue
        component = each.key.partition(".")[0]
        before = [one.key for one in running[:place] if one.key.partition(".")[0] == component]
        needs = each.topic.needs
        wanted.update([each.key], before if needs is None else [topic_key(component, name) for name in needs])
    return tuple(each for each in running if each.key in wanted)


def config_content(config: Config) -> dict[str, Any]:
    """Return every value a run depends on: no paths, no sources, no keys."""
    sections: dict[str, Any] = {"run": config.run, "risk": config.risk, "paper": config.paper}
    sections |= dict(config.components)
    plain = {name: dataclasses.asdict(value) for name, value in sections.items()}
    content: dict[str, Any] = msgspec.to_builtins(plain, str_keys=True)
    return content


def stream_feeds(feeds: Iterable[Feed], base_ms: int = MINUTE_MS) -> tuple[Feed, ...]:
    """Return what to listen to: bars only in the base interval, because longer ones are rolled up from it."""
    wanted: dict[Feed, None] = {}
    for feed in feeds:
        wanted[CandleFeed(feed.instrument, base_ms) if isinstance(feed, CandleFeed) else feed] = None
    return tuple(wanted)


def kill_file(profile: str) -> Path:
    """Return where the kill flag of a profile lies: a file of its own, that no locked store keeps shut."""
    return folders.profile_dir(profile) / "kill.json"


async def carry(
    parts: Parts,
    market: MarketData,
    ledger: Ledger,
    run: Run,
    *,
    until: int,
    note: str,
    listen: Sequence[Feed],
    keep_reports: bool,
    roll: bool = True,
) -> Outcome:
    """Warm an engine up, run it unpaced to ``until``, and say what it came to. The run has been begun."""
    base_ms = parts.engine.desk.base_ms
    fence = await ledger.take_lease(str(os.getpid()))
    await warm_up(parts.engine.state, market, parts.feeds, run.started, roll=roll)
    runner = Runner(
        parts.engine,
        parts.assessor,
        parts.venue,
        SimulatedClock(run.started),
        ledger,
        HeldLease(fence),
        NoKill(),
        durable=False,
        keep_reports=keep_reports,
    )
    wall, cpu = time.perf_counter(), time.process_time()
    await runner.run(market.stream(stream_feeds(listen, base_ms)), run.started, until)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    summary = summarise(
        parts.engine,
        run_id=run.run_id,
        mode=run.mode,
        seed=run.seed,
        since=run.started,
        until=until,
        market_events=runner.market_events,
        audit_hash=ledger.head,
        config_digest=run.config_digest,
        note=note,
    )
    timing = Timing(
        wall_s=round(wall, 3),
        cpu_s=round(cpu, 3),
        events_per_s=round(runner.market_events / max(cpu, 1e-9), 1),
        times_real_time=round((until - run.started) / 1000 / max(wall, 1e-9), 2),
    )
    return Outcome(summary, timing)
