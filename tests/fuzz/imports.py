"""Files to import: a small good one for every layout, as text, archive and Parquet, spoiled; what is read is sane."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.fuzz import hostile
from tradecli.datasets.kinds import Kind, Market
from tradecli.datasets.layouts import LAYOUTS
from tradecli.datasets.reading import read_file
from tradecli.datasets.source import Given
from tradecli.datasets.table import EARLIEST_MS, LATEST_MS, TIME_UNITS
from tradecli.errors import TradecliError

_TIMES = frozenset(["ts", "open_time", "candle_ts", "calc_time", "time", "transact_time", "snapshot_ts"])
_T0 = 1_690_000_020_000
_CELLS = {
    "high": "12", "low": "9", "oi_high": "12", "oi_low": "9", "side": "buy", "venue": "binance", "symbol": "BTCUSDT",
    "inst": "perp_linear", "instrument": "BTC-27MAR26-90000-C", "contract": "BTCUSDT", "option_type": "call",
    "strike": "90000", "expiry_ts": "1774598400000", "is_snapshot": "true", "buyer_is_maker": "true", "kind": "S",
    "is_buyer_maker": "false", "name": "fear_greed", "funding_rate": "0.0001", "rate": "0.0001", "mark_iv": "0.6",
    "last_funding_rate": "0.0001", "bid": "10", "ask": "11", "best_bid_price": "10", "best_ask_price": "11",
    "percentage": "-1", "level": "1", "delta": "0.5", "timestamp": "2023-07-22 04:27:00",
}  # fmt: skip
_BESIDE = {
    "strike": ("mark_iv", "delta", "mark", "underlying"),
    "update_id": ("recv_ts_us",),
    "first_update_id": ("recv_ts_us",),
}
"""Columns that a layout is not known by and yet reads, by one that it is known by."""
_NAMES = (
    "x.csv",
    "binance_perp_BTCUSDT_1m.csv",
    "BTCUSDT-1m-2023-07-22.csv",
    "dvol_btc_1h.csv",
    "fear_greed_daily.csv",
)
_ARCHIVED = f"{_T0},10,12,9,11,5,{_T0 + 59_999},55,7,2,22,0\n"


def samples() -> list[bytes]:
    """Return a small table of every layout as text, and archives and Parquet files of the first ones."""
    texts = [_ARCHIVED.encode(), *(_table(set(layout.needs)) for layout in LAYOUTS)]
    return [*texts, *(_zipped(text) for text in (*texts[:4], *texts[10:14])), *[_parquet()] * 3]


def _table(needs: set[str]) -> bytes:
    columns = sorted(needs.union(*(more for name, more in _BESIDE.items() if name in needs)))
    rows = [",".join(columns)]
    for row in range(3):
        cells = {name: _cell(name, row) for name in columns}
        if {"is_snapshot", "kind", "level"} & needs:
            cells["side"] = "b"
        rows.append(",".join(cells[name] for name in columns))
    return ("\n".join(rows) + "\n").encode()


def _cell(name: str, row: int) -> str:
    if name in _TIMES or name == "published_at":
        return str(_T0 + row * 60_000)
    if name == "close_time":
        return str(_T0 + row * 60_000 + 59_999)
    if name == "recv_ts_us":
        return str((_T0 + row * 60_000) * 1_000)
    return _CELLS.get(name, str(10 + row))


def _zipped(text: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1m-2023-07-22.csv", text)
    return body.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    body = io.BytesIO()
    numbers = {name: [10.0, 11.0] for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"ts": [_T0, _T0 + 60_000], **numbers}), body)
    return body.getvalue()


class Imports:
    """``read_file`` under options of any kind; a table is read whole or refused in one sentence."""

    name = "imports"
    share = 10

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / name for name in _NAMES]
        self._samples = samples()

    def attempt(self, random: Random) -> str:
        good = random.choice(self._samples)
        is_text = not good.startswith((b"PK", b"PAR1"))
        if is_text and random.random() < 0.6:
            raw = hostile.respelled(random, good, b",\n")
        else:
            raw = hostile.spoiled(random, good) if random.random() < 0.9 else good
        path = random.choice(self._paths)
        path.write_bytes(raw)
        try:
            reading = read_file(path, self._given(random))
        except TradecliError as error:
            line = error.line()
            assert "\n" not in line and len(line) < 1_000, line[:200]
            return error.code
        for batch in reading.batches:
            for row in batch.rows():
                _check(row)
        return "taken"

    def _given(self, random: Random) -> Given:
        rarely = random.random() < 0.3
        return Given(
            kind=random.choice((None, None, *Kind)) if rarely else None,
            venue=random.choice(("binance", "okx", None)),
            market=random.choice((Market.LINEAR, None, *Market)),
            symbol=random.choice(("BTCUSDT", "BTCUSDT", None, "BTCUSD.inverse")),
            interval_ms=random.choice((60_000, None)),
            time_unit=random.choice((None, *TIME_UNITS)) if rarely else None,
            mapping=(("ts", "open_time"),) if random.random() < 0.02 else (),
        )


def _check(row: Any) -> None:
    """No row carries a number that is not finite, nor a time outside of the plausible."""
    assert EARLIEST_MS <= row.ts <= LATEST_MS, row
    for value in msgspec.structs.astuple(row):
        if isinstance(value, float):
            assert math.isfinite(value), row
