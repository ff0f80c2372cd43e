"""The shape of the code: sizes, names, and what may not stand in a file."""

from __future__ import annotations

import ast
import hashlib
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

HOST = re.compile(r"[A-Za-z0-9-]+(?:[.][A-Za-z0-9-]+)+")
REGISTRIES = frozenset(
    [
        "a4aa2ac280bb8d1a",
        "8b5bb5eb9d758455",
        "8743857e3ea00fd1",
        "75adac515f0bd3db",
        "66394d5952c288e4",
        "789e46d79514e280",
    ]
)
"""Hosts of package registries by the beginning of their SHA-256: a guard that named them would trip itself."""

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
    outside = re.compile(rf"(?<![\w./$}}~-])/(?:{'|'.join(folders)})\b")
    found = [
        f"{tree.name(path)}:{number}: {line.strip()[:100]}"
        for path in tree.tracked()
        for number, line in _lines(path)
        if outside.search(line) or any(_is_registry(name) for name in HOST.findall(line))
    ]
    assert not found, found


def test_the_guard_against_registries_knows_each_by_its_digest_and_no_other_host() -> None:
    assert len(REGISTRIES) == 6 and all(re.fullmatch(r"[0-9a-f]{16}", each) for each in REGISTRIES)
    assert not any(_is_registry(host) for host in ("example.org", "api.binance.com", "keepachangelog.com"))


def _is_registry(host: str) -> bool:
    """Say whether a host, or one above it, is a registry."""
    labels = host.lower().split(".")
    above = (".".join(labels[place:]) for place in range(len(labels) - 1))
    return any(hashlib.sha256(each.encode()).hexdigest()[:16] in REGISTRIES for each in above)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    return enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
