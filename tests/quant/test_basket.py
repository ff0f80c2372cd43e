"""The liquid basket: weights under a cap, members with a buffer, index and companion never mixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import basket as lvx


def test_the_basket_has_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("lxvx_basket")
    i = vector.inputs
    share = lvx.weights([each["adv_usd"] for each in i["members"]], i["cap"])
    correlations = np.full((5, 5), i["common_corr"])
    np.fill_diagonal(correlations, 1.0)
    found = lvx.basket(share, np.array([each["vol"] for each in i["members"]]), correlations)
    vector.check(
        {
            "weights": share,
            "lxvx": found.index,
            "basket_portfolio_vol": found.own,
            "implied_avg_corr": found.correlation,
        }
    )


@given(st.lists(st.floats(1.0, 1e12), min_size=1, max_size=12))
def test_weights_add_to_one_and_none_is_above_the_cap(volumes: list[float]) -> None:
    share = lvx.weights(volumes)
    limit = 0.4 if len(volumes) >= 3 else 1.5 / len(volumes)
    assert share.sum() == pytest.approx(1.0)
    assert share.max() <= max(limit, 1.0 / len(volumes)) * (1.0 + 1e-9) or len(volumes) == 1
    assert np.all(np.diff(share[np.argsort(volumes)]) >= -1e-12)


def test_volumes_that_are_no_numbers_weigh_nothing() -> None:
    assert lvx.weights([np.nan, 0.0, -5.0]).tolist() == [0.0, 0.0, 0.0]
    assert lvx.weights([np.nan, 4.0, 4.0, 4.0]).tolist() == pytest.approx([0.0, 1 / 3, 1 / 3, 1 / 3])


def test_a_coin_enters_at_rank_eight_and_leaves_behind_twelve() -> None:
    ranked = [f"C{n}" for n in range(1, 15)]
    assert lvx.members(ranked) == tuple(ranked[:10])
    assert lvx.members(ranked, ["C11", "C9"]) == (*ranked[:9], "C11")
    assert "C13" not in lvx.members(ranked, ["C13"])
    assert "C9" not in lvx.members(ranked, ["C1"])


def test_the_index_is_never_below_the_volatility_of_the_basket_itself() -> None:
    rng = np.random.default_rng(2)
    returns = rng.normal(size=(400, 4)) + rng.normal(size=(400, 1))
    correlations = lvx.correlations(returns)
    assert correlations is not None and np.diag(correlations) == pytest.approx(np.ones(4))
    assert 0.3 < correlations[0, 1] < 0.7
    found = lvx.basket(np.full(4, 0.25), np.array([0.5, 0.6, 0.7, 0.8]), correlations)
    assert found.own is not None and found.own < found.index
    assert found.correlation is not None and 0.3 < found.correlation < 0.7
    assert lvx.correlations(np.zeros((50, 2))) is None
    assert lvx.correlations(np.zeros((0, 2))) is None
    assert lvx.basket(np.ones(1), np.ones(1)).correlation is None


def test_without_bitcoin_the_others_fill_its_place_and_its_load_counts_twice() -> None:
    assert lvx.without({"BTC": 0.4, "ETH": 0.3, "SOL": 0.3}, "BTC") == {"ETH": 0.5, "SOL": 0.5}
    assert lvx.without({"BTC": 1.0}, "BTC") == {}
    assert lvx.btc_load(0.4) == pytest.approx(0.40)


def test_the_premium_factor_is_a_median_within_its_bounds() -> None:
    forecast = np.full(90, 0.5)
    assert lvx.premium_factor(np.full(90, 0.6), forecast) == pytest.approx(1.2)
    assert lvx.premium_factor(np.full(90, 2.0), forecast) == 1.4
    assert lvx.premium_factor(np.full(90, np.nan), forecast) is None
