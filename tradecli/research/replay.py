"""Runs a kept run again from its own record and compares every step: the flight recorder, and the strongest test
there is.

A run names its configuration, its seed and its market by reference. Running it again must give the same steps, row
by row, and the same audit chain. A difference means that the data, the program or the record is not what it was.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradecli.config import sections
from tradecli.config.loading import Config, from_values
from tradecli.domain.enums import Mode
from tradecli.errors import NotEnoughData, NotFound
from tradecli.store.reader import LedgerReader, RunRow
from tradecli.wiring.demo import demo_ledger_run
from tradecli.wiring.parts import Outcome
from tradecli.wiring.recorded import carry_recorded

_SHOWN = 20
_NOT_OF_STEPS = ("event", "notice", "report")
"""Records that are not compared: events are compared as steps, and the others had no record before schema 2."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One row that is not the same. ``seq`` is the step, ``kind`` its event or record; None: missing on that side."""

    seq: int
    at: int
    kind: str
    ref: str
    recorded: str | None
    replayed: str | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one run. ``differences`` counts rows; the first ones are listed in order of their steps.

    ``same_schema``: both were recorded under one ledger schema, so that their hashes can be compared.
    """

    run_id: str
    mode: Mode
    steps: int
    compared: int
    differences: int
    chain_ok: bool
    chain_problem: str
    first: Difference | None
    listed: tuple[Difference, ...]
    recorded_hash: str
    replayed_hash: str
    code_recorded: str
    same_schema: bool


def verify_replay(path: Path, run_id: str | None = None, *, market: Path | None = None) -> Replayed:
    """Run ``run_id`` of the ledger at ``path`` again and compare; ``NotFound`` for one that was not finished."""
    with LedgerReader(path) as reader:
        run = reader.run(run_id)
        if run.summary is None:
            raise NotFound(f"run {run.run_id} was not finished and cannot be compared", number=104)
        chain = reader.verify(run.run_id)
        recorded = list(_rows(reader, run.run_id))
    with tempfile.TemporaryDirectory(prefix="tradecli-replay-") as folder:
        outcome, again = run_again(run, Path(folder), market=market)
        with LedgerReader(again) as reader:
            replayed = list(_rows(reader, outcome.summary.run_id))
            schema = reader.run(outcome.summary.run_id).schema
    differences = list(_compare(recorded, replayed))
    return Replayed(
        run_id=run.run_id,
        mode=run.mode,
        steps=sum(1 for row in recorded if row[2] != "audit"),
        compared=max(len(recorded), len(replayed)),
        differences=len(differences),
        chain_ok=chain.ok,
        chain_problem=chain.reason,
        first=differences[0] if differences else None,
        listed=tuple(differences[:_SHOWN]),
        recorded_hash=str(run.summary.get("audit_hash", "")),
        replayed_hash=outcome.summary.audit_hash,
        code_recorded=str(run.body.get("code", "")),
        same_schema=run.schema == schema,
    )


def run_again(run: RunRow, folder: Path, *, market: Path | None = None) -> tuple[Outcome, Path]:
    """Run a kept run again into ``folder``; return its outcome and the file it made."""
    data: Mapping[str, Any] = run.body["data"]
    config = config_of(run)
    if data["source"] == "recorded":
        store = market if market is not None else config.place.market
        outcome = asyncio.run(
            carry_recorded(
                config,
                data["venue"],
                data["since"],
                data["until"],
                data["interval_ms"],
                None,
                folder,
                store,
            )
        )
        return outcome, folder / f"{outcome.summary.run_id}.db"
    if "until" not in data:
        raise NotEnoughData(
            f"run {run.run_id} was steered by hand on a screen: only runs without one can be made again",
            number=116,
            hint="tradecli demo --headless --for 10m",
        )
    again = folder / "ledger.db"
    seed = int(run.body["seed"])
    outcome = asyncio.run(demo_ledger_run(config, seed, data["tape"], data["until"] - run.started, again))
    return outcome, again


def config_of(run: RunRow) -> Config:
    """Return the configuration a run was made with, from the run's own record."""
    profile = "demo" if run.mode is Mode.DEMO else "replay"
    kinds = sections.all_keys()
    values = {
        key: Decimal(value) if key in kinds and kinds[key].type is Decimal else value
        for key, value in _flatten(run.body["config"])
    }
    return from_values(profile, values)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


Row = tuple[int, int, str, str, str]
"""Step, time, kind, reference, content."""


def _rows(reader: LedgerReader, run_id: str) -> Iterator[Row]:
    """Yield events and audit records of a run by step."""
    yield from reader.step_rows(run_id)
    for record in reader.audit(run_id):
        if record.kind not in _NOT_OF_STEPS:
            yield record.seq, record.at, record.kind, record.ref, record.digest


def _compare(recorded: list[Row], replayed: list[Row]) -> Iterator[Difference]:
    """Yield differences in order of their steps; a row is found by step, kind and reference."""
    theirs = {(row[0], row[2], row[3]): row for row in replayed}
    ours = {(row[0], row[2], row[3]): row for row in recorded}
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key), theirs.get(key)
        if mine != other:
            shown = mine or other
            yield Difference(
                seq=key[0],
                at=shown[1] if shown else 0,
                kind=key[1],
                ref=key[2],
                recorded=mine[4] if mine else None,
                replayed=other[4] if other else None,
            )
