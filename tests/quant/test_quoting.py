"""Quotes around an inventory: the paper's values, and how they lean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant.quoting import (
    fit_fill_rate,
    glft_quotes,
    glft_spectral_quotes,
    optimal_spread,
    reservation_price,
)


def test_avellaneda_stoikov_gives_the_values_of_the_paper(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("avellaneda_stoikov")
    i = vector.inputs
    spread = optimal_spread(i["sigma"], i["gamma"], i["k"], i["T"])
    centre = reservation_price(i["s"], 5, i["sigma"], i["gamma"], i["T"])
    left = i["T"] - np.arange(0.0, i["T"], i["dt"])
    session = [optimal_spread(i["sigma"], i["gamma"], i["k"], float(t)) for t in left]
    average = float(np.mean(session))
    vector.check(
        {
            "spread_t0": spread,
            "reservation_q0": reservation_price(i["s"], 0, i["sigma"], i["gamma"], i["T"]),
            "reservation_q5": centre,
            "bid_q5": centre - spread / 2,
            "ask_q5": centre + spread / 2,
            "average_spread": average,
            "published_average_spread": average,
        }
    )


def test_the_stationary_quotes_give_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("glft_asymptotic")
    i = vector.inputs
    expected = {}
    for q in (0, 3, -3):
        closed = glft_quotes(q, i["sigma"], i["A"], i["k"], i["gamma"])
        exact = glft_spectral_quotes(q, i["sigma"], i["A"], i["k"], i["gamma"], i["Q"])
        assert exact is not None
        expected[f"q{q}"] = {
            "bid_offset": closed.bid_offset,
            "ask_offset": closed.ask_offset,
            "bid_offset_spectral": exact.bid_offset,
            "ask_offset_spectral": exact.ask_offset,
        }
    vector.check(expected)


def test_a_long_inventory_bids_lower_and_offers_nearer_and_at_the_limit_nothing_is_quoted() -> None:
    flat, long = (glft_quotes(q, 0.3, 0.9, 0.3, 0.01) for q in (0, 4))
    assert long.bid_offset > flat.bid_offset
    assert long.ask_offset < flat.ask_offset
    assert glft_spectral_quotes(5, 0.3, 0.9, 0.3, 0.01, limit=5) is None


def test_without_risk_aversion_the_half_spread_is_one_over_k_and_nothing_leans() -> None:
    quotes = glft_quotes(7, 0.3, 0.9, 0.3, 0.0)
    assert quotes.bid_offset == quotes.ask_offset == pytest.approx(1 / 0.3)
    nearly = glft_quotes(7, 0.3, 0.9, 0.3, 1e-10)
    assert nearly.bid_offset == pytest.approx(1 / 0.3, rel=1e-3)
    assert optimal_spread(0.3, 0.0, 0.3, 1.0) == pytest.approx(2 / 0.3)


def test_a_fill_rate_is_recovered_from_how_far_a_poisson_tape_reached() -> None:
    waits = np.random.default_rng(7).exponential(size=40_000)
    reached = (np.log(3.0 * 0.5) - np.log(waits)) / 0.2
    found = fit_fill_rate(reached, 0.5)
    assert found is not None and found.slices == 40_000
    assert found.k == pytest.approx(0.2, rel=0.03)
    assert pytest.approx(3.0, rel=0.05) == found.A
    assert found.reached < found.slices


def test_a_tape_that_never_moved_or_is_empty_has_no_fill_rate() -> None:
    assert fit_fill_rate(np.zeros(1_000), 1.0) is None
    assert fit_fill_rate(np.full(1_000, 5.0), 1.0) is None, "every distance was reached every time"
    assert fit_fill_rate(np.full(10, np.nan), 1.0) is None
    assert fit_fill_rate(np.empty(0), 1.0) is None
