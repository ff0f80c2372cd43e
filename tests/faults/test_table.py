"""Every row of the fault catalogue has its proof, or says whose it is; every proof that is named is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.crash.__main__ import TRADING
from tests.fakevenue.switchboard import Fault
from tests.simulation.options import ACTS, POINT_ROWS, RATES

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("rows.tsv")
SIZES = {
    "N": 16,
    "V": 29,
    "D": 16,
    "C": 6,
    "P": 18,
    "S": 15,
    "M": 12,
    "O": 8,
    "G": 11,
    "I": 15,
    "U": 5,
    "X": 13,
}
OWNED = frozenset(
    [f"{family}{n:02}" for family in "POGI" for n in range(1, SIZES[family] + 1)]
    + [f"S{n:02}" for n in range(1, 14)]
    + [f"M{n:02}" for n in range(1, 10)]
    + [f"D{n:02}" for n in range(3, 9)]
    + ["C02", "C04", "C05", "C06", "U01", "U02", "X01", "X03", "X04", "X05", "X06", "X10", "X13"]
)
"""Rows that are proven here and not by what is still to be built."""
LATER = frozenset(["O01", "O08"])
"""Rows of these families that need live profiles, which are not built: said in the table."""


def rows() -> dict[str, list[str]]:
    lines = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    assert len({line[0] for line in lines}) == len(lines), "a row stands twice"
    return {name: proofs for name, *proofs in lines}


def test_every_row_of_the_catalogue_stands_in_the_table_once() -> None:
    wanted = [f"{family}{n:02}" for family, count in SIZES.items() for n in range(1, count + 1)]
    assert sorted(rows()) == sorted(wanted)


def test_the_catalogue_has_the_rows_that_the_table_has(shared: Path) -> None:
    text = (shared / "RELIABILITY.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| ([A-Z]\d\d) \|", text, re.MULTILINE)) == sorted(rows())


@pytest.mark.parametrize(("name", "proofs"), rows().items(), ids=list(rows()))
def test_what_the_table_names_exists(name: str, proofs: list[str]) -> None:
    points = {point for points in TRADING.values() for point in points}
    simulated = {*RATES, *ACTS, *POINT_ROWS}
    crashing = points | {fault.value for fault in Fault}
    assert proofs
    for proof in proofs:
        kind, _, rest = proof.partition(":")
        if kind in ("area", "missing"):
            assert rest.strip()
        elif kind in ("simulation", "crash"):
            assert rest in (simulated if kind == "simulation" else crashing), proof
        else:
            path, _, test = proof.partition("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            names = {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert test in names if test else any(each.startswith("test_") for each in names), proof


@pytest.mark.parametrize("name", sorted(OWNED - LATER))
def test_a_row_that_is_proven_here_has_a_named_test_or_a_run(name: str) -> None:
    proofs = rows()[name]
    assert any(proof.startswith(("tests/", "simulation:", "crash:")) for proof in proofs), proofs
    assert not any(proof.startswith("missing:") for proof in proofs), proofs
