"""``tradecli replay``: run kept runs again, and compare them with their record step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import engines, options
from tradecli.cli.backtest import file_of
from tradecli.cli.commands import Commands
from tradecli.cli.desk import here
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import locate
from tradecli.domain.enums import Mode
from tradecli.errors import ExitCode, NotFound, TradecliError
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.present.format import count, moment
from tradecli.store.reader import LedgerReader, RunRow

app = Commands("replay", "Run recorded sessions again and compare.")
RunId = Annotated[
    str, typer.Argument(metavar="RUN_ID", help="a run: tradecli backtest list", show_default=False)
]


def _verdict() -> Any:
    from tradecli.research.replay import Replayed

    return Replayed


def _summary() -> Any:
    from tradecli.engine.summary import RunSummary

    return RunSummary


class KeptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run that can be run again: where it is kept, and what it came to."""

    run_id: str
    mode: Mode
    started: int
    finished: int | None
    seed: int | None
    decisions: int | None
    fills: int | None
    audit_hash: str | None
    file: str


@app.answers("list", schema="tradecli.replay.list/1", row=KeptRow)
def list_runs() -> Answer:
    """List the runs of the profile's ledger and those over recorded data, newest first."""
    place = here()
    found, warnings = [], []
    files = [
        path for path in (place.ledger, *folders.runs_dir().glob("*.db")) if not path.name.endswith(".new.db")
    ]
    for path in files:
        if not path.exists():
            continue
        try:
            with LedgerReader(path) as reader:
                found += [_kept(run, path) for run in reader.runs()]
        except TradecliError as error:
            warnings.append(error.line())
    rows = sorted(found, key=lambda row: row.started, reverse=True)
    return Answer(
        schema="tradecli.replay.list/1",
        mode=place.mode,
        data=rows,
        as_of=options.current().now,
        warnings=warnings,
        panels=lambda: [_runs(rows)],
    )


@app.answers("verify", schema="tradecli.replay.verify/1", row=_verdict)
def verify(run_id: RunId) -> Answer:
    """Run a kept run again and compare every step with the record; a difference ends with exit code 14.

    Example: tradecli replay verify b-0123456789ab
    """
    from tradecli.research.replay import verify_replay  # the engine and its numerics: only now

    found = verify_replay(_file_of(run_id), run_id)
    clean = found.differences == 0 and found.chain_ok
    return Answer(
        schema="tradecli.replay.verify/1",
        mode=found.mode,
        data=[found],
        as_of=options.current().now,
        codes=[] if clean else [ExitCode.MISMATCH],
        panels=lambda: [_panel(found)],
    )


@app.answers("run", schema="tradecli.replay.run/1", row=_summary)
def run(run_id: RunId) -> Answer:
    """Run a kept run again from its own record and show what it comes to; nothing is kept."""
    from tradecli.research.replay import run_again

    with LedgerReader(_file_of(run_id)) as reader:
        kept = reader.run(run_id)
    with tempfile.TemporaryDirectory(prefix="tradecli-replay-") as folder:
        outcome, _ = run_again(kept, Path(folder))
    return engines.run_answer("tradecli.replay.run/1", outcome.summary, outcome.timing, timed=False)


def _file_of(run_id: str) -> Path:
    """Return the file that holds a run: one of its own, or the ledger of the profile."""
    if run_id.startswith("b-"):
        return file_of(run_id)
    given = options.current()
    ledger = locate(given.profile, given.config, given.db).ledger
    if not ledger.exists():
        raise NotFound(f"no run {run_id[:60]!r}", number=101, hint="tradecli backtest list")
    return ledger


def _kept(run: RunRow, path: Path) -> KeptRow:
    summary = run.summary or {}
    return KeptRow(
        run_id=run.run_id,
        mode=run.mode,
        started=run.started,
        finished=run.finished,
        seed=run.body.get("seed"),
        decisions=summary.get("decisions"),
        fills=summary.get("fills"),
        audit_hash=summary.get("audit_hash"),
        file=str(path),
    )


def _runs(rows: list[KeptRow]) -> Panel:
    columns = (
        Column(name="run", align=Align.LEFT),
        Column(name="mode", align=Align.LEFT, priority=2),
        Column(name="from", align=Align.LEFT, priority=2),
        Column(name="to", align=Align.LEFT, priority=1),
        Column(name="seed", priority=4),
        Column(name="decisions", priority=3),
        Column(name="fills", priority=2),
        Column(name="audit hash", align=Align.LEFT, priority=3),
    )
    cells = tuple(
        (
            Cell(row.run_id),
            Cell(row.mode.value),
            Cell(moment(row.started), Tone.MUTED),
            Cell(moment(row.finished), Tone.MUTED),
            Cell(count(row.seed)),
            Cell(count(row.decisions)),
            Cell(count(row.fills)),
            Cell((row.audit_hash or "")[:16], Tone.MUTED),
        )
        for row in rows
    )
    return Panel(title="kept runs", blocks=(Table(columns=columns, rows=cells, empty="none yet"),))


def _panel(found: Any) -> Panel:
    tone = Tone.GOOD if found.differences == 0 else Tone.BAD
    hashes = f"{found.recorded_hash[:16]} / {found.replayed_hash[:16]}"
    hashes += "" if found.same_schema else " (of two ledger schemas: not comparable)"
    facts = (
        ("run", Cell(found.run_id)),
        ("rows compared", Cell(count(found.compared))),
        ("differences", Cell(count(found.differences), tone)),
        (
            "audit chain",
            Cell(
                "whole" if found.chain_ok else found.chain_problem, Tone.GOOD if found.chain_ok else Tone.BAD
            ),
        ),
        ("audit hash", Cell(hashes, Tone.MUTED)),
    )
    blocks: list[Block] = [Facts(rows=facts)]
    if found.listed:
        columns = (
            Column(name="step"),
            Column(name="kind", align=Align.LEFT),
            Column(name="what", align=Align.LEFT),
            Column(name="recorded", align=Align.LEFT, priority=2),
            Column(name="replayed", align=Align.LEFT, priority=2),
        )
        rows = tuple(
            (
                Cell(str(each.seq)),
                Cell(each.kind),
                Cell(each.ref),
                Cell((each.recorded or "—")[:40]),
                Cell((each.replayed or "—")[:40]),
            )
            for each in found.listed
        )
        blocks += [
            Notice(text="First differences, by step:", tone=Tone.WARN),
            Table(columns=columns, rows=rows),
        ]
    return Panel(title="replay", blocks=tuple(blocks))
