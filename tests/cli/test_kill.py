"""kill works whatever else is broken, binds too much rather than too little, and is lifted with a reason (M09, M10)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.cli import clock, kill_orders
from tradecli.config import folders
from tradecli.domain.commands import Notify
from tradecli.domain.enums import KillLevel, Mode, ScopeKind, Severity, Side
from tradecli.store import lock
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
    held = ProcessLock(folders.ledger_file("careful").with_suffix(".lock"))
    held.acquire()
    try:
        result = run("kill", "halt", "--reason", "x", "--format", "json")
        assert [row["profile"] for row in result.data] == ["careful", "demo"]
        assert flag("careful") and flag("demo")
    finally:
        held.release()
    assert [row["profile"] for row in run("kill", "pause", "--reason", "x", "--format", "json").data] == [
        "demo"
    ]


def test_it_says_how_many_orders_work_in_its_scope(run: Run) -> None:
    recorded.write(folders.ledger_file("demo"))
    result = run("kill", "cancel", "--reason", "x", "--format", "json")
    order = "1 order (tcx2 ETHUSDT@okx UNKNOWN)"
    told = f"demo: {order} in scope; no engine runs, and its simulated venue ended with it"
    assert result.code == 0 and result.json["warnings"] == [told]
    narrow = run("kill", "cancel", "--reason", "x", "--symbols", "BTCUSDT", "--format", "json")
    assert narrow.code == 0 and narrow.json["warnings"] == []
    assert run("kill", "pause", "--reason", "x", "--format", "json").json["warnings"] == []


def test_without_an_engine_what_may_rest_at_a_real_venue_is_an_unknown_outcome(run: Run) -> None:
    recorded.write(folders.ledger_file("rehearsal"), mode=Mode.REHEARSAL, finished=False)
    result = run("kill", "halt", "--reason", "x", "--format", "json", "--profile", "rehearsal")
    assert result.code == 17 and flag("rehearsal")
    orders = "1 order (tcx2 ETHUSDT@okx UNKNOWN)"
    then = "no engine runs, nobody cancels before its next start"
    assert result.json["warnings"] == [f"rehearsal: may still rest at the venue: {orders}; {then}"]
    folders.ledger_file("rehearsal").write_bytes(b"junk")
    result = run("kill", "halt", "--reason", "x", "--format", "json", "--profile", "rehearsal")
    assert result.code == 17 and "unknown; no engine runs, nobody cancels" in result.json["warnings"][0]


@pytest.fixture
def engine(home: Path) -> Iterator[None]:
    """The lock of a running engine on a recorded rehearsal."""
    recorded.write(folders.ledger_file("rehearsal"), mode=Mode.REHEARSAL, finished=False)
    held = ProcessLock(folders.ledger_file("rehearsal").with_suffix(".lock"))
    held.acquire()
    yield
    held.release()


def cancelled(at: int) -> None:
    """Do what the engine does: keep that the working order is cancelled."""
    recorded.go_on(folders.ledger_file("rehearsal"), Mode.REHEARSAL, at)


KILL = ("kill", "cancel", "--reason", "x", "--format", "json", "--profile", "rehearsal")


def test_with_an_engine_it_waits_until_the_ledger_shows_none_working(
    run: Run, engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def pause(seconds: float) -> None:
        assert flag("rehearsal"), "the flag comes before any waiting"
        looks.append(seconds)
        if len(looks) == 3:
            cancelled(recorded.T0 + 61_000)

    monkeypatch.setattr(clock, "pause", pause)
    result = run(*KILL)
    assert result.code == 0 and len(looks) == 3
    assert result.json["warnings"] == ["rehearsal: no longer working: 1 order (tcx2 ETHUSDT@okx UNKNOWN)"]


@pytest.mark.parametrize(("wait", "most"), [("0s", 0), ("0", 0), ("2s", 20)])
def test_it_waits_no_longer_than_it_may_and_says_what_is_still_live(
    run: Run, engine: None, monkeypatch: pytest.MonkeyPatch, wait: str, most: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(clock, "pause", slept.append)
    monkeypatch.setattr(clock, "steady_ms", lambda: round(1_000 * sum(slept)))
    result = run(*KILL, "--wait", wait)
    assert result.code == 11 and len(slept) == most
    assert f"still live after {wait[0]} s: 1 order (tcx2" in result.json["warnings"][0]


def test_a_ledger_that_breaks_under_a_running_engine_is_told_and_waited_for_by_nobody(
    run: Run, engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "pause", lambda _: pytest.fail("nobody waits"))
    folders.ledger_file("rehearsal").write_bytes(b"junk")
    result = run(*KILL)
    assert result.code == 11 and "unknown; its engine cancels them" in result.json["warnings"][0]


def test_a_long_list_is_cut(run: Run) -> None:
    order = recorded.order("a", recorded.BTC, Side.BUY)
    assert kill_orders.named((order,) * 6).startswith("6 orders (a BTCUSDT@binance INTENT, ")
    assert kill_orders.named((order,) * 6).endswith(", …)")


@pytest.mark.parametrize("wait", ["61s", "-1s", "5", "", "1h"])
def test_a_wait_out_of_range_is_refused_and_latches_nothing(run: Run, wait: str) -> None:
    assert run("kill", "halt", "--reason", "x", "--wait", wait).code == 2 and flag() == []


def differ(severity: Severity, text: str, topic: str = "reconcile okx") -> None:
    recorded.go_on(
        folders.ledger_file("demo"), Mode.DEMO, recorded.T0 + 61_000, Notify(severity, topic, text)
    )


RELEASE = ("kill", "release", "--reason", "looked", "--format", "json")


def test_a_release_is_refused_while_the_books_of_a_venue_in_scope_differ(run: Run) -> None:
    recorded.write(folders.ledger_file("demo"), finished=False)
    for scope in ([], ["--venue", "okx"], ["--venue", "binance"], ["--strategy", "grid"]):
        run("kill", "pause", "--reason", "x", *scope)
    for symbol in ("ETHUSDT@okx", "ETHUSDT@binance"):
        run("kill", "pause", "--reason", "x", "--symbols", symbol)
    differ(Severity.CRITICAL, "balance USDT@okx: 1 here, 2 at okx (1 differences)")
    before = flag()
    for scope in ([], ["--venue", "okx"], ["--strategy", "grid"], ["--symbols", "ETHUSDT@okx"]):
        result = run(*RELEASE, *scope)
        assert result.code == 14 and "1 here, 2 at okx" in result.out and flag() == before
    assert run(*RELEASE, "--venue", "binance").code == 0
    assert run(*RELEASE, "--symbols", "ETHUSDT@binance").code == 0
    assert run(*RELEASE, "--accept-mismatch").code == 0
    lines = (folders.profile_dir("demo") / "kill.log").read_text().splitlines()
    assert json.loads(lines[-1])["act"].startswith("release, accepting balance USDT@okx: 1 here")
    differ(Severity.NOTE, "okx equals our books again")
    assert run(*RELEASE, "--venue", "okx").code == 0


def test_a_release_is_refused_where_the_ledger_cannot_say_whether_the_books_differ(run: Run) -> None:
    run("kill", "pause", "--reason", "x")
    folders.ledger_file("demo").write_bytes(b"junk")
    result = run(*RELEASE)
    assert result.code == 14 and "cannot be read" in result.out and flag()
    assert run(*RELEASE, "--accept-mismatch").code == 0 and flag() == []


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


def test_p18_beside_an_engine_of_another_version_kill_works_and_release_does_not(
    run: Run, engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "__version__", "9.9.9")
    assert run(*KILL, "--wait", "0s").code == 11 and flag("rehearsal")
    result = run(*RELEASE, "--profile", "rehearsal")
    assert result.code == 9 and "this is 9.9.9: it may read, not write" in result.out and flag("rehearsal")
    assert run("db", "migrate", "--profile", "rehearsal").code == 9
    assert run("kill", "status", "--profile", "rehearsal").code == 13
    assert run("orders", "list", "--profile", "rehearsal").code == 0
