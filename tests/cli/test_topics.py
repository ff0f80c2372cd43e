"""A topic becomes a command by itself: options from its query, JSON from its report, the table from its panel."""

from __future__ import annotations

import sys
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest

from tests.cli.conftest import Run
from tradecli.cli import main
from tradecli.components.base import Component, Reach, Topic
from tradecli.domain.decision import Input
from tradecli.domain.enums import Mode
from tradecli.errors import NotEnoughData
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.present.format import pct


class Query(msgspec.Struct, frozen=True):
    levels: Annotated[int, msgspec.Meta(ge=1, description="levels of the book")] = 10
    members: Annotated[bool, msgspec.Meta(description="show the members")] = False
    side: Annotated[str, msgspec.Meta(description="buy or sell")] = ""
    share: Annotated[float, msgspec.Meta(ge=0, le=1, description="share of volume")] = 0.1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    instrument: str
    imbalance: float | None
    size: Decimal


def present(report: Report) -> Panel:
    return Panel(
        title=f"Imbalance {report.instrument}", blocks=(Facts(rows=(("L10", Cell(pct(report.imbalance))),)),)
    )


TOPIC = Topic(
    name="depth",
    summary="Weighted imbalance of the book",
    report=Report,
    query=Query,
    assess=lambda view, settings, query: None,
    present=present,
    inputs=lambda report: (Input(name="book", value=0.25, as_of=1_000, source="binance"),),
    units={"imbalance": "fraction"},
)
SUMMARY = Topic(
    name="total",
    summary="All of it",
    report=Report,
    assess=lambda view, settings, query: None,
    present=present,
    reach=Reach.PORTFOLIO,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A component and a wiring of this test; what the command asked of it."""
    calls: list[dict[str, Any]] = []

    def assess_once(**call: Any) -> Any:
        calls.append(call)
        if call["symbols"] == ("EMPTYUSDT",):
            raise NotEnoughData("no book of EMPTYUSDT", hint="tradecli data import")
        names = call["symbols"] or ("BTCUSDT", "ETHUSDT")
        reports = tuple(Report(instrument=name, imbalance=0.25, size=Decimal("1.50")) for name in names)
        return SimpleNamespace(
            reports=reports,
            mode=Mode.DEMO,
            at=5_000,
            as_of=5_000,
            warnings=("thin book",),
            topic=TOPIC,
            missing=(),
        )

    component = ModuleType("tradecli.components.flow")
    component.COMPONENT = Component(
        name="flow", summary="Order flow.", settings=dict, topics=(TOPIC, SUMMARY)
    )  # type: ignore[attr-defined]
    wiring = ModuleType("tradecli.wiring")
    wiring.assess_once = assess_once  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tradecli.components.flow", component)
    monkeypatch.setitem(sys.modules, "tradecli.wiring", wiring)
    monkeypatch.setattr(main, "parser", main.parser.__wrapped__)  # what it keeps is of other components
    return calls


def test_the_options_are_the_fields_of_the_query_and_the_symbols_are_words(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    argv = (
        "flow",
        "depth",
        "BTCUSDT",
        "ETH/USDT:USDT@okx",
        "--levels",
        "5",
        "--members",
        "--venue",
        "binance",
    )
    result = run(
        "flow",
        "depth",
        "BTCUSDT",
        "ETH/USDT:USDT@okx",
        "--levels",
        "5",
        "--members",
        "--at",
        "2023-08-10T00:00Z",
    )
    assert result.code == 0 and run(*argv).code == 2
    assert asked[0] == {
        "profile": None,
        "config_path": None,
        "db": None,
        "component": "flow",
        "topic": "depth",
        "symbols": ("BTCUSDT", "ETHUSDT@okx"),
        "venues": (),
        "query": {"levels": "5", "members": "true"},
        "at": 1_691_625_600_000,
        "offline": False,
        "seed": None,
    }


def test_what_was_not_typed_is_left_to_the_topic(run: Run, asked: list[dict[str, Any]]) -> None:
    run("flow", "depth", "--seed", "7", "--venue", "okx", "--offline", "--profile", "demo")
    assert asked[0]["query"] == {} and asked[0]["symbols"] == ()
    assert (asked[0]["seed"], asked[0]["venues"], asked[0]["offline"], asked[0]["profile"]) == (
        7,
        ("okx",),
        True,
        "demo",
    )


def test_the_json_is_the_reports_with_the_units_of_the_topic(run: Run, asked: list[dict[str, Any]]) -> None:
    document = run("flow", "depth", "--format", "json").json
    assert document["schema"] == "tradecli.flow.depth/1" and document["units"] == {"imbalance": "fraction"}
    assert document["age_s"] == 0 and document["warnings"] == ["thin book"]
    assert document["data"][0] == {"instrument": "BTCUSDT", "imbalance": 0.25, "size": "1.50"}


def test_the_table_is_the_panel_of_the_topic_in_the_readers_unit(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    assert "25.00%" in run("flow", "depth").out
    assert "2500 bps" in run("flow", "depth", "--units", "bps").out
    explained = run("flow", "depth", "BTCUSDT", "--explain").out
    assert "rests on" in explained and "binance" in explained


def test_symbols_come_from_words_or_from_one_flag(run: Run, asked: list[dict[str, Any]]) -> None:
    run("flow", "depth", "--watchlist", "majors")
    run("flow", "depth", "--symbols", "SOLUSDT,BTCUSDT@okx")
    assert [call["symbols"] for call in asked] == [
        ("BTCUSDT", "ETHUSDT", "BNBUSDT"),
        ("SOLUSDT", "BTCUSDT@okx"),
    ]
    assert run("flow", "depth", "BTCUSDT", "--symbols", "SOLUSDT").code == 2
    assert run("flow", "depth", "BTCUSDT", "BTCUSDT").code == 2
    assert run("flow", "depth", "--watchlist", "none").code == 15
    assert len(asked) == 2


def test_a_topic_about_the_whole_book_takes_no_symbol_words(run: Run, asked: list[dict[str, Any]]) -> None:
    assert run("flow", "total").code == 0
    assert run("flow", "total", "BTCUSDT").code == 2


def test_missing_data_are_code_six_with_a_hint(run: Run, asked: list[dict[str, Any]]) -> None:
    result = run("flow", "depth", "EMPTYUSDT")
    assert result.code == 6 and "tradecli data import" in result.err


def test_help_names_every_option_of_the_query_and_the_selecting_flags(
    run: Run, asked: list[dict[str, Any]]
) -> None:
    text = run("flow", "depth", "--help").out
    assert "levels of the book [default: 10]" in text and "--members" in text and "--at TIME" in text


def test_the_schema_is_that_of_the_report(run: Run, asked: list[dict[str, Any]]) -> None:
    assert "Report" in run("flow", "depth", "--schema").json["$defs"] and not asked


def test_an_option_of_the_query_given_twice_is_refused(run: Run, asked: list[dict[str, Any]]) -> None:
    assert run("flow", "depth", "--levels", "5", "--levels", "6").code == 2


@pytest.mark.parametrize(("typed", "share"), [("8%", "0.08"), ("80bps", "0.008"), ("0.5", "0.5")])
def test_a_ratio_may_carry_its_unit(run: Run, asked: list[dict[str, Any]], typed: str, share: str) -> None:
    run("flow", "depth", "--share", typed)
    assert asked[0]["query"] == {"share": share}


@pytest.mark.parametrize(
    "argv",
    [
        ["--levels", "nan"],
        ["--levels", "1_0"],
        ["--levels", "1.5"],
        ["--levels", "0"],
        ["--levels", "50%"],
        ["--levels", "１"],
        ["--share", "inf"],
        ["--share", "1e400"],
        ["--share", "2"],
        ["--share", "-1%"],
        ["--share", "0x1"],
    ],
    ids=" ".join,
)
def test_a_number_that_an_option_cannot_be_is_refused_before_anything_is_asked(
    run: Run, asked: list[dict[str, Any]], argv: list[str]
) -> None:
    result = run("flow", "depth", *argv)
    assert result.code == 2 and result.out == "" and not asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grid", "--spacing", "-1%"], "--spacing must be at least 0.0, not -0.01"),
        (["grid", "--levels", "201"], "--levels must be at most 200, not 201"),
        (["grid", "--capital", "-5"], "--capital must be above 0, not -5"),
        (["cone", "--days", "5"], "--days must be at least 60, not 5"),
        (["index", "--method", "foo"], "--method cannot be 'foo': one of bvx, lvx, dvol, import"),
        (["skew", "--delta", "spot"], "--delta cannot be 'spot': one of forward, premium"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused_by_name_with_what_it_may_be(
    run: Run, words: list[str], said: str
) -> None:
    result = run("vol", *words, "--profile", "demo")
    assert result.code == 2 and not result.out
    assert said in result.err and "`$" not in result.err
