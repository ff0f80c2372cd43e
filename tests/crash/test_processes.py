"""Several processes and one account: what they told of themselves when ``tests.crash.scenarios`` played them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tradecli.errors import ExitCode

_ROOT = Path(__file__).resolve().parents[2]
_LOCKED, _DENIED = 9, 7
_MISMATCH = ExitCode.MISMATCH.value


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    line = [sys.executable, "-m", "tests.crash.scenarios"]
    done = subprocess.run(line, cwd=_ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_m01_a_second_engine_on_the_same_account_and_store_ends_with_nine_and_the_first_goes_on(
    told: dict[str, Any],
) -> None:
    assert (told["second_engine"]["code"], told["second_engine"]["goes_on"]) == (_LOCKED, True)


def test_m02_an_engine_of_another_installation_refuses_an_account_that_is_traded(
    told: dict[str, Any],
) -> None:
    assert told["other_installation"] == {"code": _MISMATCH, "theirs": [], "goes_on": True}


def test_m06_a_command_that_wants_to_trade_beside_an_engine_is_refused(told: dict[str, Any]) -> None:
    assert told["second_engine"]["command"] == _LOCKED


def test_m03_the_lock_of_a_killed_engine_is_free_for_the_next(told: dict[str, Any]) -> None:
    assert told["second_engine"]["freed"] == 0 and told["second_engine"]["left"] == []


def test_m04_an_engine_that_wakes_after_its_lease_was_taken_sends_nothing_and_ends_with_nine(
    told: dict[str, Any],
) -> None:
    assert told["stolen_lease"] == {"code": _LOCKED, "sent": 0, "left": []}


def test_o06_no_order_leaves_once_the_state_directory_is_gone(told: dict[str, Any]) -> None:
    assert told["removed_folder"] == {"late": 0}


def test_s07_an_account_with_a_history_and_an_empty_ledger_is_not_traded_until_a_person_releases(
    told: dict[str, Any],
) -> None:
    found = told["empty_ledger"]
    assert found["held_back"] == 0 and any("by empty ledger" in latch for latch in found["latches"])
    assert found["after_release"] > 0


def test_s13_a_backup_of_a_trading_engine_is_whole_and_its_audit_chain_verifies(told: dict[str, Any]) -> None:
    assert told["backup_under_load"] == {"copies": [True] * 5, "left": []}


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_p12_a_signal_ends_an_engine_in_bounded_time_with_nothing_left_working(
    told: dict[str, Any], name: str
) -> None:
    found = told["signals"][name]
    assert (found["code"], found["working"], found["sent_later"]) == (0, 0, 0)
    assert found["s"] < 20 and told["signals"]["left"] == []


def test_a_flatten_closes_every_position_and_ends_in_a_halt(told: dict[str, Any]) -> None:
    assert told["flatten"] == {"levels": ["flatten", "halt"], "positions": [], "working": [], "left": []}


def test_p09_a_crash_loop_imports_nothing_twice_and_ends_halted(told: dict[str, Any]) -> None:
    assert told["crash_loop"] == {"latches": ["crash budget"], "sent": 0, "left": []}


def test_m07_ten_commands_at_once_never_exceed_the_limit_that_each_fits_alone(told: dict[str, Any]) -> None:
    found = told["ten_commands"]
    assert found["bought"] == "0.4", found
    assert (found["codes"].count(0), found["codes"].count(_DENIED)) == (4, 6)
    assert found["states"].count("OPEN") == 4


def test_m08_a_one_shot_that_is_killed_half_way_leaves_nothing_half_done(told: dict[str, Any]) -> None:
    found = told["ten_commands"]
    assert found["killed"] == -9 and found["states"].count("VOID") == 1
    assert found["left"] == [] and "INTENT" not in found["states"]


@pytest.mark.parametrize(
    ("planted", "place"),
    [
        ("a fill is gone", 0),
        ("a fill twice", 1),
        ("a mark is gone", 0),
        ("an end is gone", 2),
        ("money is gone", 2),
        ("the chain is cut", 2),
        ("sent twice", 1),
    ],
)
def test_the_comparison_of_the_crash_runs_sees_what_is_planted(
    told: dict[str, Any], planted: str, place: int
) -> None:
    assert told["tampered"]["left"] == []
    assert told["tampered"][planted][place] > 0, told["tampered"]
