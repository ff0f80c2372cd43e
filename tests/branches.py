"""``python -m tests.branches``: branch coverage of the code that may lose money; exit status 0 only at 100 %.

Risk, order, ledger, reconciliation and kill code, measured by the tests that lie beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS: dict[str, tuple[str, ...]] = {
    "risk": (
        "engine/risk",
        "engine/gate",
        "engine/breakers",
        "engine/latching",
        "engine/freshness",
        "engine/equity",
    ),
    "order": ("domain/order", "domain/control", "engine/plan", "engine/execute"),
    "ledger": (
        "engine/account",
        "store/ledger",
        "store/rows",
        "store/audit",
        "store/rebuild",
        "store/lock",
        "store/private",
    ),
    "reconciliation": ("engine/reconcile", "engine/restore"),
    "kill": ("store/killswitch", "cli/kill", "cli/kill_orders", "engine/watchdog"),
}
TESTS = ("tests/domain", "tests/engine", "tests/store", "tests/cli/test_kill.py")


def files(part: str) -> list[str]:
    """Return the modules of a part as paths from the checkout."""
    return [f"tradecli/{name}.py" for name in PARTS[part]]


def main() -> int:
    """Run the tests under coverage, print the figures of each part, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        coverage = [sys.executable, "-m", "coverage"]
        kept = f"--data-file={folder}/coverage"
        suite = [*coverage, "run", "--branch", kept, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        tested = subprocess.run([*suite, *TESTS, *sys.argv[1:]], cwd=ROOT, check=False).returncode
        complete = True
        for part in PARTS:
            print(f"\n{part}", flush=True)
            report = [*coverage, "report", kept, "--show-missing", "--precision=1", "--fail-under=100"]
            found = subprocess.run([*report, "--include=" + ",".join(files(part))], cwd=ROOT, check=False)
            complete = complete and found.returncode == 0
    return 0 if complete and tested == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
