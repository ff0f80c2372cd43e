"""What the volatility topics load, and when: ``arch`` only where it was asked for (DEPENDENCIES section 1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tradecli.components.vol import COMPONENT

SCRIPT = """
import sys
from tests.components.vol.test_show import view
from tradecli.components.vol import COMPONENT
from tradecli.components.vol.settings import VolSettings
for name in {topics!r}:
    topic = COMPONENT.topic(name)
    topic.assess(view(), VolSettings(), topic.query({query}))
heavy = ("arch", "numba", "scipy.optimize", "scipy.stats", "pandas", "ccxt", "pyarrow", "rich")
print(*(name for name in heavy if name in sys.modules))
"""


def loaded(root: Path, *topics: str, query: str = "") -> set[str]:
    """Return the heavy modules that assessments in a fresh interpreter leave loaded."""
    # The tests' own builders need pytest and hypothesis, which load none of these.
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(topics=topics, query=query)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(found.stdout.split())


def test_no_topic_loads_arch_scipy_numba_or_pandas_unless_asked(root: Path) -> None:
    every = [topic.name for topic in COMPONENT.topics]
    assert {"show", "forecast", "surface", "grid"} <= set(every)
    assert loaded(root, *every) == set()


def test_arch_is_loaded_by_the_first_fit_that_asks_for_it(root: Path) -> None:
    assert "arch" in loaded(root, "show", query="arch=True")
