"""Print the statistics of recorded markets that ``tradecli/venues/simulated/calibration.py`` carries as constants.

    python -m benchmarks.calibrate_simulated [--shared FOLDER] [SECTION ...]

Sections: volatility, fine, book, trades, basis, funding, interest, smile. Each line names the statistic, the window and
the figure. Nothing is written: the figures are copied by hand, with the name of their file beside them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

COINS = ("BTC", "ETH", "BNB")
PAIRS = (("BTC", "ETH"), ("BTC", "BNB"), ("ETH", "BNB"))
YEARS = ("2023-07-01", "2025-07-01")
WINDOWS_1M = (("2023-07-19", "2023-08-17"), ("2025-05-05", "2025-06-24"))
BOOKS = (("usdm_btcusdt", 0.1), ("spot_btcusdt", 0.01))
QUANTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)

Floats = NDArray[Any]


def ms(day: str) -> int:
    return int(np.datetime64(day, "ms").astype("int64"))


class Shared:
    """Reads columns of the recorded files as arrays."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"

    def columns(self, name: str) -> dict[str, Floats]:
        table = pq.read_table(self.data / f"{name}.parquet")
        return {column: table[column].to_numpy() for column in table.column_names}

    def frame(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.data / f"{name}.parquet").to_pandas()

    def within(self, name: str, since: str, until: str) -> dict[str, Floats]:
        columns = self.columns(name)
        keep = (columns["ts"] >= ms(since)) & (columns["ts"] < ms(until))
        return {key: value[keep] for key, value in columns.items()}


def say(name: str, *values: Any) -> None:
    def form(value: Any) -> str:
        if isinstance(value, float | np.floating):
            return f"{value:.4g}"
        if isinstance(value, list | tuple | np.ndarray):
            return "[" + ", ".join(form(each) for each in value) + "]"
        return str(value)

    print(f"  {name:58} {'  '.join(form(value) for value in values)}")


def autocorrelation(x: Floats, lags: tuple[int, ...]) -> list[float]:
    return [round(float(np.corrcoef(x[:-lag], x[lag:])[0, 1]), 3) for lag in lags]


def summed(x: Floats, width: int) -> Floats:
    return x[: len(x) // width * width].reshape(-1, width).sum(axis=1)


def volatility(shared: Shared) -> None:
    """Level, spread and persistence of realised volatility; jumps; correlations; the shape of the day."""
    returns = {}
    for coin in COINS:
        bars = shared.within(f"ohlcv/binance_spot_{coin}USDT_1h", *YEARS)
        r = np.diff(np.log(bars["close"]))
        returns[coin] = r
        daily = 0.5 * np.log(summed(r**2, 24) * 365)
        say(f"{coin} spot 1h {YEARS}: annual volatility", float(np.sqrt((r**2).mean() * 8760)))
        say(f"{coin} daily RV: exp mean log, sd log", float(np.exp(daily.mean())), float(daily.std()))
        say(f"{coin} daily log RV autocorrelation 1,2,5,10,20 d", autocorrelation(daily, (1, 2, 5, 10, 20)))
        hour = bars["ts"][1:] // 3_600_000 % 24
        capped = np.minimum(r**2, np.quantile(r**2, 0.999))
        day = np.array([np.sqrt(capped[hour == each].mean()) for each in range(24)])
        say(f"{coin} volatility by hour of day", np.round(day / np.sqrt((day**2).mean()), 2))
        usd = (bars["volume"] * bars["close"])[1:]
        traded = np.array([np.median(usd[hour == each]) for each in range(24)])
        say(f"{coin} spot volume by hour of day", np.round(traded / traded.mean(), 2))
        say(f"{coin} spot volume, mean USD a minute", float(usd.mean() / 60))
    for one, other in PAIRS:
        levels = [0.5 * np.log(summed(returns[coin] ** 2, 24)) for coin in (one, other)]
        say(
            f"{one}-{other} correlation of 1h returns", float(np.corrcoef(returns[one], returns[other])[0, 1])
        )
        say(f"{one}-{other} correlation of daily log RV", float(np.corrcoef(*levels)[0, 1]))
    for window in WINDOWS_1M:
        _minutes(shared, window)
    _index(shared)


def _minutes(shared: Shared, window: tuple[str, str]) -> None:
    for coin in COINS:
        bars = shared.within(f"ohlcv/binance_perp_{coin}USDT_1m", *window)
        r = np.diff(np.log(bars["close"]))
        hourly = 0.5 * np.log(np.maximum(summed(r**2, 60), 1e-12))
        spread = np.convolve(np.abs(r[1:] * r[:-1]), np.ones(240) / 240, "same") * np.pi / 2
        jump = np.abs(r[1:]) > 5.5 * np.sqrt(np.maximum(spread, 1e-14))
        hour_return = summed(r, 60)
        name = f"{coin} perp 1m {window[0]}"
        say(
            f"{name}: vol, kurtosis",
            float(np.sqrt((r**2).mean() * 525_600)),
            float((r**4).mean() / (r**2).mean() ** 2),
        )
        say(
            f"{name}: log RV 1h sd; autocorrelation 1,2,3,6,12,24 h",
            float(hourly.std()),
            autocorrelation(hourly, (1, 2, 3, 6, 12, 24)),
        )
        say(f"{name}: |r| autocorrelation 1,5,15,60 m", autocorrelation(np.abs(r), (1, 5, 15, 60)))
        say(
            f"{name}: leverage corr(r, dlogRV) 1h", float(np.corrcoef(hour_return[1:], np.diff(hourly))[0, 1])
        )
        say(f"{name}: jumps a day, sd of size", float(jump.mean() * 1440), float(r[1:][jump].std()))
        say(f"{name}: mean USD a minute", float((bars["volume"] * bars["close"]).mean()))


def _index(shared: Shared) -> None:
    index = shared.within("derivs/dvol_btc_1h", *YEARS)
    level = index["close"] / 100
    spot = shared.columns("ohlcv/binance_spot_BTCUSDT_1h")
    at = np.searchsorted(spot["ts"], index["ts"])
    squares = np.cumsum(np.diff(np.log(spot["close"])) ** 2)
    say("DVOL BTC: exp mean log, sd log", float(np.exp(np.log(level).mean())), float(np.log(level).std()))
    say("DVOL BTC: daily sd of dlog", float(np.log(level[24:] / level[:-24]).std()))
    say("DVOL BTC: log autocorrelation 1,5,10,20 d", autocorrelation(np.log(level), (24, 120, 240, 480)))
    for days in (1, 7, 30):
        width = days * 24
        realised = np.sqrt((squares[at - 1] - squares[at - 1 - width]) / width * 8760)
        say(f"DVOL BTC over realised {days} d: exp mean log", float(np.exp(np.log(level / realised).mean())))


def fine(shared: Shared) -> None:
    """How price moves inside a second."""
    for name, tick in BOOKS:
        quotes = shared.columns(f"books/binance_{name}_20240808_bbo")
        t = quotes["recv_ts_us"]
        mid = (np.rint(quotes["bid"] / tick) + np.rint(quotes["ask"] / tick)) / 2 * tick
        grid = np.arange(t[0], t[-1], 100_000)
        log_mid = np.log(mid[np.searchsorted(t, grid, "right") - 1])
        cell = np.diff(log_mid)
        second = np.diff(log_mid[::10])
        say(f"{name}: share of 100 ms cells with a move", float((cell != 0).mean()))
        say(
            f"{name}: kurtosis 100 ms, 1 s",
            float((cell**4).mean() / (cell**2).mean() ** 2),
            float((second**4).mean() / (second**2).mean() ** 2),
        )
        say(f"{name}: |r| 1 s autocorrelation 1,2,5 s", autocorrelation(np.abs(second), (1, 2, 5)))
        for step in (1, 10, 50, 300):
            r = np.diff(log_mid[::step])
            say(
                f"{name}: annual volatility at {step / 10} s",
                float(np.sqrt((r**2).mean() * 315_360_000 / step)),
            )
    a = shared.columns("books/binance_usdm_btcusdt_20240808_bbo")
    b = shared.columns("books/binance_spot_btcusdt_20240808_bbo")
    grid = np.arange(max(a["event_ts"][0], a["event_ts"][0]) * 1000, a["event_ts"][-1] * 1000, 100_000)
    one = np.log(((a["bid"] + a["ask"]) / 2)[np.searchsorted(a["recv_ts_us"], grid - 1_300_000, "right") - 1])
    two = np.log(((b["bid"] + b["ask"]) / 2)[np.searchsorted(b["recv_ts_us"], grid - 1_300_000, "right") - 1])
    r1, r2 = np.diff(one), np.diff(two)
    lead = {
        lag: round(float(np.corrcoef(r1[5:-5], np.roll(r2, -lag)[5:-5])[0, 1]), 3)
        for lag in (-2, -1, 0, 1, 2, 3)
    }
    say("corr(perp 100 ms return, spot return LAG cells later)", lead)


def book(shared: Shared) -> None:
    """Spread, sizes at the touch, levels behind it."""
    for name, tick in BOOKS:
        quotes = shared.columns(f"books/binance_{name}_20240808_bbo")
        t = quotes["recv_ts_us"]
        span = (t[-1] - t[0]) / 1e6
        spread = (np.rint(quotes["ask"] / tick) - np.rint(quotes["bid"] / tick)).astype(int)
        held = np.diff(t, append=t[-1])
        bid, ask = np.rint(quotes["bid"] / tick), np.rint(quotes["ask"] / tick)
        moved = (np.diff(bid) != 0) | (np.diff(ask) != 0)
        say(f"{name}: best bid/ask updates a second, with a new price", len(t) / span, moved.sum() / span)
        say(
            f"{name}: spread of 1 tick, share of updates, of time",
            float((spread == 1).mean()),
            float(held[spread == 1].sum() / held.sum()),
        )
        wide = np.sort(spread[spread > 1])
        say(f"{name}: spread over 1 tick: quantiles in ticks", np.percentile(wide, (10, 25, 50, 75, 90)))
        say(f"{name}: bid size quantiles {QUANTILES}", np.percentile(quotes["bid_qty"], QUANTILES))
        say(f"{name}: bid size mean", float(quotes["bid_qty"].mean()))
        lean = (quotes["bid_qty"] - quotes["ask_qty"]) / (quotes["bid_qty"] + quotes["ask_qty"])
        grid = np.arange(t[0], t[-1], 100_000)
        at = np.searchsorted(t, grid, "right") - 1
        say(
            f"{name}: imbalance sd; autocorrelation .1, 1, 5 s",
            float(lean.std()),
            autocorrelation(lean[at], (1, 10, 50)),
        )
        log_mid = np.log((quotes["bid"] + quotes["ask"])[at])
        say(
            f"{name}: corr(imbalance, next 1 s return)",
            float(np.corrcoef(lean[at][:-10], log_mid[10:] - log_mid[:-10])[0, 1]),
        )
        sizes, gaps = [], []
        for own, steps in _levels(shared, name, tick):
            sizes.append(own)
            gaps.append(steps)
        level = np.array(sizes)
        say(f"{name}: mean size of levels 1..20", level.mean(axis=0))
        say(
            f"{name}: size behind the touch: mean, median, sd of log",
            float(level[:, 1:].mean()),
            float(np.median(level[:, 1:])),
            float(np.log(level[:, 1:]).std()),
        )
        say(f"{name}: mean gap between levels in ticks", float(np.mean(gaps)))


def _levels(shared: Shared, name: str, tick: float) -> Iterator[tuple[list[float], Floats]]:
    """Yield, every twentieth message after the snapshot, the first 20 sizes of a side and the gaps between them."""
    rows = shared.columns(f"books/binance_{name}_20240808_depth")
    ticks = np.rint(rows["price"] / tick).astype(int).tolist()
    sides: dict[str, dict[int, float]] = {"b": {}, "a": {}}
    kinds, qtys = rows["kind"].tolist(), rows["qty"].tolist()
    sequence, which = rows["seq"].tolist(), rows["side"].tolist()
    first = kinds.index("S")
    last_of_snapshot = len(kinds) - 1 - kinds[::-1].index("S")
    message = 0
    for row in range(first, len(kinds)):
        side = sides[which[row]]
        if qtys[row] == 0:
            side.pop(ticks[row], None)
        else:
            side[ticks[row]] = qtys[row]
        if row <= last_of_snapshot or (row + 1 < len(kinds) and sequence[row + 1] == sequence[row]):
            continue
        message += 1
        if message % 20 == 0 and max(sides["b"]) < min(sides["a"]):
            for key, sign in (("b", -1), ("a", 1)):
                best = sorted(sides[key], key=lambda price, sign=sign: sign * price)[:21]
                yield [sides[key][price] for price in best[:20]], np.abs(np.diff(best))


def trades(shared: Shared) -> None:
    """Prints joined as a venue's aggregated stream does: one millisecond, one aggressor side."""
    for name, _tick in BOOKS:
        rows = shared.columns(f"trades/binance_{name}_20240808_trades")
        side = np.where(rows["buyer_is_maker"], -1, 1)
        new = np.r_[True, (np.diff(rows["ts"]) != 0) | (np.diff(side) != 0)]
        first = np.flatnonzero(new)
        qty = np.add.reduceat(rows["qty"], first)
        span = (rows["ts"][-1] - rows["ts"][0]) / 1e3
        say(f"{name}: joined prints a second", len(qty) / span)
        say(f"{name}: size quantiles {QUANTILES}", np.percentile(qty, QUANTILES))
        say(f"{name}: size mean", float(qty.mean()))
        say(f"{name}: sign autocorrelation 1,2,5,10,20", autocorrelation(side[first], (1, 2, 5, 10, 20)))
        count = np.bincount((rows["ts"][first] - rows["ts"][0]) // 1000)
        say(
            f"{name}: prints a second: mean, variance, autocorrelation 1 s",
            float(count.mean()),
            float(count.var()),
            autocorrelation(count, (1,)),
        )


def basis(shared: Shared) -> None:
    """Perpetual over spot, and venue against venue, in basis points."""

    def gap(one: str, other: str, lags: tuple[int, ...], since: str) -> None:
        a, b = shared.columns(one), shared.columns(other)
        ts, i, j = np.intersect1d(a["ts"], b["ts"], return_indices=True)
        x = 1e4 * (a["close"][i] / b["close"][j] - 1)
        x = x[(ts >= ms(since)) & (np.abs(x) < 80)]
        label = f"{Path(one).name} over {Path(other).name}"
        say(f"{label}: mean, sd", float(x.mean()), float(x.std()))
        say(f"   autocorrelation at bars {lags}", autocorrelation(x, lags))

    for coin in ("BTC", "ETH"):
        gap(
            f"ohlcv/binance_perp_{coin}USDT_1m",
            f"ohlcv/binance_spot_{coin}USDT_1m",
            (1, 15, 60, 480),
            "2025-05-05",
        )
    for coin in COINS:
        gap(
            f"ohlcv/binance_perp_{coin}USDT_1h",
            f"ohlcv/binance_spot_{coin}USDT_1h",
            (1, 8, 24, 168),
            "2024-01-01",
        )
        gap(f"ohlcv/bybit_perp_{coin}USDT_1h", f"ohlcv/binance_perp_{coin}USDT_1h", (1, 4, 24), "2024-01-01")
    marks = {venue: shared.frame(f"derivs/{venue}_mark_1h") for venue in ("binance", "okx", "bybit")}
    for coin in ("BTC", "ETH"):
        pair = {
            venue: frame[frame.symbol == f"{coin}USDT"].set_index("ts").close
            for venue, frame in marks.items()
        }
        for venue in ("okx", "bybit"):
            x = (1e4 * (pair[venue] / pair["binance"] - 1)).dropna()
            x = x[(x.index >= ms("2024-01-01")) & (x.abs() < 60)].to_numpy()
            say(
                f"{venue} over binance mark {coin}: mean, sd; autocorrelation 1,4,24 h",
                float(x.mean()),
                float(x.std()),
                autocorrelation(x, (1, 4, 24)),
            )


def funding(shared: Shared) -> None:
    """Settled rates in basis points per 8 h, and how the clamp formula of METHODS 9.1 explains them."""
    files = {"binance": "binance_usdm_funding", "bybit": "bybit_linear_funding", "okx": "okx_swap_funding"}
    for venue, file in files.items():
        rows = shared.within(f"funding/{file}", *YEARS)
        for coin in COINS:
            rate = 1e4 * rows["rate"][(rows["symbol"] == f"{coin}USDT") & (rows["interval_h"] == 8)]
            if len(rate) > 100:
                say(
                    f"{venue} {coin}: mean, sd, share below zero",
                    float(rate.mean()),
                    float(rate.std()),
                    float((rate < 0).mean()),
                )
                say(
                    f"{venue} {coin}: autocorrelation 1,3,9,21,90 settlements",
                    autocorrelation(rate, (1, 3, 9, 21, 90)),
                )
    settled = shared.within("funding/binance_usdm_funding", *YEARS)
    for coin in COINS:
        perp, spot = (shared.columns(f"ohlcv/binance_{kind}_{coin}USDT_1h") for kind in ("perp", "spot"))
        ts, i, j = np.intersect1d(perp["ts"], spot["ts"], return_indices=True)
        premium = 1e4 * (perp["close"][i] / spot["close"][j] - 1)
        keep = settled["symbol"] == f"{coin}USDT"
        pairs = []
        for at, rate in zip(settled["ts"][keep], 1e4 * settled["rate"][keep], strict=True):
            end = int(np.searchsorted(ts, at))
            if end >= 8 and ts[end - 1] == at - 3_600_000:
                average = premium[end - 8 : end].mean()
                pairs.append((rate, average + np.clip(1 - average, -5, 5)))
        real, formula = np.array(pairs).T
        say(
            f"binance {coin}: corr(rate, clamp formula), mean error",
            float(np.corrcoef(real, formula)[0, 1]),
            float((real - formula).mean()),
        )


def interest(shared: Shared) -> None:
    """Open interest in USD: coin-margined over years, USDT-margined for BTC at one moment."""
    rows = shared.frame("derivs/binance_open_interest_daily")
    for coin in COINS:
        own = rows[(rows.contract == f"{coin}USD") & (rows.ts >= ms("2025-01-01"))].oi_close.to_numpy()
        say(
            f"binance {coin}USD 2025: mean USD, daily sd of dlog",
            float(own.mean()),
            float(np.diff(np.log(own)).std()),
        )
    state = shared.frame("books/binance_usdm_btcusdt_20240921_state").dropna(subset=["open_interest"])
    say("binance BTCUSDT 2024-09-21: USD", float(state.open_interest.iloc[0] * state.mark_price.iloc[0]))


def smile(shared: Shared) -> None:
    """Term structure, skew, curvature, carry and quoted widths of Deribit's chains of 2026, even weeks."""
    for coin in ("BTC", "ETH"):
        chain = shared.frame(f"options/deribit_{coin.lower()}_chain_2026_even_weeks")
        chain["days"] = (chain.expiry_ts - chain.snapshot_ts) / 86_400_000
        slices = _slices(chain)
        slices["bin"] = pd.cut(slices.days, (0.3, 1, 2, 4, 8, 15, 25, 40, 70, 120, 200, 400))
        for width, rows in slices.groupby("bin", observed=True):
            say(
                f"{coin} {width} d: ATM, slope, curvature in k/(s sqrt T), carry",
                float(rows.atm.mean()),
                float(rows.slope.mean()),
                float(rows.curve.mean()),
                float(rows.carry.median()),
            )
        good = slices[slices.days > 4]
        say(f"{coin}: SSVI rho and c (theta phi^2 = c^2) over slices > 4 d", *_ssvi(chain, slices))
        say(
            f"{coin}: sd of slope between snapshots (30 d)",
            float(good[(good.days > 20) & (good.days < 45)].slope.std()),
        )
        atm = {days: _constant(slices, days) for days in (7, 30, 90)}
        index = slices.groupby("at").index_price.first()
        step = np.diff(index.index) < 9 * 3_600_000
        change = {days: np.diff(np.log(level))[step] for days, level in atm.items()}
        moved = np.diff(np.log(index.to_numpy()))[step]
        say(f"{coin}: ATM 7,30,90 d mean", [float(level.mean()) for level in atm.values()])
        say(f"{coin}: sd of 6 h dlog ATM 7,30,90 d", [float(each.std()) for each in change.values()])
        say(
            f"{coin}: corr(6 h dlog ATM 30 d, return), beta",
            float(np.corrcoef(change[30], moved)[0, 1]),
            float(np.polyfit(moved, change[30], 1)[0]),
        )
        quoted = chain[(chain.bid_price > 0) & (chain.ask_price > 0) & (chain.days > 1)]
        width = quoted.ask_price - quoted.bid_price
        near = pd.cut(quoted.delta.abs(), (0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1))
        say(
            f"{coin}: median width in coin by |delta|",
            [float(x) for x in width.groupby(near, observed=True).median()],
        )
        body = quoted.delta.abs().between(0.2, 0.65)
        old = pd.cut(quoted.days[body], (1, 4, 10, 25, 50, 120, 400))
        say(
            f"{coin}: median width in coin by days, |delta| .2-.65",
            [float(x) for x in width[body].groupby(old, observed=True).median()],
        )
        far = chain[(chain.days > 1) & (chain.delta.abs() < 0.005)]
        say(f"{coin}: share without bid at |delta| < .005", float(far.bid_price.isna().mean()))
        say(f"{coin}: open interest, coins", float(chain.groupby("snapshot_ts").open_interest.sum().mean()))


def _slices(chain: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (at, _expiry), group in chain[chain.days > 0.3].groupby(["snapshot_ts", "expiry_ts"]):
        forward = group.underlying_price.iloc[0]
        years = group.days.iloc[0] / 365
        out = group[
            ((group.option_type == "C") & (group.strike >= forward))
            | ((group.option_type == "P") & (group.strike < forward))
        ].sort_values("strike")
        k, iv = np.log(out.strike.to_numpy() / forward), out.mark_iv.to_numpy() / 100
        if len(k) < 6 or k[0] > 0 or k[-1] < 0:
            continue
        atm = float(np.interp(0, k, iv))
        y = k / (atm * np.sqrt(years))
        body = np.abs(y) < 2
        if body.sum() >= 5:
            curve, slope, _ = np.polyfit(y[body], iv[body] / atm, 2)
            carry = np.log(forward / group.index_price.median()) / years
            rows.append((at, _expiry, years * 365, atm, slope, curve, carry, group.index_price.iloc[0]))
    return pd.DataFrame(
        rows, columns=["at", "expiry", "days", "atm", "slope", "curve", "carry", "index_price"]
    )


def _ssvi(chain: pd.DataFrame, slices: pd.DataFrame) -> tuple[float, float]:
    """Fit w/theta = (1 + rho c y + sqrt((c y + rho)^2 + 1 - rho^2)) / 2 over |y| < 3 by a grid search."""
    joined = chain.merge(
        slices[slices.days > 4], left_on=["snapshot_ts", "expiry_ts"], right_on=["at", "expiry"]
    )
    joined = joined[(joined.option_type == "C") == (joined.strike >= joined.underlying_price)]
    y = np.log(joined.strike / joined.underlying_price) / (joined.atm * np.sqrt(joined.days_x / 365))
    body = (y.abs() < 3).to_numpy()
    y, ratio = y.to_numpy()[body], (joined.mark_iv / 100 / joined.atm).to_numpy()[body]
    best = (np.inf, 0.0, 0.0)
    for rho in np.arange(-0.5, 0.01, 0.01):
        for c in np.arange(0.3, 1.2, 0.02):
            model = np.sqrt((1 + rho * c * y + np.sqrt((c * y + rho) ** 2 + 1 - rho**2)) / 2)
            best = min(best, (float(np.abs(model - ratio).mean()), float(rho), float(c)))
    return best[1], best[2]


def _constant(slices: pd.DataFrame, days: int) -> Floats:
    levels = []
    for _, group in slices.groupby("at"):
        ordered = group.sort_values("days")
        levels.append(np.sqrt(np.interp(days, ordered.days, ordered.atm**2 * ordered.days) / days))
    return np.array(levels)


SECTIONS: dict[str, Callable[[Shared], None]] = {
    each.__name__: each for each in (volatility, fine, book, trades, basis, funding, interest, smile)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    for name in options.sections or SECTIONS:
        print(name)
        SECTIONS[name](Shared(options.shared))


if __name__ == "__main__":
    main()
