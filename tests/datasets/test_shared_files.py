"""Every recorded file is recognised by its columns, proved, and read into rows of the right kind and number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradecli.datasets.kinds import Kind
from tradecli.datasets.reading import read_file
from tradecli.datasets.source import Given

pytestmark = pytest.mark.shared

FILES = [
    ("ohlcv/binance_perp_BTCUSDT_1m.parquet", Kind.CANDLES, "BTCUSDT@binance", 116_338),
    ("ohlcv/binance_spot_ETHUSDT_1h.parquet", Kind.CANDLES, "ETHUSDT.spot@binance", 65_590),
    ("ohlcv/bybit_perp_BTCUSDT_1h.parquet", Kind.CANDLES, "BTCUSDT@bybit", 13_920),
    ("ohlcv/okx_perp_BTCUSDT_5m_2022.parquet", Kind.CANDLES, "BTCUSDT@okx", 70_499),
    ("derivs/dvol_btc_1h.parquet", Kind.VOL_INDEX, "DVOL-BTC", 36_313),
    ("sentiment/fear_greed_daily.parquet", Kind.SENTIMENT, None, 2_703),
    ("books/binance_usdm_btcusdt_20240808_bbo.parquet", Kind.QUOTES, "BTCUSDT@binance", 66_089),
    ("trades/binance_usdm_btcusdt_20240808_trades.parquet", Kind.TRADES, "BTCUSDT@binance", 21_313),
    ("books/binance_usdm_btcusdt_20240808_depth.parquet", Kind.DEPTH, "BTCUSDT@binance", 6_552),
]


@pytest.mark.parametrize(("name", "kind", "subject", "rows"), FILES, ids=[each[0] for each in FILES])
def test_a_file_of_one_series_is_read_whole(
    shared: Path, name: str, kind: Kind, subject: str | None, rows: int
) -> None:
    reading = read_file(shared / "data" / name, Given())
    (batch,) = reading.batches
    assert (batch.kind, len(batch)) == (kind, rows)
    assert subject is None or batch.subject == subject
    assert len(batch.rows()) == rows


@pytest.mark.parametrize(
    ("name", "kind", "series", "rows"),
    [
        ("funding/binance_usdm_funding.parquet", Kind.FUNDING, 80, 73_486),
        ("funding/okx_swap_funding.parquet", Kind.FUNDING, 2, 3_284),
        ("derivs/binance_mark_1h.parquet", Kind.MARK, 3, 109_922),
        ("derivs/binance_open_interest_daily.parquet", Kind.OPEN_INTEREST, 28, 27_995),
    ],
)
def test_a_file_of_many_series_is_split_by_instrument_and_loses_no_row(
    shared: Path, name: str, kind: Kind, series: int, rows: int
) -> None:
    reading = read_file(shared / "data" / name, Given())
    assert {batch.kind for batch in reading.batches} == {kind}
    assert (len(reading.batches), reading.rows) == (series, rows)
