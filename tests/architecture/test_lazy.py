"""What a command must not load: static reading cannot see deferred imports, so each command is run and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture import tree

HEAVY = ("arch", "ccxt", "numba", "pandas", "scipy.optimize", "scipy.stats", "textual")
DEAR = ("aiosqlite", "asyncio", "numpy", "pydantic", "rich", "structlog")
FRONT = ("aiosqlite", "asyncio", "msgspec", "numpy", "pydantic", "rich", "sqlite3", "typer")

# Runs as the console script does, and prints what was loaded as the last line of stderr.
PROBE = """
import json, sys
before = set(sys.modules)
argv = json.loads(sys.argv[1])
try:
    if isinstance(argv, str):
        import importlib
        importlib.import_module(argv)
    else:
        from tradecli.__main__ import main
        main(argv)
except SystemExit:
    pass
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


@dataclass(frozen=True)
class Budget:
    """A command (its arguments) or a module (its name), and the modules it must not load."""

    run: str | tuple[str, ...]
    forbidden: tuple[str, ...] = HEAVY
    needs: str = ""  # a module without which the row has no meaning yet

    def __str__(self) -> str:
        return self.run if isinstance(self.run, str) else "tradecli " + " ".join(self.run)


BUDGETS = (
    Budget("tradecli", forbidden=HEAVY + FRONT),
    Budget("tradecli.components"),
    Budget(("--version",), forbidden=HEAVY + FRONT),
    Budget(("--help",), forbidden=HEAVY + FRONT, needs="cli.main"),
    Budget(("config", "validate"), needs="cli.config"),
    Budget(("status", "--format", "json"), forbidden=HEAVY + DEAR, needs="cli.status"),
    Budget(("watch", "list", "--format", "json"), forbidden=HEAVY + DEAR, needs="cli.watch"),
    Budget(("kill", "status", "--format", "json"), forbidden=HEAVY + DEAR, needs="cli.kill"),
    Budget(("config", "schema", "--format", "json"), forbidden=HEAVY + DEAR, needs="cli.config"),
    Budget(("status",), forbidden=(*HEAVY, "pydantic", "numpy", "aiosqlite"), needs="cli.status"),
)


def loaded_by(run: str | tuple[str, ...], home: Path) -> set[str]:
    """Return the modules that one command or import loads, in a process and a home folder of its own."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tree.ROOT),
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_DATA_HOME": str(home),
    }
    result = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(run)],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stderr.splitlines()[-1]))


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
def test_a_command_loads_nothing_that_it_does_not_need(budget: Budget, tmp_path: Path) -> None:
    if budget.needs and not tree.exists(budget.needs):
        pytest.skip(f"tradecli.{budget.needs} does not exist yet")
    loaded = loaded_by(budget.run, tmp_path)
    assert not loaded & set(budget.forbidden)


def test_the_probe_sees_an_import_that_is_deferred_into_a_function(tmp_path: Path) -> None:
    assert "decimal" in loaded_by("tradecli.domain.number", tmp_path)


def test_the_console_paints_its_first_frame_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    before_the_frame = (*HEAVY, "numpy", "pydantic", "structlog", "aiosqlite")
    loaded = loaded_by("tradecli.tui.app", tmp_path)
    assert "tradecli.tui.screens" in loaded
    assert not loaded & (set(before_the_frame) - {"textual"})
