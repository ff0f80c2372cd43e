"""Indicators against TA-Lib's published conventions, and against TA-Lib itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import indicators, oscillators, turnover


def shown(values: np.ndarray, expected: dict[str, Any]) -> dict[str, Any]:
    first = int(np.argmax(np.isfinite(values)))
    return {"first_valid": first, "at": {bar: values[int(bar)] for bar in expected["at"]}}


def test_the_indicators_give_the_values_of_the_sixty_bars(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("indicators_60")
    high, low, close, volume = (np.array(vector.inputs[name]) for name in ("high", "low", "close", "volume"))
    ts = 60_000 * np.arange(len(close), dtype=np.int64)
    lines, bands = indicators.macd(close), indicators.bollinger(close)
    channel = indicators.keltner(high, low, close)
    stochastic = oscillators.stochastic(high, low, close)
    found = {
        "ema20": indicators.ema(close, 20),
        "tema10": indicators.tema(close, 10),
        "hma16": indicators.hma(close, 16),
        "rsi14": oscillators.rsi(close),
        "macd": lines.line,
        "macd_signal": lines.signal,
        "macd_hist": lines.histogram,
        "stoch_k": stochastic.k,
        "stoch_d": stochastic.d,
        "bb_upper": bands.upper,
        "bb_mid": bands.middle,
        "bb_lower": bands.lower,
        "obv": turnover.obv(close, volume),
        "atr10": indicators.atr(high, low, close, 10),
        "cmf20": turnover.cmf(high, low, close, volume),
        "vwap_session": turnover.vwap(ts, high, low, close, volume).value,
        "kc_upper": channel.upper,
        "kc_lower": channel.lower,
        "adx14": oscillators.adx(high, low, close).adx,
    }
    vector.check({name: shown(values, vector.expected[name]) for name, values in found.items()})


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


def bars(count: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(count)))
    high = close * np.exp(0.01 * rng.random(count))
    low = close * np.exp(-0.01 * rng.random(count))
    return high, low, close, rng.gamma(2.0, 50.0, count)


def test_the_others_equal_talib_too() -> None:
    talib = pytest.importorskip("talib")
    high, low, close, volume = bars(500)
    bands = indicators.bollinger(close, 20, 2.5)
    directional = oscillators.adx(high, low, close, 14)
    stochastic = oscillators.stochastic(high, low, close)
    pairs = {
        "WMA": (indicators.wma(close, 9), talib.WMA(close, 9)),
        "SMA": (indicators.sma(close, 9), talib.SMA(close, 9)),
        "TEMA": (indicators.tema(close, 10), talib.TEMA(close, 10)),
        "BBANDS": (np.stack([bands.upper, bands.lower]), np.stack(talib.BBANDS(close, 20, 2.5, 2.5)[::2])),
        "RSI": (oscillators.rsi(close), talib.RSI(close)),
        "ADX": (directional.adx, talib.ADX(high, low, close)),
        "PLUS_DI": (directional.plus, talib.PLUS_DI(high, low, close)),
        "MINUS_DI": (directional.minus, talib.MINUS_DI(high, low, close)),
        "STOCH": (
            np.stack([stochastic.k, stochastic.d]),
            np.stack(talib.STOCH(high, low, close, 14, 3, 0, 3, 0)),
        ),
        "ROC": (oscillators.roc(close), talib.ROC(close)),
        "MAX": (indicators.donchian(high, low).upper, talib.MAX(high, 20)),
        "OBV": (turnover.obv(close, volume), talib.OBV(close, volume)),
    }
    for name, (ours, theirs) in pairs.items():
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8, err_msg=name)


def test_the_published_worksheet_of_rsi_is_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("rsi_wilder_published")
    found = oscillators.rsi(np.array(vector.inputs["close"]), vector.inputs["n"])
    assert np.isnan(found[:14]).all()
    values = found[14:]
    vector.check({"rsi_from_index_14": values, "published_first": values[0], "published_last": values[-1]})


def test_a_flat_market_is_in_the_middle_of_its_range_and_has_no_trend() -> None:
    flat = np.full(80, 100.0)
    ts = 60_000 * np.arange(80, dtype=np.int64)
    assert indicators.newest(oscillators.rsi(flat)) == 50.0
    assert indicators.newest(oscillators.stochastic(flat, flat, flat).k) == 50.0
    assert indicators.newest(oscillators.adx(flat, flat, flat).adx) == 0.0
    assert indicators.newest(indicators.bollinger(flat).position(flat)) == 0.5
    assert indicators.newest(turnover.cmf(flat, flat, flat, np.ones(80))) == 0.0
    assert indicators.newest(turnover.cmf(flat, flat, flat, np.zeros(80))) is None
    untraded = turnover.vwap(ts, flat, flat, flat, np.zeros(80))
    assert untraded.value[-1] == 100.0
    assert not untraded.has_volume.any()


def test_vwap_starts_again_at_midnight() -> None:
    high, low, close, volume = bars(200)
    ts = 900_000 * np.arange(200, dtype=np.int64)
    found = turnover.vwap(ts, high, low, close, volume).value
    for midnight in (0, 96, 192):
        assert found[midnight] == pytest.approx((high[midnight] + low[midnight] + close[midnight]) / 3)
    part = slice(96, 150)
    typical = (high + low + close)[part] / 3
    assert found[149] == pytest.approx(float(np.average(typical, weights=volume[part])))


def test_a_supertrend_only_tightens_and_flips_beyond_the_opposite_band() -> None:
    high, low, close, _ = bars(600)
    trend = indicators.supertrend(high, low, close)
    assert set(trend.direction[:10].tolist()) == {0}
    assert {1, -1} == set(trend.direction[10:].tolist())
    for t in range(11, 600):
        if trend.direction[t] == trend.direction[t - 1]:
            rise = (trend.line[t] - trend.line[t - 1]) * trend.direction[t]
            assert rise >= -1e-12, "the stop never gives way while its trend lasts"
            assert (close[t] - trend.line[t]) * trend.direction[t] >= 0
    up = indicators.supertrend(*(np.arange(1.0, 61.0) + shift for shift in (0.5, -0.5, 0.2)))
    assert set(up.direction[10:].tolist()) == {1}


@pytest.mark.parametrize("count", [0, 1, 5, 13, 14, 27])
def test_series_too_short_have_no_value_and_keep_their_length(count: int) -> None:
    high, low, close, volume = bars(count)
    ts = 60_000 * np.arange(count, dtype=np.int64)
    lines = [
        indicators.tema(close, 10),
        indicators.hma(close, 25),
        indicators.bollinger(close, 28).upper,
        indicators.keltner(high, low, close, 28).upper,
        indicators.donchian(high, low, 28).lower,
        indicators.supertrend(high, low, close, 28).line,
        oscillators.rsi(close, 28),
        oscillators.adx(high, low, close).adx,
        oscillators.stochastic(high, low, close, 28).d,
        oscillators.roc(close, 28),
        turnover.cmf(high, low, close, volume, 28),
    ]
    for line in lines:
        assert len(line) == count
        assert indicators.newest(line) is None
    assert len(turnover.obv(close, volume)) == len(turnover.vwap(ts, high, low, close, volume).value) == count


def test_after_its_warm_up_an_average_no_longer_knows_where_the_series_began() -> None:
    high, low, close, _ = bars(800)
    cut = 300
    for name, n, measure in (
        ("ema", 20, lambda h, low, c: indicators.ema(c, 20)),
        ("tema", 10, lambda h, low, c: indicators.tema(c, 10)),
        ("wilder", 14, lambda h, low, c: indicators.atr(h, low, c, 14)),
        ("macd", 26, lambda h, low, c: indicators.macd(c).histogram),
    ):
        whole = measure(high, low, close)
        late = measure(high[cut:], low[cut:], close[cut:])
        settled = indicators.settled_after(name, n)
        gap = np.abs(late[settled:] - whole[cut + settled :])
        assert float(np.max(gap)) < 0.03 * float(np.std(whole[cut:])), name


@pytest.mark.parametrize("seed", range(3))
def test_no_value_changes_when_more_bars_come(seed: int) -> None:
    high, low, close, volume = bars(160, seed)
    for cut in (60, 120):
        for measure in (
            lambda h, low, c, v: indicators.macd(c).signal,
            lambda h, low, c, v: indicators.supertrend(h, low, c).line,
            lambda h, low, c, v: oscillators.adx(h, low, c).adx,
            lambda h, low, c, v: oscillators.stochastic(h, low, c).d,
            lambda h, low, c, v: turnover.cmf(h, low, c, v),
            lambda h, low, c, v: indicators.hma(c, 16),
        ):
            early = measure(high[:cut], low[:cut], close[:cut], volume[:cut])
            np.testing.assert_array_equal(early, measure(high, low, close, volume)[:cut])
