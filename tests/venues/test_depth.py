"""Recorded order books: rebuilt, they equal the best prices that were recorded beside them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.venues.recorded_books import best, depth
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Quote
from tradecli.venues.depth import verify_depth
from tradecli.venues.sequence import Status


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
