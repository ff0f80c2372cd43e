"""``vol show``: what is measured, what is missing and why, and what is not computed twice."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.fakes.desk import BTC, ETH, linear
from tests.fakes.view import FakeView, candles, values, walk
from tests.quant.test_garch import simulated
from tradecli import codec
from tradecli.components.vol import show
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.show import SHOW, ShowQuery, VolReport
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, CandleFeed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.quant.garch import Garch

AT = 20_000 * DAY_MS + 3 * HOUR_MS + 2_000
BNB = InstrumentId("BNBUSDT@binance")


def view(
    *,
    focus: InstrumentId = BTC,
    days: int = 400,
    hours: int = 720,
    minutes: int = 1_440,
    dvol: float | None = 0.55,
    at: int = AT,
    vol: float = 0.6,
    specs: tuple[Instrument, ...] = (linear(),),
    reports: tuple[VolReport, ...] = (),
) -> FakeView:
    end = AT - 2_000
    bars = {
        (focus, DAY_MS): walk(days, vol, DAY_MS, until=end // DAY_MS * DAY_MS),
        (focus, HOUR_MS): walk(hours, vol, HOUR_MS, until=end, seed=2),
        (focus, MINUTE_MS): walk(minutes, vol, MINUTE_MS, until=end, seed=3),
    }
    indices = {"DVOL-BTC": values([(AT - HOUR_MS, dvol)])} if dvol is not None else {}
    return FakeView(at, focus, specs, bars=bars, indices=indices, reports=reports)


def assess(seen: FakeView, **settings: object) -> VolReport:
    return show.assess(seen, VolSettings(**settings), ShowQuery())  # type: ignore[arg-type]


def named(report: VolReport, name: str) -> show.Measure:
    return next(each for each in (*report.measures, *report.estimators) if each.name == name)


def test_with_everything_there_the_composite_is_the_weighted_variance_of_what_is_present() -> None:
    report = assess(view())
    used = {each.name: each.used for each in report.weights}
    assert used == {
        "bitvol": pytest.approx(0.30 / 0.75),
        "lxvx": None,
        "garch": pytest.approx(0.25 / 0.75),
        "realised": pytest.approx(0.20 / 0.75),
    }
    expected = sum((used[each.name] or 0) * each.value**2 for each in report.measures if each.value)
    assert report.composite == pytest.approx(expected**0.5)
    assert report.coverage == pytest.approx(0.75)
    assert report.usable
    assert report.quality is Quality.DEGRADED, "a quarter of the weight is missing"
    assert named(report, "lxvx").reason == "1 of the 3 members that a basket needs have a volatility"


def test_every_estimator_finds_the_volatility_of_the_walk_within_four_standard_errors() -> None:
    report = assess(view())
    for each in report.estimators:
        assert each.value is not None and each.std_error is not None, each
        assert abs(each.value - 0.6) < 4 * each.std_error + 0.03, each


def test_400_days_give_a_gaussian_garch_and_42_fall_back_to_ewma_with_the_count() -> None:
    seen, closes = view(), 60_000 * np.exp(np.cumsum(simulated(401, Garch(0.0, 0.4, 0.09, 0.87)) / 100))
    seen.bars = {**seen.bars, (BTC, DAY_MS): candles(closes.tolist(), DAY_MS, until=AT // DAY_MS * DAY_MS)}
    full = named(assess(seen), "garch")
    assert (full.method, full.quality) == ("garch-normal", Quality.OK)
    short = named(assess(view(days=43)), "garch")
    assert (short.method, short.quality, short.reason) == ("ewma", Quality.FALLBACK, "garch: 42 of 250 bars")
    hourly = named(assess(view(days=15)), "garch")
    assert hourly.method == "parkinson 1h"
    assert "14 of 20" in hourly.reason


def test_without_any_data_everything_is_absent_with_a_reason_and_there_is_no_regime() -> None:
    report = assess(FakeView(AT, BTC, (linear(),)))
    assert report.composite is None and report.regime is None and not report.usable
    assert report.quality is Quality.UNAVAILABLE
    for each in (*report.measures, *report.estimators):
        assert each.value is None
        assert each.reason
    assert codec.decode(codec.encode(report), VolReport) == report
    assert SHOW.present(report).blocks


def test_an_old_index_is_stale_and_its_weight_goes_to_the_others() -> None:
    report = assess(msgspec_view_at(AT + 3 * HOUR_MS))
    assert "4.0 h old" in named(report, "bitvol").reason
    assert named(report, "realised").value is None, "hourly bars three hours old are stale too"


def msgspec_view_at(at: int) -> FakeView:
    return view(at=at)


def test_an_index_in_vol_points_is_refused_and_not_averaged() -> None:
    report = assess(view(dvol=55.0))
    assert named(report, "bitvol").value is None
    assert "outside" in named(report, "bitvol").reason
    assert report.coverage == pytest.approx(0.45)


def test_a_coin_without_an_index_takes_btc_scaled_by_their_ranges_and_says_so() -> None:
    seen = view(focus=BNB, vol=0.9, specs=(linear(BNB), linear()))
    seen.bars = {**seen.bars, (BTC, DAY_MS): walk(400, 0.6, DAY_MS, until=(AT - 2_000) // DAY_MS * DAY_MS)}
    report = assess(seen)
    implied = named(report, "bitvol")
    assert implied.value == pytest.approx(0.55 * 1.5, rel=0.01)
    assert implied.quality is Quality.DEGRADED
    assert report.regime_edges[0] == pytest.approx(0.3 * 1.5, rel=0.01)


def test_a_coin_without_an_index_and_without_btc_beside_it_has_no_implied_volatility() -> None:
    report = assess(view(focus=BNB, specs=(linear(BNB),)))
    assert "no BTC bars" in named(report, "bitvol").reason
    assert any("edges are BTC's" in text for text in report.notices)


def test_a_bar_that_closed_a_second_ago_is_not_used_yet() -> None:
    early = view(at=AT - 1_000)
    assert named(assess(early), "realised").as_of == AT - 2_000 - HOUR_MS
    assert named(assess(view()), "realised").as_of == AT - 2_000


def test_the_model_is_not_fitted_again_before_a_new_daily_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    first = assess(view())
    with monkeypatch.context() as patch:
        patch.setattr(show, "forecast_vol", lambda *a, **k: pytest.fail("fitted again"))
        again = assess(view(reports=(first,), at=AT + 15 * MINUTE_MS))
    assert named(again, "garch") == named(first, "garch")
    assert again.model == first.model


def test_the_regime_moves_only_when_asked_twice_and_survives_a_missing_composite() -> None:
    calm = assess(view(days=0, minutes=0, dvol=0.2, vol=0.2))
    assert calm.regime == "calm"
    once = assess(view(days=0, minutes=0, dvol=0.6, vol=0.6, reports=(calm,), at=AT + 1))
    assert once.regime == "calm"
    nothing = assess(FakeView(AT + 2, BTC, (linear(),), reports=(once,)))
    assert nothing.regime is None
    twice = assess(view(days=0, minutes=0, dvol=0.6, vol=0.6, reports=(nothing,), at=AT + 3))
    assert twice.regime == "elevated"


def test_minutes_stand_in_for_hours_that_are_too_few_and_say_so() -> None:
    report = assess(view(hours=4))
    realised = named(report, "realised")
    assert (realised.method, realised.quality) == ("rogers-satchell 1m", Quality.FALLBACK)
    assert "4 of 10" in realised.reason


def test_five_minute_bars_are_measured_by_realised_variance() -> None:
    seen = view()
    five = 5 * MINUTE_MS
    seen.bars = {**seen.bars, (BTC, five): walk(30 * 288, 0.6, five, until=AT - 2_000)}
    realised = named(assess(seen, interval="5m"), "realised")
    assert realised.method == "realised variance 5m"
    assert realised.value == pytest.approx(0.6, abs=0.02)


def test_a_price_that_never_moves_has_no_volatility_rather_than_none_at_all() -> None:
    seen = view()
    seen.bars = {(BTC, HOUR_MS): candles([100.0] * 50, HOUR_MS, until=AT - 2_000)}
    assert named(assess(seen), "realised").reason == "the price did not move"


def test_the_eth_desk_reads_its_own_index() -> None:
    seen = view(focus=ETH, specs=(linear(ETH),))
    seen.indices = {"DVOL-ETH": values([(AT, 0.7)])}
    assert named(assess(seen), "bitvol").value == 0.7


def test_a_coin_whose_own_index_is_old_takes_btc_scaled_rather_than_nothing() -> None:
    seen = view(focus=ETH, specs=(linear(ETH), linear()))
    seen.indices = {**seen.indices, "DVOL-ETH": values([(AT - 5 * HOUR_MS, 0.7)])}
    seen.bars = {**seen.bars, (BTC, DAY_MS): seen.bars[(ETH, DAY_MS)]}
    implied = named(assess(seen), "bitvol")
    assert implied.value == pytest.approx(0.55) and implied.quality is Quality.DEGRADED
    assert implied.reason.startswith("DVOL-ETH is 5.0 h old")


def test_another_coin_asks_for_the_btc_bars_it_is_set_beside() -> None:
    assert CandleFeed(BTC, DAY_MS, 90) in SHOW.feeds(BNB, VolSettings())
    assert CandleFeed(BTC, DAY_MS, 90) not in SHOW.feeds(BTC, VolSettings())


def test_what_it_needs_is_declared_for_the_instrument_and_bounded() -> None:
    found = SHOW.feeds(BTC, VolSettings())
    counts = {(each.interval_ms): each.count for each in found if hasattr(each, "count")}
    assert counts == {HOUR_MS: 720, DAY_MS: 1_001, MINUTE_MS: 1_440}


def test_a_report_is_what_a_decision_records_with_age_and_source() -> None:
    found = {each.name: each for each in SHOW.inputs(assess(view()))}
    assert found["composite vol"].value == pytest.approx(assess(view()).composite)
    assert found["lxvx"].value is None and found["lxvx"].reason
    assert found["bitvol"].as_of == AT - HOUR_MS


def test_a_report_is_immutable() -> None:
    with pytest.raises(AttributeError):
        assess(view()).composite = 1.0  # type: ignore[misc]
    assert msgspec.structs.replace(assess(view()), composite=None).composite is None
