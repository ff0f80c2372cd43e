"""The loopback venues as a process of their own: ``python -m tradecli.venues.loopback``.

It prints one line of JSON with the port once it listens, and ends when its standard input ends: so it never outlives
whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time

from tradecli.venues.loopback.floor import Floor, opening
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.simulated.tapes import QUIET, tape_named

WARM_MS = 10_000
"""The market has run for a while when it opens, so that there are prints and whole books."""


def main(words: list[str] | None = None) -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="tradecli.venues.loopback")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--tape", default=QUIET.name)
    parser.add_argument("--restless", action="store_true")
    parser.add_argument("--beat-ms", type=int, default=None)
    asyncio.run(_serve(parser.parse_args(words)))
    return 0


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


async def _serve(given: argparse.Namespace) -> None:
    start = opening(wall_clock() - WARM_MS)
    floor = Floor(given.seed, wall_clock, tape=tape_named(given.tape), start=start)
    server = Loopback(floor, restless=given.restless, beat_ms=given.beat_ms)
    port = await server.start(given.port)
    print(f'{{"port": {port}}}', flush=True)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()
    await server.stop()


if __name__ == "__main__":
    sys.exit(main())
