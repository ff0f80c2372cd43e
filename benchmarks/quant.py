"""Cost of the formulas that run often: GARCH refits beside arch, live indicators, implied volatility and Greeks.

    python -m benchmarks.quant [--rounds N] [--check]

Everything is seeded; contenders run in turn (A B A B ...) and medians of CPU time are compared, on one BLAS thread.
``--check`` exits with 1 below 8 times arch for one compiled fit, below 10 times for eight starts and fifty symbols, or
above 2 ms for a warm refit.
"""

from __future__ import annotations

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy: a small matrix wakes the whole pool otherwise

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from tradecli.quant import garch, garch_fit, implied, indicators, options, oscillators
from tradecli.quant.garch import Garch
from tradecli.quant.garch_arch import egarch_with_arch, fit_with_arch
from tradecli.quant.garch_asymmetric import fit_egarch, fit_gjr
from tradecli.quant.live import LiveIndicators

TRUE = Garch(0.05, 0.4, 0.09, 0.87, nu=6.0)
BARS, SYMBOLS, STARTS, OPTIONS = 1_000, 50, 8, 1_000
FASTER, FASTER_ALL, WARM_MS = 8.0, 10.0, 2.0


def returns(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    h, found = TRUE.omega / (1.0 - TRUE.persistence), []
    for shock in (rng.standard_t(6, BARS + 1) * math.sqrt(4.0 / 6.0)).tolist():
        e = math.sqrt(h) * shock
        found.append(TRUE.mu + e)
        h = garch.next_variance(TRUE, h, e)
    return np.array(found)


def fits() -> dict[str, Callable[[], object]]:
    """Return what to time on Student-t returns; a warm fit begins at the optimum of the bar before."""
    series = [returns(seed) for seed in range(SYMBOLS)]
    one = series[0][1:]
    before = garch_fit.fit(series[0][:-1], compiled=True)
    known = before.model if before is not None else None
    eight = f"{STARTS} starts, compiled"
    return {
        "arch": lambda: fit_with_arch(one),
        f"arch, {STARTS} starts": lambda: [fit_with_arch(one, start=start) for start in starts()],
        eight: lambda: [garch_fit.fit(one, start=start, compiled=True) for start in starts()],
        "GJR, arch": lambda: fit_with_arch(one, asymmetric=True),
        "GJR, ours": lambda: fit_gjr(one),
        "EGARCH, arch": lambda: egarch_with_arch(one),
        "EGARCH, ours, compiled": lambda: fit_egarch(one, compiled=True),
        "ours, numpy": lambda: garch_fit.fit(one),
        "ours, compiled": lambda: garch_fit.fit(one, compiled=True),
        "ours, compiled, warm": lambda: garch_fit.fit(one, compiled=True, known=known),
        f"{SYMBOLS} symbols, compiled": lambda: [garch_fit.fit(each[1:], compiled=True) for each in series],
    }


def starts() -> list[tuple[float, float]]:
    """Return the starting alpha and beta of the searches that look for the highest optimum."""
    return [(alpha, beta) for alpha in (0.03, 0.08, 0.15, 0.25) for beta in (0.60, 0.70)]


def others() -> dict[str, tuple[Callable[[], object], int]]:
    """Return what to time, and of how many bars or options one call is."""
    rng = np.random.default_rng(1)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.001, 20_000)))
    high, low = 1.001 * close, 0.999 * close
    rows = list(zip(high.tolist(), low.tolist(), close.tolist(), strict=True))

    def live() -> None:
        update = LiveIndicators().update
        for row in rows:
            update(*row)

    def batch() -> None:
        indicators.ema(close, 20)
        indicators.macd(close)
        oscillators.rsi(close)
        indicators.atr(high, low, close)
        indicators.bollinger(close)

    strike = 60_000.0 * np.exp(np.linspace(-1.0, 1.0, OPTIONS))
    side = np.where(strike > 60_000.0, 1.0, -1.0)
    price = options.black76_price(60_000.0, strike, 0.1, 0.6, side)
    return {
        "five indicators, live, a bar": (live, len(rows)),
        "five indicators, batch, a bar": (batch, len(rows)),
        "implied volatility, an option": (
            lambda: implied.implied_vol(price, 60_000.0, strike, 0.1, side),
            OPTIONS,
        ),
        "price and Greeks, an option": (
            lambda: options.black76(60_000.0, strike, 0.1, 0.6, side),
            OPTIONS,
        ),
    }


def medians(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU milliseconds of each, after one unmeasured call."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_ in range(rounds + 1):
        for name, call in contenders.items():
            started = time.process_time()
            call()
            if round_:
                times[name].append(1_000.0 * (time.process_time() - started))
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    fitted = medians(fits(), arguments.rounds)
    print(f"GARCH(1,1), Student t, {BARS} returns, CPU ms, medians of {arguments.rounds}")
    everyone = f"{SYMBOLS} symbols, compiled"
    eight = f"{STARTS} starts, compiled"
    beside = {everyone: SYMBOLS * fitted["arch"], eight: fitted[f"arch, {STARTS} starts"]}
    beside |= {"GJR, ours": fitted["GJR, arch"], "EGARCH, ours, compiled": fitted["EGARCH, arch"]}
    for name, cost in fitted.items():
        theirs = beside.get(name, fitted["arch"])
        print(f"  {name:26} {cost:8.2f}  {theirs / cost:6.1f} x arch")
    rest = others()
    print("CPU ns")
    for name, cost in medians({name: call for name, (call, _) in rest.items()}, arguments.rounds).items():
        print(f"  {name:30} {1e6 * cost / rest[name][1]:8.0f}")
    missed = [
        text
        for text, fails in (
            (f"a fit is less than {FASTER:g} x arch", fitted["arch"] / fitted["ours, compiled"] < FASTER),
            (
                f"{STARTS} starts are less than {FASTER_ALL:g} x arch",
                beside[eight] / fitted[eight] < FASTER_ALL,
            ),
            (f"a warm refit is above {WARM_MS:g} ms", fitted["ours, compiled, warm"] > WARM_MS),
            (
                f"all symbols are less than {FASTER_ALL:g} x arch",
                SYMBOLS * fitted["arch"] / fitted[everyone] < FASTER_ALL,
            ),
        )
        if fails
    ]
    for text in missed:
        print(f"missed: {text}")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
