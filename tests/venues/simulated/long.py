"""The long version of these tests: ``python -m tests.venues.simulated.long [PYTEST OPTIONS]``, for some minutes.

It runs the same tests over longer stretches and more seeds, and those that a short stretch cannot answer.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.venues.simulated import LONG_VARIABLE


def main() -> int:
    """Run the tests of this folder at length; return pytest's exit code."""
    os.environ[LONG_VARIABLE] = "1"
    from tests.venues.simulated.scene import LONG  # after the variable: the scene reads it when imported

    assert LONG
    return pytest.main([str(Path(__file__).parent), "-q", "-p", "no:cacheprovider", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
