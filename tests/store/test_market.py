"""The market store: every kind of row comes back as it went in, once, in the order it became known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tradecli.domain import feed as f
from tradecli.domain import market as m
from tradecli.domain.enums import FundingKind, OptionType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.errors import NotEnoughData
from tradecli.store.market import MarketStore

BTC = InstrumentId("BTCUSDT@binance")
QUOTE = m.OptionQuote(BTC, 9, 1.0, OptionType.CALL, None, 0.1, 0.1, 0.5, 0.2, 1.0)
ROWS: Sequence[tuple[f.Feed, Any]] = (
    (f.CandleFeed(BTC, 60_000), m.Candle(BTC, 60_000, 60_000, 1.0, 2.0, 0.5, 1.5, 10.25)),
    (f.QuoteFeed(BTC), m.Quote(BTC, 5, 1.0, 2.0, 3.0, 4.0, 77)),
    (f.QuoteFeed(BTC), m.Quote(BTC, 5, 1.0, 2.0, 3.0, 4.0)),
    (f.TradeFeed(BTC), m.Trade(BTC, 5, 1.0, 2.0, Side.SELL, "t-1")),
    (f.BookFeed(BTC), m.Book(BTC, 5, 0.1, ((10, 1.0), (9, 2.0)), ((11, 1.5),), 4)),
    (f.BookFeed(BTC), m.BookDelta(BTC, 5, False, 1, 2, None, ((10, 0.0),), (), 0.1)),
    (f.FundingFeed(BTC), m.FundingRate(BTC, 5, -0.0001, 8.0, FundingKind.SETTLED, None, 100.5)),
    (f.FundingFeed(BTC), m.FundingRate(BTC, 5, 0.0002, None, FundingKind.PREDICTED, 28_800_000)),
    (f.MarkFeed(BTC), m.MarkPrice(BTC, 5, 100.0, 99.5)),
    (f.OpenInterestFeed(BTC), m.OpenInterest(BTC, 5, 1e9)),
    (f.VolIndexFeed("DVOL-BTC"), m.VolIndex("DVOL-BTC", 5, 0.65)),
    (f.SentimentFeed("FNG"), m.Sentiment("FNG", 5, 48.0, 86_400_005)),
    (f.OptionsFeed("deribit", "BTC"), m.OptionChain("deribit", "BTC", 5, 1.0, True, (QUOTE,))),
)


async def _read(path: Path, feed: f.Feed, since: int, until: int) -> list[Any]:
    async with await MarketStore.open(path) as store:
        return [row async for row in store.read(feed, since, until)]


async def _write(path: Path, rows: Sequence[Any]) -> int:
    async with await MarketStore.open(path) as store:
        return await store.write(rows)


@pytest.mark.parametrize(("feed", "row"), ROWS, ids=lambda value: type(value).__name__)
def test_every_kind_comes_back_as_it_was_and_a_second_time_is_nothing_new(
    tmp_path: Path, feed: f.Feed, row: Any
) -> None:
    path = tmp_path / "m.db"
    assert asyncio.run(_write(path, [row])) == 1
    assert asyncio.run(_write(path, [row, row])) == 0
    known = m.available_at(row)
    assert asyncio.run(_read(path, feed, 0, known + 1)) == [row]
    assert asyncio.run(_read(path, feed, known + 1, known + 9)) == []
    assert asyncio.run(_read(path, feed, 0, known)) == []


def test_rows_are_read_in_the_order_they_became_known_whatever_the_order_they_came_in(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    rows = [m.MarkPrice(BTC, ts, float(ts)) for ts in (5, 3, 9, 1)]
    asyncio.run(_write(path, rows))
    found = asyncio.run(_read(path, f.MarkFeed(BTC), 0, 100))
    assert [row.ts for row in found] == [1, 3, 5, 9]


def test_bars_as_arrays_and_bars_one_by_one_are_the_same_rows(tmp_path: Path) -> None:
    feed = f.CandleFeed(BTC, 60_000)
    ts = np.arange(5) * 60_000
    columns = [np.linspace(1, 2, 5) * scale for scale in (1, 3, 0.5, 2, 10)]

    async def both() -> tuple[int, int, str, str]:
        async with (
            await MarketStore.open(tmp_path / "a.db") as a,
            await MarketStore.open(tmp_path / "b.db") as b,
        ):
            first = await a.write_candles(feed, ts, columns)
            rows = zip(ts.tolist(), *(column.tolist() for column in columns), strict=True)
            bars = [m.Candle(BTC, at, 60_000, *values) for at, *values in rows]
            await b.write(bars[::-1])
            again = await a.write(bars)
            series = await a.candles(feed, 0, 10**12)
            assert series.close.tolist() == columns[3].tolist()
            assert series.ts.tolist() == ts.tolist()
            hashes = [await store.content_hash([feed], 0, 10**12) for store in (a, b)]
            return first, again, hashes[0], hashes[1]

    first, again, a, b = asyncio.run(both())
    assert (first, again) == (5, 0)
    assert a == b


def test_the_content_hash_sees_a_single_changed_digit_and_only_inside_its_range(tmp_path: Path) -> None:
    feed = f.MarkFeed(BTC)

    async def hashed(name: str, last: float) -> tuple[str, str]:
        async with await MarketStore.open(tmp_path / name) as store:
            await store.write([m.MarkPrice(BTC, 1, 1.0), m.MarkPrice(BTC, 2, last)])
            return await store.content_hash([feed], 0, 2), await store.content_hash([feed], 0, 3)

    one, other = asyncio.run(hashed("a.db", 2.0)), asyncio.run(hashed("b.db", 2.0000001))
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    async def broken() -> None:
        async with await MarketStore.open(tmp_path / "m.db") as store:
            bad: Any = m.MarkPrice(BTC, "x", 1.0)  # type: ignore[arg-type]
            with pytest.raises(Exception, match=r"."):
                await store.write([m.MarkPrice(BTC, 1, 1.0), bad])
            assert await store.coverage() == []

    asyncio.run(broken())


def test_coverage_counts_each_series(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    asyncio.run(_write(path, [row for _, row in ROWS]))

    async def asked() -> dict[tuple[str, str], int]:
        async with await MarketStore.open(path, writable=False) as store:
            return {(row.kind, row.subject): row.rows for row in await store.coverage()}

    found = asyncio.run(asked())
    assert found[("FundingRate", BTC)] == 2
    assert found[("OptionChain", "BTC@deribit")] == 1


def test_a_missing_store_is_said_and_not_made_by_a_reader(tmp_path: Path) -> None:
    async def asked() -> None:
        await MarketStore.open(tmp_path / "none.db", writable=False)

    with pytest.raises(NotEnoughData, match="no market data"):
        asyncio.run(asked())
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(("feed", "row"), [ROWS[0], ROWS[-1]], ids=["points", "blobs"])
def test_a_reader_that_stops_half_way_leaves_no_error_behind_when_the_store_is_closed_first(
    tmp_path: Path, feed: f.Feed, row: Any
) -> None:
    complaints: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, told: complaints.append(told))
        store = await MarketStore.open(tmp_path / "m.db")
        await store.write([row])
        reading = store.read(feed, 0, 10**15)
        assert await anext(reading) == row
        await store.close()
        await reading.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    assert not complaints
