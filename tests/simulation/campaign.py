"""Many seeds, over many processes: what happened in all, and which of them broke an invariant.

What a campaign says depends on the seeds alone, not on how many processes shared them.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.simulation.catalogue import FAULTS, faults_by_row, rows_hit
from tests.simulation.checks import INVARIANTS
from tests.simulation.options import Options, expand
from tests.simulation.run import Result, run_seed

TWICE_EVERY = 20
"""One seed in so many runs twice and must end with the same audit hash (INV-24)."""
ENOUGH = 200
"""From so many seeds on, a fault, a row or an invariant that was never hit is a failure of the run."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One seed with what it came to, and the CPU it took."""

    options: Options
    result: Result
    twice: bool
    cpu_s: float


@dataclass
class Tally:
    """Sums over seeds."""

    seeds: int = 0
    events: int = 0
    orders: int = 0
    fills: int = 0
    restarts: int = 0
    longest_heal_ms: int = 0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    looked: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[Options, str]] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one seed in."""
        result = verdict.result
        self.seeds += 1
        self.events += result.events
        self.orders += result.orders
        self.fills += result.fills
        self.restarts += result.restarts
        self.longest_heal_ms = max(self.longest_heal_ms, result.healed_ms)
        self.cpu_s += verdict.cpu_s
        self.faults.update(result.faults)
        self.looked.update(result.looked)
        self.looked["INV-24"] += verdict.twice
        if result.violation:
            self.violations.append((verdict.options, result.violation))

    @property
    def rows(self) -> Counter[str]:
        """Hits of each row of the fault catalogue."""
        return rows_hit(self.faults)

    @property
    def never_hit(self) -> list[str]:
        """Return every fault, row and invariant that no seed hit."""
        names = (*sorted(FAULTS - set(self.faults)), *sorted(set(faults_by_row()) - set(self.rows)))
        return [*names, *(name for name in INVARIANTS if not self.looked[name])]

    @property
    def is_clean(self) -> bool:
        """Nothing violated; over enough seeds for it to mean something, nothing never hit and few orders neither."""
        if self.violations:
            return False
        return self.seeds < ENOUGH or (not self.never_hit and self.orders >= 200 * self.seeds)


def run_one(options: Options) -> Result:
    """Run one seed in a folder of its own, in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        _garbage_at_the_end(),
    ):
        return run_seed(options, Path(folder))


@contextmanager
def _garbage_at_the_end() -> Iterator[None]:
    """Collect garbage once a seed, not all the time: a seventh of a seed's time went into it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)  # everything of this seed is young
        if was_on:
            gc.enable()


def examine(seed: int) -> Verdict:
    """Run one seed, and now and then again; an error that nothing caught is a violation too."""
    options, begun = expand(seed), time.process_time()
    result = run_one(options)
    twice = seed % TWICE_EVERY == 0 and not result.violation
    if twice:
        again = run_one(options)
        if again != result:
            told = f"INV-24: {result.head[:16]} the first time, {again.head[:16]} the second"
            result = msgspec.structs.replace(result, violation=told)
    return Verdict(options=options, result=result, twice=twice, cpu_s=time.process_time() - begun)


def campaign(
    seeds: Iterable[int], jobs: int = 1, progress: Callable[[Tally], None] = lambda tally: None
) -> Tally:
    """Run seeds, shared by ``jobs`` processes; tell of each in the order of the seeds."""
    tally = Tally()
    for verdict in map(examine, seeds) if jobs == 1 else _shared(list(seeds), jobs):
        tally.add(verdict)
        progress(tally)
    return tally


def _shared(seeds: list[int], jobs: int) -> Iterator[Verdict]:
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh, initializer=logging.disable) as pool:
        yield from pool.map(examine, seeds, chunksize=4)
