"""One command line in, one exit code out. ``main`` is the only entry; what it needs is imported as late as can be.

The first word picks one group module from ``groups.WORDS``; only that module is imported and only its Typer app is
built, so a cheap command pays for nothing heavy. Global flags are taken out first (``options.split``).

How to add a group of commands
------------------------------
1. A module ``tradecli/cli/<word>.py``; a line in ``groups.WORDS``.
2. In it ``app = Commands("<word>", "one-line summary")`` (``single=True`` if the word itself is the command), and for
   each command a function registered with ``@app.answers("name", uses=("symbols", "venue"),
   schema="tradecli.word.name/1", row=RowStruct)``. Its docstring is its help; its parameters are
   ``Annotated[str, typer.Option(...)]`` texts or bools: ``cli.parse`` turns text into values with our own refusals, and
   cheap commands stay cheap. ``cli.version`` is the smallest example.
3. It returns an ``output.Answer`` of Structs. It prints nothing, formats nothing, reads no clock: ``options.current()``
   has the flags and ``now``. Errors are raised as ``TradecliError``. That is all it takes for exit codes, ``--format``,
   ``--fields``, ``--fail-if``, ``--max-age``, ``--watch``, ``--out`` and ``--schema``. Progress goes to stderr.
4. Heavy imports (stores, pandas, engine) inside the functions that need them, and where files lie from
   ``config.place.locate``. A row in ``tests/cli/test_golden.py``, one in the hostile-input table, and
   ``python -m tradecli.cli.render_help``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from tradecli.cli import options
from tradecli.cli.clock import now_ms, pause
from tradecli.cli.groups import WORDS, root_help
from tradecli.errors import ExitCode, TimedOut, TradecliError, UsageError

if TYPE_CHECKING:
    from tradecli.cli.commands import Commands
    from tradecli.cli.options import Options


class Terminated(BaseException):
    """SIGTERM arrived: unwind, save, exit 143."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    as_json = options.wants_json(argv)
    verbose = sum(word.count("v") for word in argv if word in ("-v", "-vv", "--verbose"))
    _tidy_streams()
    previous = _on_terminate()
    try:
        return int(_run(argv))
    except TradecliError as error:
        return _report(error, as_json=as_json)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return int(ExitCode.INTERRUPTED)
    except Terminated:
        print("terminated", file=sys.stderr)
        return int(ExitCode.TERMINATED)
    except BrokenPipeError:
        return _quiet_pipe()
    except Exception as error:
        return _unexpected(error, argv, as_json=as_json, verbose=verbose)
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def load(word: str) -> Commands:
    """Import the one module behind a command word and return its commands; an unknown word names the nearest."""
    entry = WORDS.get(word)
    if entry is None:
        from difflib import get_close_matches

        near = get_close_matches(word[:40], WORDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else "tradecli --help lists the commands"
        raise UsageError(f"no such command: {word[:40]!a}", number=110, hint=hint)
    try:
        module = import_module(entry.module)
    except ModuleNotFoundError as error:
        if error.name != entry.module:
            raise
        raise UsageError(f"'{word}' is not built yet", number=111, hint="tradecli help coverage") from error
    build = getattr(module, "build", None)
    commands: Commands | None = build(word) if build else getattr(module, "app", None)
    if commands is None:
        raise UsageError(f"'{word}' is not built yet", number=111, hint="tradecli help coverage")
    return commands


@cache
def parser(word: str) -> Any:
    """Return Typer's command behind a word, built once: ``--watch`` and whoever calls ``main`` often ask it again."""
    from typer.main import get_command

    return get_command(load(word))


def _run(argv: list[str]) -> ExitCode:
    given, words = options.split(argv, now_ms())
    options.use(given)
    if not words:
        return _bare(given)
    if words[0] in ("--help", "-h"):
        from tradecli.cli.output import write

        write(root_help())
        return ExitCode.OK
    if words[0] == "--version":
        words = ["version"]
    if words[0].startswith("-"):
        near = _nearest_flag(words[0])
        raise UsageError(f"no such option: {words[0][:40]!a}", number=100, hint=near)
    with Deadline(given, words[0]):
        return _watched(words, given) if given.watch_ms else _answer(words, given)


def _bare(given: Options) -> ExitCode:
    """No command: the console on a terminal, otherwise the help and a usage error."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _answer(["tui"], given)
    sys.stderr.write(root_help())
    return ExitCode.USAGE


def _answer(words: list[str], given: Options, seq: int = 1) -> ExitCode:
    """Call the command and show what it answered."""
    from tradecli.cli.commands import SchemaAsked

    try:
        result = _call(words)
    except SchemaAsked as asked:
        from tradecli.cli.output import schema_of, write

        write(schema_of(asked.spec.schema, asked.spec.row))
        return ExitCode.OK
    if result is None or isinstance(result, int):
        return ExitCode(result or 0)
    from tradecli.cli.output import show

    return show(result, given, seq)


def _call(words: list[str]) -> Any:
    """Let Typer parse the words and run the one command; its refusals become ours."""
    import typer

    command = parser(words[0])
    usage: type[Exception] = typer.BadParameter.__mro__[1]
    try:
        return command.main(words[1:], prog_name=f"tradecli {words[0]}", standalone_mode=False)
    except typer.Exit as exit:
        return exit.exit_code
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except usage as error:
        raise _usage(error) from error


def _usage(error: Any) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tradecli"
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    message, _, hint = message.partition(" Did you mean ")
    hint = f"did you mean {hint}" if hint else f"{path} --help"
    return UsageError(message[:1].lower() + message[1:], number=100, hint=hint)


def _watched(words: list[str], given: Options) -> ExitCode:
    """Answer again and again until interrupted; the last code counts."""
    import msgspec

    from tradecli.cli.output import write

    every_s = (given.watch_ms or 2_000) / 1_000
    code, seq = ExitCode.OK, 1
    while True:
        fresh = msgspec.structs.replace(given, now=now_ms())
        options.use(fresh)
        if given.format is options.Format.TABLE and sys.stdout.isatty():
            write("\x1b[H\x1b[2J")
        code = _answer(words, fresh, seq)
        if code not in (ExitCode.OK, ExitCode.STALE, ExitCode.HALTED):
            return code
        seq += 1
        pause(every_s)


class Deadline:
    """Raise ``TimedOut`` in the command when its time is up: ``--timeout``, else what the word allows."""

    def __init__(self, given: Options, word: str) -> None:
        entry = WORDS.get(word)
        own = entry.timeout_s if entry and not given.watch_ms else None
        self.seconds = given.timeout_ms / 1_000 if given.timeout_ms else own

    def __enter__(self) -> None:
        if self.seconds and _is_main_thread():
            signal.signal(signal.SIGALRM, self._expired)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *exc: object) -> None:
        if self.seconds and _is_main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _expired(self, signum: int, frame: object) -> NoReturn:
        raise TimedOut(f"not done within {self.seconds:g} s", hint="--timeout SEC allows more")


def _report(error: TradecliError, *, as_json: bool) -> int:
    from tradecli.redaction import redacted

    try:
        if as_json:
            from tradecli.cli.output import error_object, write

            write(redacted(error_object(error)))
        else:
            for line in error.line().split("\n"):
                print(redacted(_one_line(line)), file=sys.stderr)
    except BrokenPipeError:
        _quiet_pipe()
    return int(error.exit_code)


def _unexpected(error: Exception, argv: Sequence[str], *, as_json: bool, verbose: int) -> int:
    """Keep a crash report under the state folder and say where it is; no traceback unless ``-vv``."""
    from tradecli.cli.crash import keep

    path = keep(error, argv)
    told = TradecliError(
        f"unexpected {type(error).__name__}: {str(error)[:200]}", hint=f"report kept in {path}", number=1
    )
    if verbose >= 2:
        import traceback

        from tradecli.redaction import redacted

        sys.stderr.write(redacted("".join(traceback.format_exception(error))))
    _report(told, as_json=as_json)
    return int(ExitCode.INTERNAL)


def _one_line(text: str) -> str:
    from tradecli.present.format import visible

    return visible(" ".join(text.splitlines()))


def _nearest_flag(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lstrip("-")[:40], options.BY_NAME, 1)
    return f"did you mean --{near[0]}?" if near else "tradecli help options lists the global options"


def _tidy_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _is_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()


def _on_terminate() -> Any:
    if not _is_main_thread():
        return None

    def terminated(signum: int, frame: object) -> NoReturn:
        raise Terminated

    return signal.signal(signal.SIGTERM, terminated)


def _quiet_pipe() -> int:
    """The reader went away: say nothing more, not even at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return int(ExitCode.OK)
