"""The shape of the code: sizes, names, and what may not stand in a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import tree

MODULE_LINES = 400
FUNCTION_LINES = 60
VAGUE = frozenset(
    [
        "manager",
        "handler",
        "helper",
        "utils",
        "common",
        "misc",
        "processor",
        "service",
        "data",
        "info",
        "base2",
    ]
)
PROUD = frozenset(["advanced", "intelligent", "professional", "smart"])
# Names of the architecture itself; a cli file carries its command group's name.
ALLOWED_NAMES = {"MarketData", "NotEnoughData", "tradecli/cli/data.py", "tradecli/cli/service.py"}

each_module = pytest.mark.parametrize("path", tree.modules(), ids=tree.name)


@each_module
def test_no_module_is_longer_than_its_limit(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MODULE_LINES, f"{lines} lines: over {MODULE_LINES} it is two modules"


@each_module
def test_no_function_is_longer_than_its_limit(path: Path) -> None:
    long = [
        f"{node.name}, line {node.lineno}: {lines} lines"
        for node in ast.walk(tree.parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, long


@each_module
def test_no_file_or_class_has_a_name_that_says_nothing_or_boasts(path: Path) -> None:
    classes = [node.name for node in ast.walk(tree.parse(path)) if isinstance(node, ast.ClassDef)]
    names = [name for name in classes if name not in ALLOWED_NAMES]
    if tree.name(path) not in ALLOWED_NAMES:
        names += [path.stem, path.parent.name]
    bad = [name for name in names if (VAGUE | PROUD) & set(tree.words(name))]
    assert not bad, bad


@each_module
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(tree.parse(path)), "a module opens with a docstring"


@each_module
def test_nothing_in_the_package_is_left_for_later(path: Path) -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [f"line {number}: {line}" for number, line in _lines(path) if unfinished.search(line)]
    assert not found, found


def test_no_tracked_file_names_a_folder_of_one_machine_or_the_host_of_a_registry() -> None:
    folders = ("root", "work", "home/[a-z]+", "opt/[a-z]+", "Users", "tmp/[a-z]+")
    hosts = ("pypi[.]org", "pythonhosted[.]org", "npmjs[.]org", "debian[.]org", "golang[.]org", "crates[.]io")
    outside = re.compile(rf"(?<![\w./$}}~-])/(?:{'|'.join(folders)})\b|\b(?:{'|'.join(hosts)})")
    found = [
        f"{tree.name(path)}:{number}: {line.strip()[:100]}"
        for path in tree.tracked()
        for number, line in _lines(path)
        if outside.search(line)
    ]
    assert not found, found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    return enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
