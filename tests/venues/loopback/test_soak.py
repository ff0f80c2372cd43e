"""A minute of the soak, by what a busy machine cannot change; the whole of it is ``python -m benchmarks.soak``.

Lag, share of a core, 2,000 messages a second and 70 % depth are goals of the command alone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import soak
from tradecli.venues.loopback.process import LoopbackProcess

SECONDS = 60.0
BEAT_MS = 12
MOST_GROWTH_MIB = 24.0
MOST_IS_DEPTH = 0.5
"""A busy server misses beats of its books, while prints and marks keep their own time."""


@pytest.mark.first
def test_a_minute_of_four_venues_is_heard_and_recorded_whole_and_nothing_is_signed(tmp_path: Path) -> None:
    server = LoopbackProcess.start("--restless", "--beat-ms", str(BEAT_MS), "--seed", "3")
    try:
        found = asyncio.run(soak.run(SECONDS, server.port, tmp_path / "market.db"))
        status = server.status()
    finally:
        server.stop()
    print({name: value for name, value in found.items() if name != "rows"})
    assert found["messages_s"] > 100 and found["deep_share"] > MOST_IS_DEPTH
    assert found["recorded"] == found["heard"] > 5_000 and found["lost"] == 0
    assert found["not_whole"] == 0
    assert found["growth_mib"] < MOST_GROWTH_MIB
    assert status["signed_requests"] == 0 and status["requests"] > 8
