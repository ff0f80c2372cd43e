"""The example file, the schema and the conversions follow the settings classes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.config.conftest import Load
from tradecli.config import describe, sections
from tradecli.config.problems import ConfigProblems
from tradecli.config.source import key_places

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_in_the_repository_is_the_one_the_program_writes() -> None:
    assert (ROOT / "config.toml.example").read_text(encoding="utf-8") == describe.example()


def test_every_key_of_the_example_is_read_and_every_key_stands_in_it(loaded: Load) -> None:
    config = loaded(describe.example())
    assert not [key for key, source in config.sources.items() if not source.startswith("config.toml:")]
    assert set(key_places(describe.example())) >= set(sections.all_keys())


def test_the_file_of_init_has_only_the_chosen_values_in_force(loaded: Load) -> None:
    text = describe.example({"run.symbols": ["SOLUSDT"]}, extras=False)
    table = tomllib.loads(text)
    assert table["run"] == {"symbols": ["SOLUSDT"]} and set(table["risk"]) >= {"max_symbol_pct"}
    assert loaded(text).run.symbols == ["SOLUSDT"]


def test_the_schema_knows_every_key_and_nothing_else() -> None:
    schema = describe.file_schema()
    assert schema["additionalProperties"] is False
    for name in sections.all_keys():
        table = schema
        for part in name.split("."):
            assert table["additionalProperties"] is False
            table = table["properties"][part]
        assert table["description"]


def test_every_key_has_help_and_numbers_have_bounds() -> None:
    for key in sections.all_keys().values():
        assert key.help, key.name
        if key.type not in (str, bool) and not describe.kind(key).startswith(("list of", "one of")):
            assert describe.bounds(key), f"{key.name} has no bounds"


def test_a_key_with_a_few_values_names_them_and_refuses_others(loaded: Load) -> None:
    key = sections.all_keys()["vol.grid.quotes"]
    assert describe.kind(key) == "one of grid, glft"
    grid = describe.file_schema()["properties"]["vol"]["properties"]["grid"]["properties"]
    assert grid["quotes"]["enum"] == ["grid", "glft"]
    with pytest.raises(ConfigProblems, match="quotes"):
        loaded(describe.example().replace('quotes = "grid"', 'quotes = "mine"'))


def test_a_rate_per_eight_hours_is_shown_per_year() -> None:
    assert describe.conversion("funding.min_rate_difference", 0.005).startswith(
        "0.5 % per 8 h is 547.5 % a year"
    )
