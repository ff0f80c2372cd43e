"""demo, run and backtest: what reaches the wiring, what comes back, and how a session ends whatever interrupts it."""

from __future__ import annotations

import sys
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.cli import engines
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.engine.summary import Held, RunSummary, Timing
from tradecli.errors import LockHeld

SUMMARY = RunSummary(
    run_id="demo-42",
    mode=Mode.DEMO,
    seed=42,
    since=recorded.T0,
    until=recorded.T0 + 600_000,
    cycles=10,
    decisions=10,
    orders=20,
    fills=5,
    fees=Decimal("1.20"),
    funding=Decimal("-0.10"),
    realised=Decimal("3"),
    unrealised=Decimal("-1"),
    start_equity=Decimal(100_000),
    equity=Decimal("100000.70"),
    pnl=Decimal("0.70"),
    pnl_residual=Decimal(0),
    max_drawdown_pct=0.1,
    events=200_000,
    market_events=199_000,
    market_events_per_sim_s=331.6,
    positions=(
        Held(
            instrument=recorded.BTC,
            qty=Decimal("0.01"),
            mark=Decimal(30_000),
            realised=Decimal(3),
            unrealised=Decimal(-1),
            fees=Decimal("1.2"),
            funding=Decimal("-0.1"),
            fills=5,
        ),
    ),
    latches=(),
    audit_hash="a" * 64,
    config_digest="c",
    note="simulated market, seed 42",
)
TIMING = Timing(wall_s=12.0, cpu_s=11.0, events_per_s=18_000.0, times_real_time=50.0)


class Session:
    """A session that ends after a few looks; it records how it was asked to end."""

    def __init__(self, looks: int, failure: BaseException | None = None) -> None:
        self.looks = looks
        self.failure = failure
        self.stopped: list[str] = []

    def join(self, timeout_s: float) -> bool:
        self.looks -= 1
        return self.looks < 0

    def snapshot(self) -> Any:
        return SimpleNamespace(cycle=10 - self.looks)

    def stop(self, on_exit: str) -> None:
        self.stopped.append(on_exit)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the commands asked of the wiring."""
    calls: list[dict[str, Any]] = []
    wiring = ModuleType("tradecli.wiring")

    def finished(**call: Any) -> Any:
        calls.append(call)
        return SimpleNamespace(summary=SUMMARY, timing=TIMING)

    def locked(**call: Any) -> Any:
        calls.append(call)
        raise LockHeld("another engine holds this ledger", number=101)

    rest = {"summary": "a minute", "teaches": "all of it", "breaker": "", "exit_code": 0, "lasts_s": 60.0}
    tapes = (SimpleNamespace(name="tour", **rest), SimpleNamespace(name="quiet", **rest))
    for name, value in {
        "run_demo_headless": finished,
        "run_recorded": finished,
        "demo_session": locked,
        "tapes": lambda: tapes,
    }.items():
        setattr(wiring, name, value)
    monkeypatch.setitem(sys.modules, "tradecli.wiring", wiring)
    return calls


def test_a_headless_demo_is_a_function_of_its_seed_and_says_apart_how_long_it_took(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    document = run("demo", "--headless", "--seed", "42", "--for", "10m", "--format", "json").json
    assert (asked[0]["seed"], asked[0]["for_ms"]) == (42, 600_000) and "tape" not in asked[0]
    (row,) = document["data"]
    assert (row["fills"], row["equity"], row["audit_hash"]) == (5, "100000.70", "a" * 64)
    assert row["market_events_per_sim_s"] == 331.6 and "wall_s" not in row
    assert document["timing"]["times_real_time"] == 50.0
    assert (document["mode"], document["age_s"]) == ("demo", 0)


def test_a_demo_runs_the_named_tape_for_ten_minutes_unless_told_otherwise(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    assert run("demo", "quiet", "--headless").code == 0
    assert (asked[0]["tape"], asked[0]["for_ms"]) == ("quiet", 600_000)
    assert run("demo", "quite", "--headless").code == 2
    rows = run("demo", "--list", "--format", "json").data
    assert [row["name"] for row in rows] == ["tour", "quiet"] and rows[0]["teaches"] == "all of it"
    assert "what happens" in run("demo", "--list").out


@pytest.mark.parametrize("argv", [["demo"], ["tui"], ["demo", "--for", "1m"]])
def test_without_a_terminal_the_console_is_refused_and_the_way_without_one_is_told(
    run: Run, asked: list[dict[str, Any]], argv: list[str]
) -> None:
    result = run(*argv)
    assert result.code == 2 and "--headless" in result.err and not asked


@pytest.mark.parametrize(
    "argv",
    [
        ["demo", "--headless", "--for", "10"],
        ["demo", "--headless", "--for", "0s"],
        ["demo", "--headless", "--for", "400d"],
        ["demo", "--headless", "--seed", "-1"],
        ["demo", "--headless", "--symbols", "BTCUSDT"],
        ["run", "--once", "--cycles", "2"],
        ["run", "--for", "1h", "--once"],
        ["run", "--cycles", "0"],
        ["run", "--cycles", "1e3"],
        ["run", "--on-exit", "explode"],
        ["run", "--profile", "replay"],
        ["run", "--at", "-1h"],
        ["tui", "--profile", "replay"],
        ["backtest", "run"],
        ["backtest", "run", "--since", "-2d"],
        ["backtest", "run", "--since", "-2d", "--until", "-1d", "--interval", "2h"],
        ["backtest", "run", "--since", "-2d", "--until", "-1d", "--strategy", "a/b"],
        ["backtest", "run", "--since", "-2d", "--until", "-1d", "--symbols", "A1@okx,B1@binance"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_run_is_a_usage_error_and_reaches_nothing(
    run: Run, asked: list[dict[str, Any]], argv: list[str]
) -> None:
    result = run(*argv)
    assert result.code == 2 and result.out == "" and not asked


def test_a_second_engine_on_the_same_ledger_is_told_so_with_nine(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    assert run("run", "--once").code == 9
    assert asked[0]["speed"] == 1_000.0
    run("run", "--for", "8h")
    assert (asked[1]["speed"], asked[1]["for_ms"]) == (1.0, 28_800_000)


def test_a_backtest_answers_with_one_record_that_has_its_speed(run: Run, asked: list[dict[str, Any]]) -> None:
    times = ("--since", "2023-07-18T12:00Z", "--until", "2023-08-17T11:00Z")
    result = run(
        "backtest", "run", "--symbols", "BTCUSDT,ETHUSDT", "--venue", "okx", *times, "--format", "json"
    )
    assert (asked[0]["symbols"], asked[0]["venue"]) == (["BTCUSDT", "ETHUSDT"], "okx")
    assert (asked[0]["since"], asked[0]["until"]) == (1_689_681_600_000, 1_692_270_000_000)
    (row,) = result.data
    wanted = (
        "run_id decisions orders fills fees funding equity max_drawdown_pct pnl_residual events events_per_s"
    )
    assert set(wanted.split()) <= row.keys() and row["pnl_residual"] == "0"
    text = run("backtest", "run", "--symbols", "BTCUSDT", *times).out
    assert "run demo-42" in text and "50 times real time" in text


def test_kept_runs_are_listed_wherever_they_are_kept(run: Run) -> None:
    assert run("replay", "list", "--format", "json").data == []
    recorded.write(folders.ledger_file("demo"))
    recorded.write(folders.made(folders.runs_dir()) / "b-1.db", mode=Mode.REPLAY, run_id="b-1")
    rows = run("replay", "list", "--format", "json").data
    assert {(row["run_id"], row["mode"]) for row in rows} == {("d-1", "demo"), ("b-1", "replay")}
    assert run("replay", "verify", "none").code == 15 and run("replay", "verify").code == 2


def test_kept_backtests_are_listed_and_shown(run: Run) -> None:
    assert run("backtest", "list", "--format", "json").data == []
    assert run("backtest", "show").code == 15
    folder = folders.made(folders.runs_dir())
    recorded.write(folder / "b-1.db", mode=Mode.REPLAY, run_id="b-1")
    recorded.write(folder / "b-2.new.db", mode=Mode.REPLAY, run_id="b-2")
    (folder / "b-3.db").write_bytes(b"broken")
    result = run("backtest", "list", "--format", "json")
    assert [row["run_id"] for row in result.data] == ["b-1"] and "b-3.db" in result.json["warnings"][0]
    assert run("backtest", "show", "none").code == 15 and run("backtest", "show", "../b-1").code == 2


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), SystemExit(1)])
def test_a_session_is_ended_by_its_policy_whatever_interrupts(
    monkeypatch: pytest.MonkeyPatch, interrupt: BaseException
) -> None:
    session = Session(3)

    def join(timeout_s: float) -> bool:
        raise interrupt

    monkeypatch.setattr(session, "join", join)
    with pytest.raises(type(interrupt)):
        engines.wait(session, "leave")  # type: ignore[arg-type]
    assert session.stopped == ["leave"]


def test_a_session_ends_when_there_was_enough_and_its_failure_is_told() -> None:
    session = Session(100)
    engines.wait(session, "cancel", lambda shot: shot.cycle >= -80)  # type: ignore[arg-type]
    assert session.stopped == ["cancel"] and session.looks > 80
    with pytest.raises(LockHeld):
        engines.wait(Session(2, LockHeld("held")), "cancel")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="engine stopped"):
        engines.wait(Session(2, ZeroDivisionError()), "cancel")  # type: ignore[arg-type]


def test_an_engine_leaves_its_start_its_fault_and_its_end_in_the_log(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    run("demo", "--headless")
    run("run", "--once")
    lines = [(row["level"], row["event"].split(":")[0]) for row in run("logs", "--format", "json").data]
    assert lines == [
        ("info", "demo without a screen starts"),
        ("info", "demo without a screen ended"),
        ("info", "run of profile demo starts"),
        ("error", "run of profile demo"),
        ("info", "run of profile demo ended"),
    ]


def test_a_log_that_cannot_be_kept_does_not_stop_an_engine(run: Run, asked: list[dict[str, Any]]) -> None:
    folders.made(folders.state_dir())
    folders.logs_dir().write_text("in the way")
    result = run("demo", "--headless", "--format", "json")
    assert result.code == 0 and result.data and "no log is kept" in result.err


def test_backtests_are_chosen_by_the_time_of_their_data(run: Run) -> None:
    span = {"since": recorded.T0, "until": recorded.T0 + 60_000}
    path = folders.made(folders.runs_dir()) / "b-1.db"
    recorded.write(path, mode=Mode.REPLAY, run_id="b-1", data=span)

    def found(*flags: str) -> int:
        return len(run("backtest", "list", *flags, "--format", "json").data)

    assert (found(), found("--since", "2023-08-10T00:00:30Z"), found("--until", "2023-08-10T00:00:30Z")) == (
        1,
        1,
        1,
    )
    assert (found("--since", "2023-08-10T00:01Z"), found("--until", "2023-08-10T00:00Z")) == (0, 0)
