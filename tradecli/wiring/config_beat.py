"""The beat of a session that also looks at its configuration file (G06); what it finds goes the way of all requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tradecli.config.changes import ConfigWatch
from tradecli.engine.session import Shell
from tradecli.engine.snapshot import Snapshot

Beat = Callable[[Snapshot], Awaitable[None]]


def with_config(beat: Beat, watch: ConfigWatch, shell: Shell) -> Beat:
    """Return a beat that leaves its sign of life and then puts what an edit comes to into the engine's inbox.

    The file is read in a thread: a slow disk must not hold up the loop.
    """

    async def both(snapshot: Snapshot) -> None:
        await beat(snapshot)
        for event in await asyncio.to_thread(watch.look, shell.clock.now()):
            shell.inbox.append(event)

    return both
