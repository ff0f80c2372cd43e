"""X06: nothing in the package runs text as code, loads pickles, or passes a line to a shell."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import offline
from tests.architecture import tree

BANNED_MODULES = frozenset(
    ["pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "code", "codeop", "imp"]
)
BANNED_CALLS = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "__import__",
        "builtins.eval",
        "builtins.exec",
        "os.system",
        "os.popen",
        "os.execv",
        "os.execve",
        "os.execvp",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
        "yaml.load",
        "yaml.unsafe_load",
        "yaml.full_load",
        "pandas.read_pickle",
        "pd.read_pickle",
    ]
)


def offences(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        yield from (f"line {node.lineno}: import of {name}" for name in names if _is_banned_import(name))
        if isinstance(node, ast.Call):
            called = tree.dotted(node.func)
            if called in BANNED_CALLS:
                yield f"line {node.lineno}: call of {called}"
            if any(
                _is_true(keyword, "shell") or _is_true(keyword, "allow_pickle") for keyword in node.keywords
            ):
                yield f"line {node.lineno}: {called} with a shell or with pickles"


def _is_banned_import(name: str) -> bool:
    return name.partition(".")[0] in BANNED_MODULES or name in BANNED_CALLS


def _is_true(keyword: ast.keyword, name: str) -> bool:
    return keyword.arg == name and not (
        isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    )


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name)
def test_x06_no_module_runs_text_as_code_or_reads_pickles_or_calls_a_shell(path: Path) -> None:
    assert not list(offences(tree.parse(path)))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import marshal as m",
        "eval('1')",
        "exec(text)",
        "__import__(name)",
        "from os import system",
        "os.system('ls')",
        "yaml.load(text)",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=flag)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_x06_the_ban_sees_each_way_of_doing_it(line: str) -> None:
    assert list(offences(ast.parse(line)))


def test_x06_the_guard_of_the_suite_stops_code_of_the_package_that_runs_text() -> None:
    script = (
        "from tests import offline; offline.install()\n"
        "body = compile('eval(\"1+1\")', 'x', 'exec')\n"
        "exec(body, {'__name__': 'tests.somewhere'})\n"
        "exec(body, {'__name__': 'tradecli.somewhere'})\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert f"{offline.Forbidden.__name__}: compile in tradecli.somewhere" in result.stderr
