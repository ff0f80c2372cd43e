"""Option chains: every quote of one coin at one moment is one chain.

Prices stay in the coin, implied volatility becomes a fraction. A bid or ask that is missing or zero is no quote. The
index differs a little from row to row, since a snapshot takes some seconds: the median of the rows is the chain's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradecli.datasets.batch import Batch, Column
from tradecli.datasets.kinds import Kind
from tradecli.datasets.source import Source
from tradecli.datasets.table import Flags, Floats, Ints, Table
from tradecli.domain.instrument import instrument_id

APART_MS = 60_000
"""Tickers that follow one another within a minute belong to one snapshot."""


def snapshots(table: Table, source: Source) -> Iterator[Batch]:
    """Read chains as they were collected, by the column ``snapshot_ts``."""
    table = table.renamed({"snapshot_ts": "ts", "bid_price": "bid", "ask_price": "ask", "mark_price": "mark"})
    table = table.renamed({"underlying_price": "underlying", "index_price": "index"})
    source.note("a chain's time is the start of its collection; its index is the median of its rows")
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    yield from _chains(table, source, ts, in_percent=True)


def tickers(table: Table, source: Source) -> Iterator[Batch]:
    """Read tickers with a time each; one snapshot is known when its last ticker is."""
    table = table.renamed({"bid_price": "bid", "ask_price": "ask", "mark_price": "mark"})
    table = table.renamed({"underlying_price": "underlying", "index_price": "index"})
    source.note("a chain's time is that of its last ticker; its index is the median of its rows")
    source.note("sizes, bid and ask volatility and the greeks beside delta are not kept")
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    order = np.argsort(ts, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(ts[order]) > APART_MS, True))
    joined = np.empty_like(ts)
    joined[order] = ts[order][np.repeat(ends, np.diff(np.append(-1, ends)))]
    yield from _chains(table, source, joined, in_percent=True)


def exported_chains(table: Table, source: Source) -> Iterator[Batch]:
    """Read chains of our own files: volatility as a fraction."""
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    yield from _chains(table, source, ts, in_percent=False)


def _chains(table: Table, source: Source, ts: Ints, *, in_percent: bool) -> Iterator[Batch]:
    source.check_kind(Kind.OPTIONS)
    columns = _quotes(table, ts, in_percent)
    codes, names = table.words("instrument")
    names = [name.partition("@")[0] for name in names]
    venue = source.option_venue(table)
    coins = _coins(table, codes, names)
    for coin in dict.fromkeys(coins.tolist()):
        rows = np.flatnonzero(coins == coin)
        if source.given.symbol not in (None, coin):
            continue
        rows = rows[np.lexsort((codes[rows], ts[rows]))]
        _check_once(table, rows, ts, codes)
        starts = np.concatenate(([0], np.flatnonzero(np.diff(ts[rows])) + 1)).astype(np.int64)
        ids = np.array([instrument_id(name, venue) for name in names], dtype=object)
        found = {name: column[rows] for name, column in columns.items()}
        found |= {"ts": ts[rows], "instrument": ids[codes[rows]], "index": _medians(found["index"], starts)}
        yield Batch(Kind.OPTIONS, f"{coin}@{venue}", None, found, starts)


def _quotes(table: Table, ts: Ints, in_percent: bool) -> dict[str, Column]:
    """Return the proved columns of the quotes."""
    expiry = table.times("expiry_ts")
    table.require(expiry > ts, "expiry_ts", lambda row: "has passed at the time of the quote")
    iv = table.at_least_zero("mark_iv", may_miss=True) / (100 if in_percent else 1)
    delta = table.numbers("delta", may_miss=True)
    table.require(~(np.abs(delta) > 1), "delta", lambda row: f"{delta[row]:g} is outside -1 to 1")
    columns: dict[str, Column] = {
        "expiry_ts": expiry,
        "strike": table.positive("strike"),
        "is_call": _is_call(table),
        "mark": table.at_least_zero("mark", may_miss=True),
        "mark_iv": np.where(iv > 0, iv, np.nan),
        "delta": delta,
        "underlying": table.positive("underlying"),
        "index": table.positive("index"),
        "open_interest": table.at_least_zero("open_interest", may_miss=True)
        if "open_interest" in table
        else np.full(len(table), np.nan),
        "inverse": table.flags("inverse") if "inverse" in table else np.ones(len(table), np.bool_),
    }
    for side in ("bid", "ask"):
        price = table.at_least_zero(side, may_miss=True)
        columns[side] = np.where(price > 0, price, np.nan)
    return columns


def _coins(table: Table, codes: Ints, names: list[str]) -> Column:
    coins = np.array([name.partition("-")[0] for name in names], dtype=object)
    parts = np.array([name.count("-") for name in names])
    if (parts[codes] != 3).any():
        row = int(np.argmax(parts[codes] != 3))
        raise table.fail(
            row, "instrument", f"{names[codes[row]][:40]!a} is no option's name: BTC-27MAR26-90000-C"
        )
    return np.asarray(coins[codes])


def _is_call(table: Table) -> Flags:
    codes, words = table.words("option_type")
    known = {"C": True, "call": True, "P": False, "put": False}
    for code, word in enumerate(words):
        if word not in known:
            raise table.fail(
                int(np.argmax(codes == code)), "option_type", f"must be C or P, not {word[:40]!a}"
            )
    return np.array([known[word] for word in words], dtype=np.bool_)[codes]


def _check_once(table: Table, rows: np.ndarray, ts: Ints, codes: Ints) -> None:
    again = (np.diff(ts[rows]) == 0) & (np.diff(codes[rows]) == 0)
    if again.any():
        raise table.fail(int(rows[1:][int(np.argmax(again))]), "instrument", "stands twice in one chain")


def _medians(values: Floats, starts: Ints) -> Floats:
    """Return the median of each chain, repeated for its rows."""
    parts = np.split(values, starts[1:])
    return np.concatenate([np.full(len(part), np.median(part)) for part in parts])
