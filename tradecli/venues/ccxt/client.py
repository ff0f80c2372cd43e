"""Questions to one venue over HTTP: within the budget, answered in domain types, with its clock and its listing known.

It retries nothing by itself: who asks decides. A 429 or 418 stops the venue for every process until the stated time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from tradecli.domain.budget import Priority
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.errors import BadPayload, NotFound, RateLimited, Unsupported
from tradecli.ports import Budget, Clock
from tradecli.venues.ccxt.profile import (
    Heard,
    Intervals,
    Kind,
    Listed,
    Names,
    Profile,
    Question,
    Request,
    ServerTime,
    is_missing,
)
from tradecli.venues.ccxt.reading import Malformed
from tradecli.venues.ccxt.room import give_back
from tradecli.venues.ccxt.standing import Rows, Standing
from tradecli.venues.ccxt.transport import Transport, translate

LONGEST_WAIT_MS = 65_000
MOST_PAGES = 20
"""Answers that one listing may take: a venue that never ends is not believed."""


class Offset(msgspec.Struct, frozen=True):
    """The venue's clock less ours, and the whole time the question took: the offset is right to half of it."""

    offset_ms: int
    round_trip_ms: int
    at: int


class Client:
    """One venue. ``load`` makes its instruments known; every question needs them."""

    def __init__(self, transport: Transport, budget: Budget, clock: Clock) -> None:
        self.transport = transport
        self.profile: Profile = transport.profile
        self.budget = budget
        self.clock = clock
        self.by_symbol: dict[str, Listed] = {}
        """The venue's own listing, as it spells it."""
        self.apart: dict[str, dict[str, Listed]] = {}
        """The same of each product whose symbols are spelled like others."""
        self.by_id: dict[InstrumentId, Listed] = {}
        self.wanted: tuple[str, ...] = ("",)
        """The products whose instruments are made known by ``load``; empty is the venue's own listing."""
        self._held: set[str] = set()
        self.unread = 0
        """Listed instruments that could not be read."""
        self.offset: Offset | None = None
        self._passed: dict[str, set[str]] = {}
        """What a product lists and is no instrument to us: combinations, other letters, what cannot be read."""

    @property
    def names(self) -> Names:
        return self.by_symbol.get

    def spelled(self, product: str) -> dict[str, Listed]:
        """Return the instruments among which the symbols of a product are looked up."""
        spelling = self.profile.spelling(product)
        return self.apart.setdefault(spelling, {}) if spelling else self.by_symbol

    async def ask(self, question: Question, priority: Priority = Priority.LIVE) -> list[Heard]:
        """Ask, and return what the answer says.

        Raises ``Unsupported`` where the venue does not offer it, ``RateLimited`` while it is stopped or the wait would
        be too long, and other ``VenueError``s as ``Transport.call`` does.
        """
        product = question.of_product(self.profile)
        why = self.profile.why_absent(question.kind, product)
        request = None if product and why is not None else self.profile.request(question)
        if request is None:
            why = why or "not in that form"
            raise Unsupported(f"no {question.kind}: {why}", venue=self.profile.name, number=122)
        await self._wait(request.weight, priority, product)
        try:
            body = await self.transport.call(request)
        except RateLimited as slowed:
            self._stop(slowed)
            raise
        used = self.transport.used()
        if used is not None:
            self.budget.observe(*self.profile.counted(product), used, self.clock.now())
        try:
            return self.profile.answer(question, body, self.spelled(product).get)
        except Malformed as error:
            reason = f"an answer about {question.kind} that cannot be read: {error}"
            raise BadPayload(reason, venue=self.profile.name, number=134) from error

    async def _wait(self, weight: int, priority: Priority, product: str = "") -> None:
        """Wait for a place in the budget that a product is counted in."""
        name, waited = self.profile.name, 0
        counted = self.profile.counted(product)
        while True:
            now = self.clock.now()
            stopped = self.budget.stopped(name, now)
            if stopped is not None:
                rest = (stopped.until - now) / 1000
                raise RateLimited(
                    f"is not asked before {rest:.0f} s from now: {stopped.reason}",
                    venue=name,
                    retry_after_s=rest,
                )
            wait = self.budget.take(*counted, weight, priority, now)
            if wait <= 0:
                return
            waited += wait
            if waited > LONGEST_WAIT_MS:
                raise RateLimited("no place in the budget", venue=name, retry_after_s=wait / 1000, number=111)
            await asyncio.sleep(wait / 1000)

    def _stop(self, slowed: RateLimited) -> None:
        until = self.clock.now() + round((slowed.retry_after_s or 1.0) * 1000)
        self.budget.stop(self.profile.name, until, slowed.message)

    def want(self, instruments: Iterable[InstrumentId]) -> None:
        """Make ``load`` ask for the listings of these instruments, beside those that are known already."""
        held = (*(("",) if self.by_symbol else ()), *sorted(self._held))
        named = (self.profile.product_of(each) for each in instruments)
        self.wanted = tuple(dict.fromkeys((*held, *named))) or ("",)

    async def load(self) -> Sequence[Instrument]:
        """Ask for the listings that are wanted, each once; return every instrument that could be read."""
        for product in self.wanted:
            if product not in self._held and not (product == "" and self.by_symbol):
                await self._list(product)
        return [each.instrument for each in self.by_id.values() if each.instrument is not None]

    async def relist(self) -> None:
        """Ask again for the listings that are known, for what may have changed in them."""
        self.unread = 0
        for product in self.wanted:
            await self._list(product)

    async def _list(self, product: str) -> None:
        """Ask for a listing, whole where none is known yet and then for what may have changed in it.

        What is no longer in it is halted, and so is what counts in other steps than it did.
        """
        profile, part = self.profile, self.profile.products.get(product)
        before = {each.symbol: each for id, each in self.by_id.items() if profile.product_of(id) == product}
        if part is not None:
            seen = await self._look(part.rows, part.looks, product)
            self._held.add(product)
        elif before and profile.rows is not None:
            seen = await self._look(profile.rows, profile.looks, product)
        else:
            seen = self.take_in(await self._whole(bool(before)))
        if not seen:
            raise BadPayload("lists nothing that can be read", venue=profile.name, number=135)
        for symbol in before.keys() - seen:
            self.know(before[symbol]._replace(halted="no longer listed"))
        give_back()

    async def _whole(self, again: bool) -> list[Mapping[str, Any]]:
        """Return every row of the listing, by way of ccxt, which keeps the markets that it made first."""
        import ccxt  # loaded with the transport already

        await self._wait(len(self.profile.start_paths), Priority.LIVE)
        exchange = self.transport.exchange
        try:
            markets = await exchange.fetch_markets() if again else (await exchange.load_markets()).values()
        except ccxt.BaseError as error:
            found = translate(error, self.profile.name, self.transport.status, self.transport.headers())
            if isinstance(found, RateLimited):
                self._stop(found)
            raise found from error
        return [market["info"] for market in markets]

    async def _look(self, rows: Rows, looks: Iterable[Request], product: str) -> set[str]:
        """Read of a listing what may change; return the symbols in it."""
        seen: set[str] = set()
        for request in looks:
            cursor, pages = "", 0
            while pages == 0 or (cursor and pages < MOST_PAGES):
                await self._wait(request.weight, Priority.LIVE, product)
                asked = request._replace(params={**request.params, "cursor": cursor}) if cursor else request
                try:
                    page = await self.transport.read(asked, rows.page)
                except RateLimited as slowed:
                    self._stop(slowed)
                    raise
                seen |= self._compare(rows, page.rows, product)
                cursor, pages = page.cursor, pages + 1
        self._passed_in(product).intersection_update(seen)
        return seen

    def _compare(self, rows: Rows, found: Iterable[msgspec.Raw], product: str) -> set[str]:
        """Take over what changed; a row of an instrument that is new is read whole."""
        seen: set[str] = set()
        spelled, passed = self.spelled(product), self._passed_in(product)
        for raw in found:
            try:
                now = rows.standing(raw)
            except Malformed:
                self.unread += 1
                continue
            seen.add(now.symbol)
            known = spelled.get(now.symbol)
            if known is None:
                if now.symbol not in passed:
                    self.take_in([msgspec.json.decode(raw)], product)
                continue
            halted = now.halted
            if known.steps and now.steps != known.steps:
                halted = f"{known.steps} became {now.steps}: start again to trade it"
            if halted != known.halted or not known.steps:
                self.know(known._replace(halted=halted, steps=known.steps or now.steps))
        return seen

    def _passed_in(self, product: str) -> set[str]:
        return self._passed.setdefault(product, set())

    def take_in(self, rows: Iterable[Mapping[str, Any]], product: str = "") -> set[str]:
        """Know the instruments of a product's ``rows``; one that cannot be read is counted and left out (D09)."""
        known: set[str] = set()
        written, passed = self.profile.rows, self._passed_in(product)
        for row in rows:
            standing: Standing | None = None
            with suppress(Malformed):
                standing = written.standing(row) if written is not None else None
            try:
                each = self.profile.listed(row)
            except Malformed:
                self.unread += 1
                each = None
            if each is None or self.profile.product_of(each.id) != product:
                passed |= {standing.symbol} if standing is not None else set()
                continue
            old = self.by_id.get(each.id)
            if standing is not None:
                each = each._replace(steps=standing.steps)
            if old is not None:
                each = each._replace(interval_h=old.interval_h or each.interval_h)
            if each != old:
                self.know(each)
            known.add(each.symbol)
        return known

    def know(self, each: Listed) -> None:
        product = self.profile.product_of(each.id)
        if product:
            self._held.add(product)
        self.spelled(product)[each.symbol] = each
        self.by_id[each.id] = each

    def listed(self, instrument: InstrumentId) -> Listed:
        """Return how the venue writes an instrument; ``NotFound`` where it lists none of that name."""
        found = self.by_id.get(instrument)
        if found is None:
            hint = f"tradecli venues test {self.profile.name}"
            raise NotFound(is_missing(self.profile, instrument), number=131, hint=hint)
        return found

    async def learn_intervals(self, product: str = "") -> None:
        """Ask for the hours between settlements, where they do not come with the listing."""
        if self.profile.why_absent(Kind.FUNDING_INTERVALS, product) is not None:
            return
        for each in await self.ask(Question(kind=Kind.FUNDING_INTERVALS, product=product)):
            if isinstance(each, Intervals):
                for symbol, hours in each.hours.items():
                    known = self.spelled(product).get(symbol)
                    if known is not None:
                        self.know(known._replace(interval_h=hours))

    async def measure_clock(self) -> Offset:
        """Ask the venue for the time, twice because the first question also connects, and keep the quicker answer.

        The offset is what the venue's clock is ahead of ours, with half the round trip taken off.
        """
        for _ in range(2):
            sent, since = self.clock.now(), self.clock.monotonic()
            heard = await self.ask(Question(kind=Kind.TIME))
            took = self.clock.monotonic() - since
            told = next((each.ts for each in heard if isinstance(each, ServerTime)), None)
            if told is None:
                continue
            if self.offset is None or took <= self.offset.round_trip_ms:
                self.offset = Offset(told - (sent + took // 2), took, sent)
        if self.offset is None:
            raise BadPayload("the venue did not say the time", venue=self.profile.name, number=136)
        return self.offset

    async def close(self) -> None:
        await self.transport.close()
