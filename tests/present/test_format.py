"""The only formatting: decimals by tick, a real minus, an unknown that is never 0, no cursor that moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.present import format as shown

D = Decimal


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [
        (D("60412.5"), D("0.10"), "60412.5"),
        (60412.456, D("0.01"), "60412.46"),
        (D("571"), D("1"), "571"),
        (D("100"), D("10"), "100"),
        (0.00012345678, None, "0.000123457"),
        (60412.5, None, "60412.5"),
        (D("30000.00"), None, "30000.00"),
        (D(1) / D(3), None, "0.333333"),
        (None, D("0.1"), "—"),
        (float("nan"), D("0.1"), "—"),
        (float("inf"), None, "—"),
        (D("NaN"), None, "—"),
    ],
)
def test_a_price_has_the_decimals_of_its_tick(value: Any, tick: Decimal | None, text: str) -> None:
    assert shown.price(value, tick) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (shown.qty(D("-0.0100"), D("0.0001")), "−0.0100"),
        (shown.qty(D("0.01"), D("0.001"), sign=True), "+0.010"),
        (shown.money(D("-1234.567")), "−1234.57"),
        (shown.money(D("1234567.891"), wide=True), "1\u202f234\u202f567.89"),
        (shown.money(D("2.1"), "USDT", sign=True), "+2.10 USDT"),
        (shown.money(None, "USDT"), "—"),
        (shown.money(-0.001), "0.00"),
        (shown.pct(0.0123), "1.23%"),
        (shown.pct(-0.5, 0), "−50%"),
        (shown.pct(None), "—"),
        (shown.percent(8.5, 1, sign=True), "+8.5%"),
        (shown.bps(D("0.0012")), "12.0 bps"),
        (shown.number(0.5, 3, sign=True), "+0.500"),
        (shown.count(1204), "1204"),
    ],
)
def test_amounts_and_ratios(call: str, text: str) -> None:
    assert call == text


def test_ratios_follow_the_readers_unit_only_while_asked() -> None:
    with shown.wearing(ratio_unit="bps"):
        assert (shown.pct(0.0012), shown.percent(0.12)) == ("12 bps", "12 bps")
    with shown.wearing(ratio_unit="frac"):
        assert shown.pct(0.0012) == "0.0012"
    assert shown.pct(0.0012) == "0.12%"


@pytest.mark.parametrize(
    ("ms", "text"),
    [(41, "41 ms"), (9_000, "9 s"), (1_500, "1.5 s"), (65_000, "1m 05s"),
     (11_520_000, "3h 12m"), (187_200_000, "2d 04h"),
     (-1_500, "−1.5 s"), (None, "—"), (float("nan"), "—"), (0, "0 ms")],
)  # fmt: skip
def test_durations_use_their_two_largest_units(ms: float | None, text: str) -> None:
    assert shown.duration(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (900, "0s"),
        (9_999, "9s"),
        (720_000, "12m"),
        (43_200_000, "12h"),
        (172_800_000, "2d"),
        (None, "—"),
        (-5, "0s"),
    ],
)
def test_ages_use_one_unit(ms: float | None, text: str) -> None:
    assert shown.age(ms) == text


def test_times_are_utc_and_say_so() -> None:
    ts = 1_691_668_871_000
    assert (shown.time(ts), shown.moment(ts), shown.day(ts)) == (
        "12:01:11Z",
        "2023-08-10 12:01:11Z",
        "2023-08-10",
    )
    assert (shown.time(None), shown.moment(10**18)) == ("—", "—")
    with shown.wearing(local_time=True):
        assert not shown.moment(ts).endswith("Z")


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    st.integers(0, 8),
)
def test_a_number_reads_back_to_itself_at_its_decimals(value: Decimal, decimals: int) -> None:
    text = shown.number(value, decimals).replace("−", "-")
    assert abs(Decimal(text) - value) <= Decimal(10) ** -decimals / 2


@given(st.text())
def test_nothing_that_could_move_a_cursor_or_turn_text_around_is_left(text: str) -> None:
    safe = shown.visible(text)
    assert all(c.isprintable() or c == shown.GAP for c in safe)


def test_what_was_hidden_is_named() -> None:
    assert shown.visible("a\x1b[31mb\u202ec\u200bd") == "a<1B>[31mb<202E>c<200B>d"
    assert shown.visible("Zürich − 5 €") == "Zürich − 5 €"
