"""Many seeds: what happened in all, and which of them broke an invariant."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.checks import INVARIANTS
from tests.simulation.options import ACTS, POINT_ROWS, RATES, Options, expand, rows_of
from tests.simulation.run import Result, run_seed

TWICE_EVERY = 25
"""One seed in so many runs twice and must end with the same audit hash (INV-24)."""


@dataclass
class Tally:
    """Sums over seeds."""

    seeds: int = 0
    events: int = 0
    orders: int = 0
    fills: int = 0
    restarts: int = 0
    longest_heal_ms: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    looked: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[Options, str]] = field(default_factory=list)

    def add(self, options: Options, result: Result) -> None:
        self.seeds += 1
        self.events += result.events
        self.orders += result.orders
        self.fills += result.fills
        self.restarts += result.restarts
        self.longest_heal_ms = max(self.longest_heal_ms, result.healed_ms)
        self.faults.update(result.faults)
        self.rows.update(rows_of(result.faults))
        self.looked.update(result.looked)
        if result.violation:
            self.violations.append((options, result.violation))

    @property
    def missing_faults(self) -> list[str]:
        return sorted(({*RATES, *ACTS} | set(POINT_ROWS)) - set(self.faults))

    @property
    def missing_invariants(self) -> list[str]:
        return [name for name in INVARIANTS if not self.looked[name]]

    @property
    def is_clean(self) -> bool:
        """Nothing violated; over enough seeds for it to mean something, nothing never asked either."""
        asked_all = not (self.missing_faults or self.missing_invariants)
        return not self.violations and (asked_all or self.seeds < 200)


def run_one(options: Options) -> Result:
    """Run one seed in a folder of its own, in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return run_seed(options, Path(folder))


def campaign(seeds: Iterable[int], progress: Callable[[Tally], None] = lambda tally: None) -> Tally:
    """Run seeds one after the other."""
    tally = Tally()
    for seed in seeds:
        options = expand(seed)
        result = run_one(options)
        tally.add(options, result)
        if seed % TWICE_EVERY == 0 and not result.violation:
            tally.looked["INV-24"] += 1
            again = run_one(options)
            if again.head != result.head:
                told = f"INV-24: {result.head[:16]} the first time, {again.head[:16]} the second"
                tally.violations.append((options, told))
        progress(tally)
    return tally
