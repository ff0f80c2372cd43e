"""Jumps are told from volatility, halts from calm, and the cone corrects for its overlapping windows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import realised
from tradecli.quant.returns import DAY_MS, annualised

MINUTE = 60_000


def test_the_jump_test_gives_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("bipower_jump_test")
    found = realised.jumps(np.array(vector.inputs["returns"]), vector.inputs["level"])
    assert found is not None
    vector.check(
        {
            "RV": found.rv,
            "BV": found.bv,
            "TQ": found.tq,
            "z": found.z,
            "p_value": found.p,
            "jump_at_0_001": found.jump > 0,
            "jump_variation": found.jump,
            "annualised_rv_vol": annualised(found.rv, vector.inputs["periods_per_year"]),
        }
    )
    assert found.continuous == pytest.approx(found.bv)
    assert found.is_reliable


def test_days_without_jumps_are_called_jumping_about_as_rarely_as_the_level_says() -> None:
    rng = np.random.default_rng(1)
    found = [realised.jumps(0.001 * rng.standard_normal(288), level=0.05) for _ in range(2_000)]
    share = float(np.mean([each is not None and each.jump > 0 for each in found]))
    assert 0.03 < share < 0.08


def test_a_halted_broken_or_tiny_day_is_not_tested_and_an_illiquid_one_is_marked() -> None:
    assert realised.jumps(np.zeros(288)) is None
    assert realised.jumps(np.append(np.full(287, 0.001), np.nan)) is None
    assert realised.jumps(np.array([0.01, 0.02])) is None
    returns = 0.001 * np.random.default_rng(2).standard_normal(288)
    returns[::5] = 0.0
    illiquid = realised.jumps(returns)
    assert illiquid is not None
    assert not illiquid.is_reliable
    single = realised.jumps(np.array([0.0, 0.0, 0.05, 0.0, 0.0]))
    assert single is not None
    assert (single.bv, single.is_reliable) == (0.0, False)


def minutes(days: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = days * 1440 + 1
    ts = MINUTE * (np.arange(count) - 1) + 19_000 * DAY_MS
    return ts, 100.0 * np.exp(np.cumsum(rng.normal(0, 0.6 / math.sqrt(525_600), count)))


def test_the_mean_over_offsets_is_that_of_five_plain_sums() -> None:
    ts, close = minutes(2)
    days, found = realised.subsampled_days(ts, close)
    assert days.tolist() == [19_000, 19_001]
    logs = np.log(close[:1441])
    by_hand = []
    for offset in range(5):
        returns = np.diff(logs[offset::5])
        by_hand.append(float(returns @ returns) * 288 / len(returns))
    assert found[0] == pytest.approx(np.mean(by_hand), rel=1e-12)
    assert annualised(float(found[0]), 365) == pytest.approx(0.6, rel=0.15)


def test_averaging_over_offsets_is_steadier_than_one_of_them() -> None:
    ts, close = minutes(200)
    _, averaged = realised.subsampled_days(ts, close)
    logs = np.log(close)
    single = [float(np.sum(np.diff(logs[d * 1440 : (d + 1) * 1440 + 1 : 5]) ** 2)) for d in range(200)]
    assert float(np.std(averaged)) < 0.95 * float(np.std(single))


def test_a_short_hole_is_filled_a_long_one_gives_no_return_and_a_day_with_little_left_is_out() -> None:
    ts, close = minutes(3)
    kept = np.ones(len(ts), dtype=bool)
    kept[1540:1552] = False  # twelve minutes of the second day
    kept[3000:3200] = False  # more than a tenth of the third
    days, found = realised.subsampled_days(ts[kept], close[kept])
    _, whole = realised.subsampled_days(ts, close)
    assert days.tolist() == [19_000, 19_001]
    assert found[0] == whole[0]
    assert found[1] == pytest.approx(whole[1], rel=0.05)
    spike = close.copy()
    spike[1690:] *= 1.5  # the price comes back from a hole of 90 minutes somewhere else
    kept[1600:1690] = False
    _, after = realised.subsampled_days(ts[kept], spike[kept])
    assert after[1] < 2 * whole[1], "no return is taken across it"


def test_a_day_that_never_moved_is_no_calm_day() -> None:
    ts, close = minutes(1)
    days, found = realised.subsampled_days(ts, np.full(len(close), 100.0))
    assert len(days) == len(found) == 0
    assert realised.subsampled_days(ts[:0], close[:0])[0].tolist() == []
    with pytest.raises(ValueError, match="cannot be taken"):
        realised.subsampled_days(ts, close, MINUTE, 90_000)


def test_the_overlap_factors_are_those_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("vol_cone_hodges_tompkins")
    vector.check({"m": [realised.overlap_factor(h, days) for h, days in vector.inputs["cases"]]})


def test_the_cone_narrows_with_the_horizon_and_says_how_much_it_rests_on() -> None:
    variances = np.random.default_rng(4).gamma(4.0, 1e-4, 365)
    rows = realised.cone(variances)
    assert [row.horizon for row in rows] == [7, 14, 30, 60, 90]
    widths = [row.quantiles[0.95] - row.quantiles[0.05] for row in rows]
    assert widths[0] > widths[2] > widths[4]
    thirty = rows[2]
    assert thirty.independent == pytest.approx(365 / 30)
    assert thirty.now == pytest.approx(math.sqrt(np.mean(variances[-30:]) * 365))
    assert list(thirty.quantiles.values()) == sorted(thirty.quantiles.values())
    highest = realised.cone(np.append(variances[:-40], np.full(40, 1.0)))[2]
    assert highest.rank > 0.95


def test_horizons_that_do_not_fit_and_broken_variances_have_no_cone() -> None:
    assert [row.horizon for row in realised.cone(np.full(40, 1e-3))] == [7, 14]
    assert realised.cone(np.append(np.full(100, 1e-3), math.nan)) == ()
    assert realised.cone(np.empty(0)) == ()
