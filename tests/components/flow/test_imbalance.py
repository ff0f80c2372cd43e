"""``flow imbalance``: what is measured of a sound book, and why a broken one is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, T0, linear, quote
from tests.fakes.view import FakeView
from tests.vectors import Vector
from tradecli import codec
from tradecli.components.flow.imbalance import IMBALANCE, ImbalanceReport
from tradecli.components.flow.settings import FlowSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import BookFeed
from tradecli.domain.market import Book


def book(bids: list[tuple[int, float]], asks: list[tuple[int, float]], ts: int = T0) -> Book:
    return Book(BTC, ts, 0.5, tuple(bids), tuple(asks))


def deep(levels: int = 20, size: float = 1.0) -> Book:
    return book([(120_000 - i, size) for i in range(levels)], [(120_001 + i, 1.0) for i in range(levels)])


def assess(seen: Book | None = None, at: int = T0, **more: Any) -> ImbalanceReport:
    books = {BTC: seen} if seen is not None else {}
    view = FakeView(at, BTC, (linear(),), books=books, **more)
    found = IMBALANCE.assess(view, FlowSettings(), IMBALANCE.query())
    assert isinstance(found, ImbalanceReport)
    return found


def test_the_vector_book_comes_out_of_the_report_as_stated(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("book_depth_metrics")
    bids, asks = (
        [(round(price / 0.5), qty) for price, qty in vector.inputs[side]] for side in ("bids", "asks")
    )
    report = assess(book(bids, asks))
    vector.check_at("mid", report.mid)
    vector.check_at("spread_bps", report.spread_bps)
    vector.check_at("mli", report.weighted_imbalance)
    assert report.quality is Quality.DEGRADED and report.reason == "5 of 10 levels visible"
    assert report.imbalance_l5 == pytest.approx((15.0 - 14.0) / 29.0)
    assert report.imbalance_l20 is None, "twenty levels are not visible"


def test_twice_the_bids_lean_a_third_up_at_every_depth() -> None:
    report = assess(deep(size=2.0))
    for value in (report.imbalance_l1, report.imbalance_l5, report.imbalance_l20, report.weighted_imbalance):
        assert value == pytest.approx(1 / 3)
    assert report.quality is Quality.OK and report.reason == ""
    assert report.weighted_mid is not None and report.mid is not None
    assert report.weighted_mid > report.mid, "more bids push towards the ask"


def test_depth_is_absent_where_the_visible_book_does_not_reach() -> None:
    narrow = assess(deep()).bids
    assert narrow is not None and narrow.within_10bps is None and narrow.within_50bps is None
    wide = assess(
        book([(120_000 - 20 * i, 1.0) for i in range(40)], [(120_001 + 20 * i, 1.0) for i in range(40)])
    )
    assert wide.bids is not None and wide.bids.within_10bps == pytest.approx(6 * 60_000, rel=0.002)
    assert wide.bids.within_50bps == pytest.approx(30 * 60_000, rel=0.01)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (book([(120_002, 1.0)], [(120_001, 1.0)]), "the book is crossed"),
        (book([(120_001, 1.0)], [(120_001, 1.0)]), "the book is locked"),
        (book([], [(120_001, 1.0)]), "one side is empty"),
        (book([(120_000, 0.0)], [(120_001, 1.0)]), "not above zero"),
        (book([(120_000, 1.0)], [(120_001, 1.0)], ts=T0 - 1_001), "1.0 s old, over 1 s"),
    ],
)
def test_a_book_that_is_broken_or_old_is_not_measured_at_all(seen: Book, words: str) -> None:
    report = assess(seen)
    assert report.quality is Quality.UNAVAILABLE
    assert words in report.reason
    assert report.mid is None and report.imbalance_l1 is None and report.top == ()
    assert report.as_of == seen.ts
    assert codec.decode(codec.encode(report), ImbalanceReport) == report
    assert IMBALANCE.present(report).blocks


def test_without_a_book_the_quote_is_a_book_of_one_level_and_without_either_there_is_nothing() -> None:
    report = assess(quotes={BTC: quote(60_000)})
    assert report.source == "quote" and report.mid == 60_000
    assert report.imbalance_l1 == 0 and report.imbalance_l5 is None
    assert report.quality is Quality.DEGRADED
    nothing = assess()
    assert nothing.reason == "no book and no quote" and nothing.source == "none"


def test_the_panel_names_the_lean_and_the_decision_its_source() -> None:
    report = assess(deep())
    panel = IMBALANCE.present(report)
    assert panel.title == "Book BTCUSDT@binance" and panel.status.startswith("book")
    found = {each.name: each for each in IMBALANCE.inputs(report)}
    assert found["mid"].value == report.mid and found["mid"].source == "book"
    assert BookFeed(BTC, 20) in IMBALANCE.feeds(BTC, FlowSettings())


sizes = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30)


@given(sizes, sizes)
def test_a_sound_book_leans_at_most_by_one_and_its_weighted_mid_lies_between_the_best_prices(
    bids: list[float], asks: list[float]
) -> None:
    report = assess(
        book(
            [(120_000 - i, qty) for i, qty in enumerate(bids)],
            [(120_001 + i, qty) for i, qty in enumerate(asks)],
        )
    )
    assert report.weighted_imbalance is not None and -1 <= report.weighted_imbalance <= 1
    assert report.bid is not None and report.ask is not None and report.weighted_mid is not None
    assert report.bid <= report.weighted_mid <= report.ask
