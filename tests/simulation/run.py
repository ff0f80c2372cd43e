"""One seed, run to its verdict."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from tests.fakes.virtual import VirtualClock, run_virtually
from tests.simulation.checks import Violation
from tests.simulation.options import Options
from tests.simulation.world import World


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed came to."""

    seed: int
    violation: str
    events: int
    orders: int
    fills: int
    restarts: int
    faults: dict[str, int]
    looked: dict[str, int]
    head: str
    healed_ms: int


def run_seed(options: Options, folder: Path) -> Result:
    """Run one seed to its verdict."""
    found: dict[str, Any] = {}

    async def main(clock: VirtualClock) -> tuple[str, int]:
        world = found["world"] = World(options, folder, clock)
        try:
            return await world.live_through()
        finally:
            world.checks.let_go()

    violation, head, healed = "", "", 0
    try:
        head, healed = run_virtually(main, options.start)
    except Violation as wrong:
        violation = str(wrong)
    except Exception as broken:  # nothing of the program may end a run but what an engine ends with
        violation = f"{type(broken).__name__}: {broken}"
    world: World = found["world"]
    world.checks.looked["INV-22"] += 1
    left = "" if violation else _still_open(folder)
    if left:
        violation = f"INV-22: still open: {left}"
    return Result(
        seed=options.seed,
        violation=violation,
        events=world.checks.events,
        orders=sum(each.kind == "create" for each in world.twin.log),
        fills=len(world.twin.fills),
        restarts=world.restarts,
        faults=dict(Counter({name: n for name, n in world.faults.counts.items() if n})),
        looked=dict(world.checks.looked),
        head=head,
        healed_ms=healed,
    )


def _still_open(folder: Path) -> str:
    """Return the files of the run that this process still has open, where the system tells."""
    open_files = Path("/proc/self/fd")
    names = set()
    for each in open_files.iterdir() if open_files.is_dir() else ():
        with contextlib.suppress(OSError):
            names.add(os.readlink(each))
    return ", ".join(sorted(name for name in names if name.startswith(f"{folder}/")))
