"""The two-stage entry: ``--version`` and every ``--help`` are answered here, everything else goes to ``tradecli.cli``.

This module owns the first milliseconds of a command. It must import nothing but ``os`` and ``sys``, which every Python
has loaded anyway: the help of a command is a text file rendered beforehand (``tradecli/cli/help``), so that looking at
it costs what an empty script costs. A text is only used when it is the usage of exactly the words that were typed;
anything else, a missing file included, falls through to the parser, which is slower and always right.
"""

import os
import sys

from tradecli import __version__

_HELP_FOLDER = os.path.join(os.path.dirname(__file__), "cli", "help")
_HELP_FLAGS = ("--help", "-h")
_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` without the program's name, by default the process's."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        return _answer(arguments)
    except BrokenPipeError:
        return _reader_left()
    except KeyboardInterrupt:
        return 130


def help_file(words: list[str]) -> str:
    """Return the path of a command's rendered help: ``vol show`` is ``vol-show.txt``, the root ``tradecli.txt``."""
    return os.path.join(_HELP_FOLDER, "-".join(words or ["tradecli"]) + ".txt")


def _answer(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        return _print(f"tradecli {__version__}\n")
    if arguments and arguments[-1] in _HELP_FLAGS:
        text = _rendered_help(arguments[:-1])
        if text is not None:
            return _print(text)
    if not arguments and not _is_terminal():
        text = _rendered_help([])
        if text is not None:
            sys.stderr.write(text)  # a usage error: the reader of stdout asked for data and gets none
            return 2
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    for name in _BLAS_THREADS:
        # Our matrices are small: a thread pool costs five times the work. Read once, when numpy is first imported.
        os.environ.setdefault(name, "1")
    from tradecli.cli.main import main as run  # Typer, only now

    code: int = run(arguments)
    if sys.stdout is not None:
        sys.stdout.flush()  # a reader that left shows here, not in the interpreter's own shutdown
    return code


def _rendered_help(words: list[str]) -> str | None:
    if not all(_is_command_word(word) for word in words):
        return None
    try:
        with open(help_file(words), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return None
    usage = " ".join(["Usage: tradecli", *words])
    # `orders cancel-all` and `orders-cancel all` share a file name; the text says whose usage it is.
    return text if text.lstrip().startswith((usage + " ", usage + "\n")) else None


def _is_command_word(word: str) -> bool:
    return word.isascii() and word.replace("-", "").isalnum() and word == word.lower() and word[0] != "-"


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _print(text: str) -> int:
    if sys.stdout is None:
        return 0
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _reader_left() -> int:
    # The interpreter flushes stdout once more at its end and would complain: give it a sink.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
