"""``funding rates``: settled and predicted rates on common terms, and what is not put on them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.fakes.desk import BTC, ETH, SPOT, linear, spot
from tests.fakes.view import FakeView, funding
from tradecli import codec
from tradecli.components.funding.rates import RATES, RatesReport
from tradecli.components.funding.settings import FundingSettings
from tradecli.domain.enums import FundingKind, Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, FundingFeed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import FundingRate

AT = 20_000 * DAY_MS + HOUR_MS
OKX = InstrumentId("BTCUSDT@okx")
NAN = math.nan


def assess(
    focus: InstrumentId = BTC, specs: tuple[Instrument, ...] = (linear(),), **more: Any
) -> RatesReport:
    view = FakeView(AT, focus, specs, **more)
    found = RATES.assess(view, FundingSettings(), RATES.query())
    assert isinstance(found, RatesReport)
    return found


def history(rate: float = 0.0001, interval_h: float = 8.0, n: int = 90, end: int = AT - HOUR_MS) -> Any:
    return funding([(end - int(i * interval_h * HOUR_MS), rate, interval_h) for i in reversed(range(n))])


def predicted(
    instrument: InstrumentId = BTC, next_ts: int = AT + 7 * HOUR_MS, rate: float = 0.0002
) -> FundingRate:
    return FundingRate(instrument, AT - 1_000, rate, 8.0, FundingKind.PREDICTED, next_ts)


def test_a_rate_is_annualised_by_its_own_interval() -> None:
    eight = assess(settled={BTC: history()}).own
    assert eight.per_8h == pytest.approx(0.0001) and eight.apr == pytest.approx(0.1095)
    four = assess(settled={BTC: history(interval_h=4.0)}).own
    assert four.per_8h == pytest.approx(0.0002) and four.apr == pytest.approx(0.219)
    assert four.quality is Quality.OK and four.age_s == 3_600


def test_the_mean_weighs_every_settlement_by_the_hours_it_was_for() -> None:
    mixed = funding(
        [(AT - 10 * HOUR_MS, 0.0008, 8.0), (AT - 2 * HOUR_MS, 0.0, 8.0), (AT - HOUR_MS, 0.0001, 1.0)]
    )
    own = assess(settled={BTC: mixed}).own
    assert own.mean_per_8h == pytest.approx(0.0009 / 17 * 8)
    assert own.n == 3 and own.history_days == pytest.approx(17 / 24)


def test_what_is_older_than_the_history_does_not_count() -> None:
    assert assess(settled={BTC: history(n=200)}).own.n == 90


def test_an_unknown_interval_is_not_annualised_and_left_out_of_the_mean() -> None:
    report = assess(settled={BTC: funding([(AT - 9 * HOUR_MS, 0.0001, 8.0), (AT - HOUR_MS, 0.0005, NAN)])})
    own = report.own
    assert own.rate == 0.0005 and own.apr is None and own.per_8h is None
    assert own.quality is Quality.DEGRADED and "not annualised" in own.reason
    assert own.mean_per_8h == pytest.approx(0.0001) and own.n == 1
    assert codec.decode(codec.encode(report), RatesReport) == report
    assert "—" in str(RATES.present(report))


def test_settled_and_predicted_are_never_mixed() -> None:
    both = assess(settled={BTC: history()}, predicted={BTC: predicted()}).own
    assert both.rate == 0.0001 and both.predicted == 0.0002
    assert both.predicted_apr == pytest.approx(0.219) and both.next_at == AT + 7 * HOUR_MS
    only = assess(predicted={BTC: predicted()}).own
    assert only.rate is None and only.apr is None and only.predicted == 0.0002
    assert only.quality is Quality.UNAVAILABLE and "only a predicted" in only.reason


def test_a_prediction_for_a_settlement_that_has_passed_is_no_prediction() -> None:
    assert assess(settled={BTC: history()}, predicted={BTC: predicted(next_ts=AT)}).own.predicted is None


def test_a_settlement_that_is_overdue_degrades_the_rate_and_says_so() -> None:
    own = assess(settled={BTC: history(end=AT - 20 * HOUR_MS)}).own
    assert own.quality is Quality.DEGRADED
    assert own.reason == "settled 20 h ago, and is due every 8 h"


def test_the_same_symbol_elsewhere_stands_beside_it_and_other_symbols_do_not() -> None:
    report = assess(
        specs=(linear(), linear(OKX), linear(ETH)),
        settled={BTC: history(), OKX: history(0.0004), ETH: history(0.9)},
    )
    assert [each.venue for each in report.others] == ["okx"]
    assert report.spread_per_8h == pytest.approx(0.0003)
    assert assess(settled={BTC: history()}).spread_per_8h is None


def test_a_spot_market_pays_no_funding() -> None:
    report = assess(SPOT, (spot(),))
    assert report.own.quality is Quality.UNAVAILABLE and "pay no funding" in report.own.reason


def test_nothing_known_is_absent_and_not_zero() -> None:
    report = assess()
    assert report.own.rate is None and report.own.mean_per_8h is None and report.own.n == 0
    assert report.notices == ("binance: no settled rate",)
    assert all(each.value is None and each.reason for each in RATES.inputs(report))


def test_it_asks_for_the_history_at_every_venue_it_watches() -> None:
    assert RATES.feeds(BTC, FundingSettings()) == (FundingFeed(BTC, 30 * DAY_MS),)
    assert RATES.every_venue
