"""The fault simulation in small: as many seeds as the suite has time for, and planted bugs that must be caught."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.simulation import planted
from tests.simulation.campaign import campaign, run_one
from tests.simulation.options import expand

SEEDS = 8
"""``python -m tests.simulation --seeds 2000`` is the whole of it."""
QUICK = ("skip the durable write", "re-send on timeout", "a float in a price")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Topics break on purpose, and say so at length."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_no_seed_violates_an_invariant() -> None:
    tally = campaign(range(SEEDS))
    assert not tally.violations, tally.violations
    assert tally.orders >= 150 * SEEDS
    assert not tally.missing_invariants


def test_inv_24_the_same_seed_ends_with_the_same_audit_hash() -> None:
    first, second = run_one(expand(7)), run_one(expand(7))
    assert first == second and first.head


@pytest.mark.parametrize("bug", [bug for bug in planted.BUGS if bug.name in QUICK], ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: planted.Bug) -> None:
    assert planted.hunt(bug) is not None
