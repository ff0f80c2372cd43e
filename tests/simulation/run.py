"""One seed, run to its verdict."""

from __future__ import annotations

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
