"""A live desk over paper accounts: the engine on real time, one paper venue for each real one, and their ledger.

The account lives in the ledger. Every start, after an orderly end or a kill, takes it up from there: positions,
working orders, balances, latches, ids, one audit chain for life. What rested meanwhile fills only on what comes after
the start, and funding that was settled meanwhile is not paid. Nothing here reaches a market: whoever runs the desk
hands its events in. It must not decide anything about an order.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence

import msgspec

from tradecli import __version__, codec
from tradecli.components.base import Component
from tradecli.config.loading import Config
from tradecli.domain.events import Event
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.engine.clock import SystemClock
from tradecli.engine.live import Before, Live
from tradecli.engine.restore import Past, restore_engine
from tradecli.errors import NotFound
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Run
from tradecli.store.market import MarketStore
from tradecli.store.past import traded_in
from tradecli.venues.ccxt.joined import JoinedMarket
from tradecli.venues.paper.execution import PaperExecution
from tradecli.venues.paper.venue import PaperVenue, split
from tradecli.wiring.parts import Parts, build, config_content, kill_file, watch, widen
from tradecli.wiring.restart import left_at, read_past
from tradecli.wiring.session_ledger import SessionLedger


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk knows the rules of, and the venues among which its first balance is split."""

    instruments: tuple[Instrument, ...]
    venues: tuple[str, ...]


async def list_desk(config: Config, joined: JoinedMarket, more: Iterable[str] = ()) -> Listing:
    """Ask every venue for its listing: what is watched, what the account ever traded, and ``more``.

    A venue that cannot be reached stays closed and keeps its place: what is watched there, and what the account has
    there, is known from before.
    """
    found = {each.id: each for each in await joined.instruments()}
    traded = set(traded_in(config.place.ledger))
    wanted = set(watch(config, list(found.values()))) | traded | set(more)
    async with await MarketStore.open(config.place.market) as store:
        await store.keep_instruments(each for each in found.values() if each.id in wanted)
        if joined.missing or wanted - found.keys():
            kept = await store.instruments()
            wanted |= set(watch(config, [each for each in kept if each.venue in joined.missing]))
            found |= {each.id: each for each in kept if each.id in wanted and each.id not in found}
    lost = sorted(traded - found.keys())
    if lost:
        hint = "name its venue in run.venues again, or begin a new account: tradecli paper reset"
        raise NotFound(
            f"the account has traded {lost[0]}, which nothing lists any more", number=133, hint=hint
        )
    listed = tuple(each for _, each in sorted(found.items()) if each.id in wanted)
    venues = {each.venue for each in listed} | joined.missing.keys()
    return Listing(instruments=listed, venues=tuple(sorted(venues)))


class LiveDesk:
    """One start of a live desk. ``take_up`` on the loop that runs it, before ``live.run``."""

    def __init__(
        self,
        config: Config,
        listing: Listing,
        ledger: SessionLedger,
        *,
        among: Sequence[Component] | None = None,
        thinks_beside: bool = False,
    ) -> None:
        """``among`` replaces the built-in components: none for a desk that only does what it is asked."""
        self.config = config
        self.listing = listing
        self.ledger = ledger
        self.clock = SystemClock()
        self.switch = KillSwitch(kill_file(config.profile))
        self.parts: Parts = build(config, listing.instruments, seed=config.paper.seed, among=among)
        self.executions = {
            venue: execution
            for venue in listing.venues
            if (execution := _paper(config, listing, self.clock, venue)) is not None
        }
        self.live = Live(
            self.parts.engine,
            self.parts.assessor,
            self.executions,
            self.clock,
            ledger,
            ledger.lease,
            self.switch,
            keep_reports=True,
            on_market=self._hear,
            reopen=ledger.reopen,
            thinks_beside=thinks_beside,
        )
        self.parts.engine.waits = True

    async def take_up(self) -> Past:
        """Open the ledger and put the account back as it stands there."""
        await self.ledger.open()
        now = self.clock.now()
        past = read_past(self.ledger.path, self.ledger.run_id, self.ledger.newest, now)
        engine = self.parts.engine
        restore_engine(engine, past)
        for venue, execution in self.executions.items():
            left = left_at(past, engine.state.account, venue, now)
            if left is not None:
                execution.restore(left)
        self.live.before = Before(latches=past.latches, crashes=past.crashes)
        self.live.heard.fills.extend(reversed(past.fills[-500:]))
        return past

    def admit(self, venue: str, found: Sequence[Instrument]) -> tuple[Instrument, ...]:
        """Take in what is configured of a venue that is reached only now, and open an account where it has none.

        Returns what is known from an earlier session by other steps than the venue has now: it must not be priced.
        """
        known = self.parts.engine.state.instruments
        changed = tuple(each for each in found if each.id in known and _steps(known[each.id]) != _steps(each))
        self.parts = widen(self.config, self.parts, found)
        if venue not in self.executions:
            there = [known[each] for each in self.parts.watched if known[each].venue == venue]
            instruments = (*self.listing.instruments, *there)
            self.listing = msgspec.structs.replace(self.listing, instruments=instruments)
            execution = _paper(self.config, self.listing, self.clock, venue)
            if execution is not None:
                self.executions[venue] = execution
                self.live.join(venue, execution)
        return changed

    def held(self) -> tuple[InstrumentId, ...]:
        """Return where the account has a position or a working order: what must have a price."""
        account = self.parts.engine.state.account
        held = {each for each, position in account.positions.items() if position.qty}
        return tuple(sorted(held | {order.request.instrument for order in account.live.values()}))

    def _hear(self, event: Event) -> None:
        instrument = getattr(event, "instrument", None)
        execution = self.executions.get(venue_of(instrument)) if instrument is not None else None
        if execution is not None:
            execution.on_market(event)  # type: ignore[arg-type]


def _steps(instrument: Instrument) -> tuple[object, ...]:
    return instrument.kind, instrument.tick, instrument.lot, instrument.contract_size


def _paper(config: Config, listing: Listing, clock: SystemClock, venue: str) -> PaperExecution | None:
    """Return the paper account at one venue, funded with its share; None where nothing of the venue is known."""
    there = {each.id: each for each in listing.instruments if each.venue == venue}
    if not there:
        return None
    shares = split(config.paper.initial_balance, len(listing.venues))
    terms = dataclasses.replace(config.paper, initial_balance=shares[listing.venues.index(venue)])
    return PaperExecution(PaperVenue(there, terms, config.paper.seed), venue, clock)


def run_of(config: Config) -> Run:
    """Return what begins an account: the run that its ledger holds for life."""
    content = config_content(config)
    started = time.time_ns() // 1_000_000
    return Run(
        run_id=f"{config.mode.value}-{started:x}",
        mode=config.mode,
        started=started,
        seed=config.paper.seed,
        config_digest=codec.digest(content),
        config=content,
        data={"source": "live", "venues": list(config.run.venues), "symbols": list(config.run.symbols)},
        code=__version__,
    )


def without_strategies(config: Config) -> Config:
    """Return the configuration of a desk that only does what it is asked."""
    return dataclasses.replace(config, run=dataclasses.replace(config.run, strategies=[], observe=[]))
