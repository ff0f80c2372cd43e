"""Published series without an instrument: volatility indices, Fear & Greed, macro and on-chain figures, depth bands.

Each value carries the moment at which it was published. Daily figures describe a day that has to end first, and are
read with the lag that METHODS sets: a day for Fear & Greed and market closes, two for on-chain figures, which the
sources revise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradecli.datasets.batch import Batch
from tradecli.datasets.faults import NotKnown
from tradecli.datasets.kinds import Kind
from tradecli.datasets.readers.series import Rows, by_name, holes_of, in_order
from tradecli.datasets.source import Source
from tradecli.datasets.table import Floats, Ints, Table
from tradecli.domain.feed import DAY_MS
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of

LAG_DAYS = {
    **dict.fromkeys(("fear_greed", "vix", "dxy"), 1),
    **dict.fromkeys(("hashrate", "difficulty", "mvrv", "sopr", "nupl", "mpi", "exchange_reserve_btc"), 2),
    **dict.fromkeys(
        ("miner_reserve_btc", "exchange_stablecoin_ratio", "utxo_in_profit_pct", "btc_dominance"), 2
    ),
    **dict.fromkeys(("futures_oi_usd_all_exchanges", "funding_rate_pct_all_exchanges", "btc_price_usd"), 2),
}
"""Days from the time in the file to the time of publication, by the name of a daily series."""
BOUNDS = {"fear_greed": (0.0, 100.0)}


def daily_columns(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts and one column for each known daily series; what is NaN or null was not there."""
    source.check_kind(Kind.SENTIMENT)
    ts = _midnights(table, source)
    found = [name for name in table.names if name in LAG_DAYS]
    skipped = [name for name in table.names if name not in LAG_DAYS and name != "ts"]
    if skipped:
        source.note(f"columns not known and not kept: {', '.join(skipped)[:200]}")
    for name in found:
        value = table.numbers(name, may_miss=True)
        if source.index_name(name) is not None:
            yield _daily(table, source, name, np.flatnonzero(~np.isnan(value)), ts, value)


def single_value(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts and value: one daily series by its name."""
    kind = source.kind((Kind.SENTIMENT, Kind.VOL_INDEX), "what a column of values is")
    if kind is Kind.VOL_INDEX:
        yield from _index(table, source, table.positive("value"), None)
        return
    name = source.index_name(None)
    if name not in LAG_DAYS:
        known = ", ".join(LAG_DAYS)
        raise NotKnown(
            source.name, f"how late {name} is published ({known} are known)", "a column published_at", ""
        )
    value = table.numbers("value")
    yield _daily(table, source, name, np.arange(len(table)), _midnights(table, source), value)


def published(table: Table, source: Source) -> Iterator[Batch]:
    """Read name, ts, value and published_at of our own files."""
    source.check_kind(Kind.SENTIMENT)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    at = table.times("published_at", source.given.time_unit, source.given.latest + 7 * DAY_MS)
    table.require(at >= ts, "published_at", lambda row: "is before the time it speaks of")
    value = table.numbers("value")
    for name, rows in by_name(table, source):
        rows = in_order(table, source, rows, [("ts", ts)], {"value": value, "published_at": at})
        columns = {"ts": ts[rows], "value": value[rows], "published_at": at[rows]}
        yield Batch(Kind.SENTIMENT, name, None, columns)


def index_values(table: Table, source: Source) -> Iterator[Batch]:
    """Read name, ts and value of our own files: volatility indices as fractions."""
    source.check_kind(Kind.VOL_INDEX)
    yield from _index(table, source, table.positive("value"), None)


def logged_dvol(table: Table, source: Source) -> Iterator[Batch]:
    """Read DVOL in points as a monitor logged it, at irregular times, of the one coin that the name or option tells."""
    source.check_kind(Kind.VOL_INDEX)
    points = table.positive("dvol")
    table.require(
        points >= 1, "dvol", lambda row: f"{points[row]:g} is no index in points (60 is 60 % a year)"
    )
    source.note("index points are kept as fractions: 60 is 0.60")
    yield from _index(table, source, points / 100, None)


def depth_bands(table: Table, source: Source) -> Iterator[Batch]:
    """Read a bookDepth file of Binance's public archive: what rests within each percentage of the price.

    The file has no levels, so nothing of it is kept as a book: each band becomes two series, quantity and notional.
    """
    source.check_kind(Kind.SENTIMENT)
    ts = table.times("timestamp", source.given.time_unit or _spelling(table), source.given.latest)
    band, qty, notional = (
        table.numbers("percentage"),
        table.at_least_zero("depth"),
        table.at_least_zero("notional"),
    )
    table.require((band != 0) & (np.abs(band) <= 100), "percentage", lambda row: f"{band[row]:g} is no band")
    instrument = source.instrument(is_derivative=True)
    if instrument is None:
        return
    source.note("depth bands are series by name, not books: there are no levels in the file")
    for edge in np.unique(band).tolist():
        rows = np.flatnonzero(band == edge)
        rows = in_order(table, source, rows, [("timestamp", ts)], {"depth": qty, "notional": notional})
        for what, values in (("qty", qty), ("notional", notional)):
            columns = {"ts": ts[rows], "value": values[rows], "published_at": ts[rows]}
            yield Batch(Kind.SENTIMENT, band_name(instrument, edge, what), None, columns)


def band_name(instrument: str, edge: float, what: str) -> str:
    """Return ``BTCUSDT.binance.depth_bid_1pct_qty``: bids lie below the price, at negative edges."""
    side = "bid" if edge < 0 else "ask"
    symbol, venue = symbol_of(InstrumentId(instrument)), venue_of(InstrumentId(instrument))
    return f"{symbol}.{venue}.depth_{side}_{abs(edge):g}pct_{what}"


def _index(table: Table, source: Source, value: Floats, default: str | None) -> Iterator[Batch]:
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    table.require(
        value < 20, "value", lambda row: f"{value[row]:g} is over 2000 % a year: a fraction is wanted"
    )
    for name, rows in by_name(table, source, default):
        rows = in_order(table, source, rows, [("ts", ts)], {"value": value})
        yield Batch(Kind.VOL_INDEX, name, None, {"ts": ts[rows], "value": value[rows]})


def _daily(table: Table, source: Source, name: str, rows: Rows, ts: Ints, value: Floats) -> Batch:
    low, high = BOUNDS.get(name, (-np.inf, np.inf))
    bad = (value[rows] < low) | (value[rows] > high)
    if bad.any():
        row = int(rows[int(np.argmax(bad))])
        raise table.fail(row, name, f"{value[row]:g} is outside {low:g} to {high:g}")
    rows = in_order(table, source, rows, [("ts", ts)], {name: value})
    lag = LAG_DAYS[name]
    source.note("published one day after the time in the file (market and mood) or two (on-chain)")
    columns = {"ts": ts[rows], "value": value[rows], "published_at": ts[rows] + lag * DAY_MS}
    return Batch(Kind.SENTIMENT, name, None, columns, holes=holes_of(ts[rows], DAY_MS))


def _midnights(table: Table, source: Source) -> Ints:
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    table.require(ts % DAY_MS == 0, "ts", lambda row: f"{int(ts[row])} is not midnight UTC")
    return ts


def _spelling(table: Table) -> str | None:
    """The archive writes these times as text in UTC without a zone."""
    return "iso" if table.spelled("timestamp") else None
