"""The ``[hedge]`` section: the target delta, the band and what a hedge may cost (METHODS section 8)."""

from __future__ import annotations

from tradecli.settings import setting, settings


@settings
class HedgeSettings:
    """How far delta may drift before it is worth paying to bring it back."""

    target_delta_pct: float = setting(
        default=0.0, help="Wanted net delta", unit="% of equity", ge=-100, le=100
    )
    hard_band_pct: float = setting(
        default=5.0,
        help="Net delta that is always hedged, whatever it costs",
        unit="% of equity",
        gt=0,
        le=100,
    )
    risk_aversion: float = setting(
        default=10.0, help="Relative risk aversion of the no-trade band", gt=0, le=1_000
    )
    window_hours: int = setting(
        default=240, help="Observations of the hedge-ratio regression", unit="h", ge=48, le=8_760
    )
    ewma_lambda: float = setting(default=0.97, help="Decay of the dynamic hedge ratio", gt=0, lt=1)
    holding_hours: float = setting(
        default=24.0, help="Expected life of the exposure", unit="h", gt=0, le=8_760
    )
    max_cost_bps: float = setting(
        default=20.0, help="Most a hedge may cost", unit="bps of notional", gt=0, le=500
    )
