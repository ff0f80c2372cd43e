"""The fault simulation in CI: its first 200 seeds, what they arm, and planted bugs that must be caught."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradecli
from tests.simulation import planted
from tests.simulation.campaign import TWICE_EVERY, campaign, run_one
from tests.simulation.catalogue import FAULTS, faults_by_row
from tests.simulation.checks import INVARIANTS
from tests.simulation.options import ACTS, CRASH_POINTS, POINT_ROWS, RATES, expand
from tradecli.engine.road import POINTS

SEEDS = 200
"""``python -m tests.simulation --seeds 2000`` is the whole of it."""
AT_ONCE = 10
QUICK = ("skip the durable write", "re-send on timeout", "a float in a price", "no limit of the net")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Topics break on purpose, and say so at length."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_seed_violates_an_invariant(first: int) -> None:
    tally = campaign(range(first, first + AT_ONCE))
    assert not tally.violations, tally.violations
    assert tally.orders >= 120 * AT_ONCE  # the command holds 200 seeds and more to 200 a seed on average
    never_asked = {name for name in INVARIANTS if not tally.looked[name]}
    assert never_asked <= ({"INV-24"} if first % TWICE_EVERY else set())


def test_the_seeds_of_ci_arm_every_fault_every_act_and_every_crash_point() -> None:
    armed: set[str] = set()
    for options in map(expand, range(SEEDS)):
        armed |= {name for name, rate in options.rates.items() if rate > 0.001}
        armed |= {act.name for act in options.acts} | {point for point, _ in options.crashes}
    assert armed | {"crash"} == FAULTS


def test_every_named_moment_of_the_engine_is_a_crash_point_and_belongs_to_a_row() -> None:
    named: set[str] = set()
    for path in (Path(tradecli.__file__).parent / "engine").glob("*.py"):
        named |= set(re.findall(r"\b_?point\(\"([a-z.]+)\"\)", path.read_text(encoding="utf-8")))
    assert named == set(POINTS)
    assert set(CRASH_POINTS) == set(POINT_ROWS) >= named


def test_every_row_that_rests_on_the_simulation_names_a_fault_that_it_has() -> None:
    assert {name for names in faults_by_row().values() for name in names} == FAULTS
    assert not (set(RATES) & set(ACTS)) and len(faults_by_row()) > 40


def test_the_same_campaign_over_two_processes_says_the_same() -> None:
    alone, shared = campaign(range(2)), campaign(range(2), jobs=2)
    alone.cpu_s = shared.cpu_s = 0.0
    assert alone == shared


def test_inv_24_the_same_seed_ends_with_the_same_audit_hash() -> None:
    first, second = run_one(expand(7)), run_one(expand(7))
    assert first == second and first.head


def test_every_invariant_has_a_planted_bug_that_trips_it() -> None:
    assert {bug.trips for bug in planted.BUGS} == set(INVARIANTS)


@pytest.mark.parametrize("bug", [bug for bug in planted.BUGS if bug.name in QUICK], ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: planted.Bug) -> None:
    caught = planted.hunt(bug)
    assert caught is not None and caught.by == bug.trips
