"""The score card of one instrument: forecasts walked forward over its recorded candles, or those a desk had recorded.

A recorded forecast is scored once its horizon has passed; what it is scored on is the realised variance of the days
after it. It reads the market store and the ledger, and writes neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tradecli.domain.decision import Input
from tradecli.domain.feed import DAY_MS, HOUR_MS, CandleFeed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.errors import NotEnoughData
from tradecli.ports import History
from tradecli.quant.scorecard import Forecasts, scores
from tradecli.research.scorecard import (
    HORIZONS,
    LEAST_DAYS,
    Card,
    Row,
    Track,
    hourly_track,
    row_of,
    score_track,
    weigh_track,
)

PREFIX = "forecast "


async def walked(
    history: History, instrument: InstrumentId, btc: InstrumentId, until: int, refit: int
) -> Card:
    """Return the card of an instrument from its hourly candles before ``until``; ``NotEnoughData`` below 420 days."""
    track = await _track(history, instrument, until)
    if len(track.days) < LEAST_DAYS:
        raise NotEnoughData(
            f"{len(track.days)} whole days of hourly candles of {instrument}, {LEAST_DAYS} are needed",
            number=112,
            hint="tradecli data import PATH",
        )
    rows, forecasts = score_track(track, refit)
    beside = track if instrument == btc else await _track(history, btc, until)
    weights = weigh_track(track, forecasts, await _dvol(history, until), beside) if len(beside.days) else None
    return Card(tuple(rows), () if weights is None else (weights,), ())


async def recorded(history: History, instrument: InstrumentId, inputs: Sequence[Input], until: int) -> Card:
    """Return the card of the forecasts that decisions recorded of an instrument, those whose horizon has passed."""
    track = await _track(history, instrument, until)
    forecasts = of_inputs((each for each in inputs if each.scope == instrument), track)
    rows: list[Row] = []
    for horizon in HORIZONS:
        rows += [row_of(track.name, found) for found in scores(forecasts, track.rv, horizon)]
    if not rows:
        raise NotEnoughData(
            f"no recorded forecast of {instrument} whose horizon has passed",
            number=112,
            hint="a running desk records them once a day: tradecli run, tradecli demo",
        )
    return Card(tuple(rows), (), ())


def of_inputs(inputs: Iterable[Input], track: Track) -> Forecasts:
    """Return recorded forecasts as mean daily variances by (model, days), on the days of a track.

    The name says model and horizon, ``as_of`` the end of the last day that was known. What was made twice counts once.
    """
    place = {(int(day) + 1) * DAY_MS: index for index, day in enumerate(track.days)}
    found: Forecasts = {}
    for each in inputs:
        model, _, horizon = each.name.removeprefix(PREFIX).partition(" ")
        index = place.get(each.as_of or 0)
        if each.value is None or index is None or not horizon.endswith("d"):
            continue
        key = (model, int(horizon[:-1]))
        path = found.setdefault(key, np.full(len(track.days), np.nan))
        if np.isnan(path[index]):
            path[index] = each.value**2 / 365.0
    return found


def read_inputs(ledger: Path, until: int) -> list[Input]:
    """Return every forecast that the runs of a ledger recorded before ``until``."""
    from tradecli.store.reader import LedgerReader

    if not ledger.exists():
        return []
    with LedgerReader(ledger) as reader:
        return [
            each for run in reader.runs(limit=10_000) for each in reader.inputs(PREFIX, run.run_id, at=until)
        ]


async def _track(history: History, instrument: InstrumentId, until: int) -> Track:
    ts, close = [], []
    async for each in history.read(CandleFeed(instrument, HOUR_MS), 0, until):
        ts.append(each.ts)
        close.append(each.close)  # type: ignore[union-attr]
    return hourly_track(str(instrument), np.array(ts, dtype=np.int64), np.array(close, dtype=float))


async def _dvol(history: History, until: int) -> dict[int, float]:
    found: dict[int, float] = {}
    async for each in history.read(VolIndexFeed("DVOL-BTC"), 0, until):
        if isinstance(each, VolIndex):
            found[(each.ts - 1) // DAY_MS] = each.value
    return found
