"""The order of events, and that quotes, books, prints and bars tell of one market."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from tests.venues.simulated.scene import PLAIN, everything, known_at, listen, of
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, BookFeed, CandleFeed, QuoteFeed, TradeFeed
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.market import (
    Book,
    Candle,
    FundingRate,
    MarkPrice,
    OptionChain,
    Quote,
    Sentiment,
    Trade,
    VolIndex,
)
from tradecli.errors import NotFound, Unsupported
from tradecli.venues.paper.pit import is_sound, quote_is_sound
from tradecli.venues.simulated import START_MS, SimulatedMarket
from tradecli.venues.simulated.listing import LINES, VENUES

BTC, ETH_SPOT = InstrumentId("BTCUSDT@binance"), InstrumentId("ETHUSDT.spot@okx")
TICKS = {line.id: line.per_unit for line in LINES}
LOTS = {line.id: line.per_coin for line in LINES}


def test_there_are_eighteen_instruments_at_three_venues_and_chains_of_two_coins() -> None:
    assert len(LINES) == 18
    assert Counter(line.venue for line in LINES) == dict.fromkeys(VENUES, 6)
    assert {chain.currency for chain in of(OptionChain, everything())} == {"BTC", "ETH"}


def test_every_step_divides_one_unit_so_that_floats_print_as_written() -> None:
    for line in LINES:
        assert line.per_unit * line.instrument.tick == 1
        assert line.per_coin * line.instrument.lot == 1
        assert line.instrument.min_qty % line.instrument.lot == 0


def test_events_come_in_the_order_they_became_known_from_the_start_on() -> None:
    times = [known_at(event) for event in everything()]
    assert times[0] >= START_MS
    assert times == sorted(times)


def test_within_an_instrument_time_trade_ids_and_update_ids_never_go_back() -> None:
    last: dict[tuple[type, str], tuple[int, int]] = {}
    for event in everything():
        if isinstance(event, Quote | Trade | Book):
            number = int(event.trade_id) if isinstance(event, Trade) else event.sequence
            before = last.get((type(event), event.instrument), (0, -1))
            assert event.ts >= before[0]
            assert number >= before[1] if isinstance(event, Book) else number > before[1]
            last[type(event), event.instrument] = event.ts, number


def test_all_that_a_desk_needs_is_there_within_five_seconds() -> None:
    early = [event for event in everything() if known_at(event) < START_MS + 5_000]
    kinds = {type(event) for event in early}
    assert {Quote, Trade, Book, MarkPrice, FundingRate, VolIndex, OptionChain, Candle, Sentiment} <= kinds
    assert {event.instrument for event in of(Quote, early)} == {line.id for line in LINES}
    assert {event.instrument for event in of(Book, early)} == {line.id for line in LINES}


def test_quotes_are_sound_and_on_the_steps_of_their_instrument() -> None:
    for quote in of(Quote, everything()):
        assert quote_is_sound(quote)
        per_unit, per_coin = TICKS[quote.instrument], LOTS[quote.instrument]
        for price in (quote.bid, quote.ask):
            assert round(price * per_unit) / per_unit == price
        for size in (quote.bid_qty, quote.ask_qty):
            assert round(size * per_coin) / per_coin == size


def test_books_are_sorted_uncrossed_positive_and_twenty_levels_deep() -> None:
    for book in of(Book, everything()):
        assert is_sound(book)
        assert len(book.bids) == len(book.asks) == 20


def test_a_book_has_the_best_prices_of_the_quote_with_its_update_id() -> None:
    quotes = {(quote.instrument, quote.sequence): quote for quote in of(Quote, everything())}
    compared = 0
    for book in of(Book, everything()):
        quote = quotes.get((book.instrument, book.sequence))
        if quote is not None:
            per_unit = TICKS[book.instrument]
            assert (book.bids[0][0] / per_unit, book.bids[0][1]) == (quote.bid, quote.bid_qty)
            assert (book.asks[0][0] / per_unit, book.asks[0][1]) == (quote.ask, quote.ask_qty)
            compared += 1
    assert compared > 2_000


def test_levels_behind_the_best_stay_while_the_market_moves_around_them() -> None:
    books = [book for book in of(Book, everything()) if book.instrument == BTC]
    shared = [len(set(one.bids[1:]) & set(two.bids[1:])) for one, two in pairwise(books)]
    later = [len(set(one.bids[1:]) & set(two.bids[1:])) for one, two in zip(books, books[80:], strict=False)]
    assert sum(shared) / len(shared) > 12  # 250 ms later most of 19 are still the same
    assert sum(later) / len(later) < 3  # 20 s later hardly any


def test_every_print_is_at_the_best_price_of_its_side_shown_last_before_it() -> None:
    best: dict[str, Quote] = {}
    checked = 0
    for event in everything():
        if isinstance(event, Quote):
            best[event.instrument] = event
        elif isinstance(event, Trade) and event.instrument in best:
            quote = best[event.instrument]
            bought = event.side == "buy"
            assert event.price == (quote.ask if bought else quote.bid)
            assert 0 < event.qty <= (quote.ask_qty if bought else quote.bid_qty)
            checked += 1
    assert checked > 5_000


def test_minutes_are_made_of_exactly_the_prints_inside_them() -> None:
    prints: dict[tuple[str, int], list[Trade]] = defaultdict(list)
    for trade in of(Trade, everything()):
        prints[trade.instrument, trade.ts // MINUTE_MS * MINUTE_MS].append(trade)
    whole = [bar for bar in of(Candle, everything()) if bar.ts >= START_MS]
    assert len(whole) == 18
    for bar in whole:
        inside = prints[bar.instrument, bar.ts]
        prices = [trade.price for trade in inside]
        assert (bar.open, bar.close) == (prices[0], prices[-1])
        assert (bar.high, bar.low) == (max(prices), min(prices))
        lots = sum(round(trade.qty * LOTS[bar.instrument]) for trade in inside)
        assert bar.volume == lots / LOTS[bar.instrument]


def test_a_bar_is_published_right_after_it_closed_and_before_anything_later() -> None:
    bars = of(Candle, everything())
    assert Counter(bar.close_ts for bar in bars) == {START_MS + 3_000: 18, START_MS + 63_000: 18}


def test_longer_bars_close_together_with_the_minute_and_hold_the_minutes_before_the_start() -> None:
    feeds = [CandleFeed(BTC, each) for each in (MINUTE_MS, HOUR_MS, DAY_MS)]
    bars = {bar.interval_ms: bar for bar in of(Candle, listen(42, PLAIN, 5, feeds))}
    assert set(bars) == {MINUTE_MS, HOUR_MS, DAY_MS}
    assert {bar.close_ts for bar in bars.values()} == {START_MS + 3_000}
    assert bars[MINUTE_MS].close == bars[HOUR_MS].close == bars[DAY_MS].close
    assert bars[DAY_MS].low <= bars[HOUR_MS].low <= bars[MINUTE_MS].low
    assert bars[DAY_MS].volume > bars[HOUR_MS].volume > bars[MINUTE_MS].volume > 0


def test_a_listener_hears_what_it_asked_for_and_nothing_else() -> None:
    events = listen(42, PLAIN, 10, [QuoteFeed(BTC), BookFeed(ETH_SPOT)])
    assert {(type(event), event.instrument) for event in events} == {(Quote, BTC), (Book, ETH_SPOT)}  # type: ignore[union-attr]


def test_what_is_not_listed_is_refused_by_name() -> None:
    market = SimulatedMarket(1)
    with pytest.raises(NotFound, match="DOGEUSDT@binance"):
        market.events([TradeFeed(InstrumentId("DOGEUSDT@binance"))])
    with pytest.raises(Unsupported, match="7 ms"):
        market.events([CandleFeed(BTC, 7)])


@pytest.mark.asyncio
async def test_the_port_gives_the_same_as_the_plain_iterator() -> None:
    market = SimulatedMarket(42, PLAIN)
    assert [each.id for each in await market.instruments()] == sorted(line.id for line in LINES)
    stream, plain = market.stream([TradeFeed(BTC)]), market.events([TradeFeed(BTC)])
    for _ in range(50):
        assert await anext(stream) == next(plain)


def test_at_least_three_hundred_events_a_second_are_shown_on_every_tape() -> None:
    for name, seconds in (("plain", 70), ("quiet", 12), ("tour", 70)):
        events = everything(42, name, seconds)
        silent = 10 if name == "tour" else 0
        heard = [
            event
            for event in events
            if venue_of(getattr(event, "instrument", InstrumentId("@"))) != "binance"
        ]
        rest = len(events) - len(heard)
        assert len(heard) / seconds + rest / (seconds - silent) >= 300
