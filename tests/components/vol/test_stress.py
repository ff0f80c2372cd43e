"""``vol stress``: ranks, when there is no score, and what the bands demand of the engine and the grid."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from tests.components.vol import test_grid
from tests.components.vol.test_show import AT
from tests.fakes.desk import BTC, ETH, linear
from tests.fakes.view import FakeView, candles, funding, walk
from tradecli import codec
from tradecli.components.vol.settings import StressSettings, VolSettings
from tradecli.components.vol.stress import STRESS, StressReport, act_of
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.intent import Caution, Ladder
from tradecli.quant.stress import band_after

SETTINGS = VolSettings()
END = AT // DAY_MS * DAY_MS


def assess(seen: FakeView, settings: VolSettings = SETTINGS) -> StressReport:
    found = STRESS.assess(seen, settings, None)
    assert isinstance(found, StressReport)
    return found


def view(last_day: float = 0.0, rate: float = 0.0001) -> FakeView:
    days = walk(460, 0.5, DAY_MS, until=END)
    hours = walk(48, 0.5, HOUR_MS, until=AT - 2_000).close.copy()
    hours[-12:] *= np.exp(last_day)
    rates = [*np.random.default_rng(3).normal(0.0001, 0.00005, 389).tolist(), rate]
    return FakeView(
        AT,
        BTC,
        (linear(), linear(ETH)),
        bars={
            (BTC, DAY_MS): days,
            (ETH, DAY_MS): walk(460, 0.7, DAY_MS, until=END, seed=2),
            (BTC, HOUR_MS): candles(hours.tolist(), HOUR_MS, until=AT - 2_000),
        },
        settled={BTC: funding([(AT - (390 - i) * 8 * HOUR_MS, each, 8.0) for i, each in enumerate(rates)])},
    )


def ranks(report: StressReport) -> dict[str, float | None]:
    return {each.name: each.rank for each in report.parts}


def test_the_score_is_the_weighted_rank_of_the_parts_there_are() -> None:
    report = assess(view())
    known = {each.name: each for each in report.parts if each.rank is not None}
    assert set(known) == {"vol_level", "vol_of_vol", "funding", "correlation", "drawdown"}
    expected = sum(each.weight * (each.rank or 0) for each in known.values()) / 0.6
    assert report.score == pytest.approx(100 * expected)
    assert report.coverage == pytest.approx(0.6) and report.quality is Quality.DEGRADED
    for each in report.parts:
        assert each.rank is not None or each.reason


def test_a_fall_within_the_last_day_and_extreme_funding_raise_their_ranks() -> None:
    calm, shaken = ranks(assess(view())), ranks(assess(view(last_day=-0.25, rate=0.002)))
    assert shaken["vol_level"] > calm["vol_level"] and shaken["vol_level"] > 0.95  # type: ignore[operator]
    assert shaken["funding"] == 1.0


def test_without_enough_parts_there_is_no_score_and_nothing_acts() -> None:
    for seen in (FakeView(AT, BTC, (linear(),)), msgspec_without_funding()):
        report = assess(seen)
        assert report.score is None and report.band is None and report.act.text == "nothing"
        assert "0.60 needed" in report.reason and report.quality is Quality.UNAVAILABLE
        (caution,) = STRESS.propose(report, seen, SETTINGS)  # type: ignore[misc]
        assert caution.size_factor == 1 and not caution.reduce_only and caution.level == "unknown"
        assert codec.decode(codec.encode(report), StressReport) == report
        assert STRESS.present(report).status == "—"


def msgspec_without_funding() -> FakeView:
    seen = view()
    seen.settled = {}
    return seen


HOSTILE = {
    "nan": [100.0, float("nan")] * 200,
    "zero": [100.0, 0.0] * 200,
    "constant": [100.0] * 400,
    "a hundredfold": [100.0] * 399 + [10_000.0],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_the_bars_are_a_part_is_a_rank_or_a_reason(name: str) -> None:
    seen = view()
    seen.bars = {**seen.bars, (BTC, DAY_MS): candles(HOSTILE[name], DAY_MS, until=END)}
    with np.errstate(all="ignore"):
        report = assess(seen)
    for each in report.parts:
        assert (each.rank is None and each.reason) or 0.0 <= (each.rank or 0.0) <= 1.0


def test_a_band_is_entered_at_its_edge_and_left_five_percent_below_it() -> None:
    assert [band_after(None, score) for score in (50, 50.1, 75.1, 90.1)] == [
        "calm",
        "watch",
        "stressed",
        "crisis",
    ]
    assert band_after("stressed", 72.0) == "stressed" and band_after("stressed", 71.0) == "watch"
    assert band_after("crisis", 60.0) == "watch" and band_after("watch", 91.0) == "crisis"


def test_the_bands_demand_what_is_specified_and_can_be_switched_off() -> None:
    assert act_of("watch", SETTINGS).text == "nothing"
    stressed, crisis = act_of("stressed", SETTINGS), act_of("crisis", SETTINGS)
    assert (stressed.size_factor, stressed.widen, stressed.reduce_only) == (Decimal("0.5"), 1.5, False)
    assert crisis.reduce_only
    off = act_of("crisis", VolSettings(stress=StressSettings(act=False)))
    assert off.size_factor == 1 and "off" in off.text


def stressed_report(band: str, score: float) -> StressReport:
    return msgspec.structs.replace(
        assess(view()), at=AT, score=score, band=band, act=act_of(band, SETTINGS), reason=""
    )


def test_under_stress_the_grid_is_wider_has_half_the_levels_and_half_the_capital_and_says_why() -> None:
    usual = test_grid.assess(test_grid.view(reports=(test_grid.report_of(),)))
    seen = test_grid.view(reports=(test_grid.report_of(), stressed_report("stressed", 82.0)))
    report = test_grid.assess(seen)
    assert report.spacing == pytest.approx(1.5 * (usual.spacing or 0))
    assert report.lattice is not None and usual.lattice is not None
    assert report.lattice.levels == usual.lattice.levels // 2
    assert report.capital == Decimal("0.5") * (usual.capital or 0)
    assert (report.stress, report.stress_band) == (82.0, "stressed")
    intent = test_grid.ladder(report, seen)
    assert isinstance(intent, Ladder) and intent.heeded == Decimal("0.5")
    assert "stress 82 stressed" in intent.reason


def test_a_crisis_is_proposed_to_the_engine_with_its_edge_and_the_highest_parts() -> None:
    report = stressed_report("crisis", 93.0)
    (caution,) = STRESS.propose(report, view(), SETTINGS)  # type: ignore[misc]
    assert isinstance(caution, Caution)
    assert caution.reduce_only and caution.threshold == 90.0 and caution.score == 93.0
    assert caution.reason.startswith("highest ranks: ")
