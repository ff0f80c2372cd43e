"""``tradecli data``: recorded market data: bring files in, list what there is, find gaps, verify, take it out again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.cli.series_rows import (
    Gap,
    Imported,
    Series,
    Verified,
    gap_table,
    imported_table,
    series_table,
    verified_table,
)
from tradecli.domain.feed import INTERVALS_MS, BookFeed, CandleFeed, QuoteFeed
from tradecli.domain.instrument import InstrumentId, instrument_id
from tradecli.errors import ExitCode, NotEnoughData, UsageError
from tradecli.present.blocks import Panel
from tradecli.present.format import moment
from tradecli.store.market import MarketStore

app = Commands("data", "Recorded market data: import, list, gaps, verify, export.")
T = TypeVar("T")
EVER = 1 << 60
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
        str, typer.Option("--time-unit", help="of plain CSV: s, ms, us, ns", show_default=False)
    ] = "",
    mapping: Annotated[
        str, typer.Option("--map", help="plain CSV: ours=theirs,… as ts=time,open=o", show_default=False)
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and prove, keep nothing")] = False,
) -> Answer:
    """Bring files into the market store; each file wholly or not at all, a second time changes nothing.

    Example: tradecli data import klines.zip --venue binance --symbol BTCUSDT --interval 1m
    """
    from tradecli.datasets.files import found_in  # arrays and Parquet: only now
    from tradecli.datasets.kinds import Market
    from tradecli.datasets.source import Given

    given = Given(
        kind=_kind(kind),
        venue=options.current().venue,
        market=Market(parse.one_of(market, tuple(Market), "--market")) if market else None,
        symbol=parse.symbol(symbol)[0] if symbol else None,
        interval_ms=INTERVALS_MS[parse.one_of(interval, tuple(INTERVALS_MS), "--interval")]
        if interval
        else None,
        time_unit=parse.one_of(time_unit, ("s", "ms", "us", "ns"), "--time-unit") if time_unit else None,
        mapping=_mapping(mapping),
        latest=options.current().now,
    )
    files, aside = found_in(Path(parse.path(path, "PATH")))
    if not files:
        raise NotEnoughData(f"no Parquet, CSV or zip file in {path[:200]}", number=117)
    rows, notes = asyncio.run(_import(files, given, keep=not dry_run))
    warnings = [*notes, *(["nothing was kept: --dry-run"] if dry_run else [])]
    if aside:
        warnings.append(f"{len(aside)} files of other kinds were left aside")
    return _answer("tradecli.data.import/1", rows, warnings, imported_table)


async def _import(files: list[Path], given: Any, *, keep: bool) -> tuple[list[Imported], list[str]]:
    from tradecli.datasets.kinds import interval_name
    from tradecli.datasets.reading import read_file

    rows: list[Imported] = []
    notes: dict[str, None] = {}
    place = desk.here()
    with _progress(len(files)) as advance:
        for path in files:
            reading = read_file(path, given)
            notes |= dict.fromkeys(f"{path.name}: {note}" for note in reading.notes)
            new = [0] * len(reading.batches)
            if keep:
                async with await MarketStore.open(place.market) as store:
                    new = [await store.write(batch.rows()) for batch in reading.batches]
            for batch, fresh in zip(reading.batches, new, strict=True):
                rows.append(
                    Imported(
                        file=path.name,
                        kind=batch.kind.value,
                        subject=batch.subject,
                        interval=interval_name(batch.interval_ms) if batch.interval_ms else None,
                        first=batch.first,
                        last=batch.last,
                        rows=len(batch),
                        new=fresh,
                        gaps=batch.holes.gaps if batch.holes is not None else None,
                        assumed="; ".join(reading.assumed),
                    )
                )
            advance()
    return rows, list(notes)


@app.answers("list", uses=("venue",), schema="tradecli.data.list/1", row=Series)
def list_series(kind: KindOf = "", symbol: Symbol = "") -> Answer:
    """List what is recorded, by kind and instrument."""
    from tradecli.datasets.kinds import KIND_OF_ROW, interval_name

    wanted, venue = _kind(kind), options.current().venue
    subject = parse.symbol(symbol)[0] if symbol else None
    rows = [
        Series(
            kind=KIND_OF_ROW[row.kind].value,
            subject=row.subject,
            interval=interval_name(row.interval_ms) if row.interval_ms else None,
            first=row.first_ts,
            last=row.last_ts,
            rows=row.rows,
        )
        for row in asyncio.run(_with_store(lambda store: store.coverage()))
        if (wanted is None or KIND_OF_ROW[row.kind] is wanted)
        and (venue is None or row.subject.endswith(f"@{venue}"))
        and (subject is None or row.subject.partition("@")[0] == subject)
    ]
    return _answer("tradecli.data.list/1", rows, [], series_table)


@app.answers("gaps", uses=("venue", "since", "until"), schema="tradecli.data.gaps/1", row=Gap)
def gaps(symbol: Symbol = "", interval: Interval = "1m") -> Answer:
    """Name the bars that are missing; exit code 11 when there are any."""
    from tradecli.datasets.kinds import interval_name

    given = options.current()
    length = INTERVALS_MS[parse.one_of(interval, tuple(INTERVALS_MS), "--interval")]
    instrument = _instrument(symbol)
    feed = CandleFeed(instrument, length)
    since, until = given.since or 0, given.until or EVER
    series = asyncio.run(_with_store(lambda store: store.candles(feed, since, until)))
    if len(series) == 0:
        raise _nothing(f"{interval} bars of {instrument}")
    ts = series.ts.tolist()
    rows = [
        Gap(
            subject=instrument,
            interval=interval_name(length),
            since=before + length,
            until=after,
            missing=(after - before) // length - 1,
        )
        for before, after in pairwise(ts)
        if after - before > length
    ]
    answer = _answer("tradecli.data.gaps/1", rows, [], gap_table)
    answer.codes = [ExitCode.PARTIAL] if rows else []
    return answer


@app.answers("verify", uses=("venue", "since", "until"), schema="tradecli.data.verify/1", row=Verified)
def verify(kind: KindOf = "candles", symbol: Symbol = "", interval: Interval = "1m") -> Answer:
    """Prove a recorded series; what is not sound ends with exit code 14.

    Example: tradecli data verify --venue binance --symbol BTCUSDT --kind depth
    """
    instrument, wanted = _instrument(symbol), _kind(kind)
    given = options.current()
    since, until = given.since or 0, given.until or EVER
    if wanted == "depth":
        row = asyncio.run(_with_store(lambda store: _verify_depth(store, instrument, since, until)))
    elif wanted == "candles":
        length = INTERVALS_MS[parse.one_of(interval, tuple(INTERVALS_MS), "--interval")]
        row = asyncio.run(_with_store(lambda store: _verify_candles(store, instrument, length, since, until)))
    else:
        raise UsageError(
            f"--kind {kind[:40]} has nothing to verify", number=109, hint="--kind candles or depth"
        )
    answer = _answer("tradecli.data.verify/1", [row], [], verified_table)
    answer.codes = [] if row.sound else [ExitCode.MISMATCH]
    return answer


async def _verify_depth(store: MarketStore, instrument: InstrumentId, since: int, until: int) -> Verified:
    from tradecli.domain.market import BookDelta, Quote
    from tradecli.venues.depth import verify_depth

    messages = [
        row async for row in store.read(BookFeed(instrument), since, until) if isinstance(row, BookDelta)
    ]
    quotes = [row async for row in store.read(QuoteFeed(instrument), since, until) if isinstance(row, Quote)]
    if not messages:
        raise _nothing(f"depth of {instrument}")
    found = verify_depth(messages, quotes)
    problem = ""
    if found.first_gap is not None:
        problem = f"gap before update {found.first_gap}"
    elif found.first_mismatch is not None:
        problem = f"best bid/ask differ at update {found.first_mismatch}"
    return Verified(
        kind="depth",
        subject=instrument,
        rows=found.messages,
        compared=found.compared,
        matches=found.matches,
        gaps=found.gaps,
        crossed=found.crossed,
        bad=found.bad,
        sound=found.is_sound,
        status=found.status.value,
        first_problem=problem,
    )


async def _verify_candles(
    store: MarketStore, instrument: InstrumentId, length: int, since: int, until: int
) -> Verified:
    import numpy as np  # arrays only where bars are proved in bulk

    series = await store.candles(CandleFeed(instrument, length), since, until)
    if len(series) == 0:
        raise _nothing(f"bars of {instrument}")
    low, high = np.minimum(series.open, series.close), np.maximum(series.open, series.close)
    wrong = (series.low > low) | (series.high < high) | (series.low <= 0) | ~np.isfinite(series.close)
    wrong |= series.ts % length != 0
    holes = int((np.diff(series.ts) > length).sum())
    first = int(series.ts[np.argmax(wrong)]) if wrong.any() else None
    return Verified(
        kind="candles",
        subject=instrument,
        rows=len(series),
        compared=len(series),
        matches=len(series) - int(wrong.sum()),
        gaps=holes,
        crossed=0,
        bad=int(wrong.sum()),
        sound=not wrong.any(),
        status="ok" if not wrong.any() else "bad",
        first_problem="" if first is None else f"bar of {moment(first)}",
    )


@app.answers("export", uses=("venue", "since", "until"), schema="tradecli.data.export/1", row=Series)
def export(
    to: Annotated[str, typer.Option("--to", help="file to make: .csv or .parquet", show_default=False)],
    symbol: Symbol = "",
    interval: Interval = "1m",
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> Answer:
    """Write recorded bars to a file, which appears only when it is complete."""
    from tradecli.datasets.kinds import interval_name

    given = options.current()
    target = Path(parse.path(to, "--to"))
    if target.suffix not in (".csv", ".parquet"):
        raise UsageError("--to must end in .csv or .parquet", number=110)
    if target.exists() and not force:
        raise UsageError(f"{target} is there already", number=114, hint="--force replaces it")
    instrument = _instrument(symbol)
    length = INTERVALS_MS[parse.one_of(interval, tuple(INTERVALS_MS), "--interval")]
    feed = CandleFeed(instrument, length)
    since, until = given.since or 0, given.until or EVER
    series = asyncio.run(_with_store(lambda store: store.candles(feed, since, until)))
    if len(series) == 0:
        raise _nothing(f"{interval} bars of {instrument}")
    _write_table(series, target)
    row = Series(
        kind="candles",
        subject=instrument,
        interval=interval_name(length),
        first=int(series.ts[0]),
        last=int(series.ts[-1]),
        rows=len(series),
    )
    return _answer("tradecli.data.export/1", [row], [], series_table)


def _write_table(series: Any, target: Path) -> None:
    import pyarrow as pa  # only where a file is written
    import pyarrow.csv
    import pyarrow.parquet

    names = ("ts", "open", "high", "low", "close", "volume")
    table = pa.table({name: getattr(series, name) for name in names})
    beside = target.with_name(f".{target.name}.part")
    try:
        if target.suffix == ".csv":
            pyarrow.csv.write_csv(table, str(beside))
        else:
            pyarrow.parquet.write_table(table, str(beside), compression="zstd")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


# -- shared -------------------------------------------------------------------------------------------------------


async def _with_store(ask: Callable[[MarketStore], Any]) -> Any:
    async with await MarketStore.open(desk.here().market, writable=False) as store:
        return await ask(store)


def _kind(text: str) -> Any:
    from tradecli.datasets.kinds import Kind

    return Kind(parse.one_of(text, tuple(Kind), "--kind")) if text else None


def _mapping(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise UsageError("--map is a list such as ts=time,open=o", number=115)
    return tuple((ours, theirs) for ours, _, theirs in pairs)


def _instrument(symbol: str) -> InstrumentId:
    if not symbol:
        raise UsageError("--symbol is missing", number=107, hint="--symbol BTCUSDT")
    name, venue = parse.symbol(symbol, options.current().venue)
    return instrument_id(name, venue or options.current().venue or "binance")


def _nothing(what: str) -> NotEnoughData:
    return NotEnoughData(
        f"no {what} are recorded", number=112, hint="tradecli data list; tradecli data import PATH"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty() or total < 2:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=total)
        yield lambda: bar.advance(task)


def _answer(schema: str, rows: list[Any], warnings: list[str], table: Callable[[list[Any]], Panel]) -> Answer:
    return Answer(
        schema=schema,
        mode=desk.here().mode,
        data=rows,
        as_of=options.current().now,
        warnings=tuple(warnings),
        panels=lambda: [table(rows)],
    )
