"""``python -m tests.killtime --tries N``: how long after a durable kill flag the last order reached the venue.

An engine process sends at least 50 orders a second to the fake venue; a second process runs ``tradecli kill halt``.
The witness is the venue's own log: the last create after the flag was written (its file time, which is a little before
it was durable), in milliseconds. Between the tries the latch is released with a reason. The same with the store locked
by another process, with a configuration that cannot be read, and with the engine's event loop blocked; at the end the
engine is killed and started again, and must send nothing.

Exit status 0 only when no create came later than 250 ms after any flag, and none after the restart.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.crash.engine import Orders, kill, start
from tests.fakevenue.running import Running, running

LIMIT_MS = 250.0
LEAST_PER_S = 50
_ROOT = Path(__file__).resolve().parents[1]


class Bench:
    """One venue, one engine, one profile folder, and the command line beside them."""

    def __init__(self, home: Path, venue: Running, least_per_s: int) -> None:
        self.least_per_s = least_per_s
        self.home = home
        self.venue = venue
        self.folder = home / "state" / "tradecli" / "paper"
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.config = home / "config" / "tradecli" / "config.toml"
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.engine = 0
        self.rates: list[int] = []

    def start(self, **more: object) -> None:
        """Start the engine; it trades as fast as it was told."""
        orders = Orders(
            folder=self.folder,
            port=self.venue.port,
            per_s=200,
            resting=True,
            for_s=3_600,
            **more,  # type: ignore[arg-type]
        )
        self.engine = start(orders)

    def stop(self) -> None:
        kill(self.engine)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``tradecli`` as a process of its own."""
        environment = os.environ | {
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        line = [sys.executable, "-m", "tradecli", *words, "--profile", "paper"]
        return subprocess.run(line, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)

    def created(self) -> list[int]:
        """Return when creates reached the venue, UTC ns."""
        return [request.ns for request in self.venue.requests() if request.kind == "create"]

    def wait_for_orders(self) -> None:
        """Return once the engine has sent at the full rate for half a second."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            time.sleep(0.1)
            now = time.time_ns()
            if sum(ns > now - 500_000_000 for ns in self.created()) >= self.least_per_s / 2:
                return
        raise RuntimeError("the engine does not send: " + (self.folder / "engine.err").read_text()[-2_000:])

    def halt(self) -> int:
        """Run ``tradecli kill halt``; return when the flag was written, UTC ns."""
        done = self.command("kill", "halt", "--reason", "try")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return (self.folder / "kill.json").stat().st_mtime_ns

    def late_ms(self, flag: int, wait_s: float = 0.6) -> float:
        """Wait, and return how many ms after the flag the last create came, 0 for none."""
        time.sleep(wait_s)
        return max(0.0, (self.created()[-1] - flag) / 1e6)

    def one(self) -> float:
        """Kill once under load; return how late the last create was, ms."""
        self.wait_for_orders()
        flag = self.halt()
        late = self.late_ms(flag)
        self.rates.append(sum(flag - 1_000_000_000 < ns <= flag for ns in self.created()))
        return late

    def counted(self) -> int:
        """Return how many tries had the full rate in the second before the flag; the others are made again."""
        return sum(rate >= self.least_per_s for rate in self.rates)

    def release(self) -> None:
        """Lift the latch, with a reason."""
        if self.command("kill", "release", "--reason", "next try").returncode != 0:
            raise RuntimeError("the latch could not be released")

    @contextmanager
    def locked_store(self) -> Iterator[None]:
        """Hold the ledger's write lock from another connection."""
        with closing(sqlite3.connect(self.folder / "ledger.db", isolation_level=None, timeout=10)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")


def measure(bench: Bench, tries: int) -> tuple[dict[str, list[float]], int]:
    """Return how late the last create was after each flag of each kind, ms, and how many tries were at full rate."""
    late: dict[str, list[float]] = {"plain": []}
    bench.start()
    while bench.counted() < tries and len(bench.rates) < 3 * tries:
        late["plain"].append(bench.one())
        bench.release()
    counted = bench.counted()
    bench.wait_for_orders()
    bench.config.write_text("[risk\nmax_drawdown_pct = = 10")
    late["configuration broken"] = [bench.one()]
    bench.config.unlink()
    bench.release()
    bench.wait_for_orders()
    with bench.locked_store():
        flag = bench.halt()
        late["store locked"] = [bench.late_ms(flag)]
    late["store locked"].append(bench.late_ms(flag, 1.0))  # what had waited for the store must not follow
    bench.release()
    bench.wait_for_orders()
    bench.stop()
    bench.start(hang_after_s=4.0, hang_s=3.0)
    bench.wait_for_orders()
    while bench.created()[-1] > time.time_ns() - 300_000_000:
        time.sleep(0.02)
    late["loop blocked"] = [bench.late_ms(bench.halt(), 3.0)]
    bench.stop()
    sent = len(bench.created())
    bench.start()
    time.sleep(2.0)
    bench.stop()
    late["after a restart"] = [0.0 if len(bench.created()) == sent else float("inf")]
    return late, counted


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.killtime", description=__doc__)
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--least", type=int, default=LEAST_PER_S, help="orders a second before each kill")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="killtime-") as name, running(Path(name), step_ms=100) as venue:
        bench = Bench(Path(name), venue, options.least)
        late, counted = measure(bench, options.tries)
        bare = bench.command("kill", "release")
    for kind, times in late.items():
        print(f"{kind}: worst {max(times):.0f} ms of {len(times)}")
    rates = sorted(bench.rates)
    print(
        f"tries with at least {options.least} orders in the second before the flag: {counted} of {options.tries}"
    )
    print(f"orders in that second: least {rates[0]}, median {rates[len(rates) // 2]}, most {rates[-1]}")
    print(f"release without a reason: exit code {bare.returncode}")
    ok = max(max(times) for times in late.values()) <= LIMIT_MS and counted >= options.tries
    return 0 if ok and bare.returncode == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
