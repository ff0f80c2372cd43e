"""Runs inputs one after the other, each with its own seed and its own time, and counts what became of them."""

from __future__ import annotations

import faulthandler
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

LONGEST_S = 2.0
"""Processor time that one input may take; more is a hang."""
_SILENCE_S = 120.0
"""Time on the wall without a finished batch after which the process shows where it stands and ends."""
_BATCH = 500


_unraisable: list[BaseException] = []


class Target(Protocol):
    """One door that outside input comes through."""

    name: str
    share: int

    def attempt(self, random: Random) -> str:
        """Make an input and try it; return a word for the outcome, raise for anything that is not one."""
        ...


class Hang(BaseException):
    """An input took more processor time than any may."""


@dataclass
class Finding:
    """An error that nobody caught, with the seed that shows it again."""

    target: str
    seed: int
    what: str
    where: str
    count: int = 1

    def line(self) -> str:
        again = f"python -m tests.fuzz --count 1 --first-seed {self.seed}"
        return f"{self.target}: {self.what} at {self.where}, {self.count} times; first: {again}"


@dataclass
class Report:
    """What a campaign saw. ``slowest_ms`` is processor time, of one input."""

    tried: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    errors: list[Finding] = field(default_factory=list)
    hangs: list[Finding] = field(default_factory=list)
    slowest_ms: float = 0.0
    slowest_seed: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.errors and not self.hangs

    def add(self, findings: list[Finding], new: Finding) -> None:
        for known in findings:
            if (known.target, known.where, known.what[:40]) == (new.target, new.where, new.what[:40]):
                known.count += 1
                return
        findings.append(new)


def run(targets: list[Target], count: int, first_seed: int) -> Report:
    """Try ``count`` inputs with seeds from ``first_seed`` on; the seed alone picks the target and the input."""
    report = Report(outcomes={target.name: Counter() for target in targets})
    drawn = [target for target in targets for _ in range(target.share)]
    with _watched():
        for seed in range(first_seed, first_seed + count):
            if report.tried % _BATCH == 0:
                faulthandler.dump_traceback_later(_SILENCE_S, exit=True, file=2)
            random = Random(seed)
            _one(report, random.choice(drawn), random, seed)
            report.tried += 1
    return report


def _one(report: Report, target: Target, random: Random, seed: int) -> None:
    before = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        outcome = target.attempt(random)
        if _unraisable:
            raise _unraisable.pop()
    except Hang as hang:
        report.add(report.hangs, Finding(target.name, seed, "hang", _place(hang)))
        outcome = "hang"
    except Exception as error:
        what = f"{type(error).__name__}: {str(error)[:160]!a}"
        report.add(report.errors, Finding(target.name, seed, what, _place(error)))
        outcome = "uncaught"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    report.outcomes[target.name][outcome] += 1
    took_ms = (time.process_time() - before) * 1_000
    if took_ms > report.slowest_ms:
        report.slowest_ms, report.slowest_seed = took_ms, seed


def _place(error: BaseException) -> str:
    """Return the innermost place in tradecli, or in the target where tradecli was left."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if "/tradecli/" in frame.filename and "/site-packages/" not in frame.filename
    ]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"


@contextmanager
def _watched() -> Iterator[None]:
    def hung(signum: int, frame: object) -> None:
        raise Hang

    def swallowed(told: Any) -> None:
        _unraisable.append(told.exc_value)

    before, hook = signal.signal(signal.SIGPROF, hung), sys.unraisablehook
    sys.unraisablehook = swallowed
    try:
        yield
    finally:
        sys.unraisablehook = hook
        _unraisable.clear()
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
