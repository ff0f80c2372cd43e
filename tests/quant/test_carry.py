"""Carry after costs, reversion, and liquidation prices that satisfy the identity they come from."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import carry


def test_the_pair_of_the_vector_breaks_even_after_fourteen_settlements(
    vectors: Callable[[str], Vector],
) -> None:
    vector = vectors("funding_net_carry")
    i = vector.inputs
    pair = carry.pair_carry(
        i["rate_short"],
        i["rate_long"],
        math.fsum(i["fees"].values()),
        i["slippage_total"],
        i["basis_charge"],
    )
    vector.check(
        {
            "per_event": pair.per_event,
            "total_cost": pair.cost,
            "breakeven_events": pair.breakeven_events,
            "breakeven_hours": pair.breakeven_hours,
            "net_usd": [pair.net(events) * i["notional"] for events in i["events"]],
            "apr_gross_on_notional": pair.gross_apr,
            "net_return_on_capital_21": pair.return_on_capital(21, i["leverage"]),
        }
    )


def test_a_pair_that_earns_nothing_never_breaks_even() -> None:
    flat = carry.pair_carry(0.0001, 0.0001, 0.002)
    assert flat.breakeven_events is None
    assert flat.breakeven_hours is None
    exact = carry.pair_carry(0.0003, 0.0, 0.003)
    assert exact.breakeven_events == 10
    assert exact.net(10) == pytest.approx(0.0, abs=1e-12)


def test_liquidation_follows_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("liquidation_price_linear")
    i = vector.inputs
    found: dict[str, float | None] = {}
    for name, side in (("long", 1), ("short", -1)):
        price = carry.liquidation_price(i["entry"], side * i["qty"], i["margin"], i["mmr"])
        assert price is not None
        found[name] = price
        found[f"{name}_distance"] = abs(price / i["mark"] - 1)
        found[f"{name}_daily_sigmas"] = carry.distance_in_sigmas(price, i["mark"], i["sigma"])
    vector.check(found)


@given(
    st.floats(10, 1e5),
    st.floats(0.01, 50),
    st.floats(0.01, 0.9),
    st.floats(0.001, 0.05),
    st.sampled_from([1, -1]),
)
def test_at_the_liquidation_price_equity_is_the_maintenance_margin(
    entry: float, qty: float, share: float, maintenance: float, side: int
) -> None:
    margin = share * qty * entry
    price = carry.liquidation_price(entry, side * qty, margin, maintenance)
    if price is not None:
        equity = margin + side * qty * (price - entry)
        assert equity == pytest.approx(maintenance * qty * price, rel=1e-6)
    coin_margin, contracts = share * qty / entry, qty
    inverse = carry.liquidation_price_inverse(entry, side * contracts, coin_margin, maintenance)
    if inverse is not None:
        equity = coin_margin + side * contracts * (1 / entry - 1 / inverse)
        assert equity == pytest.approx(maintenance * contracts / inverse, rel=1e-6)


def test_a_position_that_is_paid_for_or_not_there_is_never_liquidated() -> None:
    assert carry.liquidation_price(100.0, 1.0, 100.0, 0.01) is None
    assert carry.liquidation_price(100.0, 0.0, 10.0, 0.01) is None
    assert carry.liquidation_price_inverse(100.0, -100.0, 1.0, 0.01) is None
    assert carry.liquidation_price_inverse(100.0, 0.0, 1.0, 0.01) is None
    assert carry.distance_in_sigmas(90.0, 100.0, 0.0) is None


def test_a_rate_that_reverts_earns_less_than_the_rate_of_now() -> None:
    total = carry.expected_rate_sum(0.001, 0.0001, 0.8, 10)
    by_hand = math.fsum(0.0001 + 0.8**k * 0.0009 for k in range(1, 11))
    assert total == pytest.approx(by_hand)
    assert 0.001 < total < 0.010
    assert carry.expected_rate_sum(0.001, 0.0001, 1.0, 10) == pytest.approx(0.01)


def test_the_reversion_that_made_the_rates_is_found_and_kept_in_bounds() -> None:
    rng = np.random.default_rng(1)
    rates = [0.0002]
    for shock in rng.normal(0, 5e-5, 3_000).tolist():
        rates.append(0.0002 + 0.85 * (rates[-1] - 0.0002) + shock)
    found = carry.fit_reversion(rates)
    assert found is not None
    assert found.phi == pytest.approx(0.85, abs=0.03)
    assert found.mean == pytest.approx(0.0002, abs=2e-5)
    assert found.half_life == pytest.approx(math.log(0.5) / math.log(found.phi))
    alternating = carry.fit_reversion([0.0001, -0.0001] * 20)
    assert alternating is not None
    assert (alternating.phi, alternating.half_life) == (0.0, None)
    assert carry.fit_reversion([0.0001] * 9) is None
    assert carry.fit_reversion([0.0001] * 20 + [math.nan]) is None
    constant = carry.fit_reversion([0.0003] * 20)
    assert constant is not None
    assert constant.phi == 0.0
    assert 0.0001 < constant.mean < 0.0003, "half way to the prior"
