"""The equity curve: high-water mark, drawdown, and the loss since midnight UTC.

Deposits and withdrawals are not performance: they move the marks with them, so that drawdown is that of the
trading.
"""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.feed import DAY_MS
from tradecli.domain.number import ZERO
from tradecli.engine.window import Ring

_POINTS = 4_000


class EquityCurve:
    """Fed with equity a few times a minute; keeps one point a minute for the screens."""

    def __init__(self) -> None:
        self.value: Decimal | None = None
        self.start: Decimal | None = None
        self.peak: Decimal | None = None
        self.day = -1
        self.day_start: Decimal | None = None
        self.max_drawdown = 0.0
        self.points = Ring(2, _POINTS)

    def move_capital(self, amount: Decimal) -> None:
        """Shift every mark by a deposit (+) or a withdrawal (-); the drawn curve starts again."""
        if self.value is not None:
            self.value += amount
            self.start = (self.start or ZERO) + amount
            self.peak = (self.peak or ZERO) + amount
            self.day_start = (self.day_start or ZERO) + amount
            self.points = Ring(2, _POINTS)

    def update(self, equity: Decimal, at: int) -> None:
        """Take in the equity at ``at``; a new UTC day starts its own loss account once, never backwards."""
        if self.start is None:
            self.start = self.peak = equity
        self.value = equity
        if at // DAY_MS > self.day:
            self.day = at // DAY_MS
            self.day_start = equity
        if self.peak is None or equity > self.peak:
            self.peak = equity
        self.max_drawdown = max(self.max_drawdown, self.drawdown())
        last = self.points.last(0)
        if last is None or at - last >= 60_000:
            self.points.append((at, float(equity)))

    def drawdown(self) -> float:
        """Return 1 - equity / high-water mark, as a fraction; 0 before the first value."""
        if self.value is None or not self.peak:
            return 0.0
        return float((self.peak - self.value) / self.peak)

    def daily_loss(self) -> float:
        """Return the loss since 00:00 UTC as a fraction of the equity then; negative when ahead."""
        if self.value is None or not self.day_start:
            return 0.0
        return float((self.day_start - self.value) / self.day_start)
