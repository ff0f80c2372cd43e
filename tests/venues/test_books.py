"""D01, D02, D11: books of each kind of market under lost and repeated differences and snapshots, against the truth."""

from __future__ import annotations

import pytest

from tests.venues.books import PLACES, run

DIFFS = 2_000
"""The long form: ``python -m tests.venues.books --diffs 100000``."""


@pytest.mark.parametrize("place", PLACES)
def test_d01_a_book_is_never_crossed_nor_stale_without_a_flag_and_is_the_servers_after_each_resync(
    place: str,
) -> None:
    verdict = run(place, DIFFS)
    assert verdict.is_sound, verdict
    assert min(verdict.lost, verdict.repeated, verdict.snapshots, verdict.resyncs, verdict.compared) > 0, (
        verdict
    )


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_d01_the_same_over_a_hundred_thousand_differences(place: str) -> None:
    assert run(place, 100_000).is_sound
