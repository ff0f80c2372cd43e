"""The ``[inventory]`` section: capital, sizing and concentration (METHODS section 11)."""

from __future__ import annotations

from decimal import Decimal

from tradecli.settings import setting, settings


@settings
class InventorySettings:
    """How much is at work and how it may be spread. Ratios are fractions of equity."""

    total_capital: Decimal = setting(
        default=Decimal(1_000_000), help="Capital that sizes are derived from", unit="USDT", gt=0
    )
    max_inventory_ratio: float = setting(
        default=0.30, help="Largest directional inventory", unit="fraction of equity", gt=0, le=10
    )
    kelly_multiplier: float = setting(
        default=0.25, help="Share of the shrunk Kelly fraction that is used", gt=0, le=1
    )
    max_cluster_ratio: float = setting(
        default=0.20,
        help="Largest exposure to coins that move together",
        unit="fraction of equity",
        gt=0,
        le=10,
    )
    max_quote_coin_ratio: float = setting(
        default=0.60, help="Largest exposure to one quote coin", unit="fraction of equity", gt=0, le=10
    )
    target_vol: float = setting(
        default=0.50, help="Volatility the book is scaled to", unit="fraction/year", gt=0, le=5
    )
    min_trades: int = setting(
        default=30, help="Closed trades needed before Kelly says anything", ge=10, le=100_000
    )
