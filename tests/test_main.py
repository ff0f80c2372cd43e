"""The entry: what is answered before the parser loads, and what falls through to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tradecli
from tradecli import __main__ as entry

ROOT = Path(tradecli.__file__).parent.parent


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What reached the parser."""
    reached: list[list[str]] = []
    monkeypatch.setattr(entry, "_run", lambda arguments: reached.append(arguments) or 0)
    return reached


@pytest.fixture
def help_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = {
        "tradecli": "Usage: tradecli [OPTIONS] COMMAND [ARGS]...\n\n A console — for trading\n",
        "vol-show": "\nUsage: tradecli vol show [OPTIONS] [SYMBOL]...\n",
        "orders-cancel-all": "Usage: tradecli orders cancel-all\n",
    }
    folder = tmp_path / "help"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("Usage: tradecli ../secret \n", encoding="utf-8")
    monkeypatch.setattr(entry, "_HELP_FOLDER", str(folder))
    return folder


def test_the_version_stands_in_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--version"]) == 0
    assert capsys.readouterr() == (f"tradecli {tradecli.__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize(
    ("words", "first"),
    [
        ([], "Usage: tradecli [OPTIONS]"),
        (["vol", "show"], "Usage: tradecli vol show"),
        (["orders", "cancel-all"], "Usage: tradecli orders cancel-all"),
    ],
)
def test_the_help_of_a_command_is_its_rendered_text_on_stdout(
    help_folder: Path,
    passed_on: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    first: str,
    flag: str,
) -> None:
    assert entry.main([*words, flag]) == 0
    assert capsys.readouterr().out.lstrip().startswith(first)
    assert not passed_on


@pytest.mark.parametrize(
    "arguments",
    [
        ["vol", "--help"],
        ["vol", "shwo", "--help"],
        ["vol", "show", "BTCUSDT", "--help"],
        ["VOL", "SHOW", "--help"],
        ["vol-show", "--help"],
        ["orders-cancel", "all", "--help"],
        ["--help", "vol", "show"],
        ["--format", "json", "vol", "show", "--help"],
        ["../secret", "--help"],
        ["..", "secret", "--help"],
        ["help/../vol-show", "--help"],
        ["", "--help"],
        ["vol\0show", "--help"],
        ["vól", "show", "--help"],
        ["x" * 5_000, "--help"],
        ["--version", "--help"],
        ["vol", "--version"],
        ["version"],
    ],
)
def test_whatever_has_no_rendered_text_of_exactly_these_words_goes_to_the_parser(
    help_folder: Path, passed_on: list[list[str]], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert entry.main(arguments) == 0
    assert passed_on == [arguments]
    assert capsys.readouterr() == ("", "")


def test_no_argument_without_a_terminal_is_a_usage_error_with_the_help_on_stderr(
    help_folder: Path, passed_on: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: tradecli")
    assert not passed_on


def test_no_argument_on_a_terminal_is_left_to_the_command_line(
    passed_on: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "_is_terminal", lambda: True)
    assert entry.main([]) == 0
    assert passed_on == [[]]


def test_an_interrupt_gives_the_code_of_an_interrupt_and_no_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_run", interrupted)
    assert entry.main(["status"]) == 130
    assert capsys.readouterr() == ("", "")


def run(script: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **changes}
    return subprocess.run(
        ["sh", "-c", script, "sh", sys.executable],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reader_that_left_is_no_error_and_leaves_no_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "tradecli", "--version"]
    result = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_closed_stdout_is_no_error() -> None:
    result = run('"$1" -m tradecli --version >&-')
    assert (result.returncode, result.stderr) == (0, "")


def test_numeric_libraries_get_one_thread_before_they_load_unless_the_user_chose() -> None:
    script = (
        "import os, sys, types\n"
        "import tradecli.__main__ as entry\n"
        "seen = types.ModuleType('tradecli.cli.main')\n"
        "seen.main = lambda argv: print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'],"
        " 'numpy' in sys.modules) or 0\n"
        "sys.modules['tradecli.cli'] = types.ModuleType('tradecli.cli')\n"
        "sys.modules['tradecli.cli.main'] = seen\n"
        "entry.main(['anything'])\n"
    )
    result = run(f"exec \"$1\" -c '{script.replace(chr(39), chr(34))}'", OMP_NUM_THREADS="3")
    assert result.stdout == "1 3 False\n", result.stderr
