"""Each tape does to the market what it says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.venues.simulated.scene import everything, known_at, listen, of, sized
from tradecli.codec import encode
from tradecli.components.signals.lines import FAST, SLOW
from tradecli.domain.enums import FundingKind
from tradecli.domain.events import LinkChanged
from tradecli.domain.feed import MINUTE_MS, BookFeed, CandleFeed, FundingFeed, QuoteFeed
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.market import Book, Candle, FundingRate, Quote
from tradecli.errors import ExitCode, NotFound
from tradecli.quant.indicators import ema
from tradecli.venues.simulated import START_MS, TAPES, SimulatedMarket, Tape, tape_named
from tradecli.venues.simulated.tapes import Leg, Script, Silence

BTC = InstrumentId("BTCUSDT@binance")
OKX = InstrumentId("BTCUSDT@okx")
BNB = InstrumentId("BNBUSDT@bybit")


def mids(tape: str, name: InstrumentId, seconds: int, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    quotes = of(Quote, listen(seed, tape_named(tape), seconds, [QuoteFeed(name)]))
    return np.array([(q.ts - START_MS) / 1000 for q in quotes]), np.array([q.mid for q in quotes])


def test_the_tapes_have_names_lessons_and_expectations_that_can_be_printed() -> None:
    assert [tape.name for tape in TAPES] == ["tour", "quiet", "flash-crash", "outage"]
    for tape in TAPES:
        assert tape.summary and tape.teaches
        assert tape.exit_code in ExitCode
        assert encode(tape)


def test_an_unknown_tape_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(NotFound) as refusal:
        tape_named("storm")
    assert "flash-crash" in (refusal.value.hint or "")


def test_the_default_is_the_tour() -> None:
    assert SimulatedMarket(1).tape is tape_named("tour")


@pytest.mark.asyncio
async def test_tour_turns_the_fast_trend_with_the_minute_that_closes_three_seconds_in() -> None:
    for seed, name in product((42, *range(sized(4, 60))), (BTC, InstrumentId("ETHUSDT@okx"), BNB)):
        market = SimulatedMarket(seed)
        before = of(Candle, await market.history(CandleFeed(name, MINUTE_MS, 150), START_MS))
        after = of(Candle, await market.history(CandleFeed(name, MINUTE_MS, 150), START_MS + 3_001))
        assert after[-1].close_ts == START_MS + 3_000
        lines = [
            (ema(close, FAST)[-1], ema(close, SLOW)[-1])
            for close in (np.array([bar.close for bar in bars]) for bars in (before, after))
        ]
        assert lines[0][0] < lines[0][1], "down before"
        assert lines[1][0] > lines[1][1], "up after"


def test_tour_dips_so_that_a_grid_buys_before_twenty_seconds() -> None:
    at, mid = mids("tour", BTC, 30)
    start, low = mid[at < 6].mean(), mid[(at > 10) & (at < 24)].min()
    assert low / start - 1 < -0.0045


def test_tour_lets_the_funding_of_one_venue_cross_at_about_twenty_five_seconds() -> None:
    feeds = [FundingFeed(InstrumentId(f"ETHUSDT@{venue}")) for venue in ("binance", "bybit", "okx")]
    rates = [
        rate
        for rate in of(FundingRate, listen(42, tape_named("tour"), 70, feeds))
        if rate.kind is FundingKind.PREDICTED
    ]
    gap = {}
    for rate in rates:
        gap.setdefault(rate.ts, {})[venue_of(rate.instrument)] = rate.rate
    known = {
        (ts - START_MS) / 1000: each["bybit"] - each["okx"]
        for ts, each in gap.items()
        if len(each) >= 2 and "okx" in each
    }
    assert all(abs(value) < 0.0003 for second, value in known.items() if second < 20)
    assert max(value for second, value in known.items() if 20 < second < 35) > 0.0003
    assert max(value for second, value in known.items() if 50 < second < 70) > 0.0006


def test_tour_silences_one_venue_for_ten_seconds_while_the_others_go_on() -> None:
    events = everything(42, "tour", 70)
    quotes = [
        (quote.ts - START_MS) / 1000 for quote in of(Quote, events) if venue_of(quote.instrument) == "binance"
    ]
    assert not [second for second in quotes if 35.0 <= second < 45.0]
    assert [second for second in quotes if 34.5 <= second < 35.0] and [
        second for second in quotes if 45.0 <= second < 45.5
    ]
    links = of(LinkChanged, events)
    assert [(link.venue, link.up, link.ts - START_MS) for link in links] == [
        ("binance", False, 38_000),
        ("binance", True, 45_000),
    ]
    heard = {venue_of(q.instrument) for q in of(Quote, events) if 36_000 < q.ts - START_MS < 44_000}
    assert heard == {"bybit", "okx"}


def test_tour_shakes_prices_and_thins_books_between_thirty_five_and_seventy_seconds() -> None:
    at, mid = mids("tour", OKX, 200)
    moves = np.abs(np.diff(np.log(mid)))
    stress = moves[(at[1:] > 38) & (at[1:] < 68)].mean()
    calm = moves[at[1:] > 75].mean()
    assert stress > 1.8 * calm
    books = of(Book, listen(42, tape_named("tour"), 120, [BookFeed(OKX)]))
    spread = {
        now: np.mean([b.asks[0][0] - b.bids[0][0] for b in books if lo < (b.ts - START_MS) / 1000 < hi])
        for now, lo, hi in (("stress", 40, 66), ("calm", 75, 120))
    }
    assert spread["stress"] > 10 * spread["calm"]


def test_quiet_moves_less_than_the_same_seed_unscripted() -> None:
    closes = []
    for tape in ("quiet", "flash-crash"):
        _, mid = mids(tape, OKX, 85)
        closes.append(np.abs(np.diff(np.log(mid))).mean())
    assert closes[0] < 0.75 * closes[1]


def test_flash_crash_falls_by_twelve_to_fifteen_percent_and_comes_back_half_way() -> None:
    for seed in (42, *range(sized(1, 12))):
        at, mid = mids("flash-crash", BTC, 400, seed)
        before = mid[(at > 80) & (at < 95)].mean()
        low = mid[(at > 100) & (at < 200)].min()
        after = mid[(at > 340) & (at < 400)].mean()
        assert -0.165 < low / before - 1 < -0.12
        assert 0.25 < (after - low) / (before - low) < 0.75
        assert at[(at > 100) & (at < 200)][np.argmin(mid[(at > 100) & (at < 200)])] < 195


def test_flash_crash_empties_the_book() -> None:
    books = of(Book, listen(42, tape_named("flash-crash"), 170, [BookFeed(BTC)]))

    def depth(low: float, high: float) -> float:
        return float(
            np.mean([sum(size for _, size in b.bids) for b in books if low < (b.ts - START_MS) / 1000 < high])
        )

    assert depth(125, 170) < 0.4 * depth(10, 80)


def test_outage_silences_a_venue_for_four_minutes_and_says_so() -> None:
    events = listen(
        42, tape_named("outage"), 345, [QuoteFeed(BTC), QuoteFeed(OKX), CandleFeed(BTC, MINUTE_MS)]
    )
    silent = [
        event
        for event in events
        if not isinstance(event, LinkChanged)
        and venue_of(event.instrument) == "binance"
        and 90_000 <= known_at(event) - START_MS < 330_000
    ]  # type: ignore[union-attr]
    assert silent == []
    assert [(link.up, link.ts - START_MS) for link in of(LinkChanged, events)] == [
        (False, 93_000),
        (True, 330_000),
    ]
    after = [
        quote for quote in of(Quote, events) if quote.instrument == BTC and quote.ts >= START_MS + 330_000
    ]
    assert after and after[0].ts < START_MS + 330_500
    others = [
        quote
        for quote in of(Quote, events)
        if quote.instrument == OKX and 100_000 < quote.ts - START_MS < 330_000
    ]
    assert len(others) > 1_500


def test_a_leg_moves_by_what_it_says_however_time_is_cut() -> None:
    tape = Tape(
        name="leg",
        summary="",
        teaches="",
        breaker="",
        alerts=(),
        exit_code=ExitCode.OK,
        lasts_s=9,
        episodes=(Leg(start_s=1.5, end_s=7.25, move=-0.04),),
    )
    script = Script(tape, START_MS)
    whole = script.drift(START_MS, 100, 100)
    assert whole is not None and whole.sum() == pytest.approx(-0.04)
    parts = [script.drift(START_MS + 1_000 * second, 10, 100) for second in range(10)]
    assert sum(part.sum() for part in parts if part is not None) == pytest.approx(-0.04)
    assert script.drift(START_MS + 8_000, 10, 100) is None


def test_a_silence_that_ends_before_it_is_noticed_changes_no_link() -> None:
    tape = Tape(
        name="blink",
        summary="",
        teaches="",
        breaker="",
        alerts=(),
        exit_code=ExitCode.OK,
        lasts_s=9,
        episodes=(Silence(venue="okx", start_s=1, end_s=3),),
    )
    assert Script(tape, START_MS).links(START_MS, START_MS + 60_000) == []
