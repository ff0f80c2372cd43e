"""P01-P09: ten of the crash runs. ``python -m tests.crash --tries 200`` makes the whole of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def test_p01_to_p09_engines_that_are_killed_at_named_points_lose_and_double_nothing() -> None:
    line = [sys.executable, "-m", "tests.crash", "--tries", "10", "--jobs", "5"]
    done = subprocess.run(line, cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"requests (\d+), orders (\d+), fills (\d+), lost 0, doubled 0, wrong 0", done.stdout)
    assert told is not None and all(int(number) > 20 for number in told.groups()), done.stdout
    assert "audit chains verified 10," in done.stdout
