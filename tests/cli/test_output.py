"""The output contract: one envelope, five formats, files that are whole or not there (I06, X03)."""

from __future__ import annotations

import csv
import io
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradecli.cli.options import Format, Options
from tradecli.cli.output import Answer, show, write_file
from tradecli.domain.enums import Mode
from tradecli.errors import NotFound, StoreFault, UsageError


class Inner(msgspec.Struct, frozen=True):
    rate_per_interval: float
    interval_h: int


class Row(msgspec.Struct, frozen=True):
    name: str
    qty: Decimal
    at: int
    score: float | None
    inner: Inner
    tags: tuple[str, ...] = ()


ROWS = [
    Row("b", Decimal("0.010"), 1_691_625_600_000, 0.5, Inner(0.0001, 8), ("x", "y")),
    Row("a", Decimal("-12"), 1_691_625_600_500, None, Inner(0.0002, 4)),
    Row("c", Decimal("3"), 1_691_625_601_000, -0.25, Inner(0.0, 1)),
]


def shown(capsys: pytest.CaptureFixture[str], rows: list[Any] | None = None, **flags: Any) -> str:
    answer = Answer(
        schema="tradecli.test/1",
        mode=Mode.PAPER,
        data=list(ROWS) if rows is None else rows,
        as_of=1_691_625_600_000,
        asked_at=1_691_625_602_500,
        units={"qty": "base"},
        warnings=("one feed is slow",),
    )
    show(answer, Options(now=1, **flags))
    return capsys.readouterr().out


def test_json_is_one_object_with_decimals_as_text_and_times_as_integers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = json.loads(shown(capsys, format=Format.JSON))
    assert list(document) == ["schema", "mode", "as_of", "age_s", "units", "warnings", "data"]
    assert (document["mode"], document["as_of"], document["age_s"]) == ("paper", 1_691_625_600_000, 2.5)
    assert document["data"][0] == {
        "name": "b",
        "qty": "0.010",
        "at": 1_691_625_600_000,
        "score": 0.5,
        "inner": {"rate_per_interval": 0.0001, "interval_h": 8},
        "tags": ["x", "y"],
    }
    assert document["data"][1]["score"] is None


def test_fields_sort_and_limit_shape_the_records_with_unknowns_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = {"format": Format.JSON, "fields": ("name", "inner.interval_h"), "sort": "-score"}
    assert json.loads(shown(capsys, **flags))["data"] == [
        {"name": "b", "inner.interval_h": 8},
        {"name": "c", "inner.interval_h": 1},
        {"name": "a", "inner.interval_h": 4},
    ]
    assert len(json.loads(shown(capsys, format=Format.JSON, limit=1))["data"]) == 1


def test_decimals_sort_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(shown(capsys, format=Format.JSON, sort="qty"))
    assert [row["name"] for row in document["data"]] == ["a", "b", "c"]


@pytest.mark.parametrize("flags", [{"fields": ("nmae",)}, {"sort": "-nmae"}])
def test_a_field_that_is_not_there_is_a_usage_error_with_the_nearest(
    capsys: pytest.CaptureFixture[str], flags: Any
) -> None:
    with pytest.raises(UsageError) as refused:
        shown(capsys, format=Format.JSON, **flags)
    assert refused.value.hint == "did you mean 'name'?"


def test_csv_follows_the_rfc_with_units_in_the_header_and_iso_times(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, format=Format.CSV)
    assert text.count("\r\n") == 4 and "\n" not in text.replace("\r\n", "")
    header, first, second, _ = csv.reader(io.StringIO(text))
    assert header == [
        "name",
        "qty (base)",
        "at",
        "score",
        "inner.rate_per_interval",
        "inner.interval_h",
        "tags",
    ]
    assert first == ["b", "0.010", "2023-08-10T00:00:00.000Z", "0.5", "0.0001", "8", '["x","y"]']
    assert second[3] == ""


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_text_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    rows = [{"name": text, "pnl": "-12.5", "loss": -3.0}]
    cells = list(csv.reader(io.StringIO(shown(capsys, rows, format=Format.CSV), newline="")))[1]
    assert cells == ["'" + text, "-12.5", "-3.0"]


def test_commas_quotes_and_line_breaks_survive_csv(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = 'a,"b"\nc\r\nd'
    rows = list(csv.reader(io.StringIO(shown(capsys, [{"name": hostile}], format=Format.CSV), newline="")))
    assert rows[1] == [hostile]


def test_lines_of_json_carry_seq_and_at(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in shown(capsys, format=Format.NDJSON).splitlines()]
    assert [(line["seq"], line["name"]) for line in lines] == [(1, "b"), (2, "a"), (3, "c")]
    assert lines[0]["schema"] == "tradecli.test/1" and lines[0]["mode"] == "paper"


def test_markdown_escapes_what_would_break_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, [{"name": "a|b\nc"}], format=Format.MD)
    assert "| a\\|b<0A>c |" in text and "mode paper" in text


def test_a_table_is_plain_text_in_a_pipe_with_its_footer_and_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys)
    assert "\x1b" not in text and "! one feed is slow" in text
    assert "as of 2023-08-10 00:00:00Z · age 2s · mode paper" in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(
    "hostile",
    ["[bold red]x[/]", "[/", "\x1b[31mred", "a\u202eb", "x\x00y", "\x9b31m", "[@click=app.quit]x[/]"],
)
def test_hostile_text_is_shown_and_never_obeyed(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    text = shown(capsys, [{"name": hostile}, {"name": "plain"}])
    assert not set(text) & {"\x1b", "\u202e", "\x00", "\x9b"}
    if hostile.isprintable():
        assert hostile in text


def test_quiet_prints_nothing_and_still_writes_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "answer.json"
    assert shown(capsys, format=Format.JSON, quiet=True, out=str(path)) == ""
    assert json.loads(path.read_text())["schema"] == "tradecli.test/1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("kept")
    with pytest.raises(UsageError, match="would replace"):
        write_file(str(path), "new")
    assert path.read_text() == "kept"
    write_file(str(path), "new", overwrite=True)
    assert path.read_text() == "new"


def test_folders_links_and_missing_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError, match="link"):
        write_file(str(tmp_path / "link"), "x")
    with pytest.raises(UsageError, match="directory"):
        write_file(str(tmp_path), "x")
    with pytest.raises(NotFound):
        write_file(str(tmp_path / "no" / "x"), "x")
    assert not (tmp_path / "target").exists()


def test_a_full_device_or_an_impossible_name_is_a_store_fault(tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        write_file(str(tmp_path / ("x" * 300)), "x")
    if os.path.exists("/dev/full"):
        with pytest.raises((StoreFault, UsageError)):
            write_file("/dev/full/x", "x")
    assert list(tmp_path.iterdir()) == []
