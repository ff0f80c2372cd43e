"""The demo: the real engine over the simulated market, unpaced without a screen, or in real time with one."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradecli import __version__, codec
from tradecli.config.loading import Config, load
from tradecli.domain.control import Scope
from tradecli.domain.enums import Mode
from tradecli.domain.events import Event
from tradecli.domain.instrument import Instrument
from tradecli.engine.clock import SimulatedClock
from tradecli.engine.picture import Pictures
from tradecli.engine.runner import Runner
from tradecli.engine.session import EngineSession, Plan
from tradecli.engine.warmup import announced, prices_first, warm_up
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger, Run
from tradecli.venues.simulated.market import SimulatedMarket
from tradecli.venues.simulated.tapes import TAPES, Tape, tape_named
from tradecli.wiring.parts import ACCOUNT, Outcome, Parts, build, carry, config_content, kill_file
from tradecli.wiring.session_ledger import SessionLedger

SEED = 42
TAPE = "tour"
_PATIENCE_MS = 2_000
"""How long prices run ahead of the past: the tapes' first bar closes after three seconds, and decisions follow it."""
_BETWEEN_SLICES_S = 0.002
"""Long enough for a price and a key press to get in between."""
VENUES = ["binance", "okx", "bybit", "deribit"]


def demo_config(
    profile: str | None, config_path: str | None, db: str | None, flags: Mapping[str, Any]
) -> Config:
    """Return the configuration of a demo; it listens to every simulated venue unless something says otherwise."""
    config = load(profile or "demo", config_path, db, flags=flags)
    if config.sources.get("run.venues", "default") == "default":
        config = dataclasses.replace(config, run=dataclasses.replace(config.run, venues=VENUES))
    return config


def run_demo_headless(
    *,
    profile: str | None = None,
    config_path: str | None = None,
    db: str | None = None,
    seed: int | None = None,
    tape: str = TAPE,
    for_ms: int = 600_000,
    flags: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run the demo for ``for_ms`` of simulated time: a function of seed, tape and configuration, and nothing else."""
    config = demo_config(profile, config_path, db, flags or {})
    chosen = SEED if seed is None else seed
    return asyncio.run(demo_ledger_run(config, chosen, tape, for_ms, config.place.ledger))


async def demo_ledger_run(config: Config, seed: int, tape: str, for_ms: int, path: Path) -> Outcome:
    """Run the demo into the ledger at ``path``; the same run made before gives way to this one."""
    market = SimulatedMarket(seed, tape_named(tape))
    parts = build(config, await market.instruments(), seed=seed)
    until = market.start + for_ms
    run = _run_of(config, seed, tape, market.start, {"until": until})
    run = msgspec.structs.replace(run, run_id=f"demo-{seed}-{tape}-{run.config_digest[:8]}")
    ledger = await Ledger.open(path, mode=Mode.DEMO, account=ACCOUNT)
    try:
        await ledger.begin_run(run, replace=True)
        note = f"simulated market, seed {seed}, tape {tape}"
        outcome = await carry(
            parts,
            market,
            ledger,
            run,
            until=until,
            note=note,
            listen=market.all_feeds(),
            keep_reports=True,
            roll=False,
        )
        await ledger.finish_run(until, outcome.summary)
    finally:
        await ledger.close()
    return outcome


def demo_session(
    *,
    profile: str | None = None,
    config_path: str | None = None,
    db: str | None = None,
    seed: int | None = None,
    tape: str = TAPE,
    speed: float = 1.0,
    for_ms: int | None = None,
) -> EngineSession:
    """Start a demo in real time, in a thread of its own; every step of an order is on disk before the next."""
    config = demo_config(profile, config_path, db, {})
    return _Demo(config, SEED if seed is None else seed, tape).session(speed, for_ms)


class _Demo:
    """One interactive demo: its market, its ledger and its lock, opened on the engine's own loop."""

    def __init__(self, config: Config, seed: int, tape: str) -> None:
        self.config = config
        self.seed = seed
        self.market = SimulatedMarket(seed, tape_named(tape))
        self.run = _run_of(config, seed, tape, self.market.start, {})
        self.ledger = SessionLedger(config.place, self.run)
        self.switch = KillSwitch(kill_file(config.profile))
        self.parts: Parts = build(config, asyncio.run(self._instruments()), seed=seed)

    async def _instruments(self) -> Sequence[Instrument]:
        found: Sequence[Instrument] = await self.market.instruments()
        return found

    def session(self, speed: float, for_ms: int | None) -> EngineSession:
        self.ledger.acquire()
        start = self.market.start
        runner = Runner(
            self.parts.engine,
            self.parts.assessor,
            self.parts.venue,
            SimulatedClock(start, speed),
            self.ledger,
            self.ledger.lease,
            self.switch,
            durable=True,
            keep_reports=True,
        )
        note = f"Simulated market, seed {self.seed}. Nothing leaves this machine."
        pictures = Pictures(self.parts.engine, runner.heard, Mode.DEMO, self.run.run_id, self.seed, note)
        until = None if for_ms is None else start + for_ms
        return EngineSession(
            Mode.DEMO,
            runner,
            pictures,
            Plan(
                source=self._source(),
                start=start,
                until=until,
                prepare=self.ledger.open,
                on_exit=self.config.run.on_exit,
            ),
            release=self._release,
            close=self.ledger.close,
            beat=self.ledger.beat,
            fresh=self.parts.assessor.fresh,
        ).start()

    def _release(self, scope: Scope, reason: str) -> None:
        self.switch.release(scope)

    async def _source(self) -> AsyncIterator[Event]:
        """Show prices while the past is still being read: the first seconds belong to the person who watches."""
        warming = asyncio.create_task(self._warm_up())
        live = self.market.stream(self.market.all_feeds())
        first = prices_first(live, warming, self.market.start + _PATIENCE_MS)
        begun, state = self.market.start, self.parts.engine.state
        async for event in announced(first, warming, begun, lambda: max(state.at, begun)):
            yield event

    async def _warm_up(self) -> None:
        async def pause() -> None:
            await asyncio.sleep(_BETWEEN_SLICES_S)

        for _ in self.market.remember():
            await pause()
        state, feeds = self.parts.engine.state, self.parts.feeds
        await warm_up(state, self.market, feeds, self.market.start, roll=False, pause=pause)


def _run_of(config: Config, seed: int, tape: str, start: int, data: Mapping[str, Any]) -> Run:
    content = config_content(config)
    return Run(
        run_id=f"demo-{seed}-{tape}-{time.time_ns() // 1_000_000:x}",
        mode=Mode.DEMO,
        started=start,
        seed=seed,
        config_digest=codec.digest(content),
        config=content,
        data={"source": "simulated", "tape": tape, **data},
        code=__version__,
    )


def tapes() -> tuple[Tape, ...]:
    """Return the tapes there are, with what each teaches and must cause."""
    return TAPES
