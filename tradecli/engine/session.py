"""A running engine in a thread of its own, and the façade that faces hold (``snapshot.Session``).

The engine's side publishes a picture between two events; a face only ever reads the newest. Requests are events put
into the engine's inbox. Nothing is shared that is still being written.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import msgspec

from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, StrategyState
from tradecli.domain.events import CancelAsked, Event, LatchReleased, OrderAsked, StrategySet
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book
from tradecli.domain.order import Approved, OrderRequest
from tradecli.domain.series import CandleSeries, TradeSeries
from tradecli.engine.clock import SimulatedClock, SystemClock
from tradecli.engine.core import Engine
from tradecli.engine.picture import Pictures
from tradecli.engine.risk import ask, check, largest_allowed
from tradecli.engine.snapshot import Preview, Reported, Snapshot
from tradecli.engine.window import CandleWindow, Ring
from tradecli.errors import ReconciliationMismatch
from tradecli.ports import Clock, KillFlag
from tradecli.redaction import redacted

_PUBLISH_MS = 80
_TAPE = 200
_BEAT_MS = 1_000
_PREVIEW_S = 2.0
_FOLLOWED_MS = 2_000
"""How long a live topic is assessed for a face that does not ask again."""
_SETTLE_MS = 5_000
_STOP_S = 10.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a session runs: the source of events, from when, until when; ``prepare`` runs first, on the same loop.

    ``on_exit`` is what becomes of working orders at the end: leave, cancel, or flatten, which closes positions too.
    """

    source: AsyncIterator[Event]
    start: int
    until: int | None
    prepare: Callable[[], Awaitable[None]] | None = None
    on_exit: str = "cancel"


class Shell(Protocol):
    """What a session runs: the shell on told time, or the live one. ``inbox`` may be added to from any thread."""

    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def kill(self) -> KillFlag: ...
    @property
    def inbox(self) -> deque[Event]: ...

    stopping: bool
    on_breath: Callable[[], Awaitable[None]] | None

    def mismatch(self, scope: Scope) -> str | None: ...
    async def run(self, source: AsyncIterator[Event], start: int, until: int | None) -> None: ...
    async def cancel_all(self, reason: str, within_ms: int) -> None: ...
    async def close_positions(self, reason: str, within_ms: int) -> None: ...
    async def close(self) -> None: ...


class EngineSession:
    """Starts a runner in its own thread and loop, and answers the faces."""

    def __init__(
        self,
        mode: Mode,
        runner: Shell,
        pictures: Pictures,
        plan: Plan,
        release: Callable[[Scope, str], None],
        close: Callable[[], Awaitable[None]] | None = None,
        beat: Callable[[Snapshot], Awaitable[None]] | None = None,
        fresh: Callable[[str, InstrumentId | None, int], Any] | None = None,
    ) -> None:
        """``fresh`` assesses a live topic now: ``Assessor.fresh``."""
        self._mode = mode
        self._runner = runner
        self._pictures = pictures
        self._plan = plan
        self._release = release
        self._close = close
        self._beat = beat
        self._fresh = fresh
        self._followed: dict[tuple[str, InstrumentId | None], int] = {}
        self._live: dict[tuple[str, InstrumentId | None], Reported] = {}
        self._beaten_at = 0
        self._clock: Clock = runner.clock
        self._real = SystemClock()
        self._latest: Snapshot = pictures.take(plan.start, running=False, events_per_s=None)
        self._published_at = 0
        self._rate = (0, 0)
        self._wanted: set[tuple[InstrumentId, int]] = set()
        self._candles: dict[tuple[InstrumentId, int], CandleSeries] = {}
        self._trades: dict[InstrumentId, TradeSeries] = {}
        self._on_exit = plan.on_exit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)

    def start(self) -> EngineSession:
        """Start the engine's thread."""
        self._thread.start()
        self._ready.wait()
        return self

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; say whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as broken:  # the thread's supervisor: told to the face, never lost
            self.failure = broken
            self._latest = msgspec.structs.replace(
                self._latest, running=False, note=redacted(f"engine stopped: {broken}")
            )
        finally:
            self._ready.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._runner.on_breath = self._publish_if_due
        self._ready.set()
        try:
            if self._plan.prepare is not None:
                await self._plan.prepare()
            await self._runner.run(self._plan.source, self._plan.start, self._plan.until)
            if self._on_exit != "leave":
                await self._runner.cancel_all("session ends", _SETTLE_MS)
            if self._on_exit == "flatten":
                await self._runner.close_positions("session ends", _SETTLE_MS)
            await self._runner.close()
        finally:
            self._publish(running=False)
            if self._close is not None:
                await self._close()

    # -- the engine's side -----------------------------------------------------------------------------------------

    async def _publish_if_due(self) -> None:
        now = self._real.monotonic()
        if now - self._published_at >= _PUBLISH_MS:
            self._publish(running=True)
        if self._beat is not None and now - self._beaten_at >= _BEAT_MS:
            self._beaten_at = now
            await self._beat(self._latest)

    def _publish(self, *, running: bool) -> None:
        now = self._real.monotonic()
        events = self._runner.engine.state.events
        seen, since = self._rate
        per_s = None
        if now - since >= 1_000:
            per_s = 1_000 * (events - seen) / (now - since) if since else None
            self._rate = (events, now)
        per_s = per_s if per_s is not None else self._latest.events_per_s
        for instrument, interval_ms in tuple(self._wanted):
            window = self._runner.engine.state.window(instrument)
            window.declare_trades(_TAPE)  # a tape that a face looks at is kept from then on
            self._candles[(instrument, interval_ms)] = window.candle_series(interval_ms)
            self._trades[instrument] = window.trade_series()
        self._report_live(now)
        self._latest = self._pictures.take(self._clock.now(), running=running, events_per_s=per_s)
        self._published_at = now

    def _report_live(self, now: int) -> None:
        """Assess the live topics that a face looks at; forget those that nobody asks for any more."""
        at = self._clock.now()
        for (topic, focus), asked in tuple(self._followed.items()):
            if now - asked > _FOLLOWED_MS:
                self._followed.pop((topic, focus), None)
                self._live.pop((topic, focus), None)
            elif self._fresh is not None and (report := self._fresh(topic, focus, at)) is not None:
                self._live[(topic, focus)] = Reported(report, at)

    # -- the face's side -------------------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        return self._mode

    def snapshot(self) -> Snapshot:
        return self._latest

    def instrument(self, instrument: InstrumentId) -> Instrument | None:
        return self._runner.engine.state.instruments.get(instrument)

    def book(self, instrument: InstrumentId) -> Book | None:
        return self._runner.engine.state.books.get(instrument)

    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries:
        self._wanted.add((instrument, interval_ms))
        return self._candles.get((instrument, interval_ms)) or CandleWindow(interval_ms, 1).series()

    def trades(self, instrument: InstrumentId) -> TradeSeries:
        found = self._trades.get(instrument)
        if found is None:
            self._wanted.add((instrument, 60_000))
            ring = Ring(4, 1)
            found = TradeSeries(ring.times(), ring.column(1), ring.column(2), ring.column(3))
        return found

    def report(self, topic: str, focus: InstrumentId | None) -> Reported | None:
        self._followed[(topic, focus)] = self._real.monotonic()
        return self._live.get((topic, focus)) or self._latest.reports.get((topic, focus))

    def preview(self, request: OrderRequest) -> Preview:
        loop = self._loop
        if loop is None or not self._thread.is_alive():
            return _refused(request, "the engine is not running")
        asked = asyncio.run_coroutine_threadsafe(self._preview(request), loop)
        return asked.result(_PREVIEW_S)

    async def _preview(self, request: OrderRequest) -> Preview:
        engine = self._runner.engine
        spec = engine.state.instruments.get(request.instrument)
        unknown = f"{request.instrument} is not among the known instruments"
        if spec is None:
            return _refused(request, unknown)
        rounded = msgspec.structs.replace(
            request,
            qty=spec.round_qty(request.qty),
            price=spec.round_price(request.price, request.side) if request.price is not None else None,
        )
        freshness = engine.breakers.freshness
        question = ask(rounded, engine.state, freshness, engine.desk.limits, self._clock.now())
        if question is None:
            return _refused(request, unknown)
        ruling = check(question, "preview", all_rows=True)
        outcome = ruling.outcome
        notional = spec.notional(rounded.qty, question.price) if question.price is not None else None
        rate = spec.maker_fee if rounded.post_only else spec.taker_fee
        return Preview(
            request=rounded,
            executable=rounded.qty,
            notional=notional,
            fee=notional * rate if notional is not None else None,
            largest_allowed=largest_allowed(question),
            checks=ruling.checks,
            refused=None if isinstance(outcome, Approved) else outcome.reason,
            number=None if isinstance(outcome, Approved) else outcome.number,
        )

    def submit(self, request: OrderRequest, key: str = "") -> None:
        self._put(OrderAsked(request=request, ts=self._clock.now(), key=key))

    def cancel(self, client_id: str | None, reason: str) -> None:
        self._put(CancelAsked(client_id=client_id, ts=self._clock.now(), reason=reason))

    def kill(self, level: KillLevel, scope: Scope, reason: str) -> None:
        """Write the flag first, from this thread: it binds at the gate whatever the engine is doing."""
        latch = Latch(level=level, scope=scope, reason=reason, by="operator", at=self._clock.now())
        self._runner.kill.set(latch)

    def release(self, scope: Scope, reason: str) -> None:
        """Lift latches, but not while the books of a venue in scope differ from ours: ``ReconciliationMismatch``."""
        differs = self._runner.mismatch(scope)
        if differs is not None:
            hint = "tradecli kill release --accept-mismatch, once somebody looked at the venue"
            raise ReconciliationMismatch(f"not released: {differs}", number=120, hint=hint)
        self._release(scope, reason)
        self._put(LatchReleased(scope=scope, reason=reason, ts=self._clock.now()))

    def set_strategy(self, strategy: str, state: StrategyState, reason: str) -> None:
        self._put(StrategySet(strategy=strategy, state=state, reason=reason, ts=self._clock.now()))

    @property
    def speed(self) -> float | None:
        return self._clock.speed if isinstance(self._clock, SimulatedClock) else None

    def set_speed(self, speed: float) -> None:
        if isinstance(self._clock, SimulatedClock):
            self._clock.set_speed(speed)

    def end_by(self, on_exit: str) -> None:
        """Say what becomes of working orders at the end, in the plan's place."""
        self._on_exit = on_exit

    def stop(self, on_exit: str | None = None) -> None:
        """End the run, as its plan says or by ``on_exit``, and wait until that is done."""
        self._on_exit = on_exit or self._on_exit
        self._runner.stopping = True
        self.join(_STOP_S)

    def _put(self, event: Event) -> None:
        self._runner.inbox.append(event)


def _refused(request: OrderRequest, why: str) -> Preview:
    return Preview(
        request=request,
        executable=request.qty,
        notional=None,
        fee=None,
        largest_allowed=None,
        checks=(),
        refused=why,
    )
