"""What people type is read by one grammar each, and refused in one sentence (I01, I02, I05, I12)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradecli.cli import parse
from tradecli.errors import UsageError

NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z
DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "symbol", "venue"),
    [
        ("BTCUSDT", "BTCUSDT", None),
        ("BTCUSDT.spot", "BTCUSDT.spot", None),
        ("BTCUSD.inverse@bybit", "BTCUSD.inverse", "bybit"),
        ("BTC-27MAR26-90000-C@deribit", "BTC-27MAR26-90000-C", "deribit"),
        ("BTC/USDT:USDT", "BTCUSDT", None),
        ("BTC/USDT", "BTCUSDT.spot", None),
        ("BTC/USD:BTC@okx", "BTCUSD.inverse", "okx"),
    ],
)
def test_a_symbol_is_read_in_every_spelling_that_is_documented(
    text: str, symbol: str, venue: str | None
) -> None:
    assert parse.symbol(text) == (symbol, venue)


def test_the_venue_of_the_flag_is_used_where_the_symbol_names_none() -> None:
    assert parse.symbol("BTCUSDT", "okx") == ("BTCUSDT", "okx")


def test_a_symbol_and_a_flag_that_name_two_venues_are_refused() -> None:
    with pytest.raises(UsageError, match="contradicts"):
        parse.symbol("BTCUSDT@okx", "binance")


HOSTILE_SYMBOLS = [
    "", " ", "btcusdt", "BTC USDT", "BTCUSDT\n", "BTC\x00USDT", "BTC\x1b[31m", "BTC'USDT", 'BTC"USDT', "BTC;DROP TABLE",
    "-BTCUSDT", "--", "*", "BTC*", "%", "../BTC", "BTCUSDT.perp", "BTCUSDT@", "@binance", "BTCUSDT@Binance",
    "BTCUSDT@a/b", "A" * 10_000, "ＢＴＣ", "BTC\u202eUSDT", "[red]BTC[/red]", "BTC/USDT:USDT:X", "$(id)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_SYMBOLS, ids=lambda text: ascii(text)[:24])
def test_what_could_not_be_a_symbol_is_refused_and_quoted_short_and_printable(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse.symbol(text)
    line = refused.value.line()
    assert line.replace("—", "-").isascii() and line.isprintable() and len(line) < 250


def test_a_symbol_given_twice_in_a_list_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse.symbols("BTCUSDT,ETHUSDT,BTCUSDT")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-08-10T00:00Z", 1_691_625_600_000),
        ("2023-08-10T02:00:00+02:00", 1_691_625_600_000),
        ("2023-08-10 00:00:00.250Z", 1_691_625_600_250),
        ("-2h", NOW - 7_200_000),
        ("-1d12h", NOW - DAY * 3 // 2),
        ("now", NOW),
        ("today", NOW - NOW % DAY),
        ("yesterday", NOW - NOW % DAY - DAY),
    ],
)
def test_a_time_is_read_with_its_zone_or_as_a_distance_from_now(text: str, expected: int) -> None:
    assert parse.moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["2023-08-10", "2023-08-10T", "2023-08-10T00:00", "2023-08-10 00:00:00", "2023-08-10 00:00:00.0"]
)
def test_a_time_without_a_zone_is_refused_and_what_the_hint_writes_is_read(text: str) -> None:
    with pytest.raises(UsageError, match="no time zone") as refused:
        parse.moment(text, NOW)
    written = str(refused.value.hint).removeprefix("write ").removesuffix(" for UTC")
    assert parse.moment(written, NOW) == parse.moment("2023-08-10T00:00Z", NOW)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "12:00Z", "2023-08-10Z",
     "1691625600000", "2023-13-01T00:00Z", "2023-02-30T00:00Z", "1969-01-01T00:00Z",
     "9999-01-01T00:00Z", "2023-08-10T00:00Zx", "２０２３-08-10T00:00Z", "--2h", "-2", "-2y", "-99999999d"],
)  # fmt: skip
def test_nonsense_for_a_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse.moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("1h30m", 5_400_000), ("7d", 7 * DAY), ("250ms", 250), ("1.5h", 5_400_000)],
)
def test_a_duration_carries_its_unit(text: str, ms: int) -> None:
    assert parse.duration(text) == ms


@pytest.mark.parametrize(
    "text", ["", "10", "0s", "-5m", "1e3s", "5 m", "∞", "10y", "99999999w", "1h-30m", "1_0s"]
)
def test_a_duration_without_unit_zero_or_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse.duration(text)


@pytest.mark.parametrize(
    ("text", "value"), [("8%", "0.08"), ("80bps", "0.0080"), ("0.08", "0.08"), ("-1%", "-0.01"), ("1", "1")]
)
def test_a_ratio_is_read_from_percent_basis_points_or_fraction(text: str, value: str) -> None:
    assert parse.ratio(text) == Decimal(value)


@pytest.mark.parametrize("text", ["8", "15", "-2"])
def test_a_bare_number_above_one_is_no_ratio_and_the_hint_shows_both_units(text: str) -> None:
    with pytest.raises(UsageError, match="no unit") as refused:
        parse.ratio(text)
    assert f"{text}%" in str(refused.value.hint)


HOSTILE_NUMBERS = [
    "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "1_000", "1,000", "0x10", "１２", "١٢", "", " ", "1 ", " 1",
    "--1", "1e", "1e9999", ".", "1" * 100, "1\n", "½",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_NUMBERS, ids=lambda text: ascii(text)[:16])
def test_only_the_plain_ascii_decimal_grammar_is_a_number(text: str) -> None:
    for read in (parse.decimal, parse.ratio, parse.whole):
        with pytest.raises(UsageError):
            read(text)


def test_minus_zero_is_zero() -> None:
    assert str(parse.decimal("-0")) == "0"


@pytest.mark.parametrize("text", ["0", "-1", "1000001", "1.0"])
def test_a_count_outside_its_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse.whole(text)


def test_a_wrong_choice_names_the_nearest_one() -> None:
    with pytest.raises(UsageError) as refused:
        parse.one_of("jsn", ("table", "json"), "--format")
    assert refused.value.hint == "did you mean 'json'?"


@pytest.mark.parametrize("text", ["", "../x", "a/b", "a b", ".hidden", "a..b", "x" * 65, "ü", "a\n"])
def test_a_name_that_could_be_a_path_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse.name(text, "profile")
