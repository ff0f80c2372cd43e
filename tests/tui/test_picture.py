"""Pictures of the console, for the README and for looking: small files that need nothing from outside."""

from __future__ import annotations

import pytest

from tests.fakes.session import FakeSession
from tradecli.tui.picture import picture


@pytest.mark.asyncio
async def test_a_picture_shows_the_screen_and_names_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradecli.tui.face.built_topics", dict)
    session = FakeSession()
    svg = await picture(lambda: session, screen="8", size=(100, 30), seconds=0, theme="light")
    assert "Blotter" in svg and "tc5512" in svg
    assert "cdnjs" not in svg and 'clipPath id="t' in svg
    assert len(svg.encode()) < 150_000
    assert ("stop", "cancel") in session.calls
