"""Every command, whatever is typed and whatever it finds: a documented code, one line, no traceback, no hanging.

Rows I01 to I15 of the fault catalogue. A new command is in the table by being registered.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Result, Run
from tests.cli.test_parse import HOSTILE_NUMBERS, HOSTILE_SYMBOLS
from tradecli.cli import main, parse
from tradecli.cli.completion import command_words
from tradecli.cli.options import FLAGS
from tradecli.config import folders, sections
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.errors import ExitCode, UsageError
from tradecli.store.killswitch import KillSwitch

LONG_RUNNING = {"run"}
"""It starts an engine; its own tests run it."""
COMMANDS = [
    (word, second) if second else (word,)
    for word, seconds in command_words().items()
    if word not in LONG_RUNNING
    for second in (seconds or [""])
]
CODES = {int(code) for code in ExitCode} - {int(ExitCode.INTERNAL)}

each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


def check(result: Result, *, as_json: bool) -> None:
    """A documented code; stdout empty or valid JSON; errors one line each and without a traceback."""
    assert result.code in CODES, result
    assert "Traceback" not in result.err + result.out
    if as_json:
        assert result.out == "" or json.loads(result.out)
    for line in result.err.splitlines():
        assert line.isprintable() and len(line) < 500


MALFORMED = [
    *(["--limit", text] for text in ["nan", "1_000", "-1", "0", "1e3", "１"]),
    *(["--timeout", text] for text in ["inf", "0", "-1", "0x10"]),
    *(["--max-age", text] for text in ["10", "-5m", "0s"]),
    *(
        ["--at", text]
        for text in ["2023-08-10", "1969-01-01T00:00Z", "9999-01-01T00:00Z", "2023-02-30T00:00Z"]
    ),
    ["--since", "-1h", "--until", "-2h"],
    ["--venue", "Binance'; DROP TABLE"],
    ["--symbols", "*"],
    ["--symbols", "btcusdt"],
    ["--profile", "../../etc"],
    ["--db", "a\x00b"],
    ["--db", "x" * 5_000],
    ["--out", "a\nb"],
    ["--fail-if", "__import__('os').system('id')"],
    ["--fields", "a;b"],
    ["--quiet", "--quiet"],
    ["--format", "csv", "--format", "md"],
    ["--nope"],
]


@each_command
def test_a_malformed_flag_is_a_usage_error_of_every_command(run: Run, command: tuple[str, ...]) -> None:
    for flags in MALFORMED:
        result = run(*command, *flags)
        check(result, as_json=False)
        assert result.code == 2 and result.out == "", flags


@each_command
def test_hostile_words_are_refused_or_answered_in_good_order(run: Run, command: tuple[str, ...]) -> None:
    texts = [*HOSTILE_SYMBOLS, *HOSTILE_NUMBERS]
    if (
        command[0] in sections.COMPONENTS
    ):  # a word that could be a symbol is looked up in a market: once is enough
        texts = [text for text in texts if not could_be_a_symbol(text)] + ["1_000"]
    for text in texts:
        check(run(*command, text, "--format", "json"), as_json=True)


def could_be_a_symbol(text: str) -> bool:
    try:
        return bool(parse.symbol(text))
    except UsageError:
        return False


def no_configuration(home: Path) -> None:
    pass


def broken_configuration(home: Path) -> None:
    folders.made(folders.config_file().parent)
    folders.config_file().write_text("[run\n")


def unknown_keys(home: Path) -> None:
    folders.made(folders.config_file().parent)
    folders.config_file().write_text("[risk]\nmax_symbl_pct = 3\n")


def empty_ledger(home: Path) -> None:
    folders.made(folders.profile_dir("demo"))
    folders.ledger_file("demo").write_bytes(b"")


def ruined_ledger(home: Path) -> None:
    folders.made(folders.profile_dir("demo"))
    folders.ledger_file("demo").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)


def ledger_is_a_folder(home: Path) -> None:
    folders.made(folders.ledger_file("demo"))


def state_is_a_file(home: Path) -> None:
    (home / "state").write_text("not a folder")


def killed(home: Path) -> None:
    folders.made(folders.profile_dir("demo"))
    latch = Latch(level=KillLevel.HALT, scope=Scope(), reason="drill", by="operator", at=1)
    KillSwitch(folders.kill_file("demo")).set(latch)


STATES = [
    no_configuration,
    broken_configuration,
    unknown_keys,
    empty_ledger,
    ruined_ledger,
    ledger_is_a_folder,
    state_is_a_file,
    killed,
]


DEAR = {no_configuration, broken_configuration, ruined_ledger}
"""States in which topics are asked too: each answer builds a market and an engine."""
PAIRS = [
    pytest.param(command, state, id=f"{' '.join(command)}-{state.__name__}")
    for command in COMMANDS
    for state in STATES
    if command[0] not in sections.COMPONENTS or state in DEAR
]


@pytest.mark.parametrize(("command", "state"), PAIRS)
def test_every_command_has_a_documented_answer_in_every_state(
    run: Run, home: Path, command: tuple[str, ...], state: Callable[[Path], None]
) -> None:
    state(home)
    check(run(*command, "--format", "json", "--offline"), as_json=True)


@pytest.mark.parametrize(
    "command", ["status", "orders list", "fills list", "positions list", "decisions list", "audit verify"]
)
def test_i13_m05_a_store_that_another_process_writes_to_is_read_at_once(
    run: Run, home: Path, command: str
) -> None:
    recorded.write(folders.ledger_file("demo"))
    writer = sqlite3.connect(folders.ledger_file("demo"), isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM fills")
        result = run(*command.split(), "--format", "json", "--timeout", "20")
        check(result, as_json=True)
        assert result.code == 0 and result.data
    finally:
        writer.close()


class Interrupted(io.StringIO):
    """A terminal at which Ctrl-C is pressed instead of the n-th answer."""

    def __init__(self, answers: int) -> None:
        super().__init__("\n" * answers)
        self.answers = answers

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        if self.answers == 0:
            raise KeyboardInterrupt
        self.answers -= 1
        return super().readline()


@pytest.mark.parametrize("after", range(5))
def test_i10_an_interrupt_at_any_question_of_init_writes_nothing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr("sys.stdin", Interrupted(after))
    monkeypatch.setattr("sys.stderr", Interrupted(0))
    assert run("config", "init").code == 130
    assert not list((home / "config").rglob("*.toml"))


def test_i10_an_interrupt_where_a_restore_is_confirmed_restores_nothing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = folders.ledger_file("demo")
    recorded.write(ledger)
    backup = run("db", "backup", "--format", "json").data[0]["path"]
    before = ledger.read_bytes()
    monkeypatch.setattr("sys.stdin", Interrupted(0))
    monkeypatch.setattr("sys.stderr", Interrupted(0))
    assert run("db", "restore", backup).code == 130
    assert ledger.read_bytes() == before and not list(ledger.parent.glob("*.before"))


def test_i14_a_file_imported_twice_adds_nothing_and_one_that_contradicts_changes_nothing(
    run: Run, home: Path
) -> None:
    rows = "ts,trade_id,price,qty,side\n1690000020000,7,10,1,buy\n1690000020001,8,11,2,sell\n"
    path = home / "trades.csv"
    asked = [
        "data",
        "import",
        str(path),
        "--kind",
        "trades",
        "--symbol",
        "BTCUSDT@binance",
        "--market",
        "linear",
    ]
    path.write_text(rows)
    new = [run(*asked, "--profile", "replay", "--format", "json").data[0]["new"] for _ in range(2)]
    assert new == [2, 0]
    path.write_text(rows.replace("8,11,2", "8,12,2") + "1690000020002,9,11,2,buy\n")
    refused = run(*asked, "--profile", "replay", "--format", "json")
    assert refused.code != 0 and "price" in refused.json["error"]["message"]
    listed = run("data", "list", "--profile", "replay", "--format", "json").data
    assert [row["rows"] for row in listed] == [2]


@pytest.mark.parametrize("path", ["", "missing/deep", "folder"], ids=["none", "missing folder", "folder"])
def test_an_answer_is_never_written_where_it_cannot_stand(run: Run, home: Path, path: str) -> None:
    (home / "folder").mkdir()
    result = run("version", "--format", "json", "--out", str(home / path) if path else "")
    check(result, as_json=True)
    assert result.code in (2, 15, 16)


@each_command
def test_no_command_offers_a_secret_as_an_argument(run: Run, command: tuple[str, ...]) -> None:
    text = run(*command, "--help").out
    assert not [
        word for word in ("--secret", "--key", "--password", "--token", "--passphrase") if f"{word} " in text
    ]


def test_no_global_flag_takes_a_secret() -> None:
    assert not [
        flag.name for flag in FLAGS if any(word in flag.name for word in ("secret", "password", "token"))
    ]


WANTS = {
    "ORDER_ID": ["tcx1"], "SYMBOL": ["BTCUSDT"], "RUN_ID": ["r1"], "NAME": ["own"], "PATH": ["x.csv"],
    "FILE": ["x.db"], "SHELL": ["bash"], "--reason": ["--reason", "drill"], "SYMBOLS": ["BTCUSDT"],
    "SIDE": ["buy"], "QUANTITY": ["0.01"],
}  # fmt: skip
"""What a command cannot be asked without."""
MEASURED = {
    "--levels", "--capital", "--days", "--wings", "--delta", "--for", "--cycles", "--max-order",
    "--max-drawdown", "--interval", "--kind", "--market", "--time-unit", "--on-exit", "--by", "--status",
    "--level", "--venues", "--symbol", "--price", "--stop", "--tif",
}  # fmt: skip
"""Options that take a number, a length of time, a choice or a name: nothing hostile is ever a value of theirs."""
TYPED = {"--levels", "--capital", "--days", "--wings", "--delta"}
"""Options of topics that are read before a market is built; names of models and methods are refused by the topic."""
TEXTS = ["1_000", "１２", "A" * 10_000, "../../etc", "\x1b[31m", "\x00"]


def own_options(command: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the words without which a command is not asked, and its own options that take a value."""
    found = main.parser(command[0])
    for word in command[1:]:
        found = found.commands[word]
    params = [param for param in found.params if param.name != "help"]
    names = {
        param.name: param.opts[0] if param.param_type_name == "option" else param.name.upper()
        for param in params
    }
    needed = [word for param in params if param.required for word in WANTS[names[param.name]]]
    valued = [
        names[param.name]
        for param in params
        if param.param_type_name == "option" and not getattr(param, "is_flag", False)
    ]
    return needed, valued


OPTIONS = [
    pytest.param(command, option, id=f"{' '.join(command)} {option}")
    for command in [*COMMANDS, ("run",)]
    for option in own_options(command)[1]
    if command[0] not in sections.COMPONENTS or option in TYPED
]


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_i01_i02_i12_no_hostile_value_of_any_option_of_any_command_does_anything_but_be_refused(
    run: Run, home: Path, command: tuple[str, ...], option: str
) -> None:
    needed, _ = own_options(command)
    if option in needed:
        needed = [word for word in needed if word not in WANTS[option]]
    texts = TEXTS if option in MEASURED else ["A" * 10_000, "\x1b[31m", "\x00", "[red]x[/]"]
    for text in texts:
        result = run(*command, *needed, f"{option}={text}", "--format", "json")
        check(result, as_json=True)
        assert option not in MEASURED or result.code in (2, 3, 6, 15), (text, result)
        assert not list(home.rglob("*.part"))


def test_i01_every_measured_option_is_still_there_under_its_name() -> None:
    assert {param.values[1] for param in OPTIONS} >= MEASURED
