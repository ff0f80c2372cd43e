"""The global flags of every command: one table, one parser, before any command is loaded.

They may stand before, between or after the command words, each at most once; a flag that contradicts another is a usage
error, never "the last one wins". Two kinds: those that every command takes (how to answer), and those that select
(``--symbols``, ``--at`` …), which a command must declare with ``uses=`` so that none is silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from tradecli.cli import parse
from tradecli.errors import UsageError


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    MD = "md"


class Flag(msgspec.Struct, frozen=True):
    """One global flag. ``metavar`` empty: it takes no value. ``selects``: a command must say that it uses it."""

    name: str
    metavar: str
    help: str
    selects: bool = False


FLAGS = (
    Flag("profile", "NAME", "profile: demo, replay, paper or one of the file"),
    Flag("config", "FILE", "configuration file"),
    Flag("db", "FILE", "ledger file"),
    Flag("format", "FORMAT", "table, json, ndjson, csv or md"),
    Flag("fields", "A,B", "only these fields"),
    Flag("sort", "[-]FIELD", "sort records by a field; - for descending"),
    Flag("limit", "N", "at most N records"),
    Flag("fail-if", "EXPR", "exit 10 if EXPR is true of any record"),
    Flag("max-age", "DUR", "exit 6 if the answer rests on older data"),
    Flag("watch", "[SEC]", "answer again every SEC seconds (2)"),
    Flag("timeout", "SEC", "give up after SEC seconds with exit 12"),
    Flag("offline", "", "use stored data only"),
    Flag("units", "UNIT", "ratios in tables as pct, bps or frac"),
    Flag("tz", "ZONE", "times in tables in utc or local"),
    Flag("explain", "", "add what the numbers rest on"),
    Flag("schema", "", "print the JSON Schema of the answer"),
    Flag("out", "FILE", "write the answer to FILE"),
    Flag("overwrite", "", "let --out replace a file"),
    Flag("quiet", "", "print nothing but errors"),
    Flag("no-color", "", "plain text"),
    Flag("verbose", "", "-v: more on stderr, -vv: tracebacks"),
    Flag("symbols", "A,B", "symbols, as the venue writes them", True),
    Flag("watchlist", "NAME", "the symbols of a watchlist", True),
    Flag("venue", "NAME", "venue", True),
    Flag("since", "TIME", "from TIME on: ISO with its zone, -2h, yesterday", True),
    Flag("until", "TIME", "before TIME", True),
    Flag("at", "TIME", "as it was known at TIME", True),
    Flag("seed", "N", "seed of the simulated market", True),
)
BY_NAME: Mapping[str, Flag] = {flag.name: flag for flag in FLAGS}
SELECTING = frozenset(flag.name for flag in FLAGS if flag.selects)
_CONFLICTS = (
    ("at", "since"),
    ("at", "until"),
    ("at", "watch"),
    ("symbols", "watchlist"),
    ("quiet", "verbose"),
    ("quiet", "watch"),
    ("watch", "out"),
    ("watch", "schema"),
)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The global flags as given. Times are UTC ms, durations ms; None or empty: not given."""

    profile: str | None = None
    config: str | None = None
    db: str | None = None
    format: Format = Format.TABLE
    fields: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None
    fail_if: str | None = None
    max_age_ms: int | None = None
    watch_ms: int | None = None
    timeout_ms: int | None = None
    offline: bool = False
    units: str = "pct"
    tz: str = "utc"
    explain: bool = False
    schema: bool = False
    out: str | None = None
    overwrite: bool = False
    quiet: bool = False
    no_color: bool = False
    verbose: int = 0
    symbols: tuple[tuple[str, str | None], ...] = ()
    watchlist: str | None = None
    venue: str | None = None
    """The one venue that was named; None too where several were, which only some commands take."""
    venues: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    at: int | None = None
    seed: int | None = None
    now: int = 0
    """The moment the command line was read: what ``-2h`` counts from."""
    given: frozenset[str] = frozenset()


_current = Options()


def current() -> Options:
    """Return the global flags of the command that runs."""
    return _current


def use(options: Options) -> None:
    """Make ``options`` the current ones: for the dispatcher, and for tests of one command."""
    global _current
    _current = options


def split(argv: Sequence[str], now: int) -> tuple[Options, list[str]]:
    """Take the global flags out of ``argv``; return them and the words that are left for the command."""
    words: list[str] = []
    raw: dict[str, str] = {}
    rest = list(argv)
    for word in rest:
        if not _is_text(word):
            raise UsageError(f"not UTF-8 text: {word[:40]!a}", number=119)
    while rest:
        token = rest.pop(0)
        if token == "--":
            words += [token, *rest]
            break
        if token in ("-v", "-vv"):
            _keep(raw, "verbose", token.count("v") * "v")
            continue
        name, equals, value = token[2:].partition("=") if token.startswith("--") else ("", "", "")
        flag = BY_NAME.get(name)
        if flag is None:
            words.append(token)
        elif not flag.metavar:
            if equals:
                raise UsageError(f"--{name} takes no value", number=102)
            _keep(raw, name, "v" if name == "verbose" else "yes")
        elif name == "watch" and not equals:
            _keep(raw, name, rest.pop(0) if rest and rest[0].replace(".", "", 1).isdigit() else "2")
        else:
            if not equals and not rest:
                raise UsageError(f"--{name} needs a value", number=102, hint=f"--{name} {flag.metavar}")
            _keep(raw, name, value if equals else rest.pop(0))
    return _read(raw, now), words


def _is_text(word: str) -> bool:
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def wants_json(argv: Sequence[str]) -> bool:
    """Say whether errors of this command line go to stdout as JSON, even if it cannot be parsed."""
    text = " ".join(argv)
    return any(f"--format{sep}{kind}" in text for sep in (" ", "=") for kind in ("json", "ndjson"))


def check_uses(options: Options, uses: frozenset[str], command: str) -> None:
    """Refuse a selecting flag that ``command`` does not use."""
    for name in sorted(options.given & SELECTING - uses):
        takes = ", ".join(f"--{use}" for use in sorted(uses)) or "none of the selecting flags"
        raise UsageError(f"--{name} has no meaning for '{command}'", number=104, hint=f"it takes {takes}")


def _keep(raw: dict[str, str], name: str, value: str) -> None:
    if name in raw:
        raise UsageError(f"--{name} is given twice", number=101)
    raw[name] = value


def _read(raw: Mapping[str, str], now: int) -> Options:
    for one, other in _CONFLICTS:
        if one in raw and other in raw:
            raise UsageError(f"--{one} and --{other} contradict each other", number=103)
    if "overwrite" in raw and "out" not in raw:
        raise UsageError("--overwrite has no meaning without --out", number=103)
    values: dict[str, Any] = {"given": frozenset(raw), "now": now}
    venues = parse.venues(raw["venue"]) if "venue" in raw else ()
    venue = venues[0] if len(venues) == 1 else None
    values["venues"] = venues
    for name, text in raw.items():
        key, value = _value(name, text, now, venue)
        values[key] = value
    options = Options(**values)
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise UsageError("--since must lie before --until", number=103)
    if options.watch_ms is not None and options.format in (Format.JSON, Format.CSV, Format.MD):
        raise UsageError(f"--watch cannot answer in {options.format}", number=103, hint="--format ndjson")
    if options.at is not None and options.at > now:
        raise UsageError("--at lies in the future", number=132)
    return options


def _value(name: str, text: str, now: int, venue: str | None) -> tuple[str, Any]:
    """Return the field of Options and the value that one flag gives it."""
    match name:
        case "profile" | "watchlist":
            return name, parse.name(text, name)
        case "config" | "db" | "out":
            return name, parse.path(text, f"--{name}")
        case "format":
            return name, Format(parse.one_of(text, tuple(Format), "--format"))
        case "units":
            return name, parse.one_of(text, ("pct", "bps", "frac"), "--units")
        case "tz":
            return name, parse.one_of(text.lower(), ("utc", "local"), "--tz")
        case "fields":
            return name, _names(text)
        case "sort":
            _names(text.removeprefix("-"))
            return name, text
        case "limit":
            return name, parse.whole(text, "--limit")
        case "seed":
            return name, parse.whole(text, "--seed", least=0, most=2**31)
        case "fail-if":
            from tradecli.cli.condition import Condition  # refused before the command does anything

            return "fail_if", Condition(text).text
        case "max-age":
            return "max_age_ms", parse.duration(text, "--max-age")
        case "watch":
            return "watch_ms", _seconds(text, "--watch", most=86_400)
        case "timeout":
            return "timeout_ms", _seconds(text, "--timeout", most=86_400)
        case "symbols":
            return name, parse.symbols(text, venue)
        case "venue":
            return name, venue
        case "since" | "until" | "at":
            return name, parse.moment(text, now, f"--{name}")
        case "verbose":
            return name, len(text)
        case _:
            return name.replace("-", "_"), True


def _seconds(text: str, what: str, *, most: int) -> int:
    value = parse.decimal(text, what, positive=True)
    if not value * 1_000 >= 1 or value > most:
        raise UsageError(f"{what} must be between 0.001 and {most} seconds, not {text}", number=142)
    return int(value * 1_000)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if not name.replace(".", "").replace("_", "").isalnum() or not name.isascii():
            raise UsageError(f"not a field name: {name[:40]!a}", number=144)
    if len(set(names)) != len(names):
        raise UsageError("a field is named twice", number=101)
    return names
