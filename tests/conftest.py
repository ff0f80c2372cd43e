"""Fixtures of the whole suite: the shared folder, the test vectors, and the guard against the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import offline
from tests.vectors import Vector

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    # A first example may import scipy or compile, and the machine may be busy: no property is about time.
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")
    offline.install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


@pytest.fixture(autouse=True)
def _offline(request: pytest.FixtureRequest) -> Iterator[None]:
    offline.is_open = request.node.get_closest_marker("live") is not None
    offline.attempts.clear()
    yield
    offline.is_open = False
    attempts, offline.attempts[:] = list(offline.attempts), []
    if attempts and request.node.get_closest_marker("expects_refusal") is None:
        pytest.fail(f"forbidden in the suite: {', '.join(attempts)}", pytrace=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recorded data and vectors beside the checkout, or at TRADECLI_SHARED."""
    folder = Path(os.environ.get("TRADECLI_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        reason = f"no shared folder at {folder} (set TRADECLI_SHARED)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Callable[[str], Vector]:
    """Return the reader of a vector by its id: ``vectors("garch_forecast_30d").check(...)``."""
    return lambda name: Vector.read(shared / "vectors" / f"{name}.json")
