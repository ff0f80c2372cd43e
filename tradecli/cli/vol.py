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
    from tradecli.research.scorecard import Card

SCHEMA = "tradecli.vol.backfill/1"
SCORE_SCHEMA = "tradecli.vol.score/1"
WINGS = ("full", "5d")
METHODS = ("bvx", "term", "skew", "dvol", "import", "illiquidity")
_UNITS = {"value": "fraction/year", "full": "fraction/year", "five_delta": "fraction/year"}
_BOOK_UNITS = {"value": "bp", "spread_bps": "bp", "depth": "quote currency"}


def build(word: str) -> Commands:
    """Return the commands of the volatility desk."""
    app = topics.build(word)
    app.answers("backfill", uses=("venue", "since", "until"), schema=SCHEMA, row=_row)(backfill)
    app.answers("score", uses=("symbols", "venue", "at"), schema=SCORE_SCHEMA, row=_score_row)(score)
    return app


def _score_row() -> Any:
    from tradecli.research.scorecard import Row

    return Row


def score(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYMBOL]...", help="symbols, as the venue writes them", show_default=False),
    ] = None,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="score the forecasts that a desk recorded, not walked-forward ones"),
    ] = False,
    refit: Annotated[str, typer.Option("--refit", help="days between two fits [default: 28]")] = "28",
) -> Answer:
    """Score forecasts by what came: QLIKE, coverage, test against EWMA, ranks.

    Example: tradecli vol score BTCUSDT --venue binance
    """
    given = options.current()
    typed = [parse.symbol(text, given.venue) for text in symbols or []] or list(given.symbols)
    if not typed:
        raise UsageError("whose forecasts? give a symbol", number=103, hint="tradecli vol score BTCUSDT")
    days = parse.whole(refit, "--refit", most=365)
    card = asyncio.run(_score([(name, venue or "binance") for name, venue in typed], stored, days))
    return Answer(
        schema=SCORE_SCHEMA,
        mode=series.place().mode,
        data=card.rows,
        as_of=given.at,
        warnings=[f"{each.series}, weights over 30 days: {each.verdict}" for each in card.weights],
        source="ledger" if stored else "market store",
        panels=lambda: [_score_panel(card)],
    )


async def _score(wanted: list[tuple[str, str]], stored: bool, refit: int) -> Card:
    from tradecli.domain.instrument import instrument_id
    from tradecli.research import scoring  # arrays: only now
    from tradecli.research.scorecard import Card
    from tradecli.store.market import MarketStore

    place = series.place()
    at = options.current().at
    until = at if at is not None else 2**53
    cards = []
    async with await MarketStore.open(place.market, writable=False) as store:
        for name, venue in wanted:
            one = instrument_id(name, venue)
            if stored:
                cards.append(
                    await scoring.recorded(store, one, scoring.read_inputs(place.ledger, until), until)
                )
            else:
                btc = instrument_id("BTCUSDT", venue)
                cards.append(await scoring.walked(store, one, btc, until, refit))
    return Card(
        tuple(row for card in cards for row in card.rows),
        tuple(row for card in cards for row in card.weights),
        (),
    )


def _score_panel(card: Card) -> Panel:
    from tradecli.present import format as fmt
    from tradecli.present.blocks import Align, Block, Cell, Column, Notice, Panel, Table, Tone

    columns = (
        Column(name="series", align=Align.LEFT, priority=2),
        Column(name="days", width=4),
        Column(name="model", align=Align.LEFT, width=6),
        Column(name="rank", width=4),
        Column(name="QLIKE", width=7),
        Column(name="cover", width=5),
        Column(name="bias", priority=3, width=5),
        Column(name="DM", priority=2, width=6),
        Column(name="p", width=6),
        Column(name="n", priority=3, width=5),
        Column(name="indep.", priority=3, width=6),
    )
    rows = tuple(
        (
            Cell(row.series, Tone.MUTED),
            Cell(str(row.horizon)),
            Cell(row.model, Tone.ACCENT),
            Cell(str(row.rank)),
            Cell(fmt.number(row.qlike, 4)),
            Cell(fmt.pct(row.coverage, 0)),
            Cell(fmt.number(row.bias, 2), Tone.MUTED),
            Cell(fmt.number(row.dm_statistic, 2)),
            Cell(fmt.number(row.dm_p, 3)),
            Cell(fmt.count(row.n), Tone.MUTED),
            Cell(fmt.number(row.independent, 0), Tone.MUTED),
        )
        for row in card.rows
    )
    blocks: list[Block] = [
        Table(columns=columns, rows=rows, empty="nothing to score"),
        Notice("QLIKE: 0 is best; cover: share in the 80 % interval; DM below 0: better than EWMA"),
    ]
    blocks += [Notice(f"{each.series}, weights over 30 days: {each.verdict}") for each in card.weights]
    return Panel(title="Score card", status=f"{len(card.rows)} rows", blocks=tuple(blocks))


def _row() -> Any:
    from tradecli.research.index_history import IndexRecord

    return IndexRecord


def backfill(
    symbol: Annotated[
        str, typer.Option("--symbol", help="coin: BTC or ETH; of books a symbol", show_default=False)
    ] = "BTC",
    method: Annotated[
        str, typer.Option("--method", help="bvx, term, skew, dvol, import or illiquidity")
    ] = "bvx",
    wings: Annotated[
        str, typer.Option("--wings", help="full: every quoted strike; 5d: 5 % delta and more")
    ] = "full",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="compute, keep nothing")] = False,
) -> Answer:
    """Compute an index for every recorded chain, or how liquid recorded books were, and keep it as a series.

    Example: tradecli vol backfill --method bvx --symbol BTC --wings 5d --format ndjson
    """
    coin, venue = parse.symbol(symbol, options.current().venue)
    parse.one_of(method, METHODS, "--method")
    parse.one_of(wings, WINGS, "--wings")
    if method == "illiquidity":
        return _of_books(coin, venue or "binance", keep=not dry_run)
    if venue not in (None, "deribit"):
        raise UsageError(f"no option chains are read at {venue}", number=121, hint="--venue deribit")
    found, kept, name = asyncio.run(_backfill(coin, method, wings, keep=not dry_run))
    warnings = [f"{kept} new values kept as {name}"] if kept else []
    return Answer(
        schema=SCHEMA,
        mode=series.place().mode,
        data=found,
        as_of=max(each.at for each in found),
        units=_UNITS,
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
        what = f"option chain of {coin}" if method in history.COMPUTED else f"value of {name}"
        raise NotEnoughData(
            f"no {what} is recorded in that time",
            number=112,
            where=str(path),
            hint="tradecli data import PATH; tradecli data list --kind options",
        )
    kept = 0
    if keep and method in history.COMPUTED:
        async with await MarketStore.open(path) as store:
            kept = await store.write(history.as_series(name, found))
    return found, kept, name


def _of_books(symbol: str, venue: str, *, keep: bool) -> Answer:
    found, kept, name = asyncio.run(_backfill_books(symbol, venue, keep=keep))
    return Answer(
        schema=SCHEMA,
        mode=series.place().mode,
        data=found,
        as_of=max(each.at for each in found),
        units=_BOOK_UNITS,
        warnings=[f"{kept} new values kept as {name}"] if kept else [],
        source="market store",
        panels=lambda: [_book_panel(name, found)],
    )


async def _backfill_books(symbol: str, venue: str, *, keep: bool) -> tuple[list[IndexRecord], int, str]:
    from tradecli.datasets.units import AGAIN
    from tradecli.domain.feed import MINUTE_MS
    from tradecli.domain.instrument import instrument_id
    from tradecli.domain.liquidity import series_of
    from tradecli.research import liquidity_history as history  # arrays: only now
    from tradecli.store.market import MarketStore
    from tradecli.wiring.recorded import rules_of

    instrument, path = instrument_id(symbol, venue), series.place().market
    since, until = series.span()
    async with await MarketStore.open(path, writable=False) as store:
        books = [
            each
            for each in await store.coverage()
            if each.subject == instrument and each.kind in ("Book", "BookDelta")
        ]
        if not books:
            raise NotEnoughData(
                f"no book of {instrument} is recorded",
                number=112,
                where=str(path),
                hint="tradecli data list --kind depth; a live desk records the books that it follows",
            )
        if counted := await series.in_contracts(store, books):
            raise NotEnoughData(counted[0], number=113, where=str(path), hint=AGAIN)
        tick = float((await rules_of(store, instrument, MINUTE_MS)).tick)
        hours = [each async for each in history.hours(store, instrument, tick, since, until)]
    if not hours:
        raise NotEnoughData(f"no proven book of {instrument} in that time", number=112, where=str(path))
    kept = 0
    if keep:
        async with await MarketStore.open(path) as store:
            kept = await store.write(history.as_series(instrument, hours))
    return [history.record_of(each) for each in hours], kept, " and ".join(series_of(instrument))


def _book_panel(name: str, found: list[IndexRecord]) -> Panel:
    from tradecli.present import format as fmt
    from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone

    columns = (
        Column(name="hour to", align=Align.LEFT),
        Column(name="spread", unit="bp"),
        Column(name="depth 10 bp"),
        Column(name="samples"),
        Column(name="quality", align=Align.LEFT),
        Column(name="reason", align=Align.LEFT, priority=3),
    )
    rows = tuple(
        (
            Cell(fmt.moment(each.at)),
            Cell(fmt.number(each.spread_bps, 4)),
            Cell(fmt.UNKNOWN if each.depth is None else fmt.count(round(each.depth))),
            Cell(str(each.samples)),
            Cell(each.quality, Tone.TEXT if each.quality == "ok" else Tone.WARN),
            Cell(each.reason, Tone.MUTED),
        )
        for each in found
    )
    return Panel(title=name, status=f"{len(rows)} hours", blocks=(Table(columns=columns, rows=rows),))


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
