"""Premium, predicted and settled funding: the formula of METHODS 9.1, and that rates follow what prices show."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.venues.simulated.scene import PLAIN, everything, listen, of, sized
from tradecli.domain.enums import FundingKind
from tradecli.domain.events import Event
from tradecli.domain.feed import DAY_MS, FundingFeed, MarkFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import FundingRate, MarkPrice
from tradecli.errors import ExitCode
from tradecli.venues.simulated import START_MS, SimulatedMarket, Tape
from tradecli.venues.simulated.basis import INTERVAL_MS, funding_rate, next_settlement
from tradecli.venues.simulated.listing import LINES
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.tapes import Premium, Script

BTC, ETH = InstrumentId("BTCUSDT@binance"), InstrumentId("ETHUSDT@bybit")
PERPS = {line.id for line in LINES if line.perp}
RICH = Tape(
    name="rich",
    summary="",
    teaches="",
    breaker="",
    alerts=(),
    exit_code=ExitCode.OK,
    lasts_s=0.0,
    episodes=(Premium(venue="bybit", coin="ETH", start_s=3.0, end_s=86_400.0, bp=30.0, ramp_s=0.001),),
)


@cache
def interval() -> tuple[Event, ...]:
    """Funding and marks of two perpetuals, one of them at a premium of 30 bp: some minutes, or a whole interval."""
    feeds = [FundingFeed(BTC), MarkFeed(BTC), FundingFeed(ETH), MarkFeed(ETH)]
    return tuple(listen(3, RICH, sized(15 * 60 + 8, 8 * 3_600 + 30), feeds))


def settled(events: tuple[Event, ...], name: str) -> list[FundingRate]:
    rates = of(FundingRate, events)
    return [rate for rate in rates if rate.kind is FundingKind.SETTLED and rate.instrument == name]


def predicted(events: tuple[Event, ...], name: str) -> list[FundingRate]:
    rates = of(FundingRate, events)
    return [rate for rate in rates if rate.kind is FundingKind.PREDICTED and rate.instrument == name]


@pytest.mark.parametrize(
    ("premium", "rate"),
    [(0.0, 0.0001), (0.0006, 0.0001), (0.0010, 0.0005), (-0.0004, 0.0001), (-0.0010, -0.0005), (0.5, 0.02)],
)
def test_within_five_points_of_the_interest_a_premium_pays_the_interest(premium: float, rate: float) -> None:
    assert funding_rate(premium) == rate


def test_the_formula_agrees_with_the_shared_vector(shared: Path) -> None:
    vector = json.loads((shared / "vectors" / "funding_rate_formula.json").read_text(encoding="utf-8"))
    pairs = zip(vector["inputs"]["cases"], vector["expected"]["rate"], strict=True)
    eight = [(case["P"], rate) for case, rate in pairs if case["N"] == 8]
    assert len(eight) == 3
    for premium, rate in eight:
        assert funding_rate(premium) == pytest.approx(rate, abs=1e-12)


def test_every_perpetual_settles_three_seconds_after_the_start_and_every_interval() -> None:
    at_start = [rate for rate in of(FundingRate, everything()) if rate.kind is FundingKind.SETTLED]
    assert {rate.instrument for rate in at_start} == PERPS
    assert {rate.ts for rate in at_start} == {START_MS + 3_000}
    ends = [START_MS + 3_000, *sized([], [START_MS + 3_000 + INTERVAL_MS])]
    assert [rate.ts for rate in settled(interval(), BTC)] == ends


def test_the_predicted_rate_comes_every_ten_seconds_with_its_settlement_time() -> None:
    known = predicted(everything(), BTC)
    assert len(known) == 8
    for rate in known:
        assert rate.next_ts == next_settlement(rate.ts)
        assert rate.interval_h == 8.0


def newest(name: str) -> FundingRate:
    """Return the rate of the interval that begins three seconds in: settled, or predicted while it runs."""
    return sized(predicted(interval(), name), settled(interval(), name))[-1]


def test_a_rate_is_the_formula_of_the_average_premium_that_marks_showed() -> None:
    for name in (BTC, ETH):
        start, end = settled(interval(), name)[0].ts, newest(name).ts
        assert end - start == sized(15 * 60_000, INTERVAL_MS)
        marks = [
            mark for mark in of(MarkPrice, interval()) if mark.instrument == name and start <= mark.ts < end
        ]
        premium = np.mean([mark.mark / mark.index - 1 for mark in marks if mark.index is not None])
        assert newest(name).rate == pytest.approx(funding_rate(float(premium)), abs=2e-6)


def test_a_perpetual_that_trades_rich_pays_more_and_its_prediction_says_so_beforehand() -> None:
    assert newest(ETH).rate > 0.0015
    assert abs(newest(BTC).rate) < 0.0008
    beforehand = [rate for rate in predicted(interval(), ETH) if rate.ts < newest(ETH).ts]
    assert beforehand[-2].rate == pytest.approx(newest(ETH).rate, abs=2e-5)


def test_the_prediction_at_the_start_is_what_settles_three_seconds_later() -> None:
    for name in sorted(PERPS):
        rates = [rate for rate in of(FundingRate, everything()) if rate.instrument == name]
        assert rates[0].kind is FundingKind.PREDICTED
        assert rates[0].rate == pytest.approx(rates[1].rate, abs=1e-7)


def test_marks_come_each_second_and_stay_near_the_index() -> None:
    marks = [mark for mark in of(MarkPrice, everything()) if mark.instrument == BTC]
    assert len(marks) == 70
    for mark in marks:
        assert mark.index is not None
        assert abs(mark.mark / mark.index - 1) < 0.003


def test_rates_of_the_past_have_the_recorded_level_and_persistence() -> None:
    rates = []
    for seed in (1, 2, 3, 4):
        past = Past(seed, START_MS // 60_000 * 60_000, Script(PLAIN, START_MS), LINES)
        rates.append(past.funding(next(line for line in LINES if line.id == BTC))[1] * 1e4)
    all_rates = np.concatenate(rates)
    assert 0.2 < all_rates.mean() < 1.6  # recorded .84
    assert 0.4 < all_rates.std() < 2.2  # recorded 1.0
    assert np.mean(all_rates < 0) < 0.35  # recorded .11
    kept = [np.corrcoef(each[:-1], each[1:])[0, 1] for each in rates]
    assert 0.7 < np.mean(kept) < 0.99  # recorded .83


@pytest.mark.asyncio
async def test_history_ends_with_the_last_settlement_and_the_running_prediction() -> None:
    market = SimulatedMarket(3, RICH)
    rates = of(FundingRate, await market.history(FundingFeed(BTC, 30 * DAY_MS), START_MS))
    assert len(rates) == 91
    assert [rate.kind for rate in rates[-2:]] == [FundingKind.SETTLED, FundingKind.PREDICTED]
    assert rates[-2].ts == START_MS + 3_000 - INTERVAL_MS
    later = of(FundingRate, await market.history(FundingFeed(BTC, 30 * DAY_MS), START_MS + 3_001))
    assert later[-2] == settled(interval(), BTC)[0]
