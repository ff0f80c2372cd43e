"""Rates of different intervals on common terms."""

from __future__ import annotations

from collections.abc import Callable

from tests.vectors import Vector
from tradecli.quant import funding


def test_rates_are_annualised_by_their_own_interval(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("funding_annualisation")
    cases = vector.inputs["cases"]
    vector.check(
        {
            "per_8h": [funding.per_8h(*case) for case in cases],
            "apr": [funding.apr(*case) for case in cases],
            "apy": [funding.apy(*case) for case in cases],
        }
    )
