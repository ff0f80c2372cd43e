"""``python -m tests.killtime --tries N``: how long after a durable kill flag the last order reached the venue.

An engine process sends at least 50 orders a second to the fake venue; a second process runs ``tradecli kill halt``.
The witness is the venue's own log: the last create after the flag was written (its file time, which is a little before
it was durable), in milliseconds. Between the tries the latch is released with a reason. A try counts when the full
rate was reached in the second before the flag; the others are made again, and their times count all the same.

Five cases, ``--cases`` picks some: ``plain`` (N tries), and N/5 tries each of ``config`` (the configuration cannot be
read), ``store`` (another process holds the ledger's write lock) and ``blocked`` (the engine's event loop is blocked
when the kill comes, and wakes under the flag); then ``restart``: the engine is killed and started again, and must
send nothing. With a locked store no intent becomes durable, so nothing is sent: the rate is that of the second before
the lock, and what piled up behind it must not follow the flag. The same goes for the second before a block.

Exit status 0 only when no create came later than 250 ms after any flag, and none after the restart. 50 tries take
about four minutes on two free cores.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.crash.engine import Orders, kill, start
from tests.fakevenue.running import Running, running

LIMIT_MS = 250.0
LEAST_PER_S = 50
HANG_S = 3.0
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

    def start(self) -> None:
        """Start the engine; it trades as fast as it was told."""
        orders = Orders(
            folder=self.folder,
            port=self.venue.port,
            per_s=200,
            resting=True,
            for_s=3_600,
            hang_s=HANG_S,
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
        """Return once the engine has sent at the full rate for a second."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            time.sleep(0.1)
            if self.rate(time.time_ns()) >= self.least_per_s:
                return
        raise RuntimeError("the engine does not send: " + (self.folder / "engine.err").read_text()[-2_000:])

    def halt(self) -> int:
        """Run ``tradecli kill halt``; return when the flag was written, UTC ns. What still works is not waited for."""
        done = self.command("kill", "halt", "--reason", "try", "--wait", "0s")
        if done.returncode not in (0, 11):
            raise RuntimeError(done.stderr)
        return (self.folder / "kill.json").stat().st_mtime_ns

    def late_ms(self, flag: int, wait_s: float = 0.6) -> float:
        """Wait, and return how many ms after the flag the last create came, 0 for none."""
        time.sleep(wait_s)
        return max(0.0, (self.created()[-1] - flag) / 1e6)

    def rate(self, before: int) -> int:
        """Return how many creates reached the venue in the second before a moment, UTC ns."""
        return sum(before - 1_000_000_000 < ns <= before for ns in self.created())

    def plain(self) -> tuple[float, int]:
        """Kill under load; return how late the last create was, ms, and the rate before."""
        flag = self.halt()
        return self.late_ms(flag), self.rate(flag)

    def broken(self) -> tuple[float, int]:
        """Kill while the configuration cannot be read."""
        self.config.write_text("[risk\nmax_drawdown_pct = = 10")
        try:
            return self.plain()
        finally:
            self.config.unlink()

    def locked(self) -> tuple[float, int]:
        """Kill while another process has the store; what had waited for it must not follow."""
        with self.locked_store():
            at = time.time_ns()
            flag = self.halt()
            late = self.late_ms(flag)
        return max(late, self.late_ms(flag, 1.0)), self.rate(at)

    def blocked(self) -> tuple[float, int]:
        """Kill while the engine's loop stands still, and look on after it woke."""
        at = time.time_ns()
        os.kill(self.engine, signal.SIGUSR1)
        flag = self.halt()
        woke = at + int(HANG_S * 1e9)
        rate = (
            self.rate(at) if flag < woke else 0
        )  # a slow machine: the kill came after the block, and proves nothing
        return self.late_ms(flag, max(0.0, (woke - time.time_ns()) / 1e9) + 0.6), rate

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


CASES = {"plain": Bench.plain, "config": Bench.broken, "store": Bench.locked, "blocked": Bench.blocked}


class Case(NamedTuple):
    """The tries of one case: how late the last create was, ms, and the rate before each kill, a second."""

    late: list[float]
    rates: list[int]

    def counted(self, least: int) -> int:
        return sum(rate >= least for rate in self.rates)

    def line(self, least: int) -> str:
        late, rates = sorted(self.late), sorted(self.rates)
        p99 = late[min(len(late) - 1, round(0.99 * len(late)))]
        spread = f"{rates[0]} / {rates[len(rates) // 2]} / {rates[-1]}"
        return (
            f"worst {late[-1]:.0f} ms, p99 {p99:.0f} ms of {len(late)} tries, {self.counted(least)} of them at the"
            f" full rate; orders in the second before, least / median / most: {spread}"
        )


def measure(bench: Bench, name: str, tries: int, until: float) -> Case:
    """Kill until ``tries`` of them met the full rate, at most three times as often, and once at least by ``until``."""
    case = Case([], [])
    while case.counted(bench.least_per_s) < tries and len(case.late) < 3 * tries:
        if case.late and time.monotonic() > until:
            break
        bench.wait_for_orders()
        late, rate = CASES[name](bench)
        case.late.append(late)
        case.rates.append(rate)
        bench.release()
    return case


def sent_after_restart(bench: Bench) -> int:
    """Kill the engine under a halt, start it again, and return how many orders it sent."""
    bench.wait_for_orders()
    bench.halt()
    bench.stop()
    sent = len(bench.created())
    bench.start()
    time.sleep(2.0)
    bench.stop()
    return len(bench.created()) - sent


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.killtime",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--least", type=int, default=LEAST_PER_S, help="orders a second before each kill")
    parser.add_argument(
        "--most", type=float, default=600.0, help="seconds after which no further try is begun"
    )
    parser.add_argument("--cases", default=",".join(CASES), help="which, separated by commas")
    options = parser.parse_args()
    begun, ok = time.monotonic(), True
    with tempfile.TemporaryDirectory(prefix="killtime-") as name, running(Path(name), step_ms=100) as venue:
        bench = Bench(Path(name), venue, options.least)
        bench.start()
        for word in options.cases.split(","):
            tries = options.tries if word == "plain" else max(1, options.tries // 5)
            case = measure(bench, word, tries, begun + options.most)
            ok = ok and max(case.late) <= LIMIT_MS and case.counted(options.least) >= tries
            print(f"{word}: {case.line(options.least)}", flush=True)
        after = sent_after_restart(bench)
        bare = bench.command("kill", "release").returncode
    print(f"restart: {after} orders sent after it")
    print(f"release without a reason: exit code {bare}")
    print(f"took {time.monotonic() - begun:.0f} s")
    return 0 if ok and after == 0 and bare == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
