"""CPU of commands that only answer beside a bare Typer hello, in turn and in one run.

    python benchmarks/cheap_commands.py [--rounds N] [--check]

Makes a scratch state folder with a short demo in it, so that ``status`` has something to say, and runs the hello and
each command in turn (A B C A B C ...), as modules of the Python that runs this and with compiled bytecode. Prints
medians of user plus system time and their ratio; ``--check`` exits with 1 when ``status --format json`` is over 1.3.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOAL = 1.3
HELLO = """
import typer

app = typer.Typer()

@app.command()
def hello(name: str = "you") -> None:
    print(f"hello {name}")

app()
"""
COMMANDS = {
    "status --format json": ["status", "--format", "json"],
    "status": ["status"],
    "positions list --format json": ["positions", "list", "--format", "json"],
    "orders list --format json": ["orders", "list", "--format", "json"],
    "fills list --format csv": ["fills", "list", "--format", "csv"],
    "config explain run.symbols": ["config", "explain", "run.symbols"],
}


def cpu_ms(command: list[str], environment: dict[str, str], codes: tuple[int, ...]) -> float:
    """Run a command and return the milliseconds of processor time it used."""
    process = subprocess.Popen(
        command, env=environment, cwd=environment["HOME"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return 1000.0 * (usage.ru_utime + usage.ru_stime)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument(
        "--check", action="store_true", help=f"exit with 1 when status as JSON is over {GOAL}"
    )
    given = parser.parse_args()
    compileall.compile_dir(ROOT / "tradecli", quiet=1)
    tradecli = [sys.executable, "-m", "tradecli"]
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        hello = Path(home) / "hello.py"
        hello.write_text(HELLO, encoding="utf-8")
        subprocess.run(
            [*tradecli, "demo", "--headless", "--for", "2m"], env=environment, check=True, capture_output=True
        )
        rows = {"typer hello": [sys.executable, str(hello)]}
        rows |= {name: [*tradecli, "--profile", "demo", *words] for name, words in COMMANDS.items()}
        times: dict[str, list[float]] = {name: [] for name in rows}
        for turn in range(given.rounds + 1):
            for name, command in rows.items():
                spent = cpu_ms(command, environment, (0,))
                if turn:  # the first turn warms the page cache
                    times[name].append(spent)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:32} {median:7.1f} ms CPU  {median / medians['typer hello']:5.2f}")
    ratio = medians["status --format json"] / medians["typer hello"]
    print(f"{given.rounds} rounds, status --format json {ratio:.2f}, goal {GOAL}")
    return int(given.check and ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
