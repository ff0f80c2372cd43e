"""Watchlists: kept whole, checked before they are kept, refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def names(run: Run) -> dict[str, list[str]]:
    return {row["name"]: row["symbols"] for row in run("watch", "list", "--format", "json").data}


def test_a_list_is_made_filled_used_emptied_and_removed(run: Run, home: Path) -> None:
    assert names(run) == {"majors": ["BTCUSDT", "ETHUSDT", "BNBUSDT"]}
    assert run("watch", "create", "alts", "SOLUSDT", "ADAUSDT@okx").code == 0
    assert run("watch", "add", "alts", "XRP/USDT:USDT").code == 0
    assert names(run)["alts"] == ["SOLUSDT", "ADAUSDT@okx", "XRPUSDT"]
    assert run("watch", "use", "alts", "--format", "json").data[0]["in_use"] is True
    assert run("watch", "rm", "alts", "SOLUSDT").code == 0
    assert names(run)["alts"] == ["ADAUSDT@okx", "XRPUSDT"]
    assert run("watch", "rm", "alts").code == 2
    assert run("watch", "use", "majors").code == 0
    assert run("watch", "rm", "alts").code == 0
    assert set(names(run)) == {"majors"}
    assert [path.name for path in (home / "state" / "tradecli").iterdir()] == ["watchlists.json"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["create", "majors", "BTCUSDT"], 2),
        (["create", "x", "btcusdt"], 2),
        (["create", "x", "BTCUSDT", "BTCUSDT"], 2),
        (["create", "../x", "BTCUSDT"], 2),
        (["create", "x"], 2),
        (["create", "x" * 70, "BTCUSDT"], 2),
        (["add", "none", "BTCUSDT"], 15),
        (["add", "majors", "BTCUSDT"], 2),
        (["rm", "majors", "SOLUSDT"], 15),
        (["rm", "none"], 15),
        (["use", "none"], 15),
        (["use", "'; DROP TABLE x; --"], 2),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else str(value),
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    run: Run, home: Path, argv: list[str], code: int
) -> None:
    result = run("watch", *argv)
    assert result.code == code and result.out == "" and result.err.startswith("E-")
    assert not (home / "state").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"lists": 3}', '{"lists": {}, "lists": {}}', '{"lists": {"a": [NaN]}}', "\x00"]
)
def test_a_damaged_file_is_a_store_fault_that_names_it(run: Run, home: Path, text: str) -> None:
    folder = home / "state" / "tradecli"
    folder.mkdir(parents=True)
    (folder / "watchlists.json").write_text(text)
    result = run("watch", "list")
    assert result.code == 16 and "watchlists.json" in result.err
    assert (folder / "watchlists.json").read_text() == text
