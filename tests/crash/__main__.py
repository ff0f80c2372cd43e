"""``python -m tests.crash --tries N``: kill engines at every named point and at random times, restart, compare.

Exit status 0 only when nothing was lost, nothing was doubled and every audit chain verified. A try that fails prints
its seed and keeps its folder; ``--first-seed`` runs it again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tests.crash.compare import Verdict, compare
from tests.crash.engine import Orders, kill, start, wait
from tests.fakevenue.running import Running, running
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.store.killswitch import KillSwitch

TRADING = {
    "P01": ("intent.kept",),
    "P02": ("intent.durable",),
    "P03": ("mark.durable", "connected"),
    "P04": ("left",),
    "P05": ("replied", "sent"),
    "P06": ("outcome.heard",),
    "P07": ("store.inside", "outcome.taken"),
    "P08": ("cancel.kept", "cancel.durable", "canceled", "halted"),
    "P09": ("reconcile.begun", "reconcile.fetched", "reconcile.applied", "reconcile.done"),
    "any": ("",),
}
"""Where a process is killed, by row of the fault catalogue; ``any`` is a random moment."""
_PLACES = [(row, point) for row, points in TRADING.items() for point in points]


def one_try(seed: int, folder: Path) -> tuple[str, Verdict]:
    """Make one try; return where it was killed and what came of it."""
    rng = Random(seed)
    row, point = _PLACES[seed % len(_PLACES)]
    with running(folder, seed=seed, rough=True, step_ms=20) as venue:
        halted = _trade(rng, folder, venue, row, point, seed)
        if row != "P09" and rng.random() < 0.3:  # once more, inside the recovery
            _killed(
                Orders(folder=folder, port=venue.port, point=rng.choice(TRADING["P09"]), seed=seed), 8, rng
            )
        venue.ask("faults", rates={})
        code = wait(start(Orders(folder=folder, port=venue.port, settle=True, for_s=25)), 40)
        if code != 0:
            told = (folder / "engine.err").read_text(errors="replace")[-1_500:]
            return f"{row} {point}", Verdict(wrong=[f"the engine did not come to rest: {code}\n{told}"])
        verdict = compare(venue, folder / "ledger.db")
        if halted:
            late = [r for r in venue.requests() if r.kind == "create" and r.ns > halted + 250_000_000]
            verdict.wrong += [f"{r.client_id} was sent after the halt" for r in late]
    return f"{row} {point}".strip(), verdict


def _trade(rng: Random, folder: Path, venue: Running, row: str, point: str, seed: int) -> int:
    """Trade until killed; return when a halt was durable (ns), 0 for none."""
    port = venue.port
    if row == "P09":
        _killed(Orders(folder=folder, port=port, seed=seed), rng.uniform(0.6, 1.2), rng)
        _killed(Orders(folder=folder, port=port, point=point, seed=seed), 8, rng)
        return 0
    if point != "halted":
        count = rng.randint(1, 60)
        limit = rng.uniform(0.5, 2.5) if not point else 5.0
        _killed(Orders(folder=folder, port=port, point=point, count=count, seed=seed), limit, rng)
        return 0
    child = start(Orders(folder=folder, port=port, seed=seed))
    time.sleep(rng.uniform(0.8, 1.5))
    latch = Latch(level=KillLevel.HALT, scope=Scope(), reason="try", by="operator", at=0)
    KillSwitch(folder / "kill.json").set(latch)
    durable = time.time_ns()
    time.sleep(rng.uniform(0, 0.1))
    kill(child)
    child = start(Orders(folder=folder, port=port, seed=seed + 1))  # which must stay halted
    time.sleep(1.0)
    kill(child)
    return durable


def _killed(orders: Orders, limit_s: float, rng: Random) -> None:
    """Run an engine until its point kills it, or kill it when the time is over."""
    child = start(orders)
    if wait(child, limit_s) is None:
        kill(child)


def _in_a_folder(seed: int) -> tuple[int, str, str, Verdict]:
    """Make one try in a folder of its own, which is kept when the try fails."""
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    place, verdict = one_try(seed, folder)
    if verdict.ok:
        shutil.rmtree(folder)
    return seed, place, str(folder), verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=4, help="tries at once: they mostly wait")
    options = parser.parse_args()
    total, failed, rows, begun = Verdict(lost=[], doubled=[], wrong=[]), [], set(), time.monotonic()
    seeds = range(options.first_seed, options.first_seed + options.tries)
    with get_context("fork").Pool(options.jobs) as pool:
        for seed, place, folder, verdict in pool.imap_unordered(_in_a_folder, seeds):
            rows.add(place.split()[0])
            total.requests += verdict.requests
            total.orders += verdict.orders
            total.fills += verdict.fills
            total.lost += verdict.lost
            total.doubled += verdict.doubled
            total.wrong += verdict.wrong
            if not verdict.ok:
                failed.append(seed)
            for told in (*verdict.lost, *verdict.doubled, *verdict.wrong):
                print(f"seed {seed} {place} in {folder}: {told}", flush=True)
    print(
        f"tries {options.tries}, rows {' '.join(sorted(rows))}, requests {total.requests}, orders {total.orders}, "
        f"fills {total.fills}, lost {len(total.lost)}, doubled {len(total.doubled)}, wrong {len(total.wrong)}, "
        f"audit chains verified {options.tries - len(failed)}, {time.monotonic() - begun:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
