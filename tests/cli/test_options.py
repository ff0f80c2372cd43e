"""Global flags: anywhere on the line, each once, never silently the last one (I11)."""

from __future__ import annotations

import pytest

from tradecli.cli import options
from tradecli.cli.options import Format
from tradecli.errors import UsageError

NOW = 1_700_000_000_000


def split(*argv: str) -> tuple[options.Options, list[str]]:
    return options.split(argv, NOW)


def test_flags_are_taken_from_before_between_and_after_the_words() -> None:
    given, words = split(
        "--profile", "demo", "vol", "--format=json", "show", "BTCUSDT", "--limit", "3", "--own", "x"
    )
    assert words == ["vol", "show", "BTCUSDT", "--own", "x"]
    assert (given.profile, given.format, given.limit) == ("demo", Format.JSON, 3)
    assert given.given == {"profile", "format", "limit"}


def test_after_two_dashes_nothing_is_a_flag() -> None:
    given, words = split("help", "--", "--format", "json")
    assert words == ["help", "--", "--format", "json"]
    assert given.format is Format.TABLE


@pytest.mark.parametrize(
    "argv",
    [
        ["--format", "json", "status", "--format", "json"],
        ["--quiet", "status", "--quiet"],
        ["-v", "status", "-vv"],
        ["--at", "-1h", "--since", "-2h"],
        ["--at", "-1h", "--watch"],
        ["--symbols", "BTCUSDT", "--watchlist", "majors"],
        ["--quiet", "-v"],
        ["--watch", "5", "--out", "x"],
        ["--watch", "--format", "json"],
        ["--watch", "--format", "csv"],
        ["--since", "-1h", "--until", "-2h"],
        ["--overwrite"],
        ["--quiet=yes"],
        ["--limit"],
        ["--limit", "0"],
        ["--limit", "-1"],
        ["--limit", "--quiet"],
        ["--watch", "0"],
        ["--timeout", "-1"],
        ["--timeout", "nan"],
        ["--seed", "-1"],
        ["--max-age", "60"],
        ["--at", "2999-01-01T00:00Z"],
        ["--fields", "a,a"],
        ["--fields", "a;b"],
        ["--sort", ""],
        ["--format", "xml"],
        ["--units", "percent"],
        ["--tz", "Europe/Berlin"],
        ["--profile", "../x"],
        ["--out", ""],
        ["--out", "a\nb"],
        ["--config", "a\x00b"],
        ["--venue", "Binance!"],
        ["--symbols", "BTCUSDT@okx", "--venue", "binance"],
    ],
    ids=" ".join,
)
def test_repeated_conflicting_or_malformed_flags_are_usage_errors(argv: list[str]) -> None:
    with pytest.raises(UsageError):
        split(*argv)


@pytest.mark.parametrize(
    ("argv", "ms"), [(["--watch"], 2_000), (["--watch", "0.5"], 500), (["--watch=10"], 10_000)]
)
def test_watch_takes_its_seconds_or_two(argv: list[str], ms: int) -> None:
    given, words = split("status", *argv, "x")
    assert given.watch_ms == ms and words == ["status", "x"]


def test_times_and_symbols_arrive_as_values() -> None:
    given, _ = split("--since", "-2h", "--until", "now", "--symbols", "BTCUSDT,ETHUSDT@okx", "-vv")
    assert (given.since, given.until) == (NOW - 7_200_000, NOW)
    assert given.symbols == (("BTCUSDT", None), ("ETHUSDT", "okx"))
    assert given.verbose == 2


def test_json_is_wanted_for_errors_even_where_the_line_cannot_be_read() -> None:
    assert options.wants_json(["--format", "json", "--format", "json"])
    assert options.wants_json(["status", "--format=ndjson"])
    assert not options.wants_json(["status", "--format", "csv"])


def test_a_selecting_flag_that_a_command_does_not_use_is_refused() -> None:
    given, _ = split("--seed", "3")
    with pytest.raises(UsageError, match="no meaning for 'version'"):
        options.check_uses(given, frozenset({"at"}), "version")
    options.check_uses(given, frozenset({"seed"}), "demo")


@pytest.mark.parametrize("name", ["key", "secret", "password", "passphrase", "token", "api-key"])
def test_no_secret_can_be_an_argument(name: str) -> None:
    assert name not in options.BY_NAME
