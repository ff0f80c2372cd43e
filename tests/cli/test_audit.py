"""The chain from outside: its newest records, whether it holds, all of it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.config import folders


@pytest.fixture
def ledger(home: Path) -> Path:
    path = folders.ledger_file("demo")
    recorded.write(path)
    return path


def test_tail_shows_the_newest_records_oldest_first(run: Run, ledger: Path) -> None:
    rows = run("audit", "tail", "--limit", "3", "--format", "json").data
    assert [row["n"] for row in rows] == [10, 11, 12] and [row["kind"] for row in rows[-2:]] == [
        "decision",
        "notice",
    ]


def test_a_chain_that_holds_is_said_to_hold(run: Run, ledger: Path) -> None:
    (row,) = run("audit", "verify", "--format", "json").data
    assert row["ok"] is True and row["records"] == 12 and len(row["head"]) == 64
    assert "holds" in run("audit", "verify", "--all").out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET status = 'OPEN' WHERE seq = 3",
        "UPDATE entries SET amount = '1000'",
        "UPDATE audit SET body = replace(body, '0.4', '0.1') WHERE kind = 'decision'",
        "DELETE FROM audit WHERE n = 4",
        "DELETE FROM audit WHERE n = 7",
        "DELETE FROM fills",
        "UPDATE audit SET at = at + 1 WHERE n = 2",
    ],
)
def test_an_edited_deleted_or_moved_record_is_found_and_exits_sixteen(
    run: Run, ledger: Path, statement: str
) -> None:
    with closing(sqlite3.connect(ledger)) as db:
        assert db.execute(statement).rowcount == 1
        db.commit()
    result = run("audit", "verify", "--format", "json")
    assert result.code == 16 and result.data[0]["ok"] is False and result.data[0]["reason"]


def test_export_gives_every_record_in_each_format(run: Run, ledger: Path, home: Path) -> None:
    lines = [json.loads(line) for line in run("audit", "export", "--format", "ndjson").out.splitlines()]
    assert [line["n"] for line in lines] == list(range(1, 13))
    assert run("audit", "export", "--format", "csv", "--out", str(home / "a.csv")).code == 0
    rows = list(csv.DictReader(io.StringIO((home / "a.csv").read_text())))
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
