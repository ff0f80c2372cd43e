"""EMA, MACD, RSI, ATR and Bollinger of one series, kept up bar by bar: the twins of ``indicators`` and ``oscillators``.

One object holds the state of all five; an update is a few dozen additions, and what needs a division or a root is left
to the reader. A value is None until the batch twin would have one, and equal to it from then on.
"""

from __future__ import annotations

import math
from itertools import pairwise


class LiveIndicators:
    """The state of five indicators after each closed bar; feed it every bar, oldest first, without a hole."""

    __slots__ = (
        "_alpha_ema",
        "_alpha_fast",
        "_alpha_signal",
        "_alpha_slow",
        "_atr",
        "_atr_n",
        "_atr_share",
        "_base",
        "_close",
        "_closes",
        "_down",
        "_ema",
        "_ema_n",
        "_fast",
        "_fast_n",
        "_lines",
        "_ranges",
        "_ring",
        "_rsi_kept",
        "_rsi_n",
        "_rsi_share",
        "_signal",
        "_signal_n",
        "_slot",
        "_slow",
        "_slow_n",
        "_squares",
        "_sum",
        "_up",
        "_warm",
        "_width",
        "_width_n",
        "count",
    )

    def __init__(
        self,
        ema: int = 20,
        macd: tuple[int, int, int] = (12, 26, 9),
        rsi: int = 14,
        atr: int = 14,
        bollinger: int = 20,
        width: float = 2.0,
    ) -> None:
        self._ema_n, self._rsi_n, self._atr_n = ema, rsi, atr
        self._fast_n, self._slow_n, self._signal_n = macd
        self._width_n, self._width = bollinger, width
        self._alpha_ema = 2.0 / (ema + 1)
        self._alpha_fast, self._alpha_slow, self._alpha_signal = (2.0 / (n + 1) for n in macd)
        self._rsi_share, self._rsi_kept, self._atr_share = 1.0 / rsi, 1.0 - 1.0 / rsi, 1.0 / atr
        self._warm = max(ema, self._slow_n + self._signal_n - 1, rsi + 1, atr + 1, bollinger)
        self.count = 0
        self._closes: list[float] = []
        self._lines: list[float] = []
        self._ranges: list[float] = []
        self._ring = [0.0] * bollinger
        self._slot = 0
        self._base = self._sum = self._squares = self._close = 0.0
        self._ema = self._fast = self._slow = self._signal = self._up = self._down = self._atr = 0.0

    def update(self, high: float, low: float, close: float) -> None:
        """Take one more closed bar."""
        before, self._close = self._close, close
        self.count += 1
        if self.count <= self._warm:
            self._warm_up(high, low, close, before)
            return
        self._ema += self._alpha_ema * (close - self._ema)
        fast = self._fast
        self._fast = fast = fast + self._alpha_fast * (close - fast)
        slow = self._slow
        self._slow = slow = slow + self._alpha_slow * (close - slow)
        self._signal += self._alpha_signal * (fast - slow - self._signal)
        change = close - before
        self._up *= self._rsi_kept
        self._down *= self._rsi_kept
        if change > 0.0:
            self._up += change * self._rsi_share
        else:
            self._down -= change * self._rsi_share
        self._atr += ((high if high > before else before) - (low if low < before else before) - self._atr) * (
            self._atr_share
        )
        slot, ring, base = self._slot, self._ring, self._base
        old, new = ring[slot] - base, close - base
        ring[slot] = close
        change = new - old
        self._sum += change
        self._squares += change * (new + old)
        slot += 1
        if slot == self._width_n:
            self._anchor()
            slot = 0
        self._slot = slot

    def _anchor(self) -> None:
        """Add up the ring anew around a close of now, so that rounding cannot pile up."""
        base = self._base = self._close
        self._sum = math.fsum(each - base for each in self._ring)
        self._squares = math.fsum((each - base) ** 2 for each in self._ring)

    def _warm_up(self, high: float, low: float, close: float, before: float) -> None:
        """Take a bar while some indicator is still collecting its first mean."""
        n, closes, lines = self.count, self._closes, self._lines
        closes.append(close)
        self._ema = _seeded(self._ema, close, closes, n, self._ema_n, self._ema_n, self._alpha_ema)
        self._fast = _seeded(self._fast, close, closes, n, self._fast_n, self._slow_n, self._alpha_fast)
        self._slow = _seeded(self._slow, close, closes, n, self._slow_n, self._slow_n, self._alpha_slow)
        if n >= self._slow_n:
            line = self._fast - self._slow
            lines.append(line)
            m = self._signal_n
            self._signal = _seeded(self._signal, line, lines, len(lines), m, m, self._alpha_signal)
        if n > 1:
            self._ranges.append(max(high, before) - min(low, before))
            a, m = self._atr_n, self._rsi_n
            self._atr = _seeded(self._atr, self._ranges[-1], self._ranges, n - 1, a, a, 1.0 / a)
            if n == m + 1:
                changes = [late - early for early, late in pairwise(closes)]
                self._up = sum(max(each, 0.0) for each in changes) / m
                self._down = sum(max(-each, 0.0) for each in changes) / m
            elif n > m + 1:
                self._up += (max(close - before, 0.0) - self._up) / m
                self._down += (max(before - close, 0.0) - self._down) / m
        if n >= self._width_n:
            self._ring = closes[-self._width_n :]
            self._slot = 0
            self._anchor()

    @property
    def close(self) -> float | None:
        return self._close if self.count else None

    @property
    def ema(self) -> float | None:
        return self._ema if self.count >= self._ema_n else None

    @property
    def macd(self) -> tuple[float, float, float] | None:
        """Line, signal and histogram; all three begin with the signal."""
        if self.count < self._slow_n + self._signal_n - 1:
            return None
        line = self._fast - self._slow
        return line, self._signal, line - self._signal

    @property
    def rsi(self) -> float | None:
        if self.count <= self._rsi_n:
            return None
        whole = self._up + self._down
        return 100.0 * self._up / whole if whole > 0.0 else 50.0

    @property
    def atr(self) -> float | None:
        return self._atr if self.count > self._atr_n else None

    @property
    def bollinger(self) -> tuple[float, float, float] | None:
        """Upper band, middle and lower band."""
        n = self._width_n
        if self.count < n:
            return None
        mean = self._sum / n
        reach = self._width * math.sqrt(max(self._squares / n - mean * mean, 0.0))
        return self._base + mean + reach, self._base + mean, self._base + mean - reach


def _seeded(
    state: float, value: float, seen: list[float], count: int, n: int, first: int, alpha: float
) -> float:
    """Return an average that begins at value number ``first`` with the mean of the n values up to it."""
    if count < first:
        return state
    return sum(seen[-n:]) / n if count == first else state + alpha * (value - state)
