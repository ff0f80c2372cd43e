"""orders, fills, positions, decisions and status read what was recorded, as of any moment, and write nothing."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tests.cli.recorded import T0
from tradecli.config import folders
from tradecli.domain.enums import Mode


@pytest.fixture
def ledger(home: Path) -> Path:
    path = folders.ledger_file("demo")
    recorded.write(path)
    return path


def data(run: Run, *argv: str) -> Any:
    result = run(*argv, "--format", "json")
    assert result.code == 0, result
    return result.data


def test_orders_are_listed_newest_first_as_they_stand(run: Run, ledger: Path) -> None:
    rows = data(run, "orders", "list")
    assert [(row["client_id"], row["status"]) for row in rows] == [("tcx2", "UNKNOWN"), ("tcx1", "FILLED")]
    assert (rows[1]["qty"], rows[1]["filled"], rows[1]["remaining"]) == ("0.010", "0.010", "0")


@pytest.mark.parametrize(
    ("flags", "ids"),
    [
        (["--open"], ["tcx2"]),
        (["--status", "filled"], ["tcx1"]),
        (["--by", "grid"], ["tcx2", "tcx1"]),
        (["--by", "hedge"], []),
        (["--symbols", "BTCUSDT"], ["tcx1"]),
        (["--symbols", "BTCUSDT@okx"], []),
        (["--venue", "okx"], ["tcx2"]),
        (["--watchlist", "majors"], ["tcx2", "tcx1"]),
        (["--since", "2023-08-10T00:00:30Z"], ["tcx2"]),
        (["--until", "2023-08-10T00:00:30Z"], ["tcx1"]),
        (["--limit", "1"], ["tcx2"]),
    ],
    ids=" ".join,
)
def test_orders_are_selected_by_the_flags(run: Run, ledger: Path, flags: list[str], ids: list[str]) -> None:
    assert [row["client_id"] for row in data(run, "orders", "list", *flags)] == ids


def test_a_sorted_and_cut_table_keeps_the_look_of_the_command(run: Run, ledger: Path) -> None:
    text = run("orders", "list", "--sort", "client_id", "--limit", "1").out
    assert "tcx1" in text and "tcx2" not in text and "done" in text and "client_id" not in text
    assert "client_id" in run("orders", "list", "--fields", "client_id,status").out


def test_every_answer_can_be_asked_as_of_a_moment(run: Run, ledger: Path) -> None:
    at = ("--at", "2023-08-10T00:00:01Z")
    (row,) = data(run, "orders", "list", *at)
    assert (row["status"], row["filled"]) == ("OPEN", "0")
    assert data(run, "fills", "list", *at) == [] and data(run, "positions", "list", *at) == []
    document = run("status", "--format", "json", *at).json
    assert document["as_of"] == T0 + 1_000 and document["age_s"] == 0
    assert (document["data"][0]["open_orders"], document["data"][0]["equity"]) == (1, None)


def test_an_order_is_shown_with_its_whole_story(run: Run, ledger: Path) -> None:
    (story,) = data(run, "orders", "show", "tcx1")
    assert [step["status"] for step in story["steps"]] == ["INTENT", "OPEN", "FILLED"]
    assert "its story" in run("orders", "show", "tcx1").out


@pytest.mark.parametrize("name", ["none", "' OR 1=1 --", "x" * 10_000, "../tcx1", "tcx1\x00"])
def test_an_id_that_is_not_there_is_not_found(run: Run, ledger: Path, name: str) -> None:
    result = run("orders", "show", name)
    assert result.code == 15 and result.out == "" and len(result.err) < 200


def test_fills_as_csv_can_be_recomputed(run: Run, ledger: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(run("fills", "list", "--format", "csv").out))
    assert row["ts"] == "2023-08-10T00:00:02.000Z"
    assert float(row["qty (base)"]) * float(row["price (quote)"]) == float(row["notional (quote)"]) == 300


def test_a_position_is_the_fold_of_its_fills_and_funding_at_the_last_mark(run: Run, ledger: Path) -> None:
    (row,) = data(run, "positions", "list")
    assert (row["instrument"], row["qty"], row["average_price"]) == ("BTCUSDT@binance", "0.010", "30000.0")
    assert (float(row["unrealised"]), float(row["funding"]), float(row["fees"])) == (1.0, -0.03, 0.06)
    assert data(run, "positions", "show", "BTCUSDT") == [row]
    assert run("positions", "show", "SOLUSDT").code == 15


def test_decisions_are_listed_and_explained_down_to_each_check(run: Run, ledger: Path) -> None:
    (row,) = data(run, "decisions", "list")
    assert (row["number"], row["refused"], row["orders"]) == (7, "symbol limit BTCUSDT@binance", 1)
    (decision,) = data(run, "decisions", "explain", "7")
    assert decision["checks"][1] == {
        "name": "symbol limit",
        "value": "11.1 %",
        "threshold": "10 %",
        "verdict": "refuse",
        "scope": "BTCUSDT@binance",
    }
    assert data(run, "decisions", "explain") == [decision]
    text = run("decisions", "explain", "7").out
    assert "[bold]confidence[/]" in text and "11.1 %" in text
    assert run("decisions", "explain", "8").code == 15 and run("decisions", "explain", "x").code == 2


def test_status_says_what_a_script_wants_to_know(run: Run, ledger: Path) -> None:
    (row,) = data(run, "status")
    assert (row["engine"], row["state"], row["halted"]) == ("stopped", "ACTIVE", False)
    assert (row["equity"], row["pnl"], row["cycle"]) == ("100012.50", "12.50", 7)
    assert row["risk"] == {"dd_pct": 0.4, "max_dd_pct": 1.2, "gross_pct": None, "net_pct": None}
    assert (row["open_orders"], row["unknown_orders"], row["positions"], row["fills"]) == (1, 1, 1, 1)
    assert row["notice"] == "okx is slow"
    assert run("status", "--quiet", "--fail-if", "unknown_orders>0").code == 10
    assert run("status", "--quiet", "--fail-if", "risk.dd_pct>8").code == 0
    assert run("status", "--quiet", "--fail-if", "risk.d_pct>8").code == 2
    assert run("status", "--quiet", "--fail-if", "risk.gross_pct>300").code == 6


def test_status_is_halted_while_a_level_is_latched(run: Run, ledger: Path) -> None:
    assert run("kill", "halt", "--reason", "drill").code == 0
    result = run("status", "--format", "json")
    assert result.code == 13 and result.data[0]["state"] == "HALTED"
    assert result.data[0]["latches"][0]["reason"] == "drill"
    assert run("kill", "release", "--reason", "over").code == 0
    assert run("status").code == 0


def test_a_run_is_found_by_its_id_in_whatever_ledger_keeps_it(run: Run, ledger: Path) -> None:
    recorded.write(folders.ledger_file("replay"), mode=Mode.REPLAY, run_id="b-9")
    assert run("fills", "list", "--run", "b-9", "--format", "json").json["mode"] == "replay"
    assert run("fills", "list", "--run", "none").code == 15
    assert run("fills", "list", "--run", "../b-9").code == 2


def test_db_names_another_ledger(run: Run, ledger: Path, home: Path) -> None:
    other = home / "other.db"
    recorded.write(other, run_id="o-1", finished=False)
    assert run("fills", "list", "--db", str(other)).out.rstrip().endswith("source run o-1")
    assert run("status", "--db", str(home / "none.db"), "--format", "json").data[0]["engine"] == "never run"


def test_reading_changes_no_byte_of_the_ledger(run: Run, ledger: Path) -> None:
    before = hashlib.sha256(ledger.read_bytes()).hexdigest()
    for argv in (
        ["status"],
        ["orders", "list"],
        ["fills", "list"],
        ["positions", "list"],
        ["decisions", "list"],
    ):
        assert run(*argv).code == 0
    assert hashlib.sha256(ledger.read_bytes()).hexdigest() == before


@pytest.mark.parametrize(
    "argv",
    [
        ["orders", "list"],
        ["fills", "list"],
        ["positions", "list"],
        ["decisions", "list"],
        ["decisions", "explain"],
    ],
)
def test_without_a_ledger_there_are_no_data_and_the_way_to_some_is_told(run: Run, argv: list[str]) -> None:
    result = run(*argv)
    assert result.code == 6 and "tradecli demo" in result.err and result.out == ""


def test_without_a_ledger_status_is_an_answer_and_not_an_error(run: Run) -> None:
    assert data(run, "status")[0]["engine"] == "never run"
    assert run("status", "--max-age", "1h").code == 6


@pytest.mark.parametrize("raw", [b"", b"not a store", b"SQLite format 3\x00" + b"\xff" * 4_096])
def test_a_file_that_is_no_ledger_is_a_store_fault_that_names_it(run: Run, home: Path, raw: bytes) -> None:
    path = folders.ledger_file("demo")
    folders.made(path.parent)
    path.write_bytes(raw)
    for argv in (["status"], ["orders", "list"], ["fills", "list"]):
        result = run(*argv)
        assert result.code == 16 and str(path) in result.err
    assert path.read_bytes() == raw
