"""Order books: depth messages with the venue's sequence numbers, and books that somebody aggregated.

Prices become integer ticks. The tick is the finest decimal step in which the prices of the file are written; each
message carries it. Messages keep the order in which they were received, whatever their times say: a message stamped
earlier than the one before it takes that one's time, so that time order is the order of receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradecli.datasets.batch import MISSING, Batch, Holes
from tradecli.datasets.kinds import Kind
from tradecli.datasets.readers.series import Rows, by_instrument
from tradecli.datasets.source import Source
from tradecli.datasets.table import Flags, Floats, Ints, Table
from tradecli.datasets.units import in_coins

MOST_PLACES = 10


def recorded_depth(table: Table, source: Source) -> Iterator[Batch]:
    """Read a recorder's depth file: one line a level, ``seq`` numbering messages, kind S snapshot or D difference."""
    source.check_kind(Kind.DEPTH)
    message = table.integers("seq")
    snapshot = _is(table, "kind", "S", "D")
    event, known = table.times_or_none("event_ts", source.given.time_unit, source.given.latest)
    received = table.times("recv_ts_us", "us", source.given.latest)
    for instrument, rows in by_instrument(table, source):
        rows = rows[np.argsort(message[rows], kind="stable")]
        ts = _in_order_of_receipt(event[rows], known[rows], received[rows], source)
        columns = {
            "is_snapshot": snapshot[rows],
            "first_id": table.integers("first_update_id", missing=MISSING)[rows],
            "last_id": table.integers("last_update_id")[rows],
            "prev_id": table.integers("prev_update_id", missing=MISSING)[rows],
        }
        yield _depth(
            table, source, instrument, rows, ts, message[rows], _is(table, "side", "b", "a"), columns
        )


def exported_depth(table: Table, source: Source) -> Iterator[Batch]:
    """Read depth messages of our own files; a line without a price is a message without levels."""
    source.check_kind(Kind.DEPTH)
    message = table.integers("message")
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    names = ("first_id", "last_id", "prev_id")
    for instrument, rows in by_instrument(table, source):
        rows = rows[np.argsort(message[rows], kind="stable")]
        columns: dict[str, NDArray[Any]] = {
            name: table.integers(name, missing=MISSING)[rows] for name in names
        }
        columns["is_snapshot"] = table.flags("is_snapshot")[rows]
        bids = _is(table, "side", "b", "a")
        yield _depth(table, source, instrument, rows, ts[rows], message[rows], bids, columns)


def aggregated_books(table: Table, source: Source) -> Iterator[Batch]:
    """Read whole books: one line a level, all lines of one time are one book, level 0 is the best."""
    source.check_kind(Kind.BOOKS)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    price, qty, level = table.positive("price"), table.positive("qty"), table.integers("level")
    is_bid = _is(table, "side", "b", "a")
    sequence = (
        table.integers("sequence", missing=0) if "sequence" in table else np.zeros(len(table), np.int64)
    )
    for instrument, rows in by_instrument(table, source):
        rows = rows[np.lexsort((level[rows], ~is_bid[rows], sequence[rows], ts[rows]))]
        starts = _starts(ts[rows], sequence[rows])
        _check_books(table, rows, starts, ts, price, is_bid)
        tick = _tick(table, rows, price)
        columns = {
            "ts": ts[rows],
            "ticks": np.rint(price[rows] / tick).astype(np.int64),
            "qty": in_coins(table, source, instrument, qty[rows], price[rows]),
            "is_bid": is_bid[rows],
            "tick": np.full(len(rows), tick),
            "sequence": sequence[rows],
        }
        if "is_snapshot" in table:
            source.note("books as the recorder aggregated them")
        yield Batch(Kind.BOOKS, instrument, None, columns, starts)


def tick_of(prices: Floats) -> float:
    """Return the finest decimal step in which ``prices`` are written, at most ten places."""
    known = np.unique(prices[~np.isnan(prices)])
    for places in range(MOST_PLACES + 1):
        scaled = known * 10.0**places
        if (np.abs(scaled - np.rint(scaled)) <= np.maximum(1e-6, np.abs(scaled) * 1e-15)).all():
            return float(f"1e-{places}")
    return float(f"1e-{MOST_PLACES}")


def broken_links(columns: dict[str, NDArray[Any]], starts: Ints) -> int:
    """Return how often a difference does not follow the one before it, by the venue's own numbers."""
    wanted = starts[~columns["is_snapshot"][starts].astype(np.bool_)]
    first, last, prev = (columns[name][wanted] for name in ("first_id", "last_id", "prev_id"))
    if len(wanted) < 2:
        return 0
    linked: NDArray[np.bool_] = np.where(
        prev[1:] != MISSING, prev[1:] == last[:-1], first[1:] <= last[:-1] + 1
    )
    numbered = (prev[1:] != MISSING) | (first[1:] != MISSING)
    return int((~linked & numbered).sum())


def _depth(
    table: Table,
    source: Source,
    instrument: str,
    rows: Rows,
    ts: Ints,
    message: Ints,
    is_bid: Flags,
    columns: dict[str, NDArray[Any]],
) -> Batch:
    price, qty = table.positive("price", may_miss=True), table.at_least_zero("qty", may_miss=True)
    table.require(
        np.isnan(price) == np.isnan(qty), "qty", lambda row: "is missing beside a price, or the other way"
    )
    starts = _starts(message)
    _check_constant(table, rows, starts, {"ts": ts, **columns})
    tick = _tick(table, rows, price)
    empty = np.isnan(price[rows])
    ticks = np.where(empty, MISSING, np.rint(np.where(empty, 0.0, price[rows]) / tick)).astype(np.int64)
    columns = {
        "ts": ts,
        **columns,
        "ticks": ticks,
        "qty": in_coins(table, source, instrument, qty[rows], price[rows]),
        "is_bid": is_bid[rows],
        "tick": np.full(len(rows), tick),
    }
    return Batch(Kind.DEPTH, instrument, None, columns, starts, holes=Holes(broken_links(columns, starts)))


def _tick(table: Table, rows: Rows, price: Floats) -> float:
    """Return the price of one tick: told by a column, or the step in which the prices are written."""
    return float(table.positive("tick")[rows[0]]) if "tick" in table else tick_of(price[rows])


def _is(table: Table, column: str, yes: str, no: str) -> Flags:
    codes, words = table.words(column)
    for code, word in enumerate(words):
        if word not in (yes, no):
            raise table.fail(
                int(np.argmax(codes == code)), column, f"must be {yes} or {no}, not {word[:40]!a}"
            )
    return np.array([word == yes for word in words], dtype=np.bool_)[codes]


def _starts(*keys: Ints) -> Ints:
    """Return the places at which any of the sorted keys changes."""
    changed = np.zeros(max(len(keys[0]) - 1, 0), dtype=np.bool_)
    for key in keys:
        changed |= key[1:] != key[:-1]
    return np.concatenate(([0], np.flatnonzero(changed) + 1)).astype(np.int64)


def _in_order_of_receipt(event: Ints, known: Flags, received: Ints, source: Source) -> Ints:
    """Return the venue's times, never going back, with the nearest earlier one where there is none."""
    if not known.any():
        source.note("the file has no venue time: times are those of receipt, by the recorder's clock")
        return np.maximum.accumulate(received)
    lag = int(np.median(event[known] - received[known]))
    source.note(f"times are the venue's; the recorder's clock differs by {-lag} ms")
    ts = np.where(known, event, 0)
    ts[0] = ts[0] or received[0] + lag
    return np.maximum.accumulate(ts)


def _check_constant(table: Table, rows: Rows, starts: Ints, columns: dict[str, NDArray[Any]]) -> None:
    """Refuse a message whose lines disagree about the message."""
    first = np.repeat(starts, np.diff(np.append(starts, len(rows))))
    for name, values in columns.items():
        same = values == values[first]
        if not same.all():
            raise table.fail(int(rows[int(np.argmin(same))]), name, "differs inside one message")


def _check_books(table: Table, rows: Rows, starts: Ints, ts: Ints, price: Floats, is_bid: Flags) -> None:
    """Refuse levels out of order and books that are crossed."""
    bid, value = is_bid[rows], price[rows]
    inside = np.ones(len(rows), dtype=np.bool_)
    inside[starts] = False
    same_side = inside.copy()
    same_side[1:] &= bid[1:] == bid[:-1]
    worse = np.ones(len(rows), dtype=np.bool_)
    worse[1:] = np.where(bid[1:], value[1:] < value[:-1], value[1:] > value[:-1])
    bad = same_side & ~worse
    if bad.any():
        raise table.fail(int(rows[int(np.argmax(bad))]), "price", "is not worse than the level before it")
    turned = inside & ~same_side
    best_bid = np.repeat(value[starts], np.diff(np.append(starts, len(rows))))
    crossed = turned & (value <= best_bid)
    if crossed.any():
        raise table.fail(
            int(rows[int(np.argmax(crossed))]), "price", "the best ask is not above the best bid"
        )
