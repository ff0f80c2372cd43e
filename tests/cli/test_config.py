"""tradecli config: says everything at once, asks only a terminal, writes only a whole valid file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tradecli.config import folders, sections


def test_show_lists_every_key_with_its_source(run: Run) -> None:
    rows = {row["key"]: row for row in run("config", "show", "--format", "json").data}
    assert rows.keys() == sections.all_keys().keys()
    assert rows["risk.max_drawdown_pct"] == {
        "key": "risk.max_drawdown_pct",
        "value": 15.0,
        "unit": "%",
        "source": "built-in profile demo",
    }
    assert rows["inventory.total_capital"]["value"] == "100000"
    assert run("config", "show", "paper", "--format", "json").data[0]["key"] == "paper.latency_ms"


def test_validate_says_which_limit_binds(run: Run) -> None:
    (row,) = run("config", "validate", "--format", "json").data
    assert "both bind together" in row["notes"][0]


def test_validate_gives_every_problem_on_its_own_line_and_in_json_as_a_list(run: Run, home: Path) -> None:
    path = home / "bad.toml"
    path.write_text('[risk]\nmax_symbl_pct = 3\n[vol]\ninterval = "2h"\n')
    plain = run("config", "validate", "--profile", "demo", "--config", str(path))
    assert plain.code == 3 and plain.out == "" and len(plain.err.splitlines()) == 2
    error = run("config", "validate", "--profile", "demo", "--config", str(path), "--format", "json").json[
        "error"
    ]
    assert [problem["code"] for problem in error["problems"]] == ["E-CONFIG-104", "E-CONFIG-141"]


def test_explain_shows_the_conversion_of_the_specified_rate(run: Run) -> None:
    (row,) = run("config", "explain", "funding.min_rate_difference", "--format", "json").data
    assert row["value"] == 0.005 and "547.5 % a year" in row["means"]
    assert "547.5 % a year" in run("config", "explain", "funding.min_rate_difference").out


def test_explain_works_on_a_table_and_with_a_configuration_that_does_not_hold(run: Run, home: Path) -> None:
    path = home / "bad.toml"
    path.write_text("[vol.weights]\nbitvol = 0.9\n")
    result = run(
        "config", "explain", "vol.weights", "--config", str(path), "--profile", "demo", "--format", "json"
    )
    assert [row["key"] for row in result.data] == [
        f"vol.weights.{n}" for n in ("bitvol", "lxvx", "garch", "realised")
    ]
    assert "not valid" in result.json["warnings"][0]


@pytest.mark.parametrize(
    "argv", [["explain", "kely_multiplier"], ["show", "vol.weigths"], ["explain", "x" * 10_000]]
)
def test_an_unknown_key_names_the_nearest(run: Run, argv: list[str]) -> None:
    result = run("config", *argv)
    assert result.code == 15 and len(result.err) < 300
    if len(argv[1]) < 100:
        assert "did you mean" in result.err


def test_init_without_a_terminal_asks_nothing_and_writes_nothing(run: Run, home: Path) -> None:
    result = run("config", "init")
    assert result.code == 2 and "--defaults" in result.err
    assert not (home / "config").exists()


def test_init_with_defaults_writes_a_private_file_that_holds_and_never_over_another(run: Run) -> None:
    result = run(
        "config",
        "init",
        "--defaults",
        "--symbols",
        "BTCUSDT,SOLUSDT",
        "--capital",
        "25000",
        "--format",
        "json",
    )
    path = Path(result.data[0]["file"])
    assert result.code == 0 and path == folders.config_file() and path.stat().st_mode & 0o777 == 0o600
    rows = {row["key"]: row["value"] for row in run("config", "show", "--format", "json").data}
    assert rows["run.symbols"] == ["BTCUSDT", "SOLUSDT"] and rows["inventory.total_capital"] == "25000"
    before = path.read_text()
    assert run("config", "init", "--defaults").code == 2 and path.read_text() == before


@pytest.mark.parametrize(
    "flags",
    [
        ["--capital", "nan"], ["--capital", "-5"], ["--capital", "1_000"], ["--max-drawdown", "15"],
        ["--max-order", "0"], ["--venues", "Binance"], ["--max-drawdown", "200%"], ["--max-drawdown", "0.1%"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_init_refuses_nonsense_and_leaves_nothing_behind(run: Run, flags: list[str]) -> None:
    result = run("config", "init", "--defaults", *flags)
    assert result.code in (2, 3) and not folders.config_file().exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def asked(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str) -> int:
    from tradecli.cli import config

    monkeypatch.setattr(config.sys, "stdin", Terminal(typed))
    monkeypatch.setattr(config.sys, "stderr", Terminal())
    return run("config", "init", "--quiet").code


def test_init_asks_five_questions_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(run, monkeypatch, "okx\n\n50000\n\n10%\n") == 0
    text = folders.config_file().read_text()
    assert 'venues = ["okx"]' in text and "max_drawdown_pct = 10.0" in text


def test_leaving_at_a_question_writes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(run, monkeypatch, "okx\n\n") == 130
    assert not folders.config_file().exists()


def test_schema_is_printed_for_editors(run: Run) -> None:
    assert run("config", "schema").json["title"] == "tradecli configuration"
    assert run("config", "schema", "--format", "json").data[0]["title"] == "tradecli configuration"
