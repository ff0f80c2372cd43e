"""Command lines: flags and values in bulk through their parsers, and a share of whole lines through ``main``."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from unittest import mock

from tests.fuzz import hostile
from tradecli.cli import main as entry
from tradecli.cli import options, parse
from tradecli.cli.completion import command_words
from tradecli.cli.condition import Condition
from tradecli.config import sections
from tradecli.errors import ExitCode, UsageError

NOW = 1_790_000_000_000
_FREE = {"demo", "tui", "run", "rehearse", "backtest", "replay", "data", "db", "doctor", "venues"}
"""Words whose answer is dear, starts an engine or asks the network: whole lines of theirs are not drawn."""
_CODES = {int(code) for code in ExitCode} - {int(ExitCode.INTERNAL)}
_GOOD = {
    "profile": "demo", "format": "json", "fields": "a,b", "sort": "-a", "limit": "5", "units": "pct", "tz": "utc",
    "fail-if": "a > 1 or b == 'x'", "max-age": "10m", "watch": "2", "timeout": "5", "symbols": "BTCUSDT,ETHUSDT@okx",
    "venue": "binance", "since": "-2h", "until": "now", "at": "2023-08-10T00:00Z", "seed": "3", "out": "x", "db": "y",
    "config": "z", "watchlist": "majors",
}  # fmt: skip


class Arguments:
    """``options.split`` and every grammar of ``cli.parse``: a value in its range, or a usage error."""

    name = "arguments"
    share = 40

    def attempt(self, random: Random) -> str:
        try:
            if random.random() < 0.5:
                _check_options(options.split(line(random), NOW)[0])
            else:
                _parse(random, hostile.text(random))
        except UsageError as error:
            told = error.line()
            assert len(told) < 600, len(told)
            return error.code
        return "taken"


class CommandLines:
    """Whole lines through ``main``: a documented code, JSON whenever JSON was asked for, never a traceback."""

    name = "commands"
    share = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words = [
            (word, second) if second else (word,)
            for word, seconds in command_words().items()
            for second in (seconds or [""])
            if word not in _FREE | sections.COMPONENTS.keys()
        ]

    def attempt(self, random: Random) -> str:
        argv = [*random.choice(self._words), *hostile.some(random, hostile.WORDS, 2)]
        if random.random() < 0.5:
            argv += line(random)
        if not any(word.startswith("--format") for word in argv):
            argv += ["--format", "json"]
        out, err = io.StringIO(), io.StringIO()
        with _elsewhere(self._folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = entry.main(argv)
            finally:
                options.use(options.Options())
        told = err.getvalue()
        assert code in _CODES or code == ExitCode.INTERRUPTED, (
            f"exit code {code}: {out.getvalue()[-300:]}{told[-300:]}"
        )
        assert "Traceback" not in told
        if (
            argv[-2:] == ["--format", "json"]
            and "--schema" not in argv
            and out.getvalue()
            and "--help" not in argv
        ):
            for text in out.getvalue().splitlines():
                json.loads(text)
        return f"exit {code}"


def line(random: Random) -> list[str]:
    """Return a few global flags with good or hostile values, some of them twice, and words in between."""
    words: list[str] = []
    for flag in random.choices(options.FLAGS, k=random.randrange(1, 5)):
        value = _GOOD.get(flag.name, "x") if random.random() < 0.5 else hostile.text(random)
        if not flag.metavar:
            words.append(f"--{flag.name}" + ("=" + value if random.random() < 0.1 else ""))
        elif random.random() < 0.3:
            words.append(f"--{flag.name}={value}")
        else:
            words += [f"--{flag.name}", value]
        if random.random() < 0.1:
            words.append(hostile.text(random))
    return words


def _check_options(given: options.Options) -> None:
    assert given.limit is None or 1 <= given.limit <= 1_000_000
    assert given.timeout_ms is None or 1 <= given.timeout_ms <= 86_400_000
    assert given.watch_ms is None or 1 <= given.watch_ms <= 86_400_000
    for moment in (given.since, given.until, given.at):
        assert moment is None or parse.EARLIEST <= moment <= parse.LATEST
    for symbol, _ in given.symbols:
        assert symbol.isascii() and symbol.isprintable() and len(symbol) < 64


def _parse(random: Random, text: str) -> None:
    match random.randrange(8):
        case 0:
            name, _ = parse.symbol(text)
            assert name.isascii() and "/" not in name and ".." not in name
        case 1:
            assert parse.EARLIEST <= parse.moment(text, NOW) <= parse.LATEST
        case 2:
            assert 1 <= parse.duration(text) <= parse.LONGEST_MS
        case 3:
            assert math.isfinite(parse.ratio(text))
        case 4:
            assert abs(parse.decimal(text)) <= 10**15
        case 5:
            assert parse.whole(text) >= 1
        case 6:
            assert os.sep not in parse.name(text, "profile")
        case _:
            Condition(text).holds([{"risk": {"dd_pct": 3.5}, "x": None, "a": "1", "b": True}])


@contextlib.contextmanager
def _elsewhere(folder: Path) -> Iterator[None]:
    """Run in folders of this campaign, without waiting and without a terminal."""
    places = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("STATE", "CONFIG", "CACHE")}
    before = os.getcwd()
    work = folder / "work"
    work.mkdir(exist_ok=True)
    os.chdir(work)
    with (
        mock.patch.dict(os.environ, places),
        mock.patch.object(entry, "pause", side_effect=KeyboardInterrupt),
        mock.patch("sys.stdin", io.StringIO()),
    ):
        try:
            yield
        finally:
            os.chdir(before)
