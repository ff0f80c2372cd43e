"""Which layout a table has, by its columns or, without a header, by the shape of its first row.

The first layout whose columns are all there wins, so the more particular stand first. Files without a header are those
of Binance's public archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tradecli.datasets.batch import Batch
from tradecli.datasets.faults import BadFile
from tradecli.datasets.readers import bars, books, indices, options, prints, rates
from tradecli.datasets.source import Source
from tradecli.datasets.table import Table

Reader = Callable[[Table, Source], Iterator[Batch]]


@dataclass(frozen=True, slots=True)
class Layout:
    """A set of columns and the reader of tables that have them."""

    name: str
    needs: frozenset[str]
    read: Reader


def _layout(name: str, needs: str, read: Reader) -> Layout:
    return Layout(name, frozenset(needs.split()), read)


LAYOUTS = (
    _layout(
        "depth messages",
        "message is_snapshot first_id last_id prev_id side price qty ts",
        books.exported_depth,
    ),
    _layout(
        "recorded depth",
        "seq kind first_update_id last_update_id prev_update_id side price qty",
        books.recorded_depth,
    ),
    _layout("books", "ts side level price qty", books.aggregated_books),
    _layout(
        "option chains", "snapshot_ts instrument expiry_ts strike option_type mark_iv", options.snapshots
    ),
    _layout("option tickers", "ts instrument expiry_ts strike option_type bid_price gamma", options.tickers),
    _layout(
        "exported chains",
        "ts instrument expiry_ts strike option_type bid ask underlying",
        options.exported_chains,
    ),
    _layout("futures marks", "candle_ts instrument open high low close volume_coin", bars.futures_marks),
    _layout(
        "spot and perpetual",
        "ts venue inst symbol open high low close volume funding_rate",
        bars.spot_and_perpetual,
    ),
    _layout("perpetual state", "ts mark_price index_price open_interest funding_rate", rates.perpetual_state),
    _layout("klines", "open_time open high low close volume close_time", bars.klines),
    _layout("candles", "ts open high low close volume", bars.candles),
    _layout("bars without volume", "ts open high low close", bars.bars_without_volume),
    _layout("archive funding", "calc_time last_funding_rate", rates.archive_funding),
    _layout("funding", "ts rate", rates.funding),
    _layout("daily open interest", "ts contract oi_open oi_high oi_low oi_close", rates.daily_open_interest),
    _layout("open interest", "ts value_usd", rates.open_interest),
    _layout("marks", "ts mark", rates.marks),
    _layout("recorded trades", "ts trade_id price qty buyer_is_maker", prints.trades),
    _layout("trades", "ts trade_id price qty side", prints.trades),
    _layout("archive trades", "id price qty time is_buyer_maker", prints.archive_trades),
    _layout(
        "aggregate trades", "agg_trade_id price quantity transact_time is_buyer_maker", prints.archive_trades
    ),
    _layout("best prices", "update_id bid bid_qty ask ask_qty", prints.quotes),
    _layout(
        "archive best prices",
        "update_id best_bid_price best_bid_qty best_ask_price best_ask_qty",
        prints.quotes,
    ),
    _layout("quotes", "ts bid bid_qty ask ask_qty sequence", prints.quotes),
    _layout("depth bands", "timestamp percentage depth notional", indices.depth_bands),
    _layout("logged DVOL", "ts dvol", indices.logged_dvol),
    _layout("published values", "ts name value published_at", indices.published),
    _layout("index values", "ts name value", indices.index_values),
    _layout("single values", "ts value", indices.single_value),
)

_KLINES = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time"),
    *("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
_TRADES = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
_AGG_TRADES = (
    *(
        "agg_trade_id",
        "price",
        "quantity",
        "first_trade_id",
        "last_trade_id",
        "transact_time",
        "is_buyer_maker",
    ),
)
_BAND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}\Z")
_FLAG = frozenset(["true", "false", "True", "False"])


def layout_of(table: Table) -> tuple[Table, Layout]:
    """Return the layout of a table and the table with the names that it wants."""
    if not table.has_header:
        table = _with_names(table)
    have = set(table.names)
    for layout in LAYOUTS:
        if layout.needs <= have:
            return table, layout
    if "ts" in have and have & set(indices.LAG_DAYS):
        return table, Layout("daily series", frozenset(["ts"]), indices.daily_columns)
    reason, hint = _nearest(have)
    raise BadFile(table.name, reason, hint=hint)


def _with_names(table: Table) -> Table:
    """Return a table without a header with the names of the archive's layout of that shape."""
    first = [str(column[0].as_py()) for column in table.columns.values()]
    flags = [cell in _FLAG for cell in first]
    names: tuple[str, ...] | None = None
    match len(first):
        case 12:
            names = _KLINES
        case 8 if flags[6] and flags[7]:
            names = (*_AGG_TRADES, "is_best_match")
        case 7 if flags[5] and flags[6]:
            names = (*_TRADES, "is_best_match")
        case 7 if flags[6] and not flags[5]:
            names = _AGG_TRADES if first[5].isdigit() and len(first[5]) >= 13 else None
        case 6 if flags[5]:
            names = _TRADES
        case 4 if _BAND.match(first[0]):
            names = ("timestamp", "percentage", "depth", "notional")
        case 3 if first[0].isdigit() and len(first[0]) == 13 and first[1] in ("1", "2", "4", "8"):
            names = ("calc_time", "funding_interval_hours", "last_funding_rate")
        case _:
            names = None
    if names is None:
        raise BadFile(
            table.name,
            f"has no header, and {len(first)} columns of this shape fit no archive that is known",
            hint="give it a header line; --map names its columns",
        )
    return table.renamed(dict(zip(table.names, names, strict=True)))


def _nearest(have: set[str]) -> tuple[str, str]:
    """Return what is missing for the layout that comes nearest, as reason and hint."""
    best = max(LAYOUTS, key=lambda layout: (len(layout.needs & have) / len(layout.needs), -len(layout.needs)))
    shown = ", ".join(sorted(have)[:12])
    missing = ", ".join(sorted(best.needs - have))
    if not best.needs & have:
        return (
            f"its columns fit nothing that is known: {ascii(shown)[1:-1][:200]}",
            "--map ts=COLUMN,… names them",
        )
    return f"nearest to {best.name}, but column {missing} is missing", "--map ts=COLUMN,… names columns"
