"""Sizes of coin-margined contracts are kept in coins, as the live venue tells them; contracts never mix with them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tradecli.datasets.export import write_rows
from tradecli.datasets.faults import BadFile
from tradecli.datasets.keeping import keep
from tradecli.datasets.kinds import Kind, Market
from tradecli.datasets.reading import Reading, read_file
from tradecli.datasets.source import Given
from tradecli.datasets.units import holds_contracts
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Quote, Trade
from tradecli.errors import ReconciliationMismatch
from tradecli.store.market import MarketStore
from tradecli.venues.ccxt.profile import Listed

BTC, ETH = InstrumentId("BTCUSD.inverse@binance"), InstrumentId("ETHUSD.inverse@binance")
LIVE = {
    BTC: Listed(BTC, "BTCUSD_PERP", 0.1, 100.0, inverse=True),
    ETH: Listed(ETH, "ETHUSD_PERP", 0.01, 10.0, inverse=True),
}
T0 = 1_690_000_020_000


def coins(folder: Path, name: str, text: str, **given: object) -> Reading:
    path = folder / name
    path.write_text(text)
    return read_file(path, Given(**given))  # type: ignore[arg-type]


def trades(n: int, start: int = 0) -> str:
    rows = "".join(f"{i},60000.{i},{i + 1},0.1,{T0 + i},true\n" for i in range(start, start + n))
    return "id,price,qty,base_qty,time,is_buyer_maker\n" + rows


@pytest.mark.parametrize("id", [BTC, ETH])
def test_trades_of_the_archive_become_what_the_live_decoder_makes_of_them(
    tmp_path: Path, id: InstrumentId
) -> None:
    name = f"{LIVE[id].symbol}-trades-2023-07-22.csv"
    reading = coins(tmp_path, name, trades(9))
    (batch,) = reading.batches
    assert batch.subject == id
    wanted = [LIVE[id].base(i + 1, float(f"60000.{i}")) for i in range(9)]
    assert [row.qty for row in batch.rows() if isinstance(row, Trade)] == wanted
    assert any("kept in coins" in note for note in reading.notes)


def test_best_prices_and_levels_are_converted_each_at_its_own_price_and_a_removed_level_stays_zero(
    tmp_path: Path,
) -> None:
    head = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,event_time\n"
    (best,) = coins(
        tmp_path, "BTCUSD_PERP-bookTicker-2023-07-22.csv", head + f"7,50000,3,50001,5,{T0}\n"
    ).batches
    (quote,) = best.rows()
    assert isinstance(quote, Quote)
    assert (quote.bid_qty, quote.ask_qty) == (3 * 100 / 50_000, 5 * 100 / 50_001)
    head = "recv_ts_us,seq,kind,event_ts,tx_ts,first_update_id,last_update_id,prev_update_id,side,price,qty\n"
    start = f"{T0 * 1_000},1,D,{T0},{T0},1,2,0"
    text = head + f"{start},b,50000.5,3\n{start},b,49999,0\n{start},a,50001,4\n"
    (depth,) = coins(tmp_path, "binance_coinm_btcusd_perp_x_depth.csv", text).batches
    (delta,) = depth.rows()
    assert isinstance(delta, BookDelta) and depth.subject == BTC
    assert delta.bids == LIVE[BTC].levels([("50000.5", "3"), ("49999", "0")])
    assert delta.asks == LIVE[BTC].levels([("50001", "4")])
    assert delta.bids[1][1] == 0.0


def test_linear_sizes_and_those_of_a_venue_without_a_rule_stay_as_they_are(tmp_path: Path) -> None:
    (linear,) = coins(tmp_path, "BTCUSDT-trades-2023-07-22.csv", trades(9), market=Market.LINEAR).batches
    reading = coins(tmp_path, "x.csv", trades(9), venue="bitmex", symbol="XBTUSD.inverse")
    (unknown,) = reading.batches
    assert (
        linear.columns["qty"].tolist() == unknown.columns["qty"].tolist() == [float(i) for i in range(1, 10)]
    )
    assert any("is not known" in note for note in reading.notes)


BAR = f"{T0},10,12,9,11,206,{T0 + 59_999},2.13660389,48,119,1.2,0\n"


def test_bars_of_the_archive_have_the_volume_in_coins_that_stands_beside_the_contracts(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data" / "futures" / "cm" / "monthly" / "klines"
    folder.mkdir(parents=True)
    (batch,) = coins(folder, "BTCUSD_PERP-1m-2023-07.csv", BAR).batches
    assert (batch.subject, batch.columns["volume"].tolist()) == (BTC, [2.13660389])


def test_bars_that_have_contracts_alone_are_refused_and_not_guessed_at(tmp_path: Path) -> None:
    head = "open_time,open,high,low,close,volume,close_time\n"
    with pytest.raises(BadFile, match="in coins"):
        coins(tmp_path, "BTCUSD_PERP-1m-2023-07.csv", head + ",".join(BAR.split(",")[:7]) + "\n")
    rows = "".join(f"{T0 + i * 60_000},10,12,9,11,{200 + i}\n" for i in range(9))
    given = {"venue": "binance", "symbol": "BTCUSD.inverse"}
    with pytest.raises(BadFile, match="whole numbers"):
        coins(tmp_path, "bars.csv", "ts,open,high,low,close,volume\n" + rows, **given)
    fair = coins(
        tmp_path, "bars.csv", "ts,open,high,low,close,volume\n" + rows.replace("\n", ".5\n"), **given
    )
    assert fair.batches[0].columns["volume"].tolist() == [200.5 + i for i in range(9)]


def test_what_was_exported_is_in_coins_already_and_reads_back_equal(tmp_path: Path) -> None:
    rows = coins(tmp_path, "BTCUSD_PERP-trades-2023-07-22.csv", trades(9)).batches[0].rows()
    write_rows(tmp_path / "out.parquet", Kind.TRADES, rows)
    assert read_file(tmp_path / "out.parquet", Given()).batches[0].rows() == rows
    old = [Trade(BTC, row.ts, row.price, float(i + 1), row.side, row.trade_id) for i, row in enumerate(rows)]  # type: ignore[union-attr]
    write_rows(tmp_path / "old.parquet", Kind.TRADES, old)
    with pytest.raises(BadFile, match="whole numbers"):
        read_file(tmp_path / "old.parquet", Given())


def test_coins_are_not_added_to_rows_that_an_earlier_version_kept_in_contracts(tmp_path: Path) -> None:
    first = coins(tmp_path, "BTCUSD_PERP-trades-2023-07-22.csv", trades(9))
    later = coins(tmp_path, "BTCUSD_PERP-trades-2023-07-23.csv", trades(9, start=20))
    old = [
        Trade(BTC, row.ts, row.price, float(i + 1), row.side, row.trade_id)  # type: ignore[union-attr]
        for i, row in enumerate(first.batches[0].rows())
    ]

    async def go() -> list[bool]:
        async with await MarketStore.open(tmp_path / "fresh.db") as store:
            await keep(first, store)
            await keep(later, store)
            fresh = await holds_contracts(store, Kind.TRADES, BTC, None)
        async with await MarketStore.open(tmp_path / "old.db") as store:
            await store.write(old)
            with pytest.raises(ReconciliationMismatch, match="in contracts"):
                await keep(later, store)
            return [fresh, await holds_contracts(store, Kind.TRADES, BTC, None)]

    assert asyncio.run(go()) == [False, True]


@pytest.mark.shared
@pytest.mark.parametrize(("coin", "contract"), [("BTC", 0.01), ("ETH", 0.1)])
def test_recorded_volumes_of_okx_count_coins_whole_contracts_times_their_size(
    shared: Path, coin: str, contract: float
) -> None:
    file = shared / "data" / "ohlcv" / f"okx_perp_{coin}USDT_5m_2022.parquet"
    volume = pq.read_table(file, columns=["volume"])["volume"].to_numpy()[:5_000].astype(np.float64)
    assert np.allclose(volume / contract, np.rint(volume / contract), rtol=1e-6, atol=0.01)
    assert (volume == np.rint(volume)).mean() < 0.2, "contracts of 2022 were whole"
