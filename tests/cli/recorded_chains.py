"""Option chains in the market store of a test: written as a file, brought in as a user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.quant.chains import F, flat
from tradecli.quant.slices import ChainArrays

T0 = 1_780_000_000_000
HOUR = 3_600_000
YEAR = 365 * 24 * HOUR


def smiling(k: np.ndarray) -> np.ndarray:
    return 0.50 - 0.12 * k + 0.4 * k * k


def write(path: Path, chains: list[tuple[int, ChainArrays]], coin: str = "BTC") -> None:
    """Write chains, each with its time, in the layout of our own exports."""
    rows: dict[str, list[object]] = {name: [] for name in COLUMNS}
    for ts, chain in chains:
        for i in range(len(chain)):
            call = chain.cp[i] > 0
            expiry = ts + round(float(chain.years[i]) * YEAR)
            name = f"{coin}-{round(chain.years[i] * 365)}D26-{chain.strike[i]:.0f}-{'C' if call else 'P'}"
            values = (
                ts, name, expiry, chain.strike[i], "C" if call else "P", chain.bid[i], chain.ask[i], None, None,
                None, chain.underlying[i], F, None, chain.inverse,
            )  # fmt: skip
            for column, value in zip(COLUMNS, values, strict=True):
                rows[column].append(None if isinstance(value, float) and np.isnan(value) else value)
    types = {
        "mark": pa.float64(),
        "mark_iv": pa.float64(),
        "delta": pa.float64(),
        "open_interest": pa.float64(),
    }
    table = {name: pa.array(column, type=types.get(name)) for name, column in rows.items()}
    pq.write_table(pa.table(table), path)


COLUMNS = [
    "ts",
    "instrument",
    "expiry_ts",
    "strike",
    "option_type",
    "bid",
    "ask",
    "mark",
    "mark_iv",
    "delta",
    "underlying",
    "index",
    "open_interest",
    "inverse",
]


def two_chains() -> list[tuple[int, ChainArrays]]:
    """Return a chain that can be used, and one an hour later without a single bid."""
    good = flat(smiling, step=3_000.0)
    dead = ChainArrays(
        good.years, good.strike, good.cp, 0.0 * good.bid, good.ask, good.underlying, good.inverse
    )
    return [(T0, good), (T0 + HOUR, dead)]
