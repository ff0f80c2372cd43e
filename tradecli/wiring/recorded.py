"""A run over recorded markets: the same engine, fed from the market store, into a run file of its own."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradecli import __version__, codec
from tradecli.components.base import Component
from tradecli.config import folders
from tradecli.config.loading import Config, load
from tradecli.domain.enums import Mode
from tradecli.domain.feed import MINUTE_MS, CandleFeed, Feed, FundingFeed, MarkFeed
from tradecli.domain.instrument import Instrument, InstrumentId, instrument_id
from tradecli.errors import NotEnoughData
from tradecli.store.ledger import Ledger, Run
from tradecli.store.market import MarketStore
from tradecli.venues.known import inferred, known
from tradecli.venues.recorded import Recorded
from tradecli.wiring.parts import ACCOUNT, Outcome, build, carry, config_content, stream_feeds

ID_LENGTH = 12
_PRICES = 1_000


def recorded_config(
    config_path: str | None,
    *,
    symbols: Sequence[str],
    venue: str,
    strategies: Sequence[str],
    flags: Mapping[str, Any],
) -> Config:
    """Return the configuration of a run over recorded data: the replay profile, with what was asked for on top."""
    config = load("replay", config_path, None, flags=flags)
    changes: dict[str, Any] = {"venues": [venue]}
    if symbols:
        changes["symbols"] = list(symbols)
    if strategies:
        changes["strategies"] = list(strategies)
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))


def run_recorded(
    *,
    config_path: str | None = None,
    symbols: Sequence[str],
    venue: str,
    since: int,
    until: int,
    strategies: Sequence[str] = (),
    interval_ms: int = MINUTE_MS,
    flags: Mapping[str, Any] | None = None,
    among: Sequence[Component] | None = None,
    folder: Path | None = None,
    market: Path | None = None,
) -> Outcome:
    """Trade recorded data between ``since`` and ``until``, keep the run in a file of its own, and return its
    result.
    """
    config = recorded_config(
        config_path, symbols=symbols, venue=venue, strategies=strategies, flags=flags or {}
    )
    where = folder if folder is not None else folders.runs_dir()
    store = market if market is not None else config.place.market
    return asyncio.run(carry_recorded(config, venue, since, until, interval_ms, among, where, store))


async def carry_recorded(
    config: Config,
    venue: str,
    since: int,
    until: int,
    interval_ms: int,
    among: Sequence[Component] | None,
    folder: Path,
    market: Path,
) -> Outcome:
    """Run ``config`` over the bars of ``market`` and keep the run in ``folder``; its file appears once it is
    complete.
    """
    async with await MarketStore.open(market, writable=False) as history:
        ids = [instrument_id(symbol, venue) for symbol in config.run.symbols]
        instruments = [await rules_of(history, each, interval_ms) for each in ids]
        parts = build(
            config, instruments, seed=config.paper.seed, base_ms=interval_ms, among=among, traders_only=True
        )
        feeds = listened(parts.traded, parts.feeds, interval_ms)
        await _must_have(history, parts.traded, interval_ms, since, until)
        content = config_content(config)
        data = {
            "source": "recorded",
            "venue": venue,
            "symbols": list(config.run.symbols),
            "since": since,
            "until": until,
            "interval_ms": interval_ms,
            "content": await history.content_hash(feeds, since, until),
        }
        digest = codec.digest(content)
        run_id = "b-" + codec.digest([digest, data])[:ID_LENGTH]
        run = Run(
            run_id=run_id,
            mode=Mode.REPLAY,
            started=since,
            seed=config.paper.seed,
            config_digest=digest,
            config=content,
            data=data,
            code=__version__,
        )
        beside = folder / f"{run_id}.new.db"
        _remove(beside)
        ledger = await Ledger.open(beside, mode=Mode.REPLAY, account=ACCOUNT)
        try:
            await ledger.begin_run(run)
            source = Recorded(history, instruments, since, until)
            note = f"recorded {venue} data, {', '.join(config.run.symbols)}"
            outcome = await carry(
                parts, source, ledger, run, until=until, note=note, listen=feeds, keep_reports=False
            )
            await ledger.finish_run(until, outcome.summary)
        finally:
            await ledger.close()
        beside.replace(folder / f"{run_id}.db")
    return outcome


async def rules_of(history: MarketStore, instrument: InstrumentId, interval_ms: int) -> Instrument:
    """Return the trading rules of an instrument: those kept with the data, the known ones, or what prices suggest."""
    for kept in await history.instruments():
        if kept.id == instrument:
            return kept
    found = known(instrument)
    if found is not None:
        return found
    last = await history.last_close(instrument, interval_ms)
    since = (last or 0) - _PRICES * interval_ms
    bars = await history.candles(CandleFeed(instrument, interval_ms), since, (last or 0) + 1)
    try:
        return inferred(instrument, bars.close.tolist())
    except ValueError as error:
        hint = "tradecli data list shows what is recorded"
        raise NotEnoughData(str(error), number=113, where=str(history.path), hint=hint) from error


def listened(traded: Sequence[InstrumentId], declared: Sequence[Feed], interval_ms: int) -> tuple[Feed, ...]:
    """Return what a run over recorded data listens to: bars, funding and marks of what it trades, and what is
    declared.
    """
    own: list[Feed] = []
    for instrument in traded:
        own += [CandleFeed(instrument, interval_ms), FundingFeed(instrument), MarkFeed(instrument)]
    return stream_feeds((*own, *declared), interval_ms)


async def _must_have(
    history: MarketStore, traded: Sequence[InstrumentId], interval_ms: int, since: int, until: int
) -> None:
    for instrument in traded:
        bars = await history.candles(CandleFeed(instrument, interval_ms), since, until)
        if len(bars) == 0:
            raise NotEnoughData(
                f"no {interval_ms // 60_000}-minute bars of {instrument} in that time",
                number=112,
                where=str(history.path),
                hint="tradecli data list shows what is recorded; tradecli data import PATH adds more",
            )


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
