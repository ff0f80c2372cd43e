"""Recorded order books: rebuilt, they equal the best prices that were recorded beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.venues.recorded_books import best, depth
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.domain.market import BookDelta, Level, Quote
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.profile import Kind, Listed, Question
from tradecli.venues.depth import verify_depth
from tradecli.venues.sequence import BookBuilder, Status


class Tape(NamedTuple):
    name: str
    instrument: InstrumentId
    tick: float
    at_least: int


TAPES = [
    Tape("binance_usdm_btcusdt_20240808", InstrumentId("BTCUSDT@binance"), 0.1, 629),
    Tape("binance_coinm_btcusd_perp_20240808", InstrumentId("BTCUSD.inverse@binance"), 0.1, 1_125),
    Tape("binance_spot_btcusdt_20240808", InstrumentId("BTCUSDT.spot@binance"), 0.01, 564),
]


@pytest.fixture(scope="module", params=TAPES, ids=lambda tape: tape.name)
def tape(request: pytest.FixtureRequest, shared: Path) -> tuple[Tape, list[BookDelta], list[Quote]]:
    tape: Tape = request.param
    books = shared / "data" / "books"
    return (
        tape,
        depth(books / f"{tape.name}_depth.parquet", tape.tick, tape.instrument),
        best(books / f"{tape.name}_bbo.parquet", tape.instrument),
    )


def test_the_rebuilt_best_prices_equal_the_recorded_ones_at_every_common_update_id(
    tape: tuple[Tape, list[BookDelta], list[Quote]],
) -> None:
    recorded, deltas, quotes = tape
    verdict = verify_depth(deltas, quotes)
    common = {quote.sequence for quote in quotes} & {d.last_id for d in deltas if not d.is_snapshot}
    assert verdict.compared == verdict.matches == len(common) >= recorded.at_least
    assert (verdict.gaps, verdict.crossed, verdict.bad, verdict.status) == (0, 0, 0, Status.OK)
    assert verdict.is_sound and verdict.messages == len(deltas)


def test_with_one_difference_dropped_there_is_one_gap_and_the_book_is_flagged_d01(
    tape: tuple[Tape, list[BookDelta], list[Quote]],
) -> None:
    _, deltas, quotes = tape
    whole = verify_depth(deltas, quotes)
    place = len(deltas) // 2
    verdict = verify_depth(deltas[:place] + deltas[place + 1 :], quotes)
    assert (verdict.gaps, verdict.status, verdict.is_sound) == (1, Status.GAP, False)
    assert verdict.first_gap == deltas[place + 1].last_id
    assert 0 < verdict.compared == verdict.matches < whole.compared


def test_a_difference_dropped_before_the_snapshot_is_found_too(
    tape: tuple[Tape, list[BookDelta], list[Quote]],
) -> None:
    _, deltas, quotes = tape
    assert not any(delta.is_snapshot for delta in deltas[:3]), "differences precede the snapshot"
    verdict = verify_depth(deltas[:1] + deltas[2:], quotes)
    assert (verdict.gaps, verdict.is_sound) == (1, False)


def test_a_snapshot_that_comes_first_gives_the_same_verdict(
    tape: tuple[Tape, list[BookDelta], list[Quote]],
) -> None:
    _, deltas, quotes = tape
    snapshots_first = sorted(deltas, key=lambda delta: not delta.is_snapshot)
    assert verify_depth(snapshots_first, quotes) == verify_depth(deltas, quotes)


def test_a_wrong_level_is_a_mismatch_that_is_named() -> None:
    instrument = InstrumentId("BTCUSDT@binance")
    deltas = [
        BookDelta(instrument, 0, True, None, 10, None, ((100, 1.0), (99, 2.0)), ((101, 1.0),), 0.1),
        BookDelta(instrument, 1, False, 9, 11, 8, ((100, 3.0),), ()),
        BookDelta(instrument, 2, False, 12, 12, 11, ((100, 0.0),), ()),
    ]
    quotes = [Quote(instrument, 0, 10.0, 3.0, 10.1, 1.0, 11), Quote(instrument, 0, 9.9, 2.5, 10.1, 1.0, 12)]
    verdict = verify_depth(deltas, quotes)
    assert (verdict.compared, verdict.matches, verdict.first_mismatch, verdict.is_sound) == (2, 1, 12, False)


def test_nothing_recorded_is_not_a_sound_book() -> None:
    verdict = verify_depth([], [])
    assert (verdict.messages, verdict.status, verdict.is_sound) == (0, Status.WAITING, False)


def test_messages_without_the_price_of_a_tick_are_refused() -> None:
    delta = BookDelta(InstrumentId("BTCUSDT@binance"), 0, True, None, 10, None, ((100, 1.0),), ((101, 1.0),))
    with pytest.raises(ValueError, match="tick"):
        verify_depth([delta], [])


LIVE = 1_500
"""Messages of each tape that are written as the socket brings them: the long form reads the rest."""


@pytest.mark.parametrize("most", [LIVE, pytest.param(10**9, marks=pytest.mark.slow)], ids=["some", "all"])
def test_the_live_decoder_rebuilds_the_same_books_from_the_recorded_rows_written_as_messages(
    tape: tuple[Tape, list[BookDelta], list[Quote]], most: int
) -> None:
    recorded, deltas, quotes = tape
    coin = symbol_of(recorded.instrument).endswith(".inverse")
    listed = Listed(recorded.instrument, "ANY", recorded.tick, 100.0 if coin else 1.0, inverse=coin)
    profile = profile_of("binance")
    builder = BookBuilder(listed.id, listed.tick, profile.rule_of(listed.id), listed.scale)
    tops = {quote.sequence: quote for quote in quotes}
    compared = 0
    for delta in deltas[:most]:
        if delta.is_snapshot:
            question = Question(kind=Kind.BOOK, listed=listed)
            (whole,) = profile.answer(question, snapshot_of(delta, recorded.tick), {}.get)
            assert isinstance(whole, BookDelta)
            builder.apply(whole)
            continue
        depth = profile.depth(message_of(delta, recorded.tick))
        assert depth is not None
        builder.take(depth)
        top, shown = tops.get(delta.last_id or 0), builder.best()
        if top is not None and shown is not None and not builder.joining:
            (bid, bid_qty), (ask, ask_qty) = shown
            prices = (top.bid / recorded.tick, top.ask / recorded.tick)
            assert (bid, ask) == pytest.approx(prices, rel=1e-9)
            assert bid_qty == pytest.approx(listed.base(top.bid_qty, top.bid))
            assert ask_qty == pytest.approx(listed.base(top.ask_qty, top.ask))
            compared += 1
    assert (builder.gaps, builder.crossed, builder.bad, builder.status) == (0, 0, 0, Status.OK)
    assert compared > 20


def rows_of(side: Sequence[Level], tick: float) -> list[list[str]]:
    return [[f"{ticks * tick:.8f}", f"{qty:.8f}"] for ticks, qty in side]


def snapshot_of(delta: BookDelta, tick: float) -> dict[str, Any]:
    return {
        "lastUpdateId": delta.last_id,
        "bids": rows_of(delta.bids, tick),
        "asks": rows_of(delta.asks, tick),
    }


def message_of(delta: BookDelta, tick: float) -> str:
    body: dict[str, Any] = {
        "e": "depthUpdate",
        "E": delta.ts or 1,
        "s": "ANY",
        "U": delta.first_id,
        "u": delta.last_id,
    }
    body |= {} if delta.prev_id is None else {"pu": delta.prev_id}
    return json.dumps(
        body | {"b": rows_of(delta.bids, tick), "a": rows_of(delta.asks, tick)}, separators=(",", ":")
    )
