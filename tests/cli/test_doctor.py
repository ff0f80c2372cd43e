"""doctor says what is wrong and what to do, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.config import folders


def verdicts(run: Run, *argv: str) -> dict[str, str]:
    return {row["check"]: row["verdict"] for row in run("doctor", "--format", "json", *argv).data}


def test_a_fresh_machine_passes_and_nothing_is_made(run: Run, home: Path) -> None:
    result = run("doctor", "--format", "json")
    assert result.code == 0, result
    assert {row["check"] for row in result.data} >= {
        "python",
        "bytecode",
        "disk",
        "configuration",
        "kill flag",
        "ledger",
    }
    assert not (home / "state").exists()


def test_a_broken_configuration_ends_with_three_and_the_other_checks_still_run(run: Run) -> None:
    folders.made(folders.config_file().parent)
    folders.config_file().write_text("[risk]\nmax_symbl_pct = 3\n")
    result = run("doctor", "--format", "json", "--profile", "demo")
    assert result.code == 3
    rows = {row["check"]: row for row in result.data}
    assert "E-CONFIG-104" in rows["configuration"]["found"] and rows["disk"]["verdict"] == "pass"


@pytest.mark.parametrize("raw", [b"", b"not a store"])
def test_a_ledger_that_is_none_ends_with_sixteen(run: Run, raw: bytes) -> None:
    folders.made(folders.profile_dir("demo"))
    folders.ledger_file("demo").write_bytes(raw)
    assert run("doctor").code == 16
    assert verdicts(run)["ledger"] == "refuse"


def test_the_audit_chain_of_the_newest_run_is_walked(run: Run) -> None:
    recorded.write(folders.ledger_file("demo"))
    rows = {row["check"]: row for row in run("doctor", "--format", "json").data}
    assert rows["audit chain"]["verdict"] == "pass" and "run d-1" in rows["audit chain"]["found"]


def test_a_changed_row_breaks_the_chain_and_is_found(run: Run) -> None:
    import sqlite3

    recorded.write(folders.ledger_file("demo"))
    connection = sqlite3.connect(folders.ledger_file("demo"))
    connection.execute("UPDATE fills SET client_id = 'tcx9'")
    connection.commit()
    connection.close()
    result = run("doctor", "--format", "json")
    assert result.code == 16
    assert {row["check"]: row["verdict"] for row in result.data}["audit chain"] == "refuse"


def test_a_latch_ends_with_thirteen(run: Run) -> None:
    run("kill", "halt", "--reason", "drill")
    assert run("doctor").code == 13


def test_folders_that_others_can_read_are_a_warning(run: Run) -> None:
    folders.made(folders.state_dir()).chmod(0o755)
    result = run("doctor", "--format", "json")
    row = next(row for row in result.data if row["check"] == "state folder")
    assert (row["verdict"], result.code) == ("warn", 0) and "chmod 700" in row["hint"]


def test_the_tables_of_a_long_run_are_left_to_db_verify(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.write(folders.ledger_file("demo"))
    monkeypatch.setattr("tradecli.cli.doctor._MOST_REBUILT", 5)
    rows = {row["check"]: row for row in run("doctor", "--format", "json").data}
    assert rows["audit chain"]["verdict"] == "pass" and "db verify" in rows["audit chain"]["hint"]


def test_g07_it_looks_at_each_key_file_and_repeats_nothing_of_it(run: Run, home: Path) -> None:
    path = home / "binance.key"
    path.write_text("c4naryKEY0123456789abcdef")
    path.chmod(0o600)
    folders.made(folders.config_file().parent)
    folders.config_file().write_text(f'[venues.binance]\nkey = "file:{path}"\nsecret = "env:NOT_ASKED"\n')
    home.chmod(0o700)
    found = {row["check"]: row for row in run("doctor", "--profile", "demo", "--format", "json").data}
    assert found["binance key"]["verdict"] == "pass" and "binance secret" not in found
    path.chmod(0o644)
    result = run("doctor", "--profile", "demo", "--format", "json")
    row = next(row for row in result.data if row["check"] == "binance key")
    assert result.code == 3 and row["verdict"] == "refuse" and "open to others (0644)" in row["found"]
    assert "c4nary" not in result.out
