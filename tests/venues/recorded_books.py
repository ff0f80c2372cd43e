"""Reads the recorded depth and best-price tables as rows of the domain."""

from __future__ import annotations

from pathlib import Path

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Quote

DEPTH = (
    "seq",
    "kind",
    "event_ts",
    "first_update_id",
    "last_update_id",
    "prev_update_id",
    "side",
    "price",
    "qty",
)


def depth(path: Path, tick: float, instrument: InstrumentId) -> list[BookDelta]:
    """Return one message per ``seq``, in the order of arrival."""
    import pyarrow.parquet as pq

    columns = pq.read_table(path, columns=list(DEPTH)).to_pydict()
    messages: list[BookDelta] = []
    seen = None
    for seq, kind, ts, first, last, prev, side, price, qty in zip(
        *(columns[name] for name in DEPTH), strict=True
    ):
        if seq != seen:
            seen, bids, asks = seq, [], []
            messages.append((ts or 0, kind == "S", first, last, prev, bids, asks))  # type: ignore[arg-type]
        (bids if side == "b" else asks).append((round(price / tick), qty))
    return [BookDelta(instrument, *head, tuple(bids), tuple(asks), tick) for *head, bids, asks in messages]  # type: ignore[misc]


def best(path: Path, instrument: InstrumentId) -> list[Quote]:
    """Return the recorded best prices; ``sequence`` is the update id."""
    import pyarrow.parquet as pq

    names = ("recv_ts_us", "bid", "bid_qty", "ask", "ask_qty", "update_id")
    columns = pq.read_table(path, columns=list(names)).to_pydict()
    rows = zip(*(columns[name] for name in names), strict=True)
    return [Quote(instrument, recv_us // 1000, *row) for recv_us, *row in rows]
