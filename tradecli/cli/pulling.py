"""``tradecli data pull``: what is asked, and its answer. Progress goes to stderr, and only to a person's terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradecli.cli import options, parse, series
from tradecli.cli.output import Answer
from tradecli.config.loading import load
from tradecli.config.place import Place, locate
from tradecli.domain.enums import Mode
from tradecli.domain.feed import DAY_MS
from tradecli.domain.instrument import InstrumentId, instrument_id
from tradecli.errors import ExitCode, UsageError
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import count, moment

if TYPE_CHECKING:
    from tradecli.wiring.pulling import Pulled

SCHEMA = "tradecli.data.pull/1"
KINDS = ("candles", "funding", "open_interest", "vol_index", "trades")
_QUOTES = ("USDT", "USDC", "USD")
_DEFAULT_MS = 30 * DAY_MS
_BAR = 30


def place() -> Place:
    """Return the profile whose venues are asked: paper where nothing names one."""
    given = options.current()
    named = given.profile or os.environ.get("TRADECLI_PROFILE") or "paper"
    found = locate(named, given.config, given.db)
    if found.mode not in (Mode.PAPER, Mode.REHEARSAL):
        raise UsageError(f"profile {found.profile} has no venues to ask", number=113, hint="--profile paper")
    return found


def answer(kinds: str, intervals: str) -> Answer:
    """Pull what the flags name and say what came of it; exit code 11 when a series is not complete."""
    from tradecli.wiring.pulling import Pull, feeds_of, pull  # the venues' library: only now

    given, where = options.current(), place()
    if given.offline:
        raise UsageError("--offline, and only a venue has history to pull", number=103)
    words = parse.words(kinds or "candles", KINDS, "--kind")
    lengths = [series.interval_of(word) or 0 for word in (intervals or "1h").split(",")]
    ids = _instruments(where)
    coins = sorted({_coin(each) for each in ids})
    until = given.until or given.now
    since = given.since if given.since is not None else until - _DEFAULT_MS
    what = Pull(
        mode=where.mode,
        profile=where.profile,
        store=where.market,
        feeds=feeds_of(words, ids, coins, lengths),
        since=since,
        until=min(until, given.now),
    )
    with Progress() as progress:
        rows = pull(what, progress.tell)
    missed = [row for row in rows if not row.complete and not _is_elsewhere(row, rows)]
    return Answer(
        schema=SCHEMA,
        mode=where.mode,
        data=rows,
        as_of=max((row.until for row in rows if row.complete), default=None),
        warnings=tuple(f"{row.kind} {row.instrument}: {row.reason}" for row in missed),
        panels=lambda: [_panel(rows)],
        source="venues, into the market store",
        codes=[ExitCode.PARTIAL] if missed else [],
    )


def _is_elsewhere(row: Pulled, rows: Sequence[Pulled]) -> bool:
    """Say that a venue does not list a symbol which was asked for without a venue, and which another one has."""
    given = options.current()
    named = given.venues or any(venue for _, venue in given.symbols)
    if row.is_listed or named:
        return False
    same = [each for each in rows if each.kind == row.kind and each.interval == row.interval]
    return any(each.is_listed and _symbol(each) == _symbol(row) for each in same)


def _symbol(row: Pulled) -> str:
    return row.instrument.partition("@")[0]


def _state(row: Pulled, rows: Sequence[Pulled]) -> Cell:
    if _is_elsewhere(row, rows):
        return Cell("not listed there", Tone.MUTED)
    if row.complete:
        return Cell("complete" if row.new else "complete, all kept before", Tone.GOOD)
    return Cell(row.reason, Tone.BAD)


def _instruments(where: Place) -> list[InstrumentId]:
    """Return the symbols of the flags at the venues of the flags; what is not given comes from the configuration."""
    given = options.current()
    symbols, venues = list(given.symbols), list(given.venues)
    if not symbols or (not venues and not all(venue for _, venue in symbols)):
        run = load(where.profile, given.config, given.db, trades=False).run
        symbols = symbols or [(symbol, None) for symbol in run.symbols]
        venues = venues or list(run.venues)
    found: dict[InstrumentId, None] = {}
    for symbol, venue in symbols:
        for name in [venue] if venue else venues:
            found[instrument_id(symbol, name)] = None
    return list(found)


def _coin(instrument: InstrumentId) -> str:
    pair = instrument.partition("@")[0].partition(".")[0].partition("-")[0]
    for quote in _QUOTES:
        if pair.endswith(quote) and len(pair) > len(quote):
            return pair.removesuffix(quote)
    return pair


def _panel(rows: Sequence[Pulled]) -> Panel:
    columns = (
        Column(name="kind", align=Align.LEFT),
        Column(name="of", align=Align.LEFT),
        Column(name="interval", align=Align.LEFT),
        Column(name="since", priority=3),
        Column(name="until", priority=4),
        Column(name="rows", priority=2),
        Column(name="new", priority=2),
        Column(name="state", align=Align.LEFT),
    )
    cells = tuple(
        (
            Cell(row.kind),
            Cell(row.instrument),
            Cell(row.interval or "—"),
            Cell(moment(row.since)),
            Cell(moment(row.until)),
            Cell(count(row.rows)),
            Cell(count(row.new)),
            _state(row, rows),
        )
        for row in rows
    )
    return Panel(title="pulled", blocks=(Table(columns=columns, rows=cells, empty="nothing was asked for"),))


class Progress:
    """One line on stderr that is drawn over, where stderr is a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty() and not options.current().quiet

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def tell(self, what: str, share: float) -> None:
        """Draw how far a series is."""
        if self._shows:
            full = round(min(max(share, 0.0), 1.0) * _BAR)
            sys.stderr.write(f"\r\x1b[K{'█' * full}{'░' * (_BAR - full)} {share:4.0%} {what}")
            sys.stderr.flush()
