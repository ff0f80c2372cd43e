"""CPU of ``--version`` and of every rendered ``--help`` beside an empty script installed by the same installer.

    python benchmarks/entry_point.py [--rounds N] [--check]

Makes a scratch environment, builds the package and a package of one empty function, installs both with pip, and runs
them in turn (A B A B ...). Prints medians of user plus system time and their ratio; ``--check`` exits with 1 over 1.25.
Needs hatchling in the environment that runs it, and no network.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOAL = 1.25
EMPTY = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "empty"\nversion = "1"\nscripts = { empty = "empty.__main__:main" }\n'
    ),
    "empty/__init__.py": "",
    "empty/__main__.py": "def main() -> int:\n    return 0\n",
}


def install(folder: Path) -> Path:
    """Install tradecli and the empty package into a fresh environment; return its folder of scripts."""
    source = folder / "source"
    for name, text in EMPTY.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / "bin"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheels")]
    for project in (source, ROOT):
        subprocess.run(build, cwd=project, check=True, capture_output=True)
    wheels = [str(path) for path in (folder / "wheels").iterdir()]
    subprocess.run([scripts / "pip", "install", "--quiet", "--no-deps", "--no-index", *wheels], check=True)
    return scripts


def cpu_ms(command: list[str]) -> float:
    """Run a command and return the milliseconds of processor time it used."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return 1000.0 * (usage.ru_utime + usage.ru_stime)


def commands(scripts: Path) -> dict[str, list[str]]:
    """Return every command that the entry answers by itself, the empty script first."""
    tradecli = str(scripts / "tradecli")
    rows = {"empty script": [str(scripts / "empty")], "tradecli --version": [tradecli, "--version"]}
    for path in sorted((ROOT / "tradecli" / "cli" / "help").glob("*.txt")):
        usage = path.read_text(encoding="utf-8").lstrip().splitlines()[0].split("[")[0].split()[2:]
        words = [word for word in usage if word == word.lower()]  # SYMBOL and its kind are arguments
        rows[" ".join(["tradecli", *words, "--help"])] = [tradecli, *words, "--help"]
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--check", action="store_true", help=f"exit with 1 when a ratio is over {GOAL}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = commands(install(Path(folder)))
        times: dict[str, list[float]] = {name: [] for name in rows}
        for turn in range(options.rounds + 1):
            for name, command in rows.items():
                spent = cpu_ms(command)
                if turn:  # the first turn warms the page cache
                    times[name].append(spent)
    medians = {name: statistics.median(values) for name, values in times.items()}
    baseline = medians["empty script"]
    worst = max(median / baseline for median in medians.values())
    for name, median in medians.items():
        print(f"{name:40} {median:7.1f} ms CPU  {median / baseline:5.2f}")
    print(f"{options.rounds} rounds, worst ratio {worst:.2f}, goal {GOAL}")
    return int(options.check and worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
