"""``python -m tests.fuzz --count N [--first-seed S]``: exit status 0 only if every error was caught and none hung."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests import offline
from tests.fuzz import campaign
from tests.fuzz.arguments import Arguments, CommandLines
from tests.fuzz.configuration import Configuration
from tests.fuzz.documents import Documents
from tests.fuzz.imports import Imports

SHOWN = 8


def targets(folder: Path) -> list[campaign.Target]:
    """Return every door, working in ``folder``."""
    return [Configuration(folder), Imports(folder), Documents(), Arguments(), CommandLines(folder)]


def show(report: campaign.Report) -> None:
    """Print what became of the inputs, and each finding with the seed that shows it again."""
    for name, outcomes in report.outcomes.items():
        shown = ", ".join(f"{word} {count:,}" for word, count in outcomes.most_common(SHOWN))
        print(f"{name:<10} {outcomes.total():>9,}  {shown}")
    for finding in report.errors + report.hangs:
        print(finding.line())
    print(f"slowest input: {report.slowest_ms:.0f} ms of processor time (seed {report.slowest_seed})")
    print(f"{report.tried:,} inputs, {sum(f.count for f in report.errors)} uncaught errors, ", end="")
    print(f"{sum(f.count for f in report.hangs)} hangs")


def main() -> int:
    """Run one campaign and return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first-seed", type=int, default=0)
    asked = parser.parse_args()
    offline.install()
    fast = Path("/dev/shm")
    where = fast if os.access(fast, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tradecli-fuzz-", dir=where) as folder:
        report = campaign.run(targets(Path(folder)), asked.count, asked.first_seed)
    show(report)
    print(f"{time.process_time():.1f} s of processor time")
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
