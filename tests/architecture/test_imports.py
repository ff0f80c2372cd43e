"""The dependency rule: the contracts in pyproject.toml hold, and they cover everything that exists by now."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

import pytest
from importlinter.cli import lint_imports

from tests.architecture import tree

LAYERS = (
    ("__main__",),
    ("cli", "tui"),
    ("research",),
    ("wiring",),
    ("config", "logs", "ops"),
    ("engine", "venues", "store", "datasets"),
    ("components",),
    ("present", "quant", "ports", "codec"),
    ("domain",),
    ("errors", "settings", "redaction"),
)
ENGINE_CORE = ("core", "state", "plan", "risk", "gate", "cycle", "execute", "reconcile", "absence")
PURE = (
    *("domain", "quant", "components", "venues.paper.matching", "venues.paper.venue"),
    "venues.sequence",
    "venues.depth",
    *(f"engine.{name}" for name in ENGINE_CORE),
)
IMPURE = {
    "asyncio",
    "time",
    "random",
    "uuid",
    "sqlite3",
    "ccxt",
    "rich",
    "textual",
    "typer",
    "pydantic",
    "pandas",
}


@cache
def contracts() -> dict[str, dict[str, Any]]:
    with (tree.ROOT / "pyproject.toml").open("rb") as file:
        options = tomllib.load(file)["tool"]["importlinter"]
    return {contract["id"]: contract for contract in options["contracts"]}


def layer_lines() -> list[list[str]]:
    return [[part.strip() for part in line.split("|")] for line in contracts()["layers"]["layers"]]


def test_every_import_of_the_package_keeps_the_contracts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tree.ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_the_layers_are_those_of_the_architecture_from_top_to_bottom() -> None:
    stated = [tuple(part.strip("()") for part in line) for line in layer_lines()]
    assert stated == list(LAYERS)
    assert contracts()["layers"]["exhaustive"] is True


@pytest.mark.parametrize("layer", [layer for line in LAYERS for layer in line])
def test_a_layer_stands_in_parentheses_only_as_long_as_it_does_not_exist(layer: str) -> None:
    stated = {part.strip("()"): part for line in layer_lines() for part in line}[layer]
    wanted = layer if tree.exists(layer) else f"({layer})"
    assert stated == wanted, f'pyproject.toml, contract "layers": write {wanted}'


def test_everything_that_must_replay_identically_is_under_the_purity_contract() -> None:
    contract = contracts()["pure"]
    existing = {f"tradecli.{name}" for name in PURE if tree.exists(name)}
    assert set(contract["source_modules"]) == existing, 'pyproject.toml, contract "pure": list exactly these'
    assert set(contract["forbidden_modules"]) == IMPURE


@pytest.mark.skipif(not tree.exists("quant"), reason="there is no quant yet")
def test_quant_is_forbidden_everything_of_tradecli_but_itself() -> None:
    contract = contracts()["quant"]
    others = {f"tradecli.{layer}" for line in LAYERS for layer in line if tree.exists(layer)} - {
        "tradecli.quant"
    }
    assert contract["type"] == "forbidden"
    assert contract["source_modules"] == ["tradecli.quant"]
    below = {"tradecli.domain", "tradecli.errors", "tradecli.settings"}  # all else is forbidden by the layers
    assert below <= set(contract["forbidden_modules"]) <= others


@pytest.mark.skipif(not tree.exists("engine.core"), reason="there is no engine.core yet")
def test_the_engine_core_is_forbidden_to_import_the_presentation_directly() -> None:
    contract = contracts()["core-without-present"]
    assert contract["type"] == "forbidden"
    assert contract["source_modules"] == ["tradecli.engine.core"]
    assert contract["forbidden_modules"] == ["tradecli.present"]
    assert contract["allow_indirect_imports"] is True
