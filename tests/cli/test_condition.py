"""The language of --fail-if: what it can say, what it refuses, and what null means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.cli.condition import Condition
from tradecli.errors import UsageError

RECORD: dict[str, Any] = {
    "risk": {"dd_pct": 8.5, "limit": None},
    "net_apr": 0.13,
    "qty": "0.010",
    "state": "HALTED",
    "halted": True,
    "open_orders": 3,
    "symbols": ["BTCUSDT"],
    "unknown": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("risk.dd_pct>8", True),
        ("risk.dd_pct > 8.5", False),
        ("risk.dd_pct >= 8.5", True),
        ("net_apr>0.12 and open_orders<5", True),
        ("net_apr>0.12 and not halted", False),
        ("net_apr<0 or (open_orders==3 and state=='HALTED')", True),
        ('state != "ACTIVE"', True),
        ("halted", True),
        ("halted == true", True),
        ("qty == 0.01", True),
        ("qty < 1e-1", True),
        ("-1 < open_orders", True),
        ("symbols.0 == 'BTCUSDT'", True),
        ("not not halted", True),
        ("unknown > 1", None),
        ("not unknown > 1", None),
        ("unknown > 1 or halted", True),
        ("unknown > 1 and halted", None),
        ("unknown > 1 and not halted", False),
        ("risk.limit.deeper == 1", None),
    ],
)
def test_an_expression_is_true_false_or_unknown(text: str, expected: bool | None) -> None:
    assert Condition(text).holds([RECORD]) is expected


def test_and_binds_closer_than_or() -> None:
    assert Condition("halted or halted and net_apr<0").holds([RECORD]) is True
    assert Condition("(halted or halted) and net_apr<0").holds([RECORD]) is False


def test_it_holds_if_it_holds_of_any_record_and_of_none_in_an_empty_answer() -> None:
    rows = [{"net_apr": 0.01}, {"net_apr": 0.2}]
    assert Condition("net_apr>0.12").holds(rows) is True
    assert Condition("net_apr>0.12").holds([]) is False
    assert Condition("net_apr>0.12").holds([{"net_apr": 0.01}, {"net_apr": None}]) is None


@pytest.mark.parametrize(
    "text",
    ["", "   ", "net_apr >", "> 1", "net_apr > > 1", "(net_apr>1", "net_apr>1)", "net_apr = 1", "1 +1", "a b", "f(x)",
     "__import__('os')", "net_apr > 0x10", "net_apr > nan", "net_apr>1;net_apr", "'open", "a..b", "net_apr > 1_000",
     "x" * 600, "(" * 100 + "halted" + ")" * 100, "not " * 100 + "halted", "net_apr > １"],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_what_is_not_of_the_language_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Condition(text).holds([RECORD])


@pytest.mark.parametrize(
    "text", ["state > 1", "halted > true", "symbols == 1", "risk > 1", "net_apr", "open_orders and halted"]
)
def test_kinds_that_cannot_be_compared_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Condition(text).holds([RECORD])


def test_a_name_that_no_record_has_is_a_usage_error_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as refused:
        Condition("net_arp>0.1").holds([RECORD])
    assert refused.value.hint == "did you mean 'net_apr'?"


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        verdict = Condition(text).holds([RECORD])
    except UsageError:
        return
    assert verdict in (True, False, None)
