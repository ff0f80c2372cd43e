"""Figures of recorded markets that the simulated one is made to resemble; figures only, never recorded rows.

Each constant names its statistic and the recorded file and window it came from (paths under the shared data
folder). ``python -m benchmarks.calibrate_simulated`` prints them again. What no file tells is marked ASSUMED.
"""

from __future__ import annotations

from typing import NamedTuple

COINS = ("BTC", "ETH", "BNB")


class CoinFigures(NamedTuple):
    """One coin. Volatilities are annual fractions, volumes USD a minute at Binance, basis in basis points."""

    start: float
    median_vol: float
    jumps_a_day: float
    jump_size: float
    perp_usd: float
    spot_usd: float
    basis_mean: float
    basis_sd: float
    basis_half_life_h: float
    open_interest: float


# start: first index price of options/deribit_{btc,eth}_chain_2026_even_weeks (2026-01-05 04:11); BNB: last close of
#   ohlcv/binance_spot_BNBUSDT_1h (2025-06-30), the newest there is.
# median_vol: exp of the mean log daily realised volatility, ohlcv/binance_spot_*USDT_1h, 2023-07 to 2025-06.
# jumps: 1m returns over 5.5 local bipower deviations, a day, and the sd of their size, ohlcv/binance_perp_*USDT_1m,
#   2025-05-05 to 2025-06-24.
# perp_usd: mean USD a minute, ohlcv/binance_perp_*USDT_1m, 2025-05-05 to 2025-06-24; spot_usd: the same of
#   ohlcv/binance_spot_*USDT_1h, 2023-07 to 2025-06.
# basis: perpetual over spot close, ohlcv/binance_{perp,spot}_*USDT_1h from 2024-01; mean, sd, and the half-life
#   that the autocorrelation at 8 h to 168 h gives (BTC .93 to .75, ETH .94 to .76, BNB .76 to .26).
# open_interest: books/binance_usdm_btcusdt_20240921_state (BTC); ETH and BNB by the ratio of the coin-margined
#   contracts in derivs/binance_open_interest_daily, 2025.
FIGURES = {
    "BTC": CoinFigures(92_790.0, 0.365, 1.2, 0.0032, 12.9e6, 1.39e6, -1.7, 4.5, 430.0, 5.5e9),
    "ETH": CoinFigures(3_175.0, 0.476, 1.5, 0.0050, 11.7e6, 0.78e6, -1.5, 4.6, 450.0, 2.0e9),
    "BNB": CoinFigures(657.0, 0.412, 1.1, 0.0041, 0.267e6, 0.155e6, -1.1, 6.0, 60.0, 0.25e9),
}

CORRELATIONS = (0.798, 0.680, 0.710)
"""BTC-ETH, BTC-BNB, ETH-BNB of 1h returns, ohlcv/binance_spot_*USDT_1h, 2023-07 to 2025-06."""

KEPT_CORRELATION = 0.908
"""What is left of the correlation of the coins' normals in their returns: volatilities differ, and 40 % of jumps are a
coin's own. Found by comparing the simulated hours of twelve seeds with CORRELATIONS."""

VOL_CORRELATION = 0.78
"""Between the coins' log volatilities: daily log RV .85, .74, .74, same files and window."""


class VolFactor(NamedTuple):
    """One mean-reverting part of log volatility: stationary deviation, half-life, correlation with returns."""

    sd: float
    half_life_h: float
    leverage: float


VOL_FACTORS = (VolFactor(0.38, 2.5, -0.12), VolFactor(0.30, 36.0, -0.30), VolFactor(0.28, 600.0, -0.30))
"""Fast: log hourly RV of ohlcv/binance_perp_*USDT_1m has sd .43-.66 and autocorrelation .71, .54, .43, .28 at 1, 2, 3,
6 h. Middle: daily log RV (sd .54-.56) falls from .44-.60 at 1 d to .10-.28 at 5 d. Slow: it still is .22-.32 at 20 d,
and the sd of log DVOL is .18 with .65 at 20 d (derivs/dvol_btc_1h, 2023-07 to 2025-06). Leverage: corr(r, dlog RV) of
1 h is -.06 to -.16; of 6 h returns with the 30 d at-the-money volatility -.44 (BTC), -.27 (ETH), chains of 2026."""

JUMPS_SHARED = 0.6
"""ASSUMED share of jumps that move all coins at once."""

HOUR_VOL = (
    0.97, 1.10, 0.95, 0.77, 0.72, 0.71, 0.81, 0.84, 0.85, 0.76, 0.76, 0.76,
    0.86, 1.18, 1.54, 1.39, 1.11, 1.20, 1.17, 1.11, 0.99, 1.02, 1.05, 0.82,
)  # fmt: skip
"""Volatility by hour of day, UTC, mean square 1: ohlcv/binance_spot_BTCUSDT_1h, 2023-07 to 2025-06."""

HOUR_VOLUME = (
    0.92, 0.87, 0.78, 0.72, 0.68, 0.70, 0.75, 0.91, 0.87, 0.90, 0.85, 0.88,
    1.06, 1.49, 1.95, 1.69, 1.47, 1.23, 1.10, 1.09, 0.88, 0.74, 0.72, 0.75,
)  # fmt: skip
"""Median volume by hour of day, mean 1, same file and window."""

# --- inside a second: books/ and trades/ binance_{usdm,spot}_btcusdt_20240808, 23:54 to 24:00 -------------------------

ACTIVE_CELLS = 0.11
"""Share of 100 ms in which the best prices of the perpetual move (spot .08)."""

CELL_SPREAD = 1.05
SECOND_SPREAD = 1.0
"""Log deviations of the pace of active 100 ms and of seconds, so that 1 s returns have a kurtosis near 24 and |r|
an autocorrelation of .14 at 1 s, as the perpetual's mid had.
"""

QUIET_PRINTS = 0.35
"""Share of prints outside moves: prints a second have mean 15.8, variance 404, autocorrelation .32 at 1 s."""

SIGN_OF_MOVE = 0.40
SIGN_OF_FLOW = 0.06
"""How far an aggressor's side leans to the move and to the standing flow: signed volume of 1 s correlates .72 with
the return (perpetual; spot .40), and signs .20, .16, .12, .10 at prints 1, 5, 10, 20.
"""

ONE_TICK = 0.94
"""Chance of one tick where the price moves; one tick is .94 of the updates (spot .88) and .99 of the time on both."""

WIDE_TICKS = ((0.0, 2.0), (0.25, 3.0), (0.50, 8.0), (0.75, 20.0), (0.90, 41.0), (1.0, 80.0))
"""Quantiles in ticks of .1 at 61,800 of the wider spreads of the perpetual; kept as a distance relative to price."""
WIDE_TICK_BP = 0.0162

LEVEL_GAP_BP = 0.058
"""Mean distance of neighbouring levels: 3.79 ticks of .1 (perpetual), 33.8 of .01 (spot), at 61,800."""

TOUCH_USD = 222_000.0
TOUCH_VOLUME_USD = 26.2e6
TOUCH_EXPONENT = 0.36
"""Mean size of the best bid, its market's USD a minute then, and how size grows with volume: spot had 99,500 USD
at 2.27 million a minute, the perpetual 222,000 at 26.2 million."""

TOUCH_QUANTILES = (
    (0.01, 0.0006), (0.05, 0.0053), (0.10, 0.0225), (0.25, 0.186), (0.50, 0.744), (0.75, 1.413), (0.90, 2.35),
    (0.95, 3.14), (0.99, 5.15),
)  # fmt: skip
"""Best bid size over its mean, perpetual."""

TOUCH_REFRESH = 0.10
"""Chance that 100 ms bring a new size at the same price: the imbalance has autocorrelation .84 at 100 ms,
.27 at 1 s."""

BEHIND_SHARE = 0.097
BEHIND_SD = 1.7
"""Mean size of levels 2 to 20 over the best one's, and the log deviation of their sizes (2.27 with the smallest
orders in).
"""

PRINTS = 9.37
PRINTS_VOLUME_USD = 2.27e6
PRINTS_EXPONENT = 0.214
"""Joined prints a second of spot at its USD a minute, and how they grow to the perpetual's 15.83 at 26.2 million."""

PRINT_QUANTILES = (
    (0.01, 0.0045), (0.05, 0.0046), (0.10, 0.0047), (0.25, 0.0157), (0.50, 0.067), (0.75, 0.304), (0.90, 1.46),
    (0.95, 3.30), (0.99, 15.9), (1.0, 60.0),
)  # fmt: skip
"""Size of joined prints over their mean, perpetual; the last one cut from 156."""

# --- venue against venue ----------------------------------------------------------------------------------------------

VENUE_VOLUME = {"binance": 1.0, "bybit": 0.34, "okx": 0.36}
SPOT_VOLUME = {"binance": 1.0, "bybit": 0.20, "okx": 0.22}
"""Volume over Binance's: derivs/three_venue_spot_perp_8h, medians of BTC, 2023-01 to 2024-07."""


class GapFigures(NamedTuple):
    """A venue's perpetual against the coin's common basis: mean, deviation (basis points), half-life."""

    mean: float
    sd: float
    half_life_h: float


VENUE_GAP = {
    "binance": GapFigures(0.0, 0.9, 12.0),
    "bybit": GapFigures(0.0, 1.4, 12.0),
    "okx": GapFigures(1.7, 2.4, 60.0),
}
"""Bybit over Binance close 1h from 2024-01: mean .1, sd 2.0, autocorrelation .76 at 1 h, .39 at 24 h. OKX over
Binance mark 1h (derivs/okx_mark_1h, binance_mark_1h): mean 1.7, sd 3.7, autocorrelation .90 at 1 h, .83 at 24 h.
"""

SPOT_GAP = GapFigures(0.0, 0.4, 2.0)
"""ASSUMED: no two venues' spot prices were recorded on one clock."""

NOISE_BP = 0.5
NOISE_HALF_LIFE_S = 40.0
"""Short-lived part: perpetual over spot 1m close has sd .83, autocorrelation .62 at 1 m (2025-05 to 2025-06)."""

LAG_CELLS = {"binance": 0, "bybit": 1, "okx": 1}
"""How many 100 ms a venue follows: perpetual and spot correlate .68 in the same 100 ms and .14 one later; between
venues ASSUMED the same."""

INTEREST = 0.0001
CLAMP = 0.0005
FUNDING_CAP = 0.02
FUNDING_INTERVAL_H = 8.0
"""METHODS 9.1. With the hourly premium this formula gives the recorded Binance rates with correlation .95 (BTC),
.96 (ETH), .91 (BNB); funding/binance_usdm_funding, 2023-07 to 2025-06. The cap is ASSUMED.
"""

# --- options: options/deribit_{btc,eth}_chain_2026_even_weeks ---------------------------------------------------------

INDEX_LEVEL = 0.520
"""exp of mean log DVOL, derivs/dvol_btc_1h, 2023-07 to 2025-06 (1.13 times the realised volatility of 30 d)."""

ATM_RATIO = {"BTC": 1.0, "ETH": 1.396}
"""30 d at-the-money volatility over BTC's: .583 over .417."""

TERM = ((0.5, 0.974), (3.0, 0.962), (7.0, 1.004), (30.0, 1.0), (90.0, 1.034), (160.0, 1.059), (300.0, 1.106))
"""At-the-money volatility by days over the 30 d one, BTC, means of 2026."""

SSVI_RHO = {"BTC": -0.28, "ETH": -0.19}
SSVI_C = {"BTC": 0.80, "ETH": 0.72}
"""Least absolute fit of w/theta = (1 + rho c y + sqrt((c y + rho)^2 + 1 - rho^2))/2, y = k/sqrt(theta), |y| < 3, >
4 d: the same smile for every expiry in standard units, slope rho c/2 = -.11 (BTC), -.07 (ETH).
"""

SKEW_SD = 0.09
SKEW_WITH_VOL = -0.10
"""Deviation of rho that gives the recorded sd of the slope (.03 of -.09), and how it follows the fast volatility
factors: the 30 d slope correlates -.21 (BTC), -.23 (ETH) with the ratio of 7 d to 30 d volatility.
"""

CARRY = {
    "BTC": (
        (0.7, 0.004),
        (3.0, 0.009),
        (6.0, 0.017),
        (20.0, 0.024),
        (55.0, 0.027),
        (160.0, 0.036),
        (300.0, 0.038),
    ),
    "ETH": (
        (0.7, 0.005),
        (3.0, 0.011),
        (6.0, 0.014),
        (20.0, 0.016),
        (55.0, 0.019),
        (160.0, 0.027),
        (300.0, 0.032),
    ),
}
"""ln(forward/index) a year by days, medians."""

WIDTH_DELTA = (0.01, 0.035, 0.075, 0.15, 0.275, 0.425, 0.575, 0.725, 0.85, 0.95)
WIDTH_COIN = {
    "BTC": (0.0002, 0.0003, 0.0005, 0.0010, 0.0010, 0.0010, 0.0020, 0.0045, 0.0080, 0.0355),
    "ETH": (0.0003, 0.0005, 0.0010, 0.0010, 0.0015, 0.0015, 0.0025, 0.0090, 0.0200, 0.0885),
}
"""Median ask less bid in coin by |delta|."""

OPTION_INTEREST = {"BTC": 390_000.0, "ETH": 1_950_000.0}
"""Open interest of all options, in coins."""
