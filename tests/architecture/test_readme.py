"""The README's set-up lines are one pasted line each, and they install from the locks."""

from __future__ import annotations

import re

from tests.architecture import tree

README = (tree.ROOT / "README.md").read_text(encoding="utf-8")


def shell_lines() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_there_are_two_set_up_lines_and_each_starts_from_a_bare_python() -> None:
    lines = [line for line in shell_lines() if "pip install" in line]
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("python3 -m venv .venv && ")
        assert "pip install --require-hashes -r " in line
    assert lines[0].endswith("tradecli demo")
    assert lines[1].endswith("-m pytest")


def test_every_file_that_a_set_up_line_names_is_there() -> None:
    named = [name for line in shell_lines() for name in re.findall(r"-r (\S+)", line)]
    assert named == ["requirements.lock", "tests/requirements.lock"]
    assert all((tree.ROOT / name).is_file() for name in named)


def test_every_extra_that_the_readme_names_exists() -> None:
    extras = re.search(r"^The extras (.*?)\n\n", README, flags=re.MULTILINE | re.DOTALL)
    assert extras is not None
    declared = re.findall(
        r"^(\w+) = \[", (tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(re.findall(r"`(\w+)`", extras[1])) <= set(declared)
