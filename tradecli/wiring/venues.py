"""What can be said of venues without an engine: which there are, what their budget is, how far their clocks are off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from tradecli.config.folders import state_dir
from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind, Mode
from tradecli.domain.instrument import instrument_id
from tradecli.engine.clock import SystemClock
from tradecli.errors import TradecliError
from tradecli.store.budget import SharedBudget
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.profile import Kind, Profile

CLOCK_BOUND_MS = 1_000
"""An offset beyond this is said to be wrong: signed requests would be refused at some venues."""


class VenueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A venue that can be connected: its kinds of market; ``offers`` and ``lacks`` name kinds of market data."""

    venue: str
    library: str
    hosts: tuple[str, ...]
    markets: tuple[str, ...]
    offers: tuple[str, ...]
    lacks: tuple[str, ...]


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """The budget of a venue in the current window; ``stopped_until`` is set while the venue is not to be asked.

    ``market`` names a kind of market that is counted by itself; it is empty for all that is counted together.
    """

    venue: str
    market: str
    weight: int
    window_ms: int
    used: int
    reserve_for_cancels: int
    stopped_until: int | None
    reason: str


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a venue can be asked, from what is stored and not by asking it."""

    venue: str
    state: str
    reason: str


class ClockRow(msgspec.Struct, frozen=True, kw_only=True):
    """How far a venue's clock is ahead of ours. The offset is right to half the round trip."""

    venue: str
    offset_ms: int | None
    round_trip_ms: int | None
    ok: bool
    reason: str


class TestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a test, and what came of it."""

    venue: str
    step: str
    ok: bool
    took_ms: int
    found: str


def venue_rows(names: Sequence[str]) -> list[VenueRow]:
    """Return the venues there are."""
    return [_venue_row(profile_of(name)) for name in names or PROFILES]


def _venue_row(profile: Profile) -> VenueRow:
    lacks = (
        *(kind.value for kind in Kind if kind in profile.absent and kind is not Kind.INDEX),
        *(f"{kind.value} markets" for kind in profile.unconnected),
    )
    return VenueRow(
        venue=profile.name,
        library=f"ccxt.pro.{profile.exchange}",
        hosts=profile.hosts,
        markets=(*(kind.value for kind in profile.kinds), *profile.products),
        offers=tuple(kind.value for kind in Kind if kind not in profile.absent),
        lacks=lacks,
    )


def limit_rows(mode: Mode, names: Sequence[str]) -> list[LimitRow]:
    """Return what is left of each venue's budget, as all processes share it."""
    budget, now, rows = _budget(mode), SystemClock().now(), []
    for name, market, counted, allowance in _counted(names):
        stop = budget.stopped(name, now) if budget is not None else None
        rows.append(
            LimitRow(
                venue=name,
                market=market,
                weight=allowance.weight,
                window_ms=allowance.window_ms,
                used=budget.used(counted, allowance, now) if budget is not None else 0,
                reserve_for_cancels=round(allowance.weight * 0.1),
                stopped_until=stop.until if stop is not None else None,
                reason=stop.reason if stop is not None else "",
            )
        )
    if budget is not None:
        budget.close()
    return rows


def _counted(names: Sequence[str]) -> Iterator[tuple[str, str, str, Allowance]]:
    """Yield (venue, kind of market, name of the budget, allowance) for each budget of the venues."""
    for name in names or PROFILES:
        profile = profile_of(name)
        yield name, "", *profile.counted("")
        for product, part in profile.products.items():
            if part.allowance is not None:
                yield name, product, *profile.counted(product)


def status_rows(mode: Mode, names: Sequence[str]) -> list[StatusRow]:
    """Return whether each venue may be asked now."""
    rows = []
    for limit in limit_rows(mode, names):
        if limit.market:
            continue
        state = "stopped" if limit.stopped_until is not None else "ready"
        full = limit.used >= limit.weight
        reason = limit.reason or ("its budget is used up for this window" if full else "")
        rows.append(
            StatusRow(
                venue=limit.venue, state="waiting" if full and state == "ready" else state, reason=reason
            )
        )
    return rows


def _budget(mode: Mode) -> SharedBudget | None:
    """Return the budget if any process has used it yet: looking makes no file."""
    from tradecli.wiring.live import budget_file

    path = budget_file(mode)
    return SharedBudget(path) if state_dir().exists() and path.exists() else None


def clock_rows(mode: Mode, profile: str, names: Sequence[str]) -> list[ClockRow]:
    """Ask venues for the time, side by side."""
    return asyncio.run(_clocks(mode, profile, names or PROFILES))


async def _clocks(mode: Mode, profile: str, names: Sequence[str]) -> list[ClockRow]:
    from tradecli.wiring.live import Reach

    reach = Reach(mode, profile)

    async def one(name: str) -> ClockRow:
        client = reach.client(name)
        try:
            found = await client.measure_clock()
        except TradecliError as error:
            return ClockRow(venue=name, offset_ms=None, round_trip_ms=None, ok=False, reason=error.message)
        finally:
            await client.close()
        off = abs(found.offset_ms) > CLOCK_BOUND_MS + found.round_trip_ms // 2
        reason = "over a second off: check this machine's clock" if off else ""
        return ClockRow(
            venue=name,
            offset_ms=found.offset_ms,
            round_trip_ms=found.round_trip_ms,
            ok=not off,
            reason=reason,
        )

    try:
        return list(await asyncio.gather(*(one(name) for name in names)))
    finally:
        await reach.close()


def test_rows(mode: Mode, profile: str, name: str, symbol: str) -> list[TestRow]:
    """Ask one venue for its time, its listing, and a price; a step that fails ends the test."""
    return asyncio.run(_test(mode, profile, name, symbol))


async def _test(mode: Mode, profile: str, name: str, symbol: str) -> list[TestRow]:
    from tradecli.venues.ccxt.profile import Question
    from tradecli.wiring.live import Reach

    reach, clock = Reach(mode, profile), SystemClock()
    market = reach.market(name)
    client = market.client
    rows: list[TestRow] = []

    async def time() -> str:
        found = await client.measure_clock()
        return f"clock {found.offset_ms:+d} ms, round trip {found.round_trip_ms} ms"

    async def listing() -> str:
        if symbol:
            client.want([instrument_id(symbol, name)])
        found = await client.load()
        unread = f", {client.unread} could not be read" if client.unread else ""
        return f"{len(found)} instruments{unread}"

    async def prices() -> str:
        kinds = (InstrumentKind.LINEAR, InstrumentKind.INVERSE)
        perpetuals = sorted(
            id for id, each in client.by_id.items() if each.instrument and each.instrument.kind in kinds
        )
        wanted = f"{symbol}@{name}" if symbol else next(iter(perpetuals), "")
        listed = client.listed(wanted)  # type: ignore[arg-type]
        heard = await client.ask(Question(kind=Kind.QUOTE, listed=listed))
        quote = next(each for each in heard if hasattr(each, "bid"))
        return f"{listed.id}: {quote.bid:g} / {quote.ask:g}"  # type: ignore[union-attr]

    try:
        for step, ask in (("time", time), ("instruments", listing), ("best prices", prices)):
            since = clock.monotonic()
            try:
                found, ok = await ask(), True
            except TradecliError as error:
                found, ok = error.message, False
            took = clock.monotonic() - since
            rows.append(TestRow(venue=name, step=step, ok=ok, took_ms=took, found=found))
            if not ok:
                break
    finally:
        await market.close()
        await reach.close()
    return rows
