"""Parts of the console's tests: a console on a fake session, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fakes.session import FakeSession
from tradecli.tui.app import Console

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


def text_of(app: Console) -> str:
    """Return everything on screen as plain text."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


async def settled(pilot: Pilot[None]) -> None:
    """Let messages, layout and one more beat of the clock happen."""
    for _ in range(3):
        await pilot.pause()
        pilot.app.tick()  # type: ignore[attr-defined]
    await pilot.pause()


async def started(app: Console) -> None:
    """Wait until the session was built, or could not be."""
    # The thread that builds it knows no event of this loop.
    while app.session is None and app.failure is None:  # noqa: ASYNC110
        await asyncio.sleep(0)


@asynccontextmanager
async def opened(
    session: FakeSession, size: tuple[int, int] = (100, 30), **options: Any
) -> AsyncIterator[Pilot[None]]:
    """Open the console on a session and wait until it drew it."""
    flags = options.pop("flags", ())
    app = Console(lambda: session, load_topics=options.pop("topics", dict), **options)
    app.flags = flags
    async with app.run_test(size=size) as pilot:
        await started(app)
        await settled(pilot)
        yield pilot


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()
