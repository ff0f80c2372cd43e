"""``tradecli data``: recorded market data: pull it or bring files in, list, find gaps, verify, take it out again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tradecli.cli import options, parse, series
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.cli.series_rows import (
    Gap,
    Imported,
    Series,
    Verified,
    gap_table,
    imported_panel,
    series_table,
    verified_table,
)
from tradecli.errors import ExitCode, UsageError
from tradecli.ports import Coverage
from tradecli.present.blocks import Panel
from tradecli.store.market import MarketStore

app = Commands("data", "Recorded market data: pull, import, list, gaps, verify, export.")
Symbol = Annotated[str, typer.Option("--symbol", help="as the venue writes it: BTCUSDT", show_default=False)]
Interval = Annotated[
    str, typer.Option("--interval", help="length of the bars: 1m, 1h, 1d", show_default=False)
]
KindOf = Annotated[str, typer.Option("--kind", help="candles, funding, depth, quotes…", show_default=False)]


@app.answers("import", uses=("venue",), schema="tradecli.data.import/1", row=Imported)
def import_files(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="a file, or a folder of files", show_default=False)
    ],
    kind: KindOf = "",
    symbol: Symbol = "",
    interval: Interval = "",
    market: Annotated[str, typer.Option("--market", help="spot, linear or inverse", show_default=False)] = "",
    time_unit: Annotated[
        str, typer.Option("--time-unit", help="of plain CSV: s, ms, us, ns, iso", show_default=False)
    ] = "",
    mapping: Annotated[
        str, typer.Option("--map", help="plain CSV: ours=theirs,… as ts=time,open=o", show_default=False)
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and prove, keep nothing")] = False,
) -> Answer:
    """Bring files into the market store; each file wholly or not at all, a second time changes nothing.

    Example: tradecli data import klines.zip --venue binance --symbol BTCUSDT --interval 1m
    """
    from tradecli.cli import series_import  # arrays and Parquet: only now

    given = series_import.given(kind, symbol, interval, market, time_unit, mapping)
    folder = Path(parse.path(path, "PATH"))
    rows, warnings, refused = asyncio.run(series_import.import_all(folder, given, keep=not dry_run))
    answer = _answer("tradecli.data.import/1", rows, lambda: [imported_panel(rows)], warnings)
    answer.codes = [ExitCode.PARTIAL] if refused else []
    return answer


@app.answers("list", uses=("venue",), schema="tradecli.data.list/1", row=Series)
def list_series(kind: KindOf = "", symbol: Symbol = "") -> Answer:
    """List what is recorded, by kind and instrument."""
    found, counted = asyncio.run(series.with_store(lambda store: _listed(store, kind, symbol)))
    rows = [series.row_of(each) for each in found]
    return _answer("tradecli.data.list/1", rows, lambda: [series_table(rows)], counted)


@app.answers("gaps", uses=("venue", "since", "until"), schema="tradecli.data.gaps/1", row=Gap)
def gaps(symbol: Symbol = "", interval: Interval = "", kind: KindOf = "candles") -> Answer:
    """Name the bars or settlements that are missing; exit code 11 when there are any."""
    rows, last = asyncio.run(
        series.with_store(lambda store: series.gaps(store, kind, _needed(symbol), interval))
    )
    answer = _answer("tradecli.data.gaps/1", rows, lambda: [gap_table(rows)], as_of=last)
    answer.codes = [ExitCode.PARTIAL] if rows else []
    return answer


@app.answers("verify", uses=("venue", "since", "until"), schema="tradecli.data.verify/1", row=Verified)
def verify(kind: KindOf = "candles", symbol: Symbol = "", interval: Interval = "") -> Answer:
    """Prove recorded series, all of a kind or those of a symbol; what is not sound ends with exit code 14.

    Bars are held to themselves and to the sums of shorter ones, depth to the best prices recorded beside it.

    Example: tradecli data verify --venue binance --symbol BTCUSDT --kind depth
    """
    from tradecli.cli import series_verify  # arrays: only now

    rows, last, warnings = asyncio.run(
        series.with_store(lambda store: series_verify.verify(store, kind, symbol, interval))
    )
    answer = _answer("tradecli.data.verify/1", rows, lambda: [verified_table(rows)], warnings, as_of=last)
    answer.codes = [] if all(row.sound for row in rows) else [ExitCode.MISMATCH]
    return answer


@app.answers("export", uses=("venue", "since", "until"), schema="tradecli.data.export/1", row=Series)
def export(
    symbol: Symbol = "",
    kind: KindOf = "candles",
    interval: Interval = "",
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> Answer | ExitCode:
    """Write a recorded series to the file of --out, which ends in .csv or .parquet.

    The file appears only when it is complete, and ``data import`` reads it back.

    Example: tradecli data export --venue binance --symbol BTCUSDT --interval 1h --out bars.csv
    """
    import msgspec

    from tradecli.cli.output import show
    from tradecli.datasets.export import check_target

    asked = options.current()
    if asked.out is None:
        raise UsageError("--out is missing", number=110, hint="--out FILE.csv or --out FILE.parquet")
    target, replace = Path(asked.out), force or asked.overwrite
    check_target(target, replace=replace)
    row = asyncio.run(
        series.with_store(
            lambda store: series.export(store, kind, _needed(symbol), interval, target, replace)
        )
    )
    answer = _answer("tradecli.data.export/1", [row], lambda: [series_table([row])])
    return show(answer, msgspec.structs.replace(asked, out=None, overwrite=False))


async def _listed(store: MarketStore, kind: str, symbol: str) -> tuple[list[Coverage], list[str]]:
    found = await series.picked(store, kind, symbol)
    return found, await series.in_contracts(store, found)


def _pulled_row() -> Any:
    from tradecli.wiring.pulling import Pulled

    return Pulled


@app.answers(
    "pull",
    uses=("symbols", "venue", "since", "until"),
    schema="tradecli.data.pull/1",
    row=_pulled_row,
    many_venues=True,
)
def pull(
    kind: Annotated[
        str,
        typer.Option("--kind", help="candles,funding,open_interest,vol_index,trades", show_default=False),
    ] = "",
    interval: Annotated[
        str, typer.Option("--interval", help="lengths of the bars: 1m,1h [default: 1h]", show_default=False)
    ] = "",
) -> Answer:
    """Ask the venues for history and keep it; a pull that was broken off goes on where it stopped.

    Example: tradecli data pull --symbols BTCUSDT,ETHUSDT --interval 1m --since -7d --venue binance,okx
    """
    from tradecli.cli import pulling

    return pulling.answer(kind, interval)


def _needed(symbol: str) -> str:
    if not symbol:
        raise UsageError("--symbol is missing", number=107, hint="--symbol BTCUSDT")
    return symbol


def _answer(
    schema: str,
    rows: Sequence[Any],
    panels: Callable[[], list[Panel]],
    warnings: Sequence[str] = (),
    *,
    as_of: int | None = None,
) -> Answer:
    """Return records as an answer that is as old as the newest row it speaks of."""
    newest = max((row.last for row in rows if getattr(row, "last", None) is not None), default=None)
    return Answer(
        schema=schema,
        mode=series.place().mode,
        data=rows,
        as_of=newest if as_of is None else as_of,
        warnings=tuple(warnings),
        panels=panels,
        source="market store",
    )
