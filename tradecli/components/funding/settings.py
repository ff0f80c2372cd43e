"""The ``[funding]`` section: which carry is worth a look, and how large it may get (METHODS section 9)."""

from __future__ import annotations

from decimal import Decimal

from tradecli.settings import setting, settings


@settings
class FundingSettings:
    """Thresholds of the funding scan. Rates are fractions per interval; APR is a fraction per year."""

    min_rate_difference: float = setting(
        default=0.005,
        help="Display filter on the rate difference of two venues",
        unit="fraction per 8 h",
        ge=0,
        le=0.1,
    )
    max_single_position: Decimal = setting(
        default=Decimal(100_000), help="Largest notional of one leg", unit="USDT", gt=0
    )
    min_net_apr: float = setting(
        default=0.09,
        help="Hurdle after all costs: stablecoin yield plus 5 %",
        unit="fraction/year",
        ge=0,
        le=10,
    )
    hold_days: float = setting(default=7.0, help="Planned holding time of a pair", unit="days", gt=0, le=365)
    history_days: int = setting(
        default=30, help="Settled rates used for the mean and its reversion", unit="days", ge=1, le=365
    )
    max_naked_s: float = setting(
        default=2.0, help="Longest time one leg may stand alone", unit="s", gt=0, le=600
    )
    max_risk: float = setting(
        default=60.0,
        help="Risk score (0 to 100, higher is worse) above which a pair is refused",
        ge=0,
        le=100,
    )
