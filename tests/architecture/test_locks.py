"""X07: the locks pin every file by hash, name no index, and hold what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture import tree

CORE = tree.ROOT / "requirements.lock"
TESTS = tree.ROOT / "tests" / "requirements.lock"


def entries(path: Path) -> dict[str, list[tuple[Requirement, int]]]:
    """Return the pins by name, each with the number of its hashes; a name may have one pin per Python."""
    pins: dict[str, list[tuple[Requirement, int]]] = {}
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(re.sub(r"\s--hash=\S+", "", line).strip())
            pins.setdefault(canonicalize_name(requirement.name), []).append(
                (requirement, line.count("--hash=sha256:"))
            )
    return pins


def asked(*extras: str) -> list[Requirement]:
    with (tree.ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += [
            line for line in project["optional-dependencies"][extra] if not line.startswith("tradecli[")
        ]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("path", [CORE, TESTS], ids=tree.name)
def test_x07_every_line_of_a_lock_is_one_exact_version_with_hashes_and_no_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text and "--find-links" not in text
    for name, pins in entries(path).items():
        for requirement, hashes in pins:
            assert [spec.operator for spec in requirement.specifier] == ["=="], name
            assert hashes > 0, name


@pytest.mark.parametrize(
    ("path", "extras"),
    [
        (CORE, ("build",)),
        (TESTS, ("build", "test", "pg", "redis", "metrics", "keyring", "notify", "tune", "ml")),
    ],
    ids=["core", "tests"],
)
def test_a_lock_satisfies_every_dependency_that_the_package_declares(
    path: Path, extras: tuple[str, ...]
) -> None:
    pins = entries(path)
    for requirement in asked(*extras):
        locked = pins.get(canonicalize_name(requirement.name))
        assert locked, f"{requirement.name} is not locked: run .ci/lock"
        for pin, _ in locked:
            version = next(iter(pin.specifier)).version
            assert requirement.specifier.contains(version, prereleases=True), (
                f"{requirement}: locked {version}"
            )


def test_both_locks_agree_on_every_version_they_share() -> None:
    core, tests = entries(CORE), entries(TESTS)
    assert set(core) <= set(tests)
    for name, pins in core.items():
        assert {str(pin) for pin, _ in pins} == {str(pin) for pin, _ in tests[name]}
