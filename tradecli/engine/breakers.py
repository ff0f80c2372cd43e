"""The breakers: drawdown, daily loss, volatility, stale data. They act through the kill levels, and never reset a
latch.

Evaluated on every account event and at least once a second of engine time, apart from any strategy. A loss breaker
that tripped stays tripped until a person releases it with a reason; the high-water mark is not reset. Data and
volatility close a symbol and open it again by themselves, with hysteresis.
"""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec

from tradecli.domain.control import Latch, Scope
from tradecli.domain.decision import Check
from tradecli.domain.enums import KillLevel, Severity, Verdict
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.engine.freshness import Freshness
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State

_HALF_LIFE_MIN = 60.0
_MINUTES_PER_YEAR = 525_600
_STRIKES = 2
_RESET_SHARE = 0.9
_RESET_MS = 30 * MINUTE_MS
_PAUSE_AT = 1.5


class Trip(msgspec.Struct, frozen=True):
    """One thing to say, and the latch to set with it, if any; ``closed`` names an instrument that just closed."""

    severity: Severity
    topic: str
    text: str
    latch: Latch | None = None
    closed: InstrumentId | None = None


class _Vol:
    """EWMA volatility of one instrument's minute closes, half-life one hour."""

    __slots__ = ("calm_since", "close", "minute", "over", "strikes", "variance")

    def __init__(self) -> None:
        self.variance: float | None = None
        self.close = 0.0
        self.minute = -1
        self.strikes = 0
        self.over = False
        self.calm_since: int | None = None

    def update(self, minute: int, price: float) -> float | None:
        """Take in the price of a new minute; return annualised volatility, None before 60 minutes are known."""
        if self.close > 0:
            decay = 0.5 ** (1 / _HALF_LIFE_MIN)
            squared = math.log(price / self.close) ** 2
            self.variance = (
                squared if self.variance is None else decay * self.variance + (1 - decay) * squared
            )
        self.close, self.minute = price, minute
        return None if self.variance is None else math.sqrt(self.variance * _MINUTES_PER_YEAR)


class Breakers:
    """Holds what was said already, so that each breaker speaks once per trip."""

    def __init__(self, limits: RiskSettings) -> None:
        self.limits = limits
        self.freshness = Freshness(limits)
        self._said: set[str] = set()
        self._vols: dict[InstrumentId, _Vol] = {}
        self._warm: dict[InstrumentId, int] = {}

    def evaluate(self, state: State, traded: tuple[InstrumentId, ...], at: int) -> list[Trip]:
        """Look at everything once; ``traded`` are the instruments whose data must be fresh."""
        equity = state.equity_now()
        if equity is not None:
            state.equity.update(equity, at)
        trips = self._losses(state, at)
        for instrument in traded:
            turned = self.freshness.evaluate(state, instrument, at)
            if turned is not None:
                closed, why = turned
                word = "closed" if closed else "open again"
                trips.append(
                    Trip(
                        Severity.WARN,
                        "data",
                        f"{instrument} {word}: {why}",
                        closed=instrument if closed else None,
                    )
                )
            trips.extend(self._volatility(state, instrument, at))
        return trips

    def _losses(self, state: State, at: int) -> list[Trip]:
        curve, limits = state.equity, self.limits
        drawdown, loss = 100 * curve.drawdown(), 100 * curve.daily_loss()
        trips = []
        ladder = (
            ("drawdown", drawdown, limits.max_drawdown_pct, KillLevel.FLATTEN),
            ("drawdown", drawdown, limits.reduce_drawdown_pct, KillLevel.REDUCE),
            ("daily-loss", loss, limits.max_daily_loss_pct, KillLevel.FLATTEN),
        )
        for name, value, limit, level in ladder:
            if value >= limit and self._first(f"{name}:{level}"):
                reason = f"{name} {value:.2f}% reached {limit:g}%"
                latch = Latch(level=level, scope=Scope(), reason=reason, by=f"breaker {name}", at=at)
                trips.append(Trip(Severity.CRITICAL, "breaker", f"{reason}: {level}", latch))
        warned = (
            ("drawdown", drawdown, limits.warn_drawdown_pct),
            ("daily loss", loss, limits.warn_daily_loss_pct),
        )
        for name, value, limit in warned:
            if value >= limit and self._first(f"{name}:warn"):
                trips.append(Trip(Severity.WARN, "breaker", f"{name} {value:.2f}% passed {limit:g}%"))
            elif value < limit * _RESET_SHARE:
                self._said.discard(f"{name}:warn")
        return trips

    def released(self) -> None:
        """Let the loss breakers speak again: an operator released a latch; what still holds trips anew."""
        self._said = {said for said in self._said if said.endswith(":warn")}

    def _first(self, key: str) -> bool:
        if key in self._said:
            return False
        self._said.add(key)
        return True

    def _volatility(self, state: State, instrument: InstrumentId, at: int) -> list[Trip]:
        minute = at // MINUTE_MS
        vol = self._vols.setdefault(instrument, _Vol())
        known = state.prices.get(instrument)
        if minute == vol.minute or known is None:
            return []
        self._warm[instrument] = self._warm.get(instrument, 0) + 1
        value = vol.update(minute, known[0])
        if value is None or self._warm[instrument] < _HALF_LIFE_MIN:
            return []
        limit = self.limits.vol_breaker
        vol.strikes = vol.strikes + 1 if value > limit else 0
        if vol.strikes >= _STRIKES and not vol.over:
            vol.over, vol.calm_since = True, None
            return [
                Trip(
                    Severity.ALERT,
                    "breaker",
                    f"{instrument} volatility {value:.0%} over {limit:.0%}: sizes halved",
                )
            ]
        if vol.over and value < limit * _RESET_SHARE:
            vol.calm_since = vol.calm_since if vol.calm_since is not None else at
            if at - vol.calm_since >= _RESET_MS:
                vol.over = False
                return [
                    Trip(Severity.NOTE, "breaker", f"{instrument} volatility {value:.0%}: full sizes again")
                ]
        elif vol.over:
            vol.calm_since = None
        return []

    def size_factor(self, state: State) -> Decimal:
        """Return 1/2 while the drawdown is past its halving step or any watched volatility is over its limit, else
        1.
        """
        halved = 100 * state.equity.drawdown() >= self.limits.half_drawdown_pct
        return Decimal("0.5") if halved or any(vol.over for vol in self._vols.values()) else Decimal(1)

    def volatility(self, instrument: InstrumentId) -> float | None:
        """Return the volatility the breaker watches, None before an hour of minutes is known."""
        vol = self._vols.get(instrument)
        if vol is None or vol.variance is None or self._warm.get(instrument, 0) < _HALF_LIFE_MIN:
            return None
        return math.sqrt(vol.variance * _MINUTES_PER_YEAR)

    def rows(self, state: State, traded: tuple[InstrumentId, ...], at: int) -> tuple[Check, ...]:
        """Return every breaker as a recorded check: value, threshold, verdict."""
        limits, curve = self.limits, state.equity
        rows = [
            _row("drawdown", 100 * curve.drawdown(), limits.max_drawdown_pct, limits.warn_drawdown_pct),
            _row(
                "daily_loss", 100 * curve.daily_loss(), limits.max_daily_loss_pct, limits.warn_daily_loss_pct
            ),
        ]
        for instrument in traded:
            why = self.freshness.why_closed(state, instrument, at)
            verdict = Verdict.REFUSE if why else Verdict.PASS
            threshold = f"{limits.max_quote_age_s:g} s"
            rows.append(
                Check(
                    name="data", value=why or "fresh", threshold=threshold, verdict=verdict, scope=instrument
                )
            )
            value = self.volatility(instrument)
            if value is not None:
                over = self._vols[instrument].over
                rows.append(
                    Check(
                        name="volatility",
                        value=f"{value:.4f}",
                        threshold=f"{limits.vol_breaker:g}",
                        verdict=Verdict.WARN if over else Verdict.PASS,
                        scope=instrument,
                    )
                )
        return tuple(rows)


def _row(name: str, value: float, limit: float, warn: float) -> Check:
    verdict = Verdict.REFUSE if value >= limit else Verdict.WARN if value >= warn else Verdict.PASS
    return Check(name=name, value=f"{value:.4f}%", threshold=f"{limit:g}%", verdict=verdict, scope="desk")
