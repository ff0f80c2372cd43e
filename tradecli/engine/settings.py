"""The desk's own sections of the configuration: ``[run]``, ``[risk]`` and ``[paper]``.

Risk keys have no default: a profile that trades must state them. The built-in profiles ``demo`` and ``replay``
state theirs, and ``config show`` prints where each value came from.
"""

from __future__ import annotations

from decimal import Decimal

from tradecli.settings import setting, settings


@settings
class RunSettings:
    """What runs: venues, symbols, strategies, and the beat of the cycle."""

    venues: list[str] = setting(["binance"], help="Venues to listen to and trade on")
    symbols: list[str] = setting(
        ["BTCUSDT", "ETHUSDT", "BNBUSDT"],
        help="Watched symbols; spot as BTCUSDT.spot, coin-margined as BTCUSD.inverse",
    )
    strategies: list[str] = setting(["grid"], help="Strategies that start ACTIVE; the others start OFF")
    observe: list[str] = setting([], help="Strategies that report and send nothing")
    cycle_s: int = setting(60, help="Engine time between two decision cycles", unit="s", ge=1, le=86_400)
    assess_timeout_s: int = setting(
        20, help="How long a cycle waits for its assessments", unit="s", ge=1, le=3_600
    )
    on_exit: str = setting(
        "cancel", help="What happens to working orders at the end: leave, cancel or flatten"
    )


@settings
class RiskSettings:
    """Limits that every order passes, counted with all unresolved orders, and the breakers."""

    max_order_notional_usd: Decimal = setting(help="Largest notional of one order", unit="USD", gt=0)
    max_symbol_pct: float = setting(help="Largest exposure to one symbol", unit="% of equity", gt=0, le=1_000)
    max_venue_pct: float = setting(
        help="Largest gross exposure at one venue", unit="% of equity", gt=0, le=2_000
    )
    max_gross_pct: float = setting(help="Largest gross exposure over all", unit="% of equity", gt=0, le=2_000)
    max_net_pct: float = setting(
        help="Largest net exposure over all, either side", unit="% of equity", gt=0, le=2_000
    )
    max_open_orders: int = setting(help="Most unresolved orders at one time", gt=0, le=10_000)
    max_orders_per_min: int = setting(help="Most new orders in any minute of engine time", gt=0, le=100_000)
    max_drawdown_pct: float = setting(
        help="Drawdown that flattens and halts (inclusive)", unit="%", gt=0, le=100
    )
    warn_drawdown_pct: float = setting(5.0, help="Drawdown that warns", unit="%", gt=0, le=100)
    half_drawdown_pct: float = setting(8.0, help="Drawdown that halves new sizes", unit="%", gt=0, le=100)
    reduce_drawdown_pct: float = setting(
        10.0, help="Drawdown that allows only reducing orders", unit="%", gt=0, le=100
    )
    max_daily_loss_pct: float = setting(
        help="Loss since 00:00 UTC that flattens and halts", unit="%", gt=0, le=100
    )
    warn_daily_loss_pct: float = setting(2.0, help="Loss since 00:00 UTC that warns", unit="%", gt=0, le=100)
    max_quote_age_s: float = setting(
        5.0, help="Book or quote older than this closes the symbol", unit="s", gt=0
    )
    max_trade_age_s: float = setting(60.0, help="Trades older than this close the symbol", unit="s", gt=0)
    stale_clean_s: float = setting(60.0, help="Fresh data for this long reopens the symbol", unit="s", ge=0)
    price_collar_pct: float = setting(
        5.0, help="Largest distance of a limit price from the market", unit="%", gt=0, le=50
    )
    max_order_age_s: float = setting(
        10.0, help="An intent older than this is void at the gate", unit="s", gt=0
    )
    max_stall_s: float = setting(
        10.0,
        help="Event loop blocked for this long: the watchdog latches reduce; 0 only alarms",
        unit="s",
        ge=0,
        le=3_600,
    )
    vol_breaker: float = setting(
        1.0, help="1-hour EWMA volatility that halves sizes", unit="fraction/year", gt=0
    )


@settings
class PaperSettings:
    """The simulated fills of demo, replay and paper."""

    latency_ms: int = setting(
        120, help="Decision to acknowledgement, median of a log-normal", unit="ms", ge=0, le=60_000
    )
    latency_sigma: float = setting(0.35, help="Sigma of the log-normal latency", ge=0, le=3)
    max_volume_pct: float = setting(
        5.0, help="Most of a bar's volume that may fill ours", unit="%", gt=0, le=100
    )
    initial_balance: Decimal = setting(
        Decimal(100_000), help="Starting balance, split over the venues", unit="USDT", gt=0
    )
    seed: int = setting(42, help="Seed of latency and queue draws", ge=0)
