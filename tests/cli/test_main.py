"""One line in, one code out: dispatch, errors on the right stream, and nothing silent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Run
from tradecli.cli import groups, main
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.enums import Mode
from tradecli.errors import ExitCode, Halted, NotEnoughData, TradecliError

ROOT = Path(__file__).resolve().parents[2]


class Row(msgspec.Struct, frozen=True):
    name: str
    value: float | None


class Module:
    """A command group for tests: its one command does what the test says."""

    def __init__(self, does: object) -> None:
        self.app = Commands("probe", "A probe.", single=True)

        @self.app.answers(uses=("at",), schema="tradecli.probe/1", row=Row)
        def probe() -> object:
            """Do what the test says."""
            return does() if callable(does) else does


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> object:
    def install(does: object) -> None:
        monkeypatch.setitem(main.WORDS, "probe", groups.Word("tests.probe", "A probe", "Admin"))
        monkeypatch.setattr(main, "import_module", lambda name: Module(does))
        monkeypatch.setattr(main, "parser", main.parser.__wrapped__)

    return install


def answer(*values: float | None, **more: object) -> Answer:
    rows = [Row(f"r{i}", value) for i, value in enumerate(values)]
    return Answer(schema="tradecli.probe/1", mode=Mode.DEMO, data=rows, as_of=1_000, asked_at=31_000, **more)


def test_an_unknown_word_is_a_usage_error_with_the_nearest_one(run: Run) -> None:
    result = run("statsu")
    assert result.code == 2 and result.out == ""
    assert result.err == "E-USAGE-110 no such command: 'statsu' — did you mean 'status'?\n"


def test_without_a_command_and_without_a_terminal_the_help_goes_to_stderr(run: Run) -> None:
    result = run()
    assert result.code == 2 and result.out == "" and "Usage: tradecli" in result.err


def test_in_json_mode_an_error_is_an_object_on_stdout_with_the_same_code(run: Run) -> None:
    result = run("statsu", "--format", "json")
    assert result.code == 2 and result.err == ""
    assert result.json["schema"] == "tradecli.error/1"
    assert result.json["error"]["code"] == "E-USAGE-110" and result.json["error"]["exit_code"] == 2


@pytest.mark.parametrize(
    "argv", [["version", "--bad"], ["version", "extra"], ["config", "nothing"], ["-x"], ["--nope"]]
)
def test_unknown_options_and_extra_words_are_usage_errors(run: Run, argv: list[str]) -> None:
    result = run(*argv)
    assert result.code == 2 and result.out == "" and result.err.startswith("E-USAGE-100 ")


def test_an_option_of_a_command_given_twice_is_refused(run: Run) -> None:
    result = run("config", "init", "--capital", "1", "--capital", "2")
    assert result.code == 2 and "--capital is given twice" in result.err


def test_every_word_of_the_table_has_a_module_or_says_that_it_is_not_built(run: Run) -> None:
    for word, entry in groups.WORDS.items():
        assert entry.part in groups.PARTS
        refused = None
        try:
            main.load(word)
        except TradecliError as error:
            refused = error.message
        assert refused is None or "not built yet" in refused


@pytest.mark.parametrize(
    ("error", "code"),
    [(Halted("stop"), 13), (NotEnoughData("short", need=10, have=2), 6), (KeyboardInterrupt(), 130)],
)
def test_an_error_ends_with_its_own_code(run: Run, probe: object, error: BaseException, code: int) -> None:
    def fail() -> None:
        raise error

    probe(fail)  # type: ignore[operator]
    result = run("probe")
    assert result.code == code and result.out == "" and "Traceback" not in result.err


def test_an_unexpected_error_is_kept_in_a_private_redacted_report_and_its_path_is_told(
    run: Run, probe: object, home: Path
) -> None:
    def fail() -> None:
        raise RuntimeError("secret=abc123canary")

    probe(fail)  # type: ignore[operator]
    result = run("probe", "--format", "json")
    assert result.code == 1
    assert "canary" not in result.out + result.err and "Traceback" not in result.out + result.err
    path = Path(result.json["error"]["hint"].removeprefix("report kept in "))
    assert path.is_relative_to(home) and path.stat().st_mode & 0o777 == 0o600
    report = path.read_text()
    assert "RuntimeError" in report and "canary" not in report


def test_two_vs_add_the_traceback_and_it_is_redacted_too(run: Run, probe: object) -> None:
    def fail() -> None:
        raise RuntimeError("token: abc123canary")

    probe(fail)  # type: ignore[operator]
    result = run("probe", "-vv")
    assert result.code == 1 and "Traceback" in result.err and "canary" not in result.err


@pytest.mark.parametrize(
    ("flags", "values", "code"),
    [
        ([], [1.0], 0),
        (["--fail-if", "value>0.5"], [0.1, 0.6], 10),
        (["--fail-if", "value>0.5"], [0.1], 0),
        (["--fail-if", "value>0.5"], [None], 6),
        (["--max-age", "29s"], [1.0], 6),
        (["--max-age", "31s"], [1.0], 0),
        (["--max-age", "29s", "--fail-if", "value>0.5"], [1.0], 6),
    ],
    ids=str,
)
def test_conditions_and_ages_give_their_codes(
    run: Run, probe: object, flags: list[str], values: list[float | None], code: int
) -> None:
    probe(answer(*values))  # type: ignore[operator]
    assert run("probe", "--quiet", *flags) == (code, "", "")


def test_the_gravest_of_several_codes_is_given(run: Run, probe: object) -> None:
    probe(answer(1.0, codes=(ExitCode.HALTED,)))  # type: ignore[operator]
    assert run("probe", "--fail-if", "value>0.5", "--max-age", "1s").code == 13


def test_an_answer_without_a_time_is_older_than_any_limit(run: Run, probe: object) -> None:
    probe(Answer(schema="tradecli.probe/1", mode=Mode.DEMO, data=[], as_of=None))  # type: ignore[operator]
    assert run("probe", "--max-age", "1d").code == 6


def test_a_command_that_takes_too_long_ends_with_twelve(run: Run, probe: object) -> None:
    def wait() -> None:
        time.sleep(5)

    probe(wait)  # type: ignore[operator]
    started = time.monotonic()
    result = run("probe", "--timeout", "0.05")
    assert result.code == 12 and time.monotonic() - started < 2


def test_watch_answers_again_and_ends_with_the_signal_it_waits_for(
    run: Run, probe: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.1, 0.2, 0.9, 0.1])
    monkeypatch.setattr(main, "pause", lambda seconds: None)
    probe(lambda: answer(next(values)))  # type: ignore[operator]
    result = run("probe", "--watch", "1", "--format", "ndjson", "--fail-if", "value>0.5")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 10
    assert [(line["seq"], line["value"], line["at"]) for line in lines] == [
        (1, 0.1, 1_000),
        (2, 0.2, 1_000),
        (3, 0.9, 1_000),
    ]


def test_schema_prints_the_json_schema_without_running_the_command(run: Run, probe: object) -> None:
    probe(lambda: pytest.fail("it ran"))  # type: ignore[operator]
    schema = run("probe", "--schema").json
    assert schema["title"] == "tradecli.probe/1"
    assert schema["$defs"]["Row"]["properties"]["value"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}


def outside(*argv: str, home: Path, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(home / "state")}
    return subprocess.Popen(
        [sys.executable, "-m", "tradecli", *argv],
        env=environment | {"XDG_CONFIG_HOME": str(home / "config")},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    """Undo what a shell does to its background jobs: they, and all that they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_reader_that_leaves_is_met_with_silence(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = outside("config", "show", "--format", "csv", home=tmp_path, stdout=writer)
    os.close(writer)
    assert process.communicate(timeout=30)[1] == "" and process.returncode == 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_command_with_its_code_and_without_a_traceback(
    tmp_path: Path, sent: int, code: int
) -> None:
    process = outside("version", "--watch", "60", "--format", "ndjson", home=tmp_path)
    assert process.stdout is not None and process.stdout.readline()
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code and "Traceback" not in err


def test_a_machine_without_home_and_with_an_open_umask_gets_private_folders(tmp_path: Path) -> None:
    line = f"umask 000; exec {sys.executable} -m tradecli watch create a BTCUSDT --format json"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    done = subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0 and json.loads(done.stdout)["data"][0]["name"] == "a"
    folder = tmp_path / "state" / "tradecli"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "watchlists.json").stat().st_mode & 0o777 == 0o600


def test_a_word_that_is_no_text_is_a_usage_error_in_every_format(run: Run) -> None:
    for format in ("table", "json"):
        result = run("kill", "halt", "--reason", "x\udcff", "--format", format)
        assert result.code == 2 and "UTF-8" in result.out + result.err


def test_an_error_about_a_file_whose_name_is_no_text_is_json_all_the_same(run: Run, home: Path) -> None:
    from tradecli.cli.output import error_object
    from tradecli.errors import NotFound

    told = json.loads(error_object(NotFound("no x\udcff", where="a\udcffb")))
    assert told["error"]["where"] == "a\\udcffb"
