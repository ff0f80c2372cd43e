"""Which rows of the fault catalogue a run hits: those that its faults inject, and those that ``rows.tsv`` names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.simulation.options import ACTS, POINT_ROWS, RATES

TABLE = Path(__file__).resolve().parents[1] / "faults" / "rows.tsv"
FAULTS = frozenset({*RATES, *ACTS, *POINT_ROWS})
"""Every fault by its name: by rate, by act, by crash point."""


@cache
def faults_by_row() -> Mapping[str, frozenset[str]]:
    """Return the faults that prove each row, by the row's name."""
    found: dict[str, set[str]] = {}
    own = {name: row for name, (_, row) in RATES.items()} | ACTS | POINT_ROWS
    for name, row in own.items():
        found.setdefault(row, set()).add(name)
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        row, *proofs = line.split("\t")
        for proof in proofs:
            kind, _, name = proof.partition(":")
            if kind == "simulation":
                found.setdefault(row, set()).add(name)
    return {row: frozenset(names) for row, names in sorted(found.items())}


def rows_hit(faults: Mapping[str, int]) -> Counter[str]:
    """Return how often each row was hit by what happened in a run."""
    counts = {row: sum(faults.get(name, 0) for name in names) for row, names in faults_by_row().items()}
    return Counter({row: count for row, count in counts.items() if count})
