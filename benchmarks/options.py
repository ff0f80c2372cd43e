"""Implied volatility and six Greeks of a 900-option chain, beside QuantLib and py_vollib; and what a surface costs.

    python -m benchmarks.options [--peers PYTHON] [--rounds N] [--check]

Each contender runs in a process of its own, in turn (A B A B ...), on the same chain; medians of CPU time are shown, ns
an option. ``--peers`` is the python of an environment with QuantLib and vollib (py_vollib's successor), which are no
dependencies of ours. Then the full surface and both constructions of the index of one chain, as multiples of pricing
that chain once, and the same of a dozen recorded chains where ../shared has them. ``--check`` exits with 1 where a goal
of PERFORMANCE section 5 is missed.
"""

from __future__ import annotations

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy: a small array wakes the whole pool otherwise

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OPTIONS, FORWARD, VOL = 900, 60_000.0, 0.6
DAYS = (1, 2, 3, 6, 13, 20, 34, 69, 125, 216, 307, 363)
CHAINS, EVERY = "data/options/deribit_btc_chain_2026_even_weeks.parquet", 40
OVER_VOLLIB, OVER_QUANTLIB, CHAIN_MS, MULTIPLE = 20.0, 12.0, 0.6, 20.0


def rows() -> list[tuple[float, float, int]]:
    """Return (strike, years, side) of the chain: out of the money, as a chain is solved."""
    import math

    found = []
    for i in range(OPTIONS):
        years = (7 + 353 * (i % 30) / 29) / 365.0
        k = (-2.5 + 5.0 * (i // 30) / 29) * VOL * math.sqrt(years)
        found.append((FORWARD * math.exp(k), years, 1 if k > 0 else -1))
    return found


def median_ns(call: Callable[[], object], rounds: int, count: int = OPTIONS) -> float:
    """Return the median CPU time of one call an option, ns, after one that is not counted."""
    call()
    times = []
    for _ in range(rounds):
        started = time.process_time_ns()
        call()
        times.append((time.process_time_ns() - started) / count)
    return statistics.median(times)


def ours(rounds: int) -> dict[str, float]:
    """Time our own functions, as arrays and as machine code."""
    import numpy as np

    from tradecli.quant.implied import implied_greeks, implied_vol
    from tradecli.quant.options import black76, black76_price

    strike, years, cp = (np.array(column, dtype=np.float64) for column in zip(*rows(), strict=True))
    price = black76_price(FORWARD, strike, years, VOL, cp)
    vol = implied_vol(price, FORWARD, strike, years, cp)
    fast = implied_vol(price, FORWARD, strike, years, cp, compiled=True)
    terms = price, FORWARD, strike, years, cp
    return {
        "iv + 6 Greeks, compiled": median_ns(lambda: implied_greeks(*terms, compiled=True), rounds),
        "iv, compiled": median_ns(lambda: implied_vol(*terms, compiled=True), rounds),
        "6 Greeks, compiled": median_ns(lambda: implied_greeks(*terms, vol=vol, compiled=True), rounds),
        "iv + 6 Greeks, arrays": median_ns(lambda: implied_greeks(*terms), rounds),
        "price and Greeks, arrays": median_ns(lambda: black76(FORWARD, strike, years, vol, cp), rounds),
        "error": max(float(np.max(np.abs(each - VOL))) for each in (vol, fast)),
    }


def surface(rounds: int) -> dict[str, float]:
    """Time a surface and an index of one chain of twelve expiries, ns an option."""
    import numpy as np

    from tests.quant.chains import flat
    from tradecli.quant import bvx, slices
    from tradecli.quant import surface as surfaces
    from tradecli.quant.options import black76

    def smile(k: np.ndarray) -> np.ndarray:
        return 0.5 - 0.15 * k + 0.5 * np.sqrt(k * k + 0.01)

    chain = flat(smile, DAYS, step=2_500.0, low=0.5, high=2.1)
    n = len(chain)
    parts, _ = slices.slices(chain)
    known = {each.years: each.model for each in surfaces.fit(parts).smiles}
    vol = smile(np.log(chain.strike / chain.underlying))

    def whole(warm: bool) -> object:
        found, _ = slices.slices(chain, compiled=True)
        surfaces.fit(found, compiled=True, known=known if warm else None)
        return bvx.bvx(found, compiled=True)

    return {
        "options": float(n),
        "price": median_ns(
            lambda: black76(chain.underlying, chain.strike, chain.years, vol, chain.cp), rounds, n
        ),
        "cleaning": median_ns(lambda: slices.slices(chain, compiled=True), rounds, n),
        "surface": median_ns(lambda: surfaces.fit(parts, compiled=True), rounds, n),
        "index": median_ns(lambda: bvx.bvx(parts, compiled=True), rounds, n),
        "all": median_ns(lambda: whole(False), rounds, n),
        "all, warm": median_ns(lambda: whole(True), rounds, n),
    }


def recorded(rounds: int) -> dict[str, float]:
    """Return what the same costs on a dozen recorded chains, as multiples of pricing each once; empty without them."""
    import numpy as np
    import pyarrow.parquet as parquet

    from tradecli.quant import bvx, slices
    from tradecli.quant import surface as surfaces
    from tradecli.quant.options import black76

    path = Path(os.environ.get("TRADECLI_SHARED") or ROOT.parent / "shared") / CHAINS
    if not path.exists():
        return {}
    names = ("snapshot_ts", "expiry_ts", "strike", "bid_price", "ask_price", "underlying_price")
    table = parquet.read_table(path, columns=[*names, "option_type"])
    at, expiry, strike, bid, ask, underlying = (table[name].to_numpy() for name in names)
    cp = np.where(np.array(table["option_type"].to_pylist()) == "C", 1.0, -1.0)
    multiples, repaired = [], []
    for ts in np.unique(at)[EVERY // 2 :: EVERY]:
        rows = at == ts
        years = (expiry[rows] - ts) / (365.0 * 86_400_000.0)
        chain = slices.ChainArrays(
            years, strike[rows], cp[rows], bid[rows], ask[rows], underlying[rows], inverse=True
        )

        def whole(chain: slices.ChainArrays = chain) -> surfaces.Surface:
            found, _ = slices.slices(chain, compiled=True)
            bvx.bvx(found, compiled=True)
            return surfaces.fit(found, compiled=True)

        terms = chain.underlying, chain.strike, np.maximum(years, 1e-4), np.full(len(chain), VOL), chain.cp
        price = median_ns(lambda terms=terms: black76(*terms), 3 * rounds, 1)  # type: ignore[misc]
        multiples.append(median_ns(whole, rounds, 1) / price)
        repaired.append(sum(each.kind != "svi" for each in whole().smiles))
    return {
        "chains": float(len(multiples)),
        "median": statistics.median(multiples),
        "worst": max(multiples),
        "repaired smiles": statistics.median(repaired),
    }


def asked(python: str, call: str) -> dict[str, float]:
    """Run one contender in its own process and return its figures; empty where it cannot run."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    script = f"import json; from benchmarks import options, options_peers; print(json.dumps({call}))"
    done = subprocess.run(
        [python, "-c", script], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    if done.returncode:
        print(f"  {call} did not run: {done.stderr.strip().splitlines()[-1][:200]}")
        return {}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def merged(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over all turns."""
    names = dict.fromkeys(name for each in found for name in each)
    return {name: statistics.median(each[name] for each in found if name in each) for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", default=sys.executable, help="python with QuantLib and vollib")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    calls = {
        "ours": (sys.executable, f"options.ours({given.rounds})"),
        "QuantLib": (given.peers, f"options_peers.quantlib({given.rounds})"),
        "vollib": (given.peers, f"options_peers.vollib({given.rounds})"),
    }
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in calls}
    for _ in range(given.turns):
        for name, (python, call) in calls.items():
            turns[name].append(asked(python, call))
    found = {name: merged(each) for name, each in turns.items()}
    whole = found["ours"]["iv + 6 Greeks, compiled"]
    print(f"{OPTIONS} options, CPU ns an option, medians of {given.turns} turns of {given.rounds} rounds")
    for name, figures in found.items():
        for what, value in figures.items():
            shown = f"{value:.1e}" if what == "error" else f"{value:10,.0f}  {value / whole:6.1f} x"
            print(f"  {name:9} {what:34} {shown}")
    costs = merged([asked(sys.executable, f"options.surface({given.rounds})") for _ in range(given.turns)])
    print(
        f"one chain of {costs['options']:.0f} options, multiples of its price and Greeks ({costs['price']:.0f} ns each)"
    )
    for what, value in costs.items():
        if what not in ("options", "price"):
            print(f"  {what:12} {value * costs['options'] / 1e6:7.2f} ms  {value / costs['price']:6.1f} x")
    real = merged([asked(sys.executable, f"options.recorded({given.rounds})") for _ in range(given.turns)])
    if real:
        print(
            f"{real['chains']:.0f} recorded chains, each beside its own price: median {real['median']:.1f} x, worst "
            f"{real['worst']:.1f} x; {real['repaired smiles']:.0f} smiles of a chain are repaired"
        )
    missed = _missed(found, costs, whole)
    if real and real["worst"] > MULTIPLE:
        missed.append(f"surface and index of a recorded chain are more than {MULTIPLE:g} x pricing")
    for text in missed:
        print(f"missed: {text}")
    return 1 if given.check and missed else 0


def _missed(found: dict[str, dict[str, float]], costs: dict[str, float], whole: float) -> list[str]:
    theirs = found["vollib"].get("iv"), found["QuantLib"].get("iv + 3 Greeks, functions")
    goals = [
        (
            theirs[0] is not None and theirs[0] / whole < OVER_VOLLIB,
            f"less than {OVER_VOLLIB:g} x py_vollib's iv alone",
        ),
        (
            theirs[1] is not None and theirs[1] / whole < OVER_QUANTLIB,
            f"less than {OVER_QUANTLIB:g} x QuantLib's functions",
        ),
        (whole * 1_000 / 1e6 > CHAIN_MS, f"a chain of 1000 takes more than {CHAIN_MS:g} ms"),
        (found["ours"]["error"] > 1e-10, "an error above 1e-10"),
        (costs["all"] / costs["price"] > MULTIPLE, f"surface and index are more than {MULTIPLE:g} x pricing"),
    ]
    return [text for fails, text in goals if fails]


if __name__ == "__main__":
    sys.exit(main())
