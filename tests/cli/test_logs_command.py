"""tradecli logs reads the program's own log and nothing else, whatever has been done to it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tradecli.config import folders
from tradecli.logs import open_log


@pytest.fixture
def written(home: Path) -> Path:
    close = open_log(folders.made(folders.logs_dir()), level=logging.DEBUG)
    for name, level, text in (
        ("venues.okx", logging.WARNING, "okx ws timeout, REST from now on"),
        ("engine.runner", logging.INFO, "cycle 7"),
        ("engine.runner", logging.DEBUG, "a detail"),
        ("store.ledger", logging.ERROR, "secret=c4n4ry"),
    ):
        logging.getLogger(f"tradecli.{name}").log(level, text)
    close()
    return folders.logs_dir() / "tradecli.log"


CHOICES = [
    ([], 3),
    (["--level", "debug"], 4),
    (["--level", "warning"], 2),
    (["--has", "OKX"], 1),
    (["--limit", "1"], 1),
    (["--since", "-1m"], 3),
    (["--until", "-1m"], 0),
]


@pytest.mark.parametrize(("flags", "count"), CHOICES, ids=str)
def test_lines_are_chosen_by_level_text_time_and_number(
    run: Run, written: Path, flags: list[str], count: int
) -> None:
    assert len(run("logs", *flags, "--format", "json").data) == count


def test_secrets_stay_masked_and_lines_that_are_none_of_ours_are_left_out(run: Run, written: Path) -> None:
    with written.open("ab") as file:
        file.write(b'{"half": \n\xff\xfe\n{"at": 1, "level": "info", "event": "\\u001b[31mred"}\n')
    result = run("logs")
    assert "c4n4ry" not in result.out and "\x1b" not in result.out and "<1B>[31mred" in result.out


def test_without_a_log_there_is_nothing_and_a_wrong_level_is_refused(run: Run) -> None:
    assert run("logs", "--format", "json").data == []
    assert run("logs", "--level", "loud").code == 2
