"""Model-free variance: the white paper's index, an inverse chain of known volatility, and the rules of selection."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import mfiv
from tradecli.quant.mfiv import Quotes, Strip
from tradecli.quant.options import black76_price

DAY = 1.0 / 365.0


def chain(rows: Any) -> Quotes:
    return Quotes(*np.array(rows, dtype=float).T)


def test_the_white_papers_index_is_reproduced_from_its_quotes(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("vix_cboe_whitepaper")
    i = vector.inputs
    strips = []
    for name, minutes, rate in zip(("near", "next"), i["minutes_to_expiry"], i["rate"], strict=True):
        quotes, T = chain(i[name]), minutes / i["minutes_per_year"]
        growth = math.exp(rate * T)
        forward = mfiv.forward_of(quotes, inverse=False, growth=growth)
        assert forward is not None
        found = mfiv.strip(quotes, forward, T, factor=growth)
        assert found is not None
        strips.append(found)
    vol = mfiv.constant_maturity(*((each.T, each.variance) for each in strips))
    assert vol is not None
    check_strips(vector, strips, {"index_decimal": vol, "published_index_points_2dp": round(100 * vol, 2)})


def test_an_inverse_chain_of_sixty_percent_has_an_index_of_sixty_percent(
    vectors: Callable[[str], Vector],
) -> None:
    vector = vectors("mfiv_inverse_flat60")
    i = vector.inputs
    strips, parity = [], []
    forwards = i["underlying_price"]
    for name, minutes, forward in zip(("near", "next"), i["minutes_to_expiry"], forwards, strict=True):
        quotes = chain(i[name])
        parity.append(mfiv.forward_of(quotes, inverse=True))
        found = mfiv.strip(quotes, forward, minutes / i["minutes_per_year"], factor=forward)
        assert found is not None
        assert found.refusal() is None
        strips.append(found)
    index = mfiv.index(strips)
    assert (index.method, index.quality) == ("two expiries", "ok")
    assert index.vol == pytest.approx(0.6, abs=0.01)
    more = {"forward_used": forwards, "forward_parity_check": parity, "index_decimal": index.vol}
    check_strips(vector, strips, more)


def check_strips(vector: Vector, strips: list[Strip], more: dict[str, Any]) -> None:
    found: dict[str, Any] = {
        "forward": [each.forward for each in strips],
        "K0": [each.k0 for each in strips],
        "n_strikes": [len(each.strikes) for each in strips],
        "lowest_strike": [each.strikes[0] for each in strips],
        "highest_strike": [each.strikes[-1] for each in strips],
        "variance": [each.variance for each in strips],
        **more,
    }
    vector.check({name: value for name, value in found.items() if name in vector.expected})


def made(vol: float = 0.6, T: float = 30 * DAY, forward: float = 60_400.0, step: float = 1_000.0) -> Quotes:
    """Return coin quotes without a spread, far enough out for the continuum."""
    strike = np.arange(20_000.0, 160_000.0, step)
    call, put = (black76_price(forward, strike, T, vol, cp) / forward for cp in (1.0, -1.0))
    return Quotes(strike, call, call, put, put)


@given(st.floats(0.2, 1.2), st.floats(10.0, 90.0), st.floats(50_000.0, 70_000.0))
def test_a_flat_chain_has_its_own_variance(vol: float, days: float, forward: float) -> None:
    T = days * DAY
    quotes = made(vol, T, forward, 250.0)
    found = mfiv.strip(quotes, forward, T, factor=forward)
    assert found is not None
    if vol * math.sqrt(T) < 0.3:
        assert math.sqrt(found.variance) == pytest.approx(vol, rel=0.01)
    assert mfiv.forward_of(quotes, inverse=True, strikes=3) == pytest.approx(forward, rel=1e-6)


def test_two_strikes_in_a_row_without_a_bid_end_a_side_even_if_bids_come_again() -> None:
    quotes = made()
    row = int(np.flatnonzero(quotes.strike == 70_000.0)[0])
    quotes.call_bid[row] = 0.0
    one = mfiv.strip(quotes, 60_400.0, 30 * DAY, factor=60_400.0)
    quotes.call_bid[row + 1] = math.nan
    two = mfiv.strip(quotes, 60_400.0, 30 * DAY, factor=60_400.0)
    assert one is not None and two is not None
    assert 70_000.0 not in one.strikes
    assert one.strikes[-1] > 75_000.0
    assert two.strikes[-1] == 69_000.0


def test_a_strike_without_an_ask_is_skipped_and_does_not_start_the_count_anew() -> None:
    quotes = made()
    row = int(np.flatnonzero(quotes.strike == 70_000.0)[0])
    quotes.call_bid[row] = 0.0
    quotes.call_ask[row + 1] = math.nan
    quotes.call_bid[row + 2] = 0.0
    found = mfiv.strip(quotes, 60_400.0, 30 * DAY, factor=60_400.0)
    assert found is not None
    assert found.strikes[-1] == 69_000.0


def test_a_centre_that_is_not_quoted_moves_one_strike_down() -> None:
    quotes = made()
    quotes.put_bid[int(np.flatnonzero(quotes.strike == 60_000.0)[0])] = 0.0
    found = mfiv.strip(quotes, 60_400.0, 30 * DAY, factor=60_400.0)
    assert found is not None
    assert found.k0 == 59_000.0
    nothing = Quotes(*(np.full(5, math.nan) for _ in range(5)))
    assert mfiv.strip(nothing, 60_400.0, 30 * DAY) is None
    assert mfiv.forward_of(nothing, inverse=True) is None


def test_leaving_out_deltas_below_five_percent_takes_something_from_the_wings() -> None:
    quotes = made()
    full, cut = (
        mfiv.strip(quotes, 60_400.0, 30 * DAY, factor=60_400.0, least_delta=least) for least in (None, 0.05)
    )
    assert full is not None and cut is not None
    assert cut.variance < full.variance
    assert math.sqrt(cut.variance) > 0.5
    assert full.strikes[0] < cut.strikes[0] < cut.strikes[-1] < full.strikes[-1]


def test_a_strip_with_few_or_near_strikes_or_no_variance_is_refused() -> None:
    few = Strip(0.36, 30 * DAY, 60_000.0, 60_000.0, np.array([59_000.0, 60_000.0, 61_000.0]))
    assert "needed" in str(few.refusal())
    near = Strip(0.36, 30 * DAY, 60_000.0, 60_000.0, np.arange(59_600.0, 60_500.0, 100.0))
    assert "standard deviations" in str(near.refusal())
    assert "positive" in str(Strip(-0.1, 30 * DAY, 1.0, 1.0, np.ones(9)).refusal())


def strips(*days_and_vols: tuple[float, float]) -> list[Strip]:
    return [Strip(vol**2, days * DAY, 1.0, 1.0, np.ones(3)) for days, vol in days_and_vols]


@pytest.mark.parametrize(
    ("given", "quality", "method", "vol"),
    [
        ([(9, 0.9), (23, 0.5), (37, 0.7), (65, 0.1)], "ok", "two expiries", 0.6309),
        ([(30, 0.5), (37, 0.7)], "ok", "one expiry", 0.5),
        ([(37, 0.7)], "degraded", "one expiry", 0.7),
        ([(25, 0.7)], "degraded", "one expiry", 0.7),
        ([(60, 0.7)], "unavailable", "none", None),
        ([(10, 0.7)], "unavailable", "none", None),
        ([(3, 0.7), (120, 0.7)], "unavailable", "none", None),
        ([], "unavailable", "none", None),
        ([(25, 0.5), (35, 62.0)], "unavailable", "two expiries", None),
    ],
)
def test_the_index_takes_the_expiries_around_thirty_days_and_never_extrapolates(
    given: list[tuple[float, float]], quality: str, method: str, vol: float | None
) -> None:
    found = mfiv.index(strips(*given))
    assert (found.quality, found.method) == (quality, method)
    assert found.vol == (None if vol is None else pytest.approx(vol, abs=1e-4))
    assert (found.reason is None) == (quality == "ok")
