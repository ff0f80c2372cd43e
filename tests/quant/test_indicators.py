"""Indicators against TA-Lib's published conventions, and against TA-Lib itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import indicators


def shown(values: np.ndarray, expected: dict[str, Any]) -> dict[str, Any]:
    first = int(np.argmax(np.isfinite(values)))
    return {"first_valid": first, "at": {bar: values[int(bar)] for bar in expected["at"]}}


def test_ema_macd_and_atr_give_the_values_of_the_sixty_bars(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("indicators_60")
    high, low, close = (np.array(vector.inputs[name]) for name in ("high", "low", "close"))
    lines = indicators.macd(close)
    found = {
        "ema20": indicators.ema(close, 20),
        "macd": lines.line,
        "macd_signal": lines.signal,
        "macd_hist": lines.histogram,
        "atr10": indicators.atr(high, low, close, 10),
    }
    for name, values in found.items():
        vector.check_at(name, shown(values, vector.expected[name]))


def test_they_equal_talib_on_a_long_series() -> None:
    talib = pytest.importorskip("talib")
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(400)))
    high, low = close * 1.01, close * 0.99
    np.testing.assert_allclose(indicators.ema(close, 26), talib.EMA(close, 26), rtol=1e-12)
    for ours, theirs in zip(
        (indicators.macd(close).line, indicators.macd(close).signal), talib.MACD(close)[:2], strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        indicators.atr(high, low, close, 14), talib.ATR(high, low, close, 14), rtol=1e-12
    )


@pytest.mark.parametrize("n", [0, 1, 11, 25, 26, 33])
def test_short_series_have_no_value_and_keep_their_length(n: int) -> None:
    close = np.linspace(100.0, 101.0, n)
    lines = indicators.macd(close)
    assert len(lines.signal) == n
    assert indicators.newest(lines.signal) is None
    assert indicators.newest(indicators.atr(close, close, close, 40)) is None
    assert (indicators.newest(indicators.ema(close, 12)) is None) == (n < 12)
