"""INV-14, M09: the short version of ``python -m tests.killtime --tries 50``, at a rate that a busy machine reaches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def test_inv14_m09_no_order_reaches_the_venue_later_than_250_ms_after_a_kill_from_another_process() -> None:
    line = [sys.executable, "-m", "tests.killtime", "--tries", "2", "--least", "8"]
    done = subprocess.run(line, cwd=_ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for case in ("plain", "config", "store", "blocked"):
        assert f"{case}: worst" in done.stdout
    assert "restart: 0 orders" in done.stdout
    assert "exit code 2" in done.stdout
