"""The ``[vol]`` section: composite weights, estimator windows, regime edges and the grid (METHODS sections 3 to 5)."""

from __future__ import annotations

from typing import Literal

from tradecli.settings import setting, settings


@settings
class VolWeights:
    """Weights of the composite. They must add to 1; a missing input gives its weight to the others."""

    bitvol: float = setting(
        default=0.30, help="Weight of the model-free implied index (BVX or DVOL)", ge=0, le=1
    )
    lxvx: float = setting(default=0.25, help="Weight of the volatility basket (LVX)", ge=0, le=1)
    garch: float = setting(default=0.25, help="Weight of the GARCH(1,1) forecast", ge=0, le=1)
    realised: float = setting(default=0.20, help="Weight of realised volatility", ge=0, le=1)


@settings
class GridSettings:
    """The adaptive grid of METHODS section 5.4."""

    spacing_pct: float = setting(
        default=0.0, help="A fixed spacing; 0 lets it follow volatility", unit="%", ge=0, le=50
    )
    levels: int = setting(default=8, help="Most levels on each side", ge=1, le=200)
    range_pct: float = setting(
        default=15.0, help="Widest half-range, whatever the volatility says", unit="%", gt=0, le=50
    )
    tau_hours: float = setting(default=1.0, help="Wanted time between two fills", unit="h", gt=0, le=168)
    kappa: float = setting(
        default=2.0, help="Floor of the spacing, in round trips of fees and spread", ge=1, le=20
    )
    z: float = setting(default=2.0, help="Half-range in standard deviations over the horizon", gt=0, le=6)
    horizon_hours: float = setting(
        default=24.0, help="Time after which the grid is centred again", unit="h", gt=0, le=720
    )
    capital_share: float = setting(
        default=0.10, help="Share of equity that one symbol's grid may hold", unit="fraction", gt=0, le=1
    )
    require_reversion: bool = setting(
        default=False, help="Whether to quote only where the variance ratio says that prices revert (p < 0.1)"
    )
    aversion: float = setting(
        default=4.0, help="Risk aversion: how far a new layout leans against the inventory", ge=0, le=100
    )
    quotes: Literal["grid", "glft"] = setting(
        default="grid",
        help="Where the nearest order of a side stands: grid by its line, glft by inventory and fill rate",
    )
    recentre_steps: float = setting(
        default=1.5, help="Steps the centre may lie from the market before it moves", ge=0.5, le=50
    )


@settings
class StressSettings:
    """What the bands of the stress score do (METHODS section 5.3). Calm and watch do nothing."""

    act: bool = setting(default=True, help="Whether stressed and crisis bands act, or are only shown")
    stressed_size: float = setting(
        default=0.5, help="Sizes under stress, beside the usual ones", unit="fraction", gt=0, le=1
    )
    stressed_widen: float = setting(
        default=1.5, help="Grid spacing under stress, beside the usual", ge=1, le=5
    )


@settings
class VolSettings:
    """What the volatility desk measures, and how the grid follows it."""

    interval: str = setting(default="1h", help="Bars of the range estimators: 1m, 5m, 15m, 1h, 4h, 8h or 1d")
    window_days: int = setting(default=30, help="History of the range estimators", unit="days", ge=1, le=365)
    garch_bars: int = setting(default=1000, help="Bars a GARCH fit uses", ge=250, le=20_000)
    garch_min_bars: int = setting(
        default=250, help="Fewest bars for a GARCH fit; below it the fallback is EWMA", ge=100, le=20_000
    )
    ewma_lambda: float = setting(default=0.94, help="Decay of the EWMA variance on daily steps", gt=0, lt=1)
    max_index_age_hours: float = setting(
        default=2.0, help="A published index older than this is stale", unit="h", gt=0, le=168
    )
    min_coverage: float = setting(
        default=0.40, help="Sum of weights below which the composite is not for trading", ge=0, le=1
    )
    record_forecasts: bool = setting(
        default=False,
        help="Whether backtests keep their forecasts for vol score; live, paper, rehearsal, demo always do",
    )
    weights: VolWeights = setting(default=VolWeights(), help="Weights of the composite; they add to 1")
    grid: GridSettings = setting(default=GridSettings(), help="The adaptive grid")
    stress: StressSettings = setting(default=StressSettings(), help="What the bands of the stress score do")
