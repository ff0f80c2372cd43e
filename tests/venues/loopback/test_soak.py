"""A few seconds of the soak; the whole of it is ``python -m benchmarks.soak``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks import soak
from tradecli.venues.loopback.process import LoopbackProcess

SECONDS = 5.0


def test_four_venues_are_heard_and_recorded_whole_and_nothing_is_signed(tmp_path: Path) -> None:
    server = LoopbackProcess.start("--restless", "--beat-ms", "25", "--seed", "3")
    try:
        found = asyncio.run(soak.run(SECONDS, server.port, tmp_path / "market.db"))
        status = server.status()
    finally:
        server.stop()
    print({name: value for name, value in found.items() if name != "rows"})
    assert found["messages_s"] > 50 and found["deep_share"] > 0.3
    assert found["recorded"] > 200 and found["lost"] == 0
    assert found["links_down"] == 0
    assert status["signed_requests"] == 0 and status["requests"] > 8
