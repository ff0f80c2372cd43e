"""The ``[risk]`` section that the live sessions of the tests run under."""

from __future__ import annotations


def limits(max_order_notional_usd: int) -> str:
    """Return the section as text; one order may be worth so many dollars at most."""
    return f"""[risk]
max_order_notional_usd = {max_order_notional_usd}
max_symbol_pct = 10
max_venue_pct = 40
max_gross_pct = 300
max_net_pct = 30
max_open_orders = 200
max_orders_per_min = 600
max_drawdown_pct = 15
max_daily_loss_pct = 4
"""
