"""The score card on files of candles: walk-forward forecasts of every model, and weights by accuracy beside fixed ones.

    python -m tradecli.research.scorecard FOLDER [--only BTCUSDT] [--kind hourly] [--refit 7] [--format table|json]

FOLDER holds ``ohlcv/*_1h.parquet``, panels of daily bars with a ``symbol`` column, and ``derivs/dvol_btc_1h.parquet``.
Realised variance comes from hourly returns, for daily bars from their range. It reads files and trades nothing.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from tradecli.quant.ahead import MODELS, what_followed
from tradecli.quant.returns import Floats, Times
from tradecli.quant.scorecard import Forecasts, Score, scores, walk_forward
from tradecli.quant.volatility import realised_days, rogers_satchell_terms
from tradecli.quant.weighing import Contest, contest, weigh

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
HORIZONS = (1, 7, 30)
LONGEST_HOLE = 3
LEAST_DAYS = 420
PRIOR = {"bitvol": 0.30, "garch": 0.25, "realised": 0.20}
"""The fixed weights of the inputs that history has; the basket (0.25) has none and gives its weight to the others."""
BETA_DAYS = 90


class Track(NamedTuple):
    """Days without a long hole: day number, log return and realised variance of each."""

    name: str
    days: Times
    returns: Floats
    rv: Floats


class Row(msgspec.Struct, frozen=True):
    """One model, one series, one horizon in days."""

    series: str
    horizon: int
    model: str
    rank: int
    qlike: float
    coverage: float | None
    bias: float
    dm_statistic: float | None
    dm_p: float | None
    n: int
    independent: float
    missing: int


class WeightRow(msgspec.Struct, frozen=True):
    """Fixed weights beside weights by accuracy, over 30 days, out of sample."""

    series: str
    fixed_qlike: float
    accuracy_qlike: float
    n: int
    dm_statistic: float | None
    dm_p: float | None
    verdict: str
    weights: dict[str, float]


class Card(msgspec.Struct, frozen=True):
    """Everything a run found. ``skipped`` names series with too few days."""

    rows: tuple[Row, ...]
    weights: tuple[WeightRow, ...]
    skipped: tuple[str, ...]


def hourly_track(name: str, ts: Times, close: Floats) -> Track:
    """Return the last long run of days of an hourly series."""
    days, rv = realised_days(ts, close, HOUR_MS)
    last = (ts + HOUR_MS) % DAY_MS == 0
    ends = dict(zip((ts[last] // DAY_MS).tolist(), close[last].tolist(), strict=True))
    kept = [i for i, day in enumerate(days.tolist()) if day in ends and day - 1 in ends]
    numbers = days[kept]
    returns = np.array([np.log(ends[day] / ends[day - 1]) for day in numbers.tolist()])
    return _longest(Track(name, numbers, returns, rv[kept]))


def daily_track(name: str, ts: Times, bars: tuple[Floats, Floats, Floats, Floats]) -> Track:
    """Return the longest run of days of a daily series, with the variance of its ranges."""
    with np.errstate(all="ignore"):
        rv = rogers_satchell_terms(*bars)
        rv = np.where(rv > 0.0, rv, np.log(bars[1] / bars[2]) ** 2 / (4.0 * np.log(2.0)))
        returns = np.concatenate(([np.nan], np.diff(np.log(bars[3]))))
    days = ts // DAY_MS
    follows = np.concatenate(([False], np.diff(days) == 1))
    kept = follows & np.isfinite(rv) & (rv > 0.0) & np.isfinite(returns)
    return _longest(Track(name, days[kept], returns[kept], rv[kept]))


def _longest(track: Track) -> Track:
    if not len(track.days):
        return track
    cuts = np.flatnonzero(np.diff(track.days) > LONGEST_HOLE) + 1
    edges = [0, *cuts.tolist(), len(track.days)]
    low, high = max(itertools.pairwise(edges), key=lambda each: each[1] - each[0])
    part = slice(low, high)
    return Track(track.name, track.days[part], track.returns[part], track.rv[part])


def score_track(track: Track, refit: int) -> tuple[list[Row], Forecasts]:
    """Return the rows of one series over all horizons, and the forecasts behind them."""
    forecasts = walk_forward(track.returns, track.rv, HORIZONS, models=MODELS, refit=refit)
    rows = [
        row_of(track.name, found) for horizon in HORIZONS for found in scores(forecasts, track.rv, horizon)
    ]
    return rows, forecasts


def row_of(name: str, found: Score) -> Row:
    """Return a score as a row of the card."""
    test = found.against
    return Row(
        series=name,
        horizon=found.horizon,
        model=found.model,
        rank=found.rank,
        qlike=round(found.qlike, 5),
        coverage=None if found.coverage is None else round(found.coverage, 4),
        bias=round(found.bias, 4),
        dm_statistic=None if test is None else round(test.statistic, 3),
        dm_p=None if test is None else round(test.p, 4),
        n=found.n,
        independent=round(found.independent, 1),
        missing=found.missing,
    )


def weigh_track(track: Track, forecasts: Forecasts, dvol: dict[int, float], btc: Track) -> WeightRow | None:
    """Return both composites of a series over 30 days; None where the implied input never meets its candles."""
    horizon = 30
    implied = np.array([dvol.get(int(day), np.nan) for day in track.days]) ** 2 / 365.0
    if track.name != btc.name:
        implied = implied * _beta(track, btc) ** 2
    realised = np.full(len(track.rv), np.nan)
    sums = np.concatenate(([0.0], np.cumsum(track.rv)))
    realised[29:] = (sums[30:] - sums[:-30]) / 30.0
    inputs = {"bitvol": implied, "garch": forecasts["garch", horizon], "realised": realised}
    everywhere = np.all([np.isfinite(each) for each in inputs.values()], axis=0)
    inputs = {name: np.where(everywhere, each, np.nan) for name, each in inputs.items()}
    outcome = what_followed(track.rv, horizon)
    weighed = weigh(inputs, outcome, PRIOR, horizon)
    found = contest(weighed, outcome, horizon)
    if found is None or weighed.weights is None:
        return None
    return _weight_row(track.name, found, weighed.weights)


def _weight_row(name: str, found: Contest, weights: dict[str, float]) -> WeightRow:
    test = found.test
    return WeightRow(
        series=name,
        fixed_qlike=round(found.fixed, 5),
        accuracy_qlike=round(found.accurate, 5),
        n=found.n,
        dm_statistic=None if test is None else round(test.statistic, 3),
        dm_p=None if test is None else round(test.p, 4),
        verdict=found.verdict,
        weights={key: round(value, 3) for key, value in weights.items()},
    )


def _beta(track: Track, btc: Track) -> Floats:
    """Return the median of the last 90 days of realised volatility over BTC's, as known at each day's end."""
    theirs = dict(zip(btc.days.tolist(), btc.rv.tolist(), strict=True))
    ratio = np.sqrt(track.rv / np.array([theirs.get(day, np.nan) for day in track.days.tolist()]))
    found = np.full(len(ratio), np.nan)
    for t in range(20, len(ratio)):
        window = ratio[max(0, t - BETA_DAYS + 1) : t + 1]
        known = window[np.isfinite(window)]
        if len(known) >= 20:
            found[t] = float(np.median(known))
    return found


# -- files -------------------------------------------------------------------------------------------------------------


def tracks(folder: Path, only: str | None, kind: str) -> Iterator[Track]:
    """Yield every series of the folder that ``only`` is part of the name of."""
    for path in sorted((folder / "ohlcv").glob("*_1h.parquet" if kind != "daily" else "none")):
        name = path.stem.removesuffix("_1h")
        if only is None or only in name:
            table = _columns(path, ("ts", "close"))
            yield hourly_track(name, table["ts"], table["close"])
    for path in sorted((folder / "ohlcv").glob("*daily*.parquet" if kind != "hourly" else "none")):
        table = _columns(path, ("ts", "symbol", "open", "high", "low", "close"))
        for symbol in sorted(set(table["symbol"].tolist())):
            name = f"{path.stem}:{symbol}"
            if only is None or only in name:
                part = table["symbol"] == symbol
                bars = tuple(table[key][part].astype(float) for key in ("open", "high", "low", "close"))
                yield daily_track(name, table["ts"][part], bars)


def _columns(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    import pyarrow.parquet as pq  # 0.1 s and 60 MiB, which only reading files pays

    table = pq.read_table(path, columns=list(names))
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in names}


def dvol_by_day(folder: Path) -> dict[int, float]:
    """Return the last hourly close of each UTC day, as a fraction."""
    path = folder / "derivs" / "dvol_btc_1h.parquet"
    if not path.exists():
        return {}
    table = _columns(path, ("ts", "close"))
    return dict(zip((table["ts"] // DAY_MS).tolist(), (table["close"] / 100.0).tolist(), strict=True))


def run(folder: Path, only: str | None = None, refit: int = 7, kind: str = "all") -> Card:
    """Score every series of a folder; ``kind``: hourly, daily or all. Each line is told on stderr as it is found."""
    dvol = dvol_by_day(folder)
    rows: list[Row] = []
    weights: list[WeightRow] = []
    skipped: list[str] = []
    btc: dict[str, Track] = {}
    for path in sorted((folder / "ohlcv").glob("*BTCUSDT_1h.parquet")):
        table = _columns(path, ("ts", "close"))
        name = path.stem.removesuffix("_1h")
        btc[name.removesuffix("_BTCUSDT")] = hourly_track(name, table["ts"], table["close"])
    for track in tracks(folder, only, kind):
        if len(track.days) < LEAST_DAYS:
            skipped.append(f"{track.name} ({len(track.days)} days)")
            continue
        found, forecasts = score_track(track, refit)
        rows += found
        base = btc.get(track.name.rpartition("_")[0])
        if base is not None and ":" not in track.name:
            weighed = weigh_track(track, forecasts, dvol, base)
            weights += [] if weighed is None else [weighed]
        told = found if ":" not in track.name else []
        sys.stderr.write("".join(f"{_line(row)}\n" for row in told) or f"  {track.name}\n")
        sys.stderr.flush()
    return Card(tuple(rows), tuple(weights), tuple(skipped))


def as_text(card: Card) -> str:
    """Return the card as plain lines: hourly series each, daily panels as means over their symbols."""
    lines = [
        "series                    days ahead  model   rank   QLIKE  cover  bias   DM t     p      n (indep.)"
    ]
    for row in card.rows:
        if ":" not in row.series:
            lines.append(_line(row))
    for panel in sorted({row.series.partition(":")[0] for row in card.rows if ":" in row.series}):
        lines += _panel_lines(panel, [row for row in card.rows if row.series.startswith(f"{panel}:")])
    lines.append("")
    lines.append("weights over 30 days    fixed  accuracy      n   DM t     p  verdict")
    for each in card.weights:
        lines.append(
            f"{each.series:22} {each.fixed_qlike:7.4f}  {each.accuracy_qlike:7.4f}  {each.n:5}"
            f"  {_number(each.dm_statistic, 2):>6} {_number(each.dm_p, 3):>6}  {each.verdict}  {each.weights}"
        )
    lines.append(_sentence(card.weights))
    if card.skipped:
        lines.append(f"too few days: {', '.join(card.skipped)}")
    return "\n".join(lines)


def _line(row: Row) -> str:
    return (
        f"{row.series:26} {row.horizon:4}       {row.model:7} {row.rank:3}  {row.qlike:7.4f}"
        f"  {_number(row.coverage, 2):>5}  {row.bias:5.2f} {_number(row.dm_statistic, 2):>6} {_number(row.dm_p, 3):>6}"
        f"  {row.n:5} ({row.independent:.0f})"
    )


def _panel_lines(panel: str, rows: list[Row]) -> list[str]:
    found = []
    for horizon in HORIZONS:
        for model in MODELS:
            part = [row for row in rows if row.horizon == horizon and row.model == model]
            if not part:
                continue
            covers = [row.coverage for row in part if row.coverage is not None]
            better = sum(
                1 for row in part if row.dm_p is not None and row.dm_p < 0.05 and (row.dm_statistic or 0) < 0
            )
            worse = sum(
                1 for row in part if row.dm_p is not None and row.dm_p < 0.05 and (row.dm_statistic or 0) > 0
            )
            found.append(
                f"{panel:26} {horizon:4}       {model:7} {np.mean([row.rank for row in part]):4.1f} "
                f"{np.median([row.qlike for row in part]):7.4f}  {np.mean(covers) if covers else np.nan:5.2f}"
                f"  better than EWMA in {better}, worse in {worse} of {len(part)} symbols (p < 0.05)"
            )
    return found


def _sentence(weights: tuple[WeightRow, ...]) -> str:
    if not weights:
        return "No series met the implied index for long enough to compare weights."
    won = sum(each.accuracy_qlike < each.fixed_qlike for each in weights)
    sure = sum(each.accuracy_qlike < each.fixed_qlike and (each.dm_p or 1.0) < 0.05 for each in weights)
    worse = sum(each.accuracy_qlike > each.fixed_qlike and (each.dm_p or 1.0) < 0.05 for each in weights)
    word = "beat" if sure > worse and won > len(weights) / 2 else "do not reliably beat"
    return (
        f"Out of sample, weights by accuracy {word} the fixed ones: lower loss in {won} of {len(weights)} series,"
        f" significantly in {sure}, significantly higher in {worse}."
    )


def _number(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def main(arguments: list[str] | None = None) -> int:
    """Print the score card of a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m tradecli.research.scorecard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="part of the names of the series to score")
    parser.add_argument("--refit", type=int, default=7, help="days between two fits")
    parser.add_argument("--kind", choices=("all", "hourly", "daily"), default="all")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args(arguments)
    card = run(given.folder, given.only, given.refit, given.kind)
    sys.stdout.write(msgspec.json.encode(card).decode() if given.format == "json" else as_text(card))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
