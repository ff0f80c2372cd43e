"""The fault simulation: ``python -m tests.simulation --seeds N [--first-seed S] [--jobs J]``; ``--planted``: does it
see bugs?

Exit status 0 only when nothing was violated and, from 200 seeds on, nothing was never hit and at least 200 orders a
seed were sent (``--planted``: when every planted bug was caught).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

from tests.simulation import planted
from tests.simulation.campaign import Tally, campaign
from tradecli import codec


def main(words: list[str] | None = None) -> int:
    """Run what the command line asks for; return the exit status."""
    reader = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    reader.add_argument("--seeds", type=int, default=20)
    reader.add_argument("--first-seed", type=int, default=0)
    reader.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes that share the seeds"
    )
    reader.add_argument("--planted", action="store_true", help="plant each bug and see it caught")
    asked = reader.parse_args(words)
    logging.disable(logging.CRITICAL)
    if asked.planted:
        return _show_planted(max(1, asked.jobs))
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    tally = campaign(seeds, max(1, asked.jobs), progress=_tell)
    _show(tally)
    return 0 if tally.is_clean else 1


def _tell(tally: Tally) -> None:
    if tally.seeds % 50 == 0:
        print(f"... {tally.seeds} seeds, {len(tally.violations)} violations", file=sys.stderr, flush=True)


def _show(tally: Tally) -> None:
    for options, told in tally.violations:
        print(f"VIOLATION seed {options.seed}: {told}")
        print(f"  options: {codec.encode(options).decode()}")
    seeds = max(tally.seeds, 1)
    print(f"seeds {tally.seeds}, violations {len(tally.violations)}, CPU {tally.cpu_s / seeds:.2f} s a seed")
    print(
        f"events {tally.events}, orders {tally.orders} ({tally.orders / seeds:.0f} a seed), fills {tally.fills}, "
        f"restarts {tally.restarts}, longest healing {tally.longest_heal_ms / 1000:.1f} s"
    )
    print("faults:     " + ", ".join(f"{name} {n}" for name, n in sorted(tally.faults.items())))
    print("rows:       " + ", ".join(f"{name} {n}" for name, n in sorted(tally.rows.items())))
    print("invariants: " + ", ".join(f"{name} {n}" for name, n in sorted(tally.looked.items())))
    if tally.never_hit:
        print(f"never hit:  {', '.join(tally.never_hit)}")


def _show_planted(jobs: int) -> int:
    """Print every bug with the invariant that must see it and the seed in which it, or another one, did."""
    missed = 0
    for bug, caught in planted.hunt_all(jobs):
        missed += caught is None or caught.by != bug.trips
        where = "NOT CAUGHT" if caught is None else f"seed {caught.seed:<4} {caught.told[:100]}"
        print(f"{bug.name:42} {bug.trips}  {where}", flush=True)
    print(f"{len(planted.BUGS) - missed} of {len(planted.BUGS)} planted bugs caught by their invariant")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
