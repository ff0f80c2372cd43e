"""The ``[signals]`` section: category weights, timeframe weights and the gates of an entry (METHODS section 6)."""

from __future__ import annotations

from tradecli.settings import setting, settings


@settings
class SignalWeights:
    """Weights of the five categories. They must add to 1; a missing category gives its weight to the others."""

    trend: float = setting(default=0.30, help="EMA, TEMA and Hull moving averages", ge=0, le=1)
    momentum: float = setting(default=0.25, help="RSI, MACD and Stochastic", ge=0, le=1)
    volume: float = setting(default=0.20, help="VWAP, OBV and CMF", ge=0, le=1)
    volatility: float = setting(default=0.15, help="Bollinger and Keltner", ge=0, le=1)
    crypto: float = setting(default=0.10, help="Funding, open interest and sentiment", ge=0, le=1)


@settings
class TimeframeWeights:
    """Weights of the timeframes in the combined score. They must add to 1."""

    m1: float = setting(default=0.05, help="Weight of 1m bars", ge=0, le=1)
    m5: float = setting(default=0.10, help="Weight of 5m bars", ge=0, le=1)
    m15: float = setting(default=0.15, help="Weight of 15m bars", ge=0, le=1)
    h1: float = setting(default=0.25, help="Weight of 1h bars", ge=0, le=1)
    h4: float = setting(default=0.25, help="Weight of 4h bars", ge=0, le=1)
    d1: float = setting(default=0.20, help="Weight of 1d bars", ge=0, le=1)


@settings
class SignalsSettings:
    """What is scored, on which bars, and how sure an entry must be."""

    weights: SignalWeights = setting(
        default=SignalWeights(), help="Weights of the five categories; they add to 1"
    )
    timeframes: TimeframeWeights = setting(
        default=TimeframeWeights(), help="Weights of the timeframes; they add to 1"
    )
    min_coverage: float = setting(
        default=0.60, help="Sum of weights below which there is no signal", ge=0, le=1
    )
    min_confidence: float = setting(default=0.70, help="Calibrated confidence an entry needs", ge=0.5, le=1)
    bars: int = setting(
        default=500, help="Bars kept per timeframe for indicators and normalisation", ge=120, le=5_000
    )
