"""The indicators kept up bar by bar are those computed from the whole series, from the first valid bar on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quant.test_indicators import bars
from tradecli.quant import indicators, oscillators
from tradecli.quant.live import LiveIndicators


def both(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, live: LiveIndicators, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return every value at every bar and its batch twin, NaN where there is none; ``n`` is used for all five."""
    lines = indicators.macd(close, n, 2 * n, n - 1)
    bands = indicators.bollinger(close, n)
    batch = np.column_stack(
        [
            indicators.ema(close, n),
            lines.line,
            lines.signal,
            lines.histogram,
            oscillators.rsi(close, n),
            indicators.atr(high, low, close, n),
            bands.upper,
            bands.middle,
            bands.lower,
        ]
    )
    found = np.empty_like(batch)
    for t in range(len(close)):
        live.update(float(high[t]), float(low[t]), float(close[t]))
        none = (None, None, None)
        row = [live.ema, *(live.macd or none), live.rsi, live.atr, *(live.bollinger or none)]
        found[t] = [np.nan if each is None else each for each in row]
    return found, batch


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(0, 200), st.sampled_from([1e-6, 1.0, 1e5]))
def test_each_value_is_that_of_its_twin_at_every_bar(seed: int, n: int, count: int, unit: float) -> None:
    high, low, close, _ = bars(count, seed)
    live = LiveIndicators(n, (n, 2 * n, n - 1), n, n, n)
    found, batch = both(unit * high, unit * low, unit * close, live, n)
    scale = unit * float(close[0]) if len(close) else 1.0
    assert np.allclose(found, batch, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def test_rounding_does_not_pile_up_over_a_hundred_thousand_bars() -> None:
    high, low, close, _ = bars(100_000)
    close = 60_000 + 0.01 * close
    high, low = close + 0.1, close - 0.1
    live = LiveIndicators()
    for row in zip(high.tolist(), low.tolist(), close.tolist(), strict=True):
        live.update(*row)
    bands, lines = indicators.bollinger(close), indicators.macd(close)
    assert live.bollinger == pytest.approx((bands.upper[-1], bands.middle[-1], bands.lower[-1]), rel=1e-12)
    upper, _, lower = live.bollinger or (0.0, 0.0, 0.0)
    assert upper - lower == pytest.approx(float(bands.upper[-1] - bands.lower[-1]), rel=1e-7)
    assert live.macd == pytest.approx((lines.line[-1], lines.signal[-1], lines.histogram[-1]), rel=1e-7)
    assert live.rsi == pytest.approx(oscillators.rsi(close)[-1], rel=1e-9)


def test_a_flat_market_has_a_middling_rsi_and_bands_without_width() -> None:
    live = LiveIndicators()
    for _ in range(60):
        live.update(100.0, 100.0, 100.0)
    assert live.rsi == 50.0
    assert live.bollinger == (100.0, 100.0, 100.0)
    assert live.atr == 0.0


def test_before_the_first_bar_there_is_nothing() -> None:
    live = LiveIndicators()
    assert (live.close, live.ema, live.macd, live.rsi, live.atr, live.bollinger) == (None,) * 6
