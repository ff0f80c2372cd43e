"""Recomputes a run over recorded bars from nothing but its fills as CSV, the recorded candles and the recorded funding.

    python -m tests.research.recompute RUN.json FILLS.csv SHARED_FOLDER

It shares no code with the engine, the ledger or the paper venue: plain sums over plain files.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

CENT = Decimal("0.01")
MINUTE = 60_000
TICKS = {"BTCUSDT": Decimal("0.1"), "ETHUSDT": Decimal("0.01"), "BNBUSDT": Decimal("0.01")}


def read_fills(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the fills of a CSV as printed by ``tradecli fills list --format csv``."""
    rows = []
    for row in csv.DictReader(lines):
        signed = Decimal(row["qty (base)"]) * (1 if row["side"] == "buy" else -1)
        rows.append(
            {
                "ts": int(datetime.fromisoformat(row["ts"].replace("Z", "+00:00")).timestamp() * 1000 + 0.5),
                "symbol": row["instrument"].partition("@")[0],
                "qty": signed,
                "price": Decimal(row["price (quote)"]),
                "fee": Decimal(row["fee (fee coin)"]),
            }
        )
    return rows


def closes(shared: Path, symbol: str, until: int) -> dict[int, Decimal]:
    """Return the close of every recorded minute known before ``until``, by the time it closed, on the tick."""
    import pyarrow.parquet as pq

    table = pq.read_table(
        shared / "data" / "ohlcv" / f"binance_perp_{symbol}_1m.parquet", columns=["ts", "close"]
    )
    tick = TICKS[symbol]
    return {
        ts + MINUTE: (Decimal(str(close)) / tick).to_integral_value() * tick
        for ts, close in zip(table["ts"].to_pylist(), table["close"].to_pylist(), strict=True)
        if ts + MINUTE < until
    }


def settlements(
    shared: Path, symbol: str, since: int, until: int
) -> list[tuple[int, Decimal, Decimal | None]]:
    """Return (time, rate, mark or None) of every funding settlement of the run."""
    import pyarrow.parquet as pq

    rows = pq.read_table(shared / "data" / "funding" / "binance_usdm_funding.parquet").to_pylist()
    return [
        (
            row["ts"],
            Decimal(str(row["rate"])),
            None if row["mark"] != row["mark"] else Decimal(str(row["mark"])),
        )
        for row in rows
        if row["symbol"] == symbol and since <= row["ts"] < until
    ]


def recompute(run: Mapping[str, Any], fills: list[dict[str, Any]], shared: Path) -> dict[str, Any]:
    """Return positions, fees, funding and equity of a run, from the files alone."""
    since, until = run["since"], run["until"]
    positions: dict[str, str] = {}
    fees = funding = cash = value = Decimal(0)
    for symbol in sorted({fill["symbol"] for fill in fills}):
        own = [fill for fill in fills if fill["symbol"] == symbol]
        known = closes(shared, symbol, until)
        qty = sum((fill["qty"] for fill in own), Decimal(0))
        positions[f"{symbol}@binance"] = str(qty)
        fees += sum((fill["fee"] for fill in own), Decimal(0))
        cash -= sum((fill["qty"] * fill["price"] for fill in own), Decimal(0))
        value += qty * known[max(known)]
        for ts, rate, mark in settlements(shared, symbol, since, until):
            held = sum((fill["qty"] for fill in own if fill["ts"] < ts), Decimal(0))
            if held:
                at = mark if mark is not None else known[max(time for time in known if time <= ts)]
                funding -= held * rate * at
    equity = Decimal(run["start_equity"]) + cash + value - fees + funding
    return {"positions": positions, "fees": fees, "funding": funding, "equity": equity, "fills": len(fills)}


def differences(run: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Say what is not equal: positions exactly, money to the cent."""
    wrong = []
    recorded = {row["instrument"]: Decimal(row["qty"]) for row in run["positions"] if Decimal(row["qty"])}
    ours = {name: Decimal(qty) for name, qty in found["positions"].items() if Decimal(qty)}
    if recorded != ours:
        wrong.append(f"positions {recorded} against {ours}")
    if run["fills"] != found["fills"]:
        wrong.append(f"{run['fills']} fills against {found['fills']}")
    for name in ("fees", "funding", "equity"):
        if abs(Decimal(run[name]) - found[name]) >= CENT:
            wrong.append(f"{name} {run[name]} against {found[name]}")
    return wrong


def main() -> int:
    run = json.loads(Path(sys.argv[1]).read_text())["data"][0]
    found = recompute(run, read_fills(Path(sys.argv[2]).read_text().splitlines()), Path(sys.argv[3]))
    for name in ("fills", "positions", "fees", "funding", "equity"):
        print(f"{name:<10} {found[name]}")
    wrong = differences(run, found)
    print("equal to the cent" if not wrong else "\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
