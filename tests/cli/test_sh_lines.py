"""Lines as a crontab has them: `sh -c` under `env -i`, no terminal, no HOME, umask 000, two at once.

Each pair of a command and a state has one exit code. stdout is empty or valid JSON, and nothing waits for an answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import recorded
from tradecli.config import folders
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.store.killswitch import KillSwitch
from tradecli.store.lock import ProcessLock

ROOT = Path(__file__).resolve().parents[2]
State = Callable[[], object]
_HELD: list[ProcessLock] = []


def fresh() -> None:
    """A machine on which nothing has run."""


def recorded_run() -> None:
    """A demo has run and ended."""
    recorded.write(folders.ledger_file("demo"))


def halted() -> None:
    """A demo has run, and a kill level is latched."""
    recorded_run()
    latch = Latch(level=KillLevel.HALT, scope=Scope(), reason="drill", by="operator", at=1)
    KillSwitch(folders.kill_file("demo")).set(latch)


def broken_config() -> None:
    """The configuration is not valid."""
    folders.made(folders.config_file().parent)
    folders.config_file().write_text("[risk]\nmax_symbl_pct = 3\n")


def ruined_ledger() -> None:
    """The ledger's file is no store."""
    folders.made(folders.profile_dir("demo"))
    folders.ledger_file("demo").write_bytes(b"garbage")
    folders.ledger_file("demo").chmod(0o600)


def locked() -> None:
    """Another engine holds the ledger."""
    folders.made(folders.profile_dir("demo"))
    lock = ProcessLock(folders.ledger_file("demo").with_suffix(".lock"))
    lock.acquire()
    _HELD.append(lock)


LINES: list[tuple[State, str, int]] = [
    (fresh, "version", 0),
    (fresh, "--version", 0),
    (fresh, "status --help", 0),
    (fresh, "", 2),
    (fresh, "statsu", 2),
    (fresh, "status --format xml", 2),
    (fresh, "status --max-age 60", 2),
    (fresh, "status --fail-if 'risk.dd_pct >'", 2),
    (fresh, "status", 0),
    (fresh, "status --max-age 2m", 6),
    (fresh, "status --fail-if 'risk.dd_pct>8'", 6),
    (fresh, "orders list", 6),
    (fresh, "decisions explain", 6),
    (fresh, "config validate", 0),
    (fresh, "config init", 2),
    (fresh, "config explain nothing", 15),
    (fresh, "config show --profile lvie", 3),
    (fresh, "help nothing", 15),
    (fresh, "watch use none", 15),
    (fresh, "backtest show none", 15),
    (fresh, "demo", 2),
    (fresh, "tui", 2),
    (fresh, "version --out /nowhere/x", 15),
    (fresh, "version --timeout 0.000001", 2),
    (fresh, "kill halt", 2),
    (fresh, "kill release --reason over", 15),
    (fresh, "kill status", 0),
    (fresh, "run --once", 0),
    (fresh, "run --cycles 2 --seed 7", 0),
    (fresh, "run --cycles 0", 2),
    (fresh, "run --profile paper --once", 3),
    (fresh, "demo --headless --for 5s --seed 7", 0),
    (fresh, "replay list", 0),
    (fresh, "replay verify none", 15),
    (fresh, "audit verify", 6),
    (fresh, "db backup", 6),
    (fresh, "db verify", 6),
    (fresh, "db restore x", 2),
    (fresh, "logs", 0),
    (recorded_run, "audit verify", 0),
    (recorded_run, "db info", 0),
    (recorded_run, "db verify", 0),
    (recorded_run, "decisions explain 7", 0),
    (recorded_run, "positions list", 0),
    (halted, "run --once --db other.db", 13),
    (recorded_run, "status --quiet", 0),
    (recorded_run, "status --quiet --max-age 1d", 0),
    (recorded_run, "status --quiet --fail-if 'risk.dd_pct>8'", 0),
    (recorded_run, "status --quiet --fail-if 'risk.dd_pct<8'", 10),
    (recorded_run, "status --quiet --fail-if 'risk.gross_pct>8'", 6),
    (recorded_run, "orders list --fail-if \"status=='UNKNOWN'\"", 10),
    (recorded_run, "orders show none", 15),
    (recorded_run, "fills list --format csv --out fills.csv", 0),
    (recorded_run, "doctor", 0),
    (halted, "status --quiet", 13),
    (halted, "status --quiet --max-age 1ms --fail-if 'risk.dd_pct<8'", 13),
    (halted, "kill status", 13),
    (halted, "doctor", 13),
    (broken_config, "config validate", 3),
    (broken_config, "status --profile demo", 0),
    (broken_config, "kill pause --reason x", 0),
    (ruined_ledger, "status", 16),
    (ruined_ledger, "orders list", 16),
    (ruined_ledger, "doctor", 16),
    (locked, "run --once", 9),
    (locked, "db vacuum", 9),
    (locked, "status", 0),
    (locked, "kill halt --reason x", 0),
]


TWICE = ("status", "kill", "orders", "config validate", "doctor", "audit", "db backup")
"""Lines that crontabs overlap: they run as two processes at once."""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], subprocess.Popen[str]]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.delenv("TRADECLI_PROFILE", raising=False)

    def start(line: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/sh", "-c", f"umask 000; exec {sys.executable} -m tradecli {line}"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.parametrize(
    ("state", "line", "code"), LINES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_each_line_has_its_code_in_each_state(
    shell: Callable[[str], subprocess.Popen[str]], state: State, line: str, code: int, tmp_path: Path
) -> None:
    state()
    machine = "" if "--format" in line or "help" in line or not line else " --format json"
    if "--version" in line:
        machine = ""
    alone = not line.startswith(TWICE)
    try:
        both = [shell(line + machine) for _ in range(1 if alone else 2)]
        results = [(*process.communicate(timeout=60), process.returncode) for process in both]
    finally:
        while _HELD:
            _HELD.pop().release()
    for out, err, returned in results:
        assert returned == code, (out, err)
        assert "Traceback" not in err + out
        assert not machine or not out or json.loads(out)
    for path in (tmp_path / "state").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, f"{path} is open to others"


def test_of_two_engines_on_one_ledger_one_runs_and_one_is_told_that_it_is_locked(
    shell: Callable[[str], subprocess.Popen[str]],
) -> None:
    both = [shell("run --cycles 3 --format json") for _ in range(2)]
    codes = sorted([(process.communicate(timeout=60), process.returncode)[1] for process in both])
    assert codes == [0, 9]
