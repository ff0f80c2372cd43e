"""What the grid would have earned on recorded minutes, beside doing nothing and beside a grid of fixed spacing.

    python -m tradecli.research.gridstudy --since 2023-07-18T12:00Z --until 2023-08-17T11:00Z [--fixed 0.5]

Both grids trade through the engine on the paper venue, with its fees and its rule that a touched price is no fill.
Positions are folded again from the fills alone and marked at every recorded close. It reads what ``data import`` kept.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tradecli.domain.events import Fill
from tradecli.domain.feed import MINUTE_MS, CandleFeed
from tradecli.domain.instrument import InstrumentId, instrument_id
from tradecli.present.format import moment
from tradecli.quant.reversion import variance_ratio

SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
RATIO_MINUTES = (5, 60, 240)


class GridResult(msgspec.Struct, frozen=True, kw_only=True):
    """One grid on one symbol over one window, in quote currency; ``in_market`` is a share of the minutes.

    ``worst_inventory`` is the largest notional held either way, ``deepest`` the lowest total since the start.
    """

    window: str
    grid: str
    symbol: str
    fills: int
    realised: float
    unrealised: float
    fees: float
    funding: float
    total: float
    turnover: float
    in_market: float
    worst_inventory: float
    deepest: float


class Reversion(msgspec.Struct, frozen=True):
    """The variance ratio of minute returns over ``minutes``; ``p`` is one-sided for prices that revert."""

    window: str
    symbol: str
    minutes: int
    ratio: float
    p: float


def fold(
    fills: Sequence[Fill], funding: Sequence[tuple[int, float]], ts: np.ndarray, close: np.ndarray
) -> dict[str, float]:
    """Return what fills came to at each close, from nothing but the fills, the funding paid and the closes."""
    qty, cash, paid = np.zeros(len(ts)), np.zeros(len(ts)), np.zeros(len(ts))
    fees = turnover = 0.0
    position = cost = realised = 0.0
    for fill in fills:
        signed, price = float(fill.qty) * fill.side.sign, float(fill.price)
        place = min(int(np.searchsorted(ts + MINUTE_MS, fill.ts)), len(ts) - 1)
        qty[place] += signed
        cash[place] -= signed * price
        paid[place] -= float(fill.fee)
        fees += float(fill.fee)
        turnover += abs(signed) * price
        if position * signed < 0.0:
            closing = min(abs(signed), abs(position))
            average = cost / position
            realised += closing * (price - average) * (1.0 if position > 0.0 else -1.0)
            cost -= average * closing * (1.0 if position > 0.0 else -1.0)
            opened = (abs(signed) - closing) * (1.0 if signed > 0.0 else -1.0)
            position += signed
            cost += opened * price
        else:
            position += signed
            cost += signed * price
    for when, amount in funding:
        paid[min(int(np.searchsorted(ts + MINUTE_MS, when)), len(ts) - 1)] += amount
    held = np.cumsum(qty)
    total = np.cumsum(cash) + held * close + np.cumsum(paid)
    return {
        "fills": len(fills),
        "realised": realised,
        "unrealised": position * float(close[-1]) - cost,
        "fees": fees,
        "funding": sum(amount for _, amount in funding),
        "total": float(total[-1]),
        "turnover": turnover,
        "in_market": float(np.mean(np.abs(held) > 1e-12)),
        "worst_inventory": float(np.max(np.abs(held) * close)),
        "deepest": float(min(np.min(total), 0.0)),
    }


def study(
    since: int, until: int, fixed_pct: float, venue: str, symbols: Sequence[str]
) -> tuple[list[GridResult], list[Reversion]]:
    """Run both grids over one window and return what each came to on each symbol, and the variance ratios."""
    from tradecli.wiring.recorded import run_recorded

    window = f"{moment(since)} to {moment(until)}"
    closes = asyncio.run(_closes(venue, symbols, since, until))
    grids: dict[str, dict[str, Any]] = {
        "adaptive": {},
        f"fixed {fixed_pct:g} %": {
            "vol.grid.spacing_pct": fixed_pct,
            "vol.stress.stressed_size": 1.0,
            "vol.stress.stressed_widen": 1.0,
        },
    }
    results = []
    for name, flags in grids.items():
        outcome = run_recorded(
            symbols=symbols, venue=venue, since=since, until=until, strategies=("grid",), flags=flags
        )
        for symbol in symbols:
            fills, funding = _booked(outcome.summary.run_id, instrument_id(symbol, venue))
            found = fold(fills, funding, *closes[symbol])
            row: Any = {"window": window, "grid": name, "symbol": symbol, **found}
            results.append(msgspec.convert(row, GridResult))
        sys.stderr.write(f"  {name}: {outcome.timing.cpu_s:.0f} s CPU\n")
    return results, [each for symbol in symbols for each in _ratios(window, symbol, closes[symbol][1])]


def _ratios(window: str, symbol: str, close: np.ndarray) -> list[Reversion]:
    returns = np.diff(np.log(close))
    found = []
    for minutes in RATIO_MINUTES:
        test = variance_ratio(returns, minutes)
        if test is not None:
            found.append(Reversion(window, symbol, minutes, test.ratio, test.p_reverting))
    return found


def _booked(run_id: str, instrument: InstrumentId) -> tuple[list[Fill], list[tuple[int, float]]]:
    from tradecli.config import folders
    from tradecli.store.reader import LedgerReader

    with LedgerReader(folders.runs_dir() / f"{run_id}.db") as reader:
        fills = [each for each in reader.fills() if each.instrument == instrument]
        entries = [
            each for each in reader.entries() if each.kind == "funding" and each.instrument == instrument
        ]
    return fills, [(each.ts, float(each.amount)) for each in entries]


async def _closes(
    venue: str, symbols: Sequence[str], since: int, until: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    from tradecli.config.loading import load
    from tradecli.store.market import MarketStore

    path: Path = load("replay", None, None).place.market
    found = {}
    async with await MarketStore.open(path, writable=False) as history:
        for symbol in symbols:
            feed = CandleFeed(instrument_id(symbol, venue), MINUTE_MS)
            bars = await history.candles(feed, since, until)
            found[symbol] = (bars.ts, bars.close)
    return found


_HEAD = (
    f"{'grid':13} {'symbol':9} {'fills':>6} {'realised':>9} {'unrealised':>10} {'fees':>8} {'funding':>8} "
    f"{'total':>9} {'turnover':>11} {'in mkt':>6} {'worst inv':>10} {'deepest':>8}"
)


def as_text(results: Sequence[GridResult], ratios: Sequence[Reversion]) -> str:
    """Return the tables and a plain sentence on whether the grid earns."""
    lines = [
        results[0].window if results else "",
        _HEAD,
        f"{'nothing':13} {'all':9} {0:6} {0:9.2f} {0:10.2f} {0:8.2f} {0:8.2f} {0:9.2f} {0:11} {0:6.0%} {0:10} {0:8.2f}",
    ]
    for each in results:
        lines.append(
            f"{each.grid:13} {each.symbol:9} {each.fills:6} {each.realised:9.2f} {each.unrealised:10.2f} "
            f"{each.fees:8.2f} {each.funding:8.2f} {each.total:9.2f} {each.turnover:11.0f} {each.in_market:6.0%} "
            f"{each.worst_inventory:10.0f} {each.deepest:8.2f}"
        )
    lines.append("variance ratio of minutes (below 1: reverting; p one-sided)")
    for ratio in ratios:
        lines.append(f"  {ratio.symbol:9} over {ratio.minutes:3} min  {ratio.ratio:6.3f}  p {ratio.p:.3f}")
    for grid in dict.fromkeys(each.grid for each in results):
        part = [each for each in results if each.grid == grid]
        total, gross = sum(each.total for each in part), sum(each.realised for each in part)
        word = "earned" if total > 0 else "lost"
        lines.append(
            f"The {grid} grid {word} {abs(total):.2f} in all: {gross:.2f} realised is not what it made, "
            f"{sum(each.unrealised for each in part):.2f} lay in inventory, "
            f"{sum(each.fees for each in part):.2f} went in fees."
        )
    return "\n".join(lines)


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000)


def main(arguments: list[str] | None = None) -> int:
    """Print the study of one window."""
    parser = argparse.ArgumentParser(
        prog="python -m tradecli.research.gridstudy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--since", required=True)
    parser.add_argument("--until", required=True)
    parser.add_argument("--fixed", type=float, default=0.5, help="spacing of the fixed grid, in percent")
    parser.add_argument("--symbols", default=",".join(SYMBOLS))
    parser.add_argument("--venue", default="binance")
    given = parser.parse_args(arguments)
    results, ratios = study(
        _ms(given.since), _ms(given.until), given.fixed, given.venue, given.symbols.split(",")
    )
    sys.stdout.write(as_text(results, ratios) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
