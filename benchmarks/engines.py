"""Events per CPU second of an EMA 10/30 cross with orders, beside backtrader and NautilusTrader, on the same bars.

    python -m benchmarks.engines [--bars 50000] [--backtrader PYTHON] [--nautilus PYTHON]

tradecli runs the live path: typed bar -> Engine.process -> topic -> targets -> limits -> paper venue -> ledger on
disk, with a decision record for every bar. The peers run their own documented event-by-event mode with market orders.
Each runs in a process of its own, three times, interleaved; medians are printed with the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3
HERE = Path(__file__).resolve().parent


def bars(count: int) -> list[tuple[int, float, float, float, float, float]]:
    """Return a seeded walk of one-minute bars: open time, open, high, low, close, volume."""
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(7))
    close = 30_000 * np.exp(np.cumsum(draw.standard_normal(count) * 0.0006))
    opened = np.concatenate(([30_000.0], close[:-1]))
    span = np.abs(draw.standard_normal((2, count))) * 0.0003
    high = np.maximum(opened, close) * (1 + span[0])
    low = np.minimum(opened, close) * (1 - span[1])
    ts = 1_690_000_020_000 // 60_000 * 60_000 + np.arange(count) * 60_000
    columns = (np.round(x, 1).tolist() for x in (opened, high, low, close))
    return list(zip(ts.tolist(), *columns, [500.0] * count, strict=True))


def run(python: str, script: str, count: int) -> dict[str, float]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        [python, "-c", script, str(count)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=HERE.parent,
        check=False,
    )
    if done.returncode:
        return {"error": 1.0, "text": done.stderr[-400:]}  # type: ignore[dict-item]
    return dict(json.loads(done.stdout.splitlines()[-1]))


OURS = """
import sys
from benchmarks.engines_ours import main
main(int(sys.argv[1]))
"""

BACKTRADER = """
import sys, json, time, datetime as dt
import backtrader as bt
from benchmarks.engines import bars
rows = bars(int(sys.argv[1]))
class Feed(bt.feed.DataBase):
    def __init__(self):
        super().__init__(); self.i = 0
    def start(self):
        super().start(); self.i = 0
    def _load(self):
        if self.i >= len(rows): return False
        t, o, h, l, c, v = rows[self.i]; self.i += 1
        self.lines.datetime[0] = bt.date2num(dt.datetime.fromtimestamp(t / 1000, dt.timezone.utc).replace(tzinfo=None))
        self.lines.open[0], self.lines.high[0], self.lines.low[0], self.lines.close[0] = o, h, l, c
        self.lines.volume[0] = v; self.lines.openinterest[0] = 0
        return True
class Cross(bt.Strategy):
    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.EMA(period=10), bt.ind.EMA(period=30)); self.n = 0
    def next(self):
        if self.cross > 0: self.order_target_size(target=0.1); self.n += 1
        elif self.cross < 0: self.order_target_size(target=-0.1); self.n += 1
cerebro = bt.Cerebro(stdstats=False, runonce=False, preload=False)
cerebro.addstrategy(Cross); cerebro.adddata(Feed())
cerebro.broker.setcash(100000); cerebro.broker.setcommission(0.0005)
t = time.process_time(); r = cerebro.run(); t = time.process_time() - t
print(json.dumps({"bars": len(rows), "orders": r[0].n, "cpu_s": t}))
"""

NAUTILUS = """
import sys
from benchmarks.engines_nautilus import main
main(int(sys.argv[1]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bars", type=int, default=50_000)
    parser.add_argument("--backtrader", help="a Python with backtrader")
    parser.add_argument("--nautilus", help="a Python with nautilus_trader")
    given = parser.parse_args()
    contestants = {"tradecli": (sys.executable, OURS)}
    if given.backtrader:
        contestants["backtrader"] = (given.backtrader, BACKTRADER)
    if given.nautilus:
        contestants["nautilus"] = (given.nautilus, NAUTILUS)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, (python, script) in contestants.items():
            found[name].append(run(python, script, given.bars))
    rates = {}
    for name, rows in found.items():
        if any("error" in row for row in rows):
            print(f"{name:<12} failed: {rows[0].get('text')}")
            continue
        cpu = statistics.median(row["cpu_s"] for row in rows)
        rates[name] = given.bars / cpu
        print(f"{name:<12} {rates[name]:>10,.0f} bars/CPU s   {cpu:7.2f} s   {rows[0]['orders']:,.0f} orders")
    for name, rate in rates.items():
        if name != "tradecli":
            print(f"ratio tradecli / {name}: {rates['tradecli'] / rate:.2f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("TRADECLI_BENCH", folder)
        main()
