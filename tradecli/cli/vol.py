"""``tradecli vol``: the topics of the volatility desk, and ``backfill``, which works over all that is recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradecli.cli import options, parse, series, topics
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.errors import NotEnoughData, UsageError

if TYPE_CHECKING:
    from tradecli.present.blocks import Panel
    from tradecli.research.index_history import IndexRecord

SCHEMA = "tradecli.vol.backfill/1"
WINGS = ("full", "5d")
METHODS = ("bvx", "dvol", "import")


def build(word: str) -> Commands:
    """Return the commands of the volatility desk."""
    app = topics.build(word)
    app.answers("backfill", uses=("venue", "since", "until"), schema=SCHEMA, row=_row)(backfill)
    return app


def _row() -> Any:
    from tradecli.research.index_history import IndexRecord

    return IndexRecord


def backfill(
    symbol: Annotated[str, typer.Option("--symbol", help="coin: BTC or ETH", show_default=False)] = "BTC",
    method: Annotated[str, typer.Option("--method", help="bvx, dvol or import")] = "bvx",
    wings: Annotated[
        str, typer.Option("--wings", help="full: every quoted strike; 5d: 5 % delta and more")
    ] = "full",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="compute, keep nothing")] = False,
) -> Answer:
    """Compute an index for every recorded chain and keep it as a series.

    Example: tradecli vol backfill --method bvx --symbol BTC --wings 5d --format ndjson
    """
    coin, venue = parse.symbol(symbol, options.current().venue)
    parse.one_of(method, METHODS, "--method")
    parse.one_of(wings, WINGS, "--wings")
    if venue not in (None, "deribit"):
        raise UsageError(f"no option chains are read at {venue}", number=121, hint="--venue deribit")
    found, kept, name = asyncio.run(_backfill(coin, method, wings, keep=not dry_run))
    warnings = [f"{kept} new values kept as {name}"] if kept else []
    return Answer(
        schema=SCHEMA,
        mode=series.place().mode,
        data=found,
        as_of=max(each.at for each in found),
        units={"value": "fraction/year", "full": "fraction/year", "five_delta": "fraction/year"},
        warnings=warnings,
        source="market store",
        panels=lambda: [_panel(name, found)],
    )


async def _backfill(coin: str, method: str, wings: str, *, keep: bool) -> tuple[list[IndexRecord], int, str]:
    from tradecli.research import index_history as history  # arrays: only now
    from tradecli.store.market import MarketStore

    name = history.series_name(method, coin, wings)
    since, until = series.span()
    path = series.place().market
    async with await MarketStore.open(path, writable=False) as store:
        found = [each async for each in history.records(store, method, coin, wings, since, until)]
    if not found:
        what = f"option chain of {coin}" if method == "bvx" else f"value of {name}"
        raise NotEnoughData(
            f"no {what} is recorded in that time",
            number=112,
            where=str(path),
            hint="tradecli data import PATH; tradecli data list --kind options",
        )
    kept = 0
    if keep and method == "bvx":
        async with await MarketStore.open(path) as store:
            kept = await store.write(history.as_series(name, found))
    return found, kept, name


def _panel(name: str, found: list[IndexRecord]) -> Panel:
    from tradecli.present import format as fmt
    from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone

    columns = (
        Column(name="at", align=Align.LEFT),
        Column(name="value", unit="/year"),
        Column(name="quality", align=Align.LEFT),
        Column(name="wing share", priority=2),
        Column(name="reason", align=Align.LEFT, priority=3),
    )
    rows = tuple(
        (
            Cell(fmt.moment(each.at)),
            Cell(fmt.pct(each.value, 2)),
            Cell(each.quality, Tone.TEXT if each.quality == "ok" else Tone.WARN),
            Cell(fmt.pct(each.wing_share, 2)),
            Cell(each.reason or each.method, Tone.MUTED),
        )
        for each in found
    )
    return Panel(title=name, status=f"{len(rows)} records", blocks=(Table(columns=columns, rows=rows),))
