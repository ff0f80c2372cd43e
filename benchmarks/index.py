"""BVX of every recorded chain beside the DVOL reading nearest to it: the table, and every miss with its cause.

    python -m benchmarks.index [--shared FOLDER] [--keep FOLDER] [--check]

It runs the console's own commands (`data import`, `vol backfill`) in a folder of its own, joins the records to DVOL
readings within 45 minutes, and fits nothing. ``--check`` exits with 1 where the five-delta construction misses the
goals: at least 110 pairs, mean absolute error 0.20 points, median 0.08, correlation 0.99, no unexplained miss.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tradecli.present.format import moment

ROOT = Path(__file__).resolve().parents[1]
CHAINS = "data/options/deribit_btc_chain_2026_even_weeks.parquet"
DVOL = "data/options/deribit_btc_dvol_2026_even_weeks.parquet"
WITHIN_MS = 45 * 60_000
AROUND_MS = 4 * 3_600_000
MISS = 1.0
LEAST_PAIRS, MEAN, MEDIAN, CORRELATION = 110, 0.20, 0.08, 0.99


class Pair(NamedTuple):
    """A record beside its reading, in points; ``around`` are DVOL's readings of four hours before and after."""

    at: int
    ours: float
    dvol: float
    minutes: float
    wing_share: float
    days: tuple[float, ...]
    before: float | None
    after: float | None
    around: tuple[float, float]

    @property
    def error(self) -> float:
        return self.ours - self.dvol


def command(home: Path, *words: str) -> str:
    """Run one command of the console in a home of its own and return what it printed."""
    environment = os.environ | {
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tradecli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"tradecli {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def backfilled(home: Path, *flags: str) -> list[dict[str, object]]:
    text = command(home, "vol", "backfill", "--symbol", "BTC", *flags, "--format", "ndjson")
    return [json.loads(line) for line in text.splitlines()]


def joined(records: list[dict[str, object]], readings: list[dict[str, object]]) -> list[Pair]:
    """Return every record with a value beside the reading nearest in time, within 45 minutes."""
    at = np.array([each["at"] for each in readings], dtype=np.int64)
    points = 100.0 * np.array([each["value"] for each in readings], dtype=np.float64)
    pairs = []
    for each in records:
        when = int(str(each["at"]))
        nearest = int(np.argmin(np.abs(at - when)))
        if each["value"] is None or abs(at[nearest] - when) > WITHIN_MS:
            continue
        near = points[np.abs(at - when) <= AROUND_MS]
        earlier, later = np.flatnonzero(at <= when), np.flatnonzero(at > when)
        pairs.append(
            Pair(
                at=when,
                ours=100.0 * float(str(each["value"])),
                dvol=float(points[nearest]),
                minutes=float(at[nearest] - when) / 60_000,
                wing_share=100.0 * float(str(each["wing_share"])),
                days=tuple(each["days"]),  # type: ignore[arg-type]
                before=float(points[earlier[-1]]) if len(earlier) else None,
                after=float(points[later[0]]) if len(later) else None,
                around=(float(near.min()), float(near.max())),
            )
        )
    return pairs


def cause(pair: Pair) -> str | None:
    """Return what explains a miss, by DVOL's own readings or by the wing share; None where nothing does."""
    if pair.before is not None and pair.after is not None:
        low, high = sorted((pair.before, pair.after))
        if low - 0.3 <= pair.ours <= high + 0.3 and high - low > MISS:
            return f"DVOL moved from {pair.before:.2f} to {pair.after:.2f} across the chain"
    low, high = pair.around
    if high - low >= abs(pair.error):
        apart = (
            f"; expiries {pair.days[0]:.0f} and {pair.days[-1]:.0f} days, none between"
            if len(pair.days) > 1
            else ""
        )
        return f"DVOL's own readings within four hours span {low:.2f} to {high:.2f}{apart}"
    return None


def table(name: str, pairs: list[Pair]) -> dict[str, float]:
    ours, dvol = (np.array([getattr(each, field) for each in pairs]) for field in ("ours", "dvol"))
    errors = ours - dvol
    found = {
        "n": float(len(pairs)),
        "mean abs": float(np.mean(np.abs(errors))),
        "median abs": float(np.median(np.abs(errors))),
        "mean": float(np.mean(errors)),
        "largest": float(np.max(np.abs(errors))),
        "correlation": float(np.corrcoef(ours, dvol)[0, 1]),
        "over 1 point": float(np.sum(np.abs(errors) > MISS)),
    }
    print(f"{name:6}" + "".join(f"  {key} {value:.4g}" for key, value in found.items()))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("TRADECLI_SHARED") or ROOT.parent / "shared")
    )
    parser.add_argument("--keep", type=Path, help="folder that stays, with the store in it")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = given.keep if given.keep is not None else Path(scratch)
        for name in (CHAINS, DVOL):
            command(home, "data", "import", str(given.shared / name))
        span = ("--since", "2026-01-01T00:00Z", "--until", "2026-09-01T00:00Z")
        found = {
            wings: backfilled(home, "--method", "bvx", "--wings", wings, *span) for wings in ("5d", "full")
        }
        readings = backfilled(home, "--method", "dvol", *span)
    print(
        f"{len(found['5d'])} chains, {len(readings)} DVOL readings; vol points, ours less DVOL, no constant fitted"
    )
    pairs = {wings: joined(records, readings) for wings, records in found.items()}
    five = table("5d", pairs["5d"])
    table("full", pairs["full"])
    wing = np.array([each.wing_share for each in pairs["full"]])
    print(
        f"wing share (full less 5d): mean {wing.mean():.2f}, from {wing.min():.2f} to {wing.max():.2f} points"
    )
    unexplained = 0
    for each in pairs["5d"]:
        if abs(each.error) > MISS:
            why = cause(each)
            unexplained += why is None
            print(
                f"  5d   {moment(each.at)}  {each.ours:.2f} beside {each.dvol:.2f} ({each.minutes:+.0f} min): "
                f"{why or 'NOT EXPLAINED'}"
            )
    rest = [each for each in pairs["full"] if abs(each.error) > MISS]
    left = [each for each in rest if abs(each.error - each.wing_share) > MISS]
    print(
        f"  full {len(rest)} misses over {MISS:g} point; {len(rest) - len(left)} are wing share; the others:"
    )
    for each in left:
        own = each.error - each.wing_share
        why = cause(each._replace(ours=each.ours - each.wing_share))
        unexplained += why is None
        print(f"       {moment(each.at)}  {each.error:+.2f}, less wings {own:+.2f}: {why or 'NOT EXPLAINED'}")
    met = (
        five["n"] >= LEAST_PAIRS
        and five["mean abs"] <= MEAN
        and five["median abs"] <= MEDIAN
        and five["correlation"] >= CORRELATION
        and not unexplained
    )
    print("goals met" if met else "goals missed")
    return 1 if given.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
