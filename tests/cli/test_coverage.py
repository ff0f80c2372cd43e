"""The table of what is built tells the truth: its commands and tests exist, and no line of the specification lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tradecli.cli import help as pages
from tradecli.cli.completion import command_words
from tradecli.cli.help import CoverageRow

ROOT = Path(__file__).resolve().parents[2]
ROWS = pages.coverage_rows()
LINES = {
    "3.0": 2,
    "3.1": 8,
    "3.2": 11,
    "3.3": 10,
    "3.4": 9,
    "3.5": 7,
    "3.6": 11,
    "3.7": 7,
    "3.8": 12,
    "3.9": 6,
}
LINES |= {"3.10": 9, "3.11": 12, "3.12": 13}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section} {row.line[:40]}")
def test_a_row_names_a_command_and_a_test_that_exist(row: CoverageRow) -> None:
    assert row.state in ("built", "partly", "not built yet")
    if row.state == "not built yet":
        assert not row.command
        return
    words = command_words()
    word, *rest = row.command.split()
    if row.state == "built":
        assert word in words
    if words.get(word):
        assert rest[0] in words[word], row.command
    if row.state == "built":
        assert row.test, "a line that is built names its test"
    if row.test:
        file, _, name = row.test.partition("::")
        assert (ROOT / file).is_file(), row.test
        assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_section_has_all_its_lines() -> None:
    counts = {section: sum(row.section == section for row in ROWS) for section in LINES}
    assert counts == LINES


def test_the_lines_are_those_of_the_specification(shared: Path) -> None:
    text = (shared / "PRODUCT.md").read_text(encoding="utf-8")
    part = text[text.index("## 3. ") :]
    for section, count in LINES.items():
        body = part[part.index(f"### {section} ") :]
        body = body[: body.find("\n### ", 5)] if "\n### " in body[5:] else body
        rows = [line for line in body.splitlines() if re.match(r"\| (?!Specification|---)\S", line)]
        assert len(rows) == count, section


def test_the_page_counts_what_is_built(run: Run) -> None:
    result = run("help", "coverage", "--format", "json")
    assert len(result.data) == len(ROWS) and f"of {len(ROWS)} lines" in result.json["warnings"][0]
