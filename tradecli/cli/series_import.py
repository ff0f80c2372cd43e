"""``data import``: the files of a path into the market store, one transaction a file, with a bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tradecli.cli import options, parse
from tradecli.cli.series import interval_of, kind_of, place, subject_of
from tradecli.cli.series_rows import Imported
from tradecli.config.place import Place
from tradecli.datasets.files import found_in
from tradecli.datasets.keeping import keep as keep_rows
from tradecli.datasets.kinds import Market, interval_name
from tradecli.datasets.reading import read_file
from tradecli.datasets.source import Given
from tradecli.datasets.table import TIME_UNITS
from tradecli.domain.enums import Mode
from tradecli.domain.feed import DAY_MS
from tradecli.errors import NotFound, ReconciliationMismatch, TradecliError, UsageError
from tradecli.store.market import MarketStore

MOST_WARNINGS = 30
CLOCK_SLACK_MS = DAY_MS
"""How far a file may be ahead of this machine's clock before its times lie in the future."""


def given(kind: str, symbol: str, interval: str, market: str, time_unit: str, mapping: str) -> Given:
    """Return the options of an import as values; everything malformed is a usage error."""
    wanted = kind_of(kind)
    name, venue = subject_of(symbol, wanted) if symbol else (None, options.current().venue)
    return Given(
        kind=wanted,
        venue=venue,
        market=Market(parse.one_of(market, tuple(Market), "--market")) if market else None,
        symbol=name,
        interval_ms=interval_of(interval),
        time_unit=parse.one_of(time_unit, TIME_UNITS, "--time-unit") if time_unit else None,
        mapping=_mapping(mapping),
        latest=options.current().now + CLOCK_SLACK_MS,
    )


async def import_all(
    folder: Path, asked: Given, *, keep: bool
) -> tuple[list[Imported], list[str], list[TradecliError]]:
    """Import every file; return a row for each series, what is to be said, and the files that were refused and why.

    Where no file could be kept, the first refusal is raised.
    """
    where = place()
    if where.mode in (Mode.DEMO, Mode.REHEARSAL):
        raise UsageError(
            f"the market of profile {where.profile!r} is invented: recorded data do not go into it",
            number=118,
            hint="leave --profile out, or name another",
        )
    files, aside = found_in(folder)
    if not files:
        raise NotFound(f"no Parquet, CSV or zip file in {ascii(str(folder))[:200]}", number=117)
    rows: list[Imported] = []
    said: dict[str, None] = {}
    refused: list[TradecliError] = []
    with _progress(files) as done:
        async with _history(where, keep=keep) as store:
            for path in files:
                try:
                    rows += await _import_one(path, asked, store, said, keep=keep)
                except (UsageError, ReconciliationMismatch) as error:
                    refused.append(error)
                done(path)
    if refused and not rows:
        raise refused[0]
    warnings = [*(error.line() for error in refused), *said]
    if len(warnings) > MOST_WARNINGS:
        warnings = [*warnings[:MOST_WARNINGS], f"and {len(warnings) - MOST_WARNINGS} more"]
    if not keep:
        warnings.append("nothing was kept: --dry-run")
    if aside:
        warnings.append(f"{len(aside)} files of other kinds were left aside")
    return rows, warnings, refused


async def _import_one(
    path: Path, asked: Given, store: MarketStore | None, said: dict[str, None], *, keep: bool
) -> list[Imported]:
    reading = read_file(path, asked)
    kept = await keep_rows(reading, store, write=keep)
    said |= dict.fromkeys(f"{path.name}: {note}" for note in reading.notes)
    if kept.filled:
        said[f"{path.name}: {kept.filled} stored rows were told what they did not know"] = None
    return [
        Imported(
            file=path.name,
            kind=batch.kind.value,
            instrument=batch.subject,
            interval=interval_name(batch.interval_ms) if batch.interval_ms else None,
            first=batch.first,
            last=batch.last,
            rows=len(batch),
            new=new,
            gaps=batch.holes.gaps if batch.holes is not None else None,
            missing=batch.holes.missing if batch.holes is not None else None,
            assumed="; ".join(reading.assumed),
        )
        for batch, new in zip(reading.batches, kept.new, strict=True)
    ]


@asynccontextmanager
async def _history(where: Place, *, keep: bool) -> AsyncIterator[MarketStore | None]:
    """Open the market store to write to; for a dry run the one to compare with, None where there is none yet."""
    path = where.market
    if not keep and not path.exists():
        yield None
        return
    async with await MarketStore.open(path, writable=keep) as store:
        yield store


def _mapping(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs (ours, theirs) of ``--map``."""
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise UsageError("--map is a list such as ts=time,open=o", number=115)
    for names in ([ours for ours, _, _ in pairs], [theirs for _, _, theirs in pairs]):
        if len(set(names)) != len(names):
            raise UsageError("--map names a column twice", number=115)
    return tuple((ours, theirs) for ours, _, theirs in pairs)


@contextmanager
def _progress(files: list[Path]) -> Iterator[Callable[[Path], None]]:
    """Show a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty() or options.current().quiet:
        yield lambda path: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    sizes = {path: path.stat().st_size / 1024 for path in files}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing (KiB)", total=round(sum(sizes.values())))
        yield lambda path: bar.advance(task, sizes[path])
