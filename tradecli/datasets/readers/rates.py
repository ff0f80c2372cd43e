"""Funding, open interest, and the state of a perpetual: rates and values that belong to one instrument."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradecli.datasets.batch import MISSING, Batch, Column, Holes
from tradecli.datasets.kinds import Kind
from tradecli.datasets.readers.series import Rows, by_instrument, holes_of, in_order
from tradecli.datasets.source import Source
from tradecli.datasets.table import Floats, Ints, Table
from tradecli.domain.enums import FundingKind
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS

HIGHEST_RATE = 3.0
"""A rate of more than 300 % for one interval is no rate (RELIABILITY D13)."""


def funding(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts, rate and, where they are, interval_h, mark, kind and next_ts."""
    source.check_kind(Kind.FUNDING)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    rate = table.numbers("rate")
    hours = _hours(table, source, "interval_h")
    mark = table.positive("mark", may_miss=True) if "mark" in table else None
    kinds = _kinds(table)
    next_ts, known = table.times_or_none("next_ts", source.given.time_unit)
    following = np.where(known, next_ts, MISSING) if known.any() else None
    for instrument, rows in by_instrument(table, source, is_derivative=True):
        yield funding_batch(table, source, instrument, rows, ts, rate, hours, mark, kinds, following)


def archive_funding(table: Table, source: Source) -> Iterator[Batch]:
    """Read a fundingRate file of Binance's public archive; times are rounded down to the minute of settlement."""
    source.check_kind(Kind.FUNDING)
    table = table.renamed(
        {"calc_time": "ts", "last_funding_rate": "rate", "funding_interval_hours": "interval_h"}
    )
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    late = ts % MINUTE_MS
    if late.any():
        source.note("settlement times are rounded down to the minute: the venue stamps them some ms late")
    for instrument, rows in by_instrument(table, source, is_derivative=True):
        rate, hours = table.numbers("rate"), _hours(table, source, "interval_h")
        yield funding_batch(table, source, instrument, rows, ts - late, rate, hours)


def marks(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts, mark and, where it is, index of our own files."""
    source.check_kind(Kind.MARK)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    values = {"mark": table.positive("mark")}
    index = table.positive("index", may_miss=True) if "index" in table else np.full(len(table), np.nan)
    values["index"] = index
    for instrument, rows in by_instrument(table, source, is_derivative=True):
        rows = in_order(table, source, rows, [("ts", ts)], values)
        columns = {"ts": ts[rows], "mark": values["mark"][rows], "index": index[rows]}
        yield Batch(Kind.MARK, instrument, None, columns)


def open_interest(table: Table, source: Source) -> Iterator[Batch]:
    """Read value_usd of our own files."""
    source.check_kind(Kind.OPEN_INTEREST)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    yield from _interest(table, source, ts, table.at_least_zero("value_usd"), "symbol", 0)


def daily_open_interest(table: Table, source: Source) -> Iterator[Batch]:
    """Read daily bars of open interest in USD by contract; the close is kept, at the end of its day."""
    source.check_kind(Kind.OPEN_INTEREST)
    values = {name: table.at_least_zero(f"oi_{name}") for name in ("open", "high", "low", "close")}
    high, low = values["high"], values["low"]
    table.require(high >= low, "oi_high", lambda row: f"{high[row]:g} is below the low {low[row]:g}")
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    table.require(ts % DAY_MS == 0, "ts", lambda row: f"{int(ts[row])} is not midnight UTC")
    source.note("the close of each day is kept, at the end of the day")
    yield from _interest(table, source, ts, values["close"], "contract", DAY_MS)


def perpetual_state(table: Table, source: Source) -> Iterator[Batch]:
    """Read mark and index price and, where they are known, the estimated rate and the open interest in base units."""
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    mark, index = table.positive("mark_price"), table.positive("index_price", may_miss=True)
    held, rate = (
        table.at_least_zero("open_interest", may_miss=True),
        table.numbers("funding_rate", may_miss=True),
    )
    instrument = source.instrument(is_derivative=True)
    if instrument is None:
        return
    source.note("open interest is in USD at the mark price; traded volumes and their averages are not kept")
    rows = in_order(table, source, np.arange(len(table)), [("ts", ts)], {"mark_price": mark})
    columns = {"ts": ts[rows], "mark": mark[rows], "index": index[rows]}
    yield Batch(Kind.MARK, instrument, None, columns)
    known = rows[~np.isnan(held[rows])]
    if len(known):
        columns = {"ts": ts[known], "value_usd": (held * mark)[known]}
        yield Batch(Kind.OPEN_INTEREST, instrument, None, columns)
    known = rows[~np.isnan(rate[rows])]
    if len(known):
        kinds = np.full(len(table), FundingKind.ESTIMATED.value, dtype=object)
        yield funding_batch(
            table, source, instrument, known, ts, rate, np.full(len(table), np.nan), kinds=kinds
        )


def funding_batch(
    table: Table,
    source: Source,
    instrument: str,
    rows: Rows,
    ts: Ints,
    rate: Floats,
    hours: Floats,
    mark: Floats | None = None,
    kinds: Column | None = None,
    following: Ints | None = None,
) -> Batch:
    """Return one instrument's rates; without ``kinds`` all are settled."""
    wild = np.abs(rate[rows]) > HIGHEST_RATE
    if wild.any():
        row = int(rows[int(np.argmax(wild))])
        raise table.fail(
            row, "rate", f"{rate[row]:g} is no rate: it is over {HIGHEST_RATE:.0%} for one interval"
        )
    values = {"rate": rate, "interval_h": hours}
    if mark is not None:
        values["mark"] = mark
    keys = [("ts", ts)]
    if kinds is not None:
        codes = np.zeros(len(table), np.int64)
        codes[rows] = np.unique(kinds[rows].astype(str), return_inverse=True)[1]
        keys.append(("kind", codes))
    rows = in_order(table, source, rows, keys, values)
    settled = np.full(len(rows), FundingKind.SETTLED.value, dtype=object)
    columns: dict[str, Column] = {"ts": ts[rows], "kind": settled if kinds is None else kinds[rows]}
    columns |= {name: column[rows] for name, column in values.items()}
    if following is not None:
        columns["next_ts"] = following[rows]
    paid = rows[columns["kind"] == FundingKind.SETTLED.value]
    return Batch(Kind.FUNDING, instrument, None, columns, holes=missed_settlements(ts[paid], hours[paid]))


def missed_settlements(ts: Ints, hours: Floats) -> Holes | None:
    """Return the settlements missing between neighbours, by the longer of their intervals; None: interval unknown."""
    if np.isnan(hours).any():
        return None
    steps = np.rint(np.diff(ts) / (np.maximum(hours[1:], hours[:-1]) * HOUR_MS)) - 1
    missing = steps[steps > 0]
    return Holes(len(missing), int(missing.sum()))


def _interest(
    table: Table, source: Source, ts: Ints, value: Floats, symbols: str, later_ms: int
) -> Iterator[Batch]:
    for instrument, rows in by_instrument(table, source, is_derivative=True, symbols=symbols):
        rows = in_order(table, source, rows, [("ts", ts)], {"value_usd": value})
        holes = holes_of(ts[rows], later_ms) if later_ms else None
        columns = {"ts": ts[rows] + later_ms, "value_usd": value[rows]}
        yield Batch(Kind.OPEN_INTEREST, instrument, None, columns, holes=holes)


def _hours(table: Table, source: Source, column: str) -> Floats:
    """Return the interval of each row in hours; NaN where it is not known."""
    if column not in table:
        known = source.given.interval_ms
        return np.full(len(table), np.nan if known is None else known / HOUR_MS)
    hours = table.positive(column, may_miss=True)
    table.require(~(hours > 24), column, lambda row: f"{hours[row]:g} hours is longer than a day")
    return hours


def _kinds(table: Table) -> Column | None:
    if "kind" not in table:
        return None
    codes, words = table.words("kind")
    known = {kind.value for kind in FundingKind}
    for code, word in enumerate(words):
        if word not in known:
            raise table.fail(
                int(np.argmax(codes == code)), "kind", f"must be one of {', '.join(sorted(known))}"
            )
    return np.array(words, dtype=object)[codes]
