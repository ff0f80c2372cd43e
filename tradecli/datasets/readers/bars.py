"""Bars: candles, mark-price bars, bars of a volatility index, and files that hold bars beside funding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradecli.datasets.batch import Batch
from tradecli.datasets.faults import BadFile
from tradecli.datasets.kinds import INTERVALS_MS, Kind, interval_name
from tradecli.datasets.readers.rates import funding_batch
from tradecli.datasets.readers.series import Rows, by_instrument, by_name, check_aligned, holes_of, in_order
from tradecli.datasets.source import Source
from tradecli.datasets.table import Floats, Ints, Table
from tradecli.datasets.units import require_coins
from tradecli.domain.contracts import is_coin_margined
from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId

_PRICES = ("open", "high", "low", "close")


def candles(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts, open, high, low, close, volume; each series by instrument columns or by option."""
    ts, values = _bars(table, source, volume="volume")
    if source.told.venue == "okx" and "instrument" not in table:
        source.note("OKX volumes are taken as coins, its volCcy: of bars in contracts, --map volume=volCcy")
    lengths = table.integers("interval_ms") if "interval_ms" in table else None
    for instrument, rows in by_instrument(table, source):
        for length, part in _lengths(table, rows, lengths):
            require_coins(source, instrument, values["volume"][part])
            yield _candles(table, source, instrument, part, ts, values, length)


def klines(table: Table, source: Source) -> Iterator[Batch]:
    """Read a kline file of Binance's public archive: 12 columns; bars without any volume may be mark prices."""
    table = table.renamed({"open_time": "ts"})
    raw_open, raw_close = table.integers("ts"), table.integers("close_time")
    ts, values = _bars(table, source, volume="volume")
    scale = 1_000 if len(raw_open) and raw_open[0] > 10**14 else 1
    length = (raw_close - raw_open + 1) // scale
    table.require(length == length[0], "close_time", lambda row: "is not one bar after its open_time")
    kind = Kind.CANDLES
    if not values["volume"].any():
        kind = source.kind((Kind.MARK, Kind.CANDLES), "whether bars without volume are mark prices")
    elif source.given.kind is Kind.MARK:
        raise table.fail(int(np.argmax(values["volume"] > 0)), "volume", "mark prices have no volume")
    else:
        source.check_kind(Kind.CANDLES)
    for instrument, rows in by_instrument(table, source, is_derivative=kind is Kind.MARK):
        if kind is Kind.MARK:
            yield _closes(table, source, Kind.MARK, instrument, rows, ts, values, "mark", int(length[0]))
        else:
            known = _in_coins(table, source, instrument, values)
            yield _candles(table, source, instrument, rows, ts, known, int(length[0]))


def bars_without_volume(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts, open, high, low, close alone: mark-price bars or bars of a volatility index in points."""
    kind = source.kind((Kind.MARK, Kind.VOL_INDEX), "what bars without volume are")
    ts, values = _bars(table, source)
    if kind is Kind.MARK:
        for instrument, rows in by_instrument(table, source, is_derivative=True):
            yield _closes(table, source, kind, instrument, rows, ts, values, "mark")
        return
    values = _fractions(table, source, values)
    for name, rows in by_name(table, source):
        yield _closes(table, source, kind, name, rows, ts, values, "value")


def spot_and_perpetual(table: Table, source: Source) -> Iterator[Batch]:
    """Read bars of several venues and markets with the rate settled at each bar's open, two series each."""
    ts, values = _bars(table, source, volume="volume")
    rate = table.numbers("funding_rate", may_miss=True)
    source.note("volumes are taken as base units")
    for instrument, rows in by_instrument(table, source):
        if source.given.kind in (None, Kind.CANDLES):
            require_coins(source, instrument, values["volume"][rows])
            yield _candles(table, source, instrument, rows, ts, values, None)
        settled = rows[~np.isnan(rate[rows])]
        if len(settled) and source.given.kind in (None, Kind.FUNDING):
            hours = np.full(len(table), source.interval(np.sort(ts[settled]), table) / HOUR_MS)
            yield funding_batch(table, source, instrument, settled, ts, rate, hours)


def futures_marks(table: Table, source: Source) -> Iterator[Batch]:
    """Read one-minute bars of perpetuals and dated futures taken beside option chains."""
    table = table.renamed({"candle_ts": "ts", "volume_coin": "volume"})
    source.note("single minutes beside option chains: sparse on purpose, not a series without gaps")
    ts, values = _bars(table, source, volume="volume")
    for instrument, rows in by_instrument(table, source):
        batch = _candles(table, source, instrument, rows, ts, values, MINUTE_MS)
        yield Batch(Kind.CANDLES, batch.subject, MINUTE_MS, batch.columns)


def _bars(table: Table, source: Source, volume: str | None = None) -> tuple[Ints, dict[str, Floats]]:
    """Return the times and the proved prices (and volume) of every row."""
    values = {name: table.positive(name) for name in _PRICES}
    high, low = values["high"], values["low"]
    table.require(high >= low, "high", lambda row: f"{high[row]:g} is below the low {low[row]:g}")
    for name in ("open", "close"):
        _require_inside(table, name, values[name], low, high)
    if volume is not None:
        values["volume"] = table.at_least_zero(volume)
    return table.times("ts", source.given.time_unit, source.given.latest), values


def _in_coins(table: Table, source: Source, instrument: str, values: dict[str, Floats]) -> dict[str, Floats]:
    """Return the values of an archive's bars with the volume in coins: coin-margined ones have it as the other one."""
    if not is_coin_margined(InstrumentId(instrument)):
        return values
    if "quote_volume" not in table:
        raise BadFile(
            source.name,
            f"bars of {instrument} have no column quote_volume, which is the volume in coins",
            hint="a volume in contracts is not guessed at; --map quote_volume=COLUMN names the one in coins",
        )
    source.note("volumes are the archive's in coins, not those in contracts")
    return {**values, "volume": table.at_least_zero("quote_volume")}


def _require_inside(table: Table, name: str, price: Floats, low: Floats, high: Floats) -> None:
    table.require(price <= high, "high", lambda row: f"{high[row]:g} is below the {name} {price[row]:g}")
    table.require(price >= low, "low", lambda row: f"{low[row]:g} is above the {name} {price[row]:g}")


def _candles(
    table: Table,
    source: Source,
    instrument: str,
    rows: Rows,
    ts: Ints,
    values: dict[str, Floats],
    length: int | None,
) -> Batch:
    source.check_kind(Kind.CANDLES)
    rows = in_order(table, source, rows, [("ts", ts)], values)
    interval = source.interval(ts[rows], table, length)
    check_aligned(table, rows, ts, interval)
    columns = {"ts": ts[rows], **{name: column[rows] for name, column in values.items()}}
    return Batch(Kind.CANDLES, instrument, interval, columns, holes=holes_of(ts[rows], interval))


def _closes(
    table: Table,
    source: Source,
    kind: Kind,
    subject: str,
    rows: Rows,
    ts: Ints,
    values: dict[str, Floats],
    field: str,
    length: int | None = None,
) -> Batch:
    """Make single values of bars: the close, at the moment at which it was known."""
    rows = in_order(table, source, rows, [("ts", ts)], values)
    interval = source.interval(ts[rows], table, length)
    check_aligned(table, rows, ts, interval)
    source.note(
        f"the close of each bar is kept, at its close: {interval_name(interval)} after the time in the file"
    )
    columns = {"ts": ts[rows] + interval, field: values["close"][rows]}
    return Batch(kind, subject, interval, columns, holes=holes_of(ts[rows], interval))


def _fractions(table: Table, source: Source, values: dict[str, Floats]) -> dict[str, Floats]:
    close = values["close"]
    table.require(
        close >= 1, "close", lambda row: f"{close[row]:g} is no index in points (60 is 60 % a year)"
    )
    source.note("index points are kept as fractions: 60 is 0.60")
    return {name: column / 100 for name, column in values.items()}


def _lengths(table: Table, rows: Rows, lengths: Ints | None) -> Iterator[tuple[int | None, Rows]]:
    if lengths is None:
        yield None, rows
        return
    for length in np.unique(lengths[rows]).tolist():
        part = rows[lengths[rows] == length]
        if length not in INTERVALS_MS.values():
            raise table.fail(int(part[0]), "interval_ms", f"{length} is no bar length that is kept")
        yield int(length), part
