"""kill works whatever else is broken, binds too much rather than too little, and is lifted with a reason (M09, M10)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.config import folders
from tradecli.domain.enums import KillLevel, ScopeKind
from tradecli.store.killswitch import KillSwitch
from tradecli.store.lock import ProcessLock


def flag(profile: str = "demo") -> list[tuple[str, str, str]]:
    latches = KillSwitch(folders.kill_file(profile)).load()
    return [(latch.level.value, str(latch.scope), latch.reason) for latch in latches]


@pytest.mark.parametrize("level", ["pause", "reduce", "cancel", "flatten", "halt"])
def test_each_level_is_latched_with_its_reason(run: Run, level: str) -> None:
    assert run("kill", level, "--reason", "drill").code == 0
    assert flag() == [(level, "all", "drill")]
    result = run("kill", "status", "--format", "json")
    assert result.code == 13 and result.data[0]["level"] == level


@pytest.mark.parametrize(
    ("flags", "scopes"),
    [
        (["--venue", "okx"], ["venue okx"]),
        (["--symbols", "BTCUSDT,ETHUSDT@okx"], ["symbol BTCUSDT", "symbol ETHUSDT@okx"]),
        (["--strategy", "grid"], ["strategy grid"]),
    ],
)
def test_a_scope_is_a_venue_symbols_or_a_strategy(run: Run, flags: list[str], scopes: list[str]) -> None:
    assert run("kill", "pause", "--reason", "x", *flags).code == 0
    assert [scope for _, scope, _ in flag()] == scopes
    assert run("kill", "release", "--reason", "x").code == 15
    assert run("kill", "release", "--reason", "x", *flags).code == 0
    assert flag() == []


@pytest.mark.parametrize(
    "argv",
    [
        ["halt"],
        ["halt", "--reason", ""],
        ["halt", "--reason", "  "],
        ["halt", "--reason", "a\nb"],
        ["halt", "--reason", "\x1b[31m"],
        ["halt", "--reason", "x" * 201],
        ["halt", "--reason", "x", "--reason", "y"],
        ["halt", "--reason", "x", "--venue", "okx", "--symbols", "BTCUSDT"],
        ["halt", "--reason", "x", "--venue", "okx", "--strategy", "grid"],
        ["halt", "--reason", "x", "--strategy", "../grid"],
        ["halt", "--reason", "x", "--profile", "lvie"],
        ["hlat", "--reason", "x"],
        ["release"],
        ["flatten", "--reason", "x", "--strategy", "grid"],
    ],
    ids=lambda argv: ascii(" ".join(argv))[:50],
)
def test_a_kill_that_is_not_clear_is_refused_and_latches_nothing(run: Run, argv: list[str]) -> None:
    result = run("kill", *argv)
    assert result.code in (2, 3) and result.out == "" and flag() == []


def test_it_needs_no_readable_configuration(run: Run) -> None:
    folders.made(folders.config_file().parent)
    folders.config_file().write_text("[run\n")
    result = run("kill", "halt", "--reason", "x", "--format", "json", "--profile", "mine")
    assert result.code == 3
    assert run("kill", "halt", "--reason", "x", "--format", "json").code == 0
    assert flag("paper") == [("halt", "all", "x")]


@pytest.mark.parametrize("raw", [b"", b"\xff" * 5_000])
def test_it_needs_no_readable_ledger_and_says_so(run: Run, raw: bytes) -> None:
    folders.made(folders.profile_dir("demo"))
    folders.ledger_file("demo").write_bytes(raw)
    result = run("kill", "halt", "--reason", "x", "--format", "json")
    assert result.code == 0 and flag() and "cannot be read" in result.json["warnings"][0]


def test_a_damaged_flag_counts_as_halted_and_can_be_released(run: Run) -> None:
    folders.made(folders.profile_dir("demo"))
    folders.kill_file("demo").write_bytes(b"{")
    assert run("status").code == 13
    assert run("kill", "status", "--format", "json").data[0]["level"] == KillLevel.HALT.value
    assert run("kill", "release", "--reason", "looked at it").code == 0 and flag() == []


def test_without_a_profile_it_also_binds_every_profile_whose_engine_runs(run: Run) -> None:
    folders.made(folders.profile_dir("careful"))
    lock = ProcessLock(folders.ledger_file("careful").with_suffix(".lock"))
    lock.acquire()
    try:
        result = run("kill", "halt", "--reason", "x", "--format", "json")
        assert [row["profile"] for row in result.data] == ["careful", "demo"]
        assert flag("careful") and flag("demo")
    finally:
        lock.release()
    assert [row["profile"] for row in run("kill", "pause", "--reason", "x", "--format", "json").data] == [
        "demo"
    ]


def test_it_says_how_many_orders_work_in_its_scope(run: Run) -> None:
    recorded.write(folders.ledger_file("demo"))
    warnings = run("kill", "cancel", "--reason", "x", "--format", "json").json["warnings"]
    assert warnings == [
        "demo: 1 working orders in scope, no engine runs; they are cancelled at its next start"
    ]
    assert (
        run("kill", "cancel", "--reason", "x", "--symbols", "BTCUSDT", "--format", "json").json["warnings"]
        == []
    )


def test_kills_and_releases_are_kept_in_a_private_journal(run: Run) -> None:
    run("kill", "halt", "--reason", "one")
    run("kill", "release", "--reason", "two")
    path = folders.profile_dir("demo") / "kill.log"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["act"], line["level"], line["reason"]) for line in lines] == [
        ("kill", "halt", "one"),
        ("release", "halt", "two"),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_latch_that_came_after_the_release_was_asked_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tradecli.cli import kill
    from tradecli.domain.control import Latch, Scope

    run("kill", "pause", "--reason", "first")
    original = KillSwitch.load
    late = Latch(level=KillLevel.HALT, scope=Scope(ScopeKind.ALL), reason="late", by="drawdown", at=1)
    calls = iter([True])

    def load(switch: KillSwitch) -> tuple[Latch, ...]:
        seen = original(switch)
        if next(calls, False):
            KillSwitch(switch.path).set(late)
        return seen

    with monkeypatch.context() as patch:
        patch.setattr(kill.KillSwitch, "load", load)
        assert run("kill", "release", "--reason", "over").code == 0
    assert flag() == [("halt", "all", "late")]


def test_it_makes_private_folders_whatever_the_umask(run: Run, home: Path) -> None:
    import os

    before = os.umask(0)
    try:
        run("kill", "halt", "--reason", "x")
    finally:
        os.umask(before)
    for folder in (home / "state" / "tradecli", folders.profile_dir("demo")):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_m09_it_works_where_even_the_place_of_the_configuration_is_nonsense(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    result = run("kill", "halt", "--reason", "x", "--format", "json")
    assert result.code == 0 and flag("demo") == [("halt", "all", "x")]
    assert "cannot be read" in result.json["warnings"][0]


def test_m09_a_journal_that_cannot_be_written_is_not_in_the_way_of_the_kill(run: Run) -> None:
    (folders.made(folders.profile_dir("demo")) / "kill.log").mkdir()
    assert run("kill", "halt", "--reason", "x").code == 0
    assert flag() == [("halt", "all", "x")]


@pytest.mark.parametrize("act", ["halt", "release"])
def test_an_empty_name_of_a_strategy_is_refused_and_never_means_the_whole_desk(run: Run, act: str) -> None:
    assert run("kill", "pause", "--reason", "x").code == 0
    assert run("kill", act, "--reason", "x", "--strategy", "").code == 2
    assert flag() == [("pause", "all", "x")]
