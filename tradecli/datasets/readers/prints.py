"""Public trades and best prices, each keyed by the venue's own number.

Where the buyer is the maker the aggressor sold; everywhere else it bought.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradecli.datasets.batch import Batch, Column
from tradecli.datasets.kinds import Kind, Market
from tradecli.datasets.readers.series import Rows, by_instrument, in_order, skipped_numbers
from tradecli.datasets.source import Source
from tradecli.datasets.table import Ints, Table
from tradecli.datasets.units import in_coins


def trades(table: Table, source: Source) -> Iterator[Batch]:
    """Read ts, trade_id, price, qty and buyer_is_maker or side."""
    yield from _trades(table, source, None)


def archive_trades(table: Table, source: Source) -> Iterator[Batch]:
    """Read a trades or aggTrades file of Binance's public archive; spot files have a best-match column."""
    names = {
        "id": "trade_id",
        "agg_trade_id": "trade_id",
        "quantity": "qty",
        "time": "ts",
        "transact_time": "ts",
        "is_buyer_maker": "buyer_is_maker",
    }
    table = table.renamed(names)
    if "first_trade_id" in table:
        source.note("aggregate trades: ids are those of the aggregates")
    yield from _trades(table, source, Market.SPOT if "is_best_match" in table else None)


def _trades(table: Table, source: Source, market: Market | None) -> Iterator[Batch]:
    source.check_kind(Kind.TRADES)
    ts = table.times("ts", source.given.time_unit, source.given.latest)
    price, qty = table.positive("price"), table.positive("qty")
    ids, numbers = _ids(table)
    bought = _bought(table)
    values: dict[str, Column] = {"ts": ts, "price": price, "qty": qty, "side": bought}
    for instrument, rows in _whose(table, source, market):
        rows = in_order(table, source, rows, [("trade_id", numbers)], values)
        rows = rows[np.argsort(ts[rows], kind="stable")]
        columns = {
            "ts": ts[rows],
            "price": price[rows],
            "qty": in_coins(table, source, instrument, qty[rows], price[rows]),
            "bought": bought[rows],
            "trade_id": ids[rows],
        }
        holes = skipped_numbers(np.sort(numbers[rows])) if ids.dtype.kind == "i" else None
        yield Batch(Kind.TRADES, instrument, None, columns, holes=holes)


def quotes(table: Table, source: Source) -> Iterator[Batch]:
    """Read best bids and asks with the update id that made them.

    The venue's event time counts; where the file has none, the time of receipt at the recorder.
    """
    source.check_kind(Kind.QUOTES)
    table = table.renamed(
        {
            "update_id": "sequence",
            "best_bid_price": "bid",
            "best_bid_qty": "bid_qty",
            "best_ask_price": "ask",
            "best_ask_qty": "ask_qty",
        }
    )
    ts = _moments(table, source)
    values: dict[str, Column] = {name: table.positive(name) for name in ("bid", "ask")}
    values |= {name: table.at_least_zero(name) for name in ("bid_qty", "ask_qty")}
    bid, ask = values["bid"], values["ask"]
    table.require(bid < ask, "bid", lambda row: f"{bid[row]:g} is not below the ask {ask[row]:g}")
    sequence = table.integers("sequence", missing=0)
    for instrument, rows in _whose(table, source, None):
        key = ("sequence", sequence) if sequence.any() else ("ts", ts)
        rows = in_order(table, source, rows, [key], values)
        rows = rows[np.argsort(ts[rows], kind="stable")]
        columns: dict[str, Column] = {
            "ts": ts[rows],
            "sequence": sequence[rows],
            **{n: column[rows] for n, column in values.items()},
        }
        for side in ("bid", "ask"):
            sizes = columns[f"{side}_qty"]
            columns[f"{side}_qty"] = in_coins(table, source, instrument, sizes, columns[side])
        yield Batch(Kind.QUOTES, instrument, None, columns)


def _whose(table: Table, source: Source, market: Market | None) -> Iterator[tuple[str, Rows]]:
    if market is None or source.given.symbol is not None or "instrument" in table or "symbol" in table:
        yield from by_instrument(table, source)
        return
    found = source.instrument(source.told.symbol, None, market) if source.told.symbol else source.instrument()
    if found is not None:
        yield found, np.arange(len(table))


def _moments(table: Table, source: Source) -> Ints:
    """Return when each best price was made: event time, else transaction time, else receipt."""
    unit, latest = source.given.time_unit, source.given.latest
    if "ts" in table:
        return table.times("ts", unit, latest)
    for name in ("event_ts", "event_time", "tx_ts", "transaction_time"):
        ts, known = table.times_or_none(name, unit, latest)
        if known.all():
            return ts
    source.note("the file has no venue time: times are those of receipt, by the recorder's clock")
    return table.times("recv_ts_us", "us", latest)


def _ids(table: Table) -> tuple[Column, Ints]:
    """Return trade ids (as numbers where they are numbers) and numbers that tell them apart in order."""
    if not table.spelled("trade_id") or table.all_whole("trade_id"):
        ids = table.integers("trade_id")
        return ids, ids
    codes, words = table.words("trade_id")
    names = np.array([word[1:] if word[:1] == "'" else word for word in words], dtype=object)
    return names[codes], codes


def _bought(table: Table) -> Column:
    if "side" not in table:
        return ~table.flags("buyer_is_maker")
    codes, words = table.words("side")
    for code, word in enumerate(words):
        if word not in ("buy", "sell"):
            raise table.fail(int(np.argmax(codes == code)), "side", f"must be buy or sell, not {word[:40]!a}")
    return np.array([word == "buy" for word in words], dtype=np.bool_)[codes]
