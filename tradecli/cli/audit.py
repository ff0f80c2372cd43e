"""``tradecli audit``: the hash-chained journal of a run: its newest records, whether it holds, all of it."""

from __future__ import annotations

from typing import Annotated

import typer

from tradecli.cli import desk, options
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.errors import ExitCode
from tradecli.present.blocks import Align, Cell, Column, Facts, Panel, Table, Tone
from tradecli.present.format import count, moment
from tradecli.store.audit import AuditRow, AuditVerdict

app = Commands("audit", "The hash-chained journal.")
_SHOWN = 20


@app.answers("tail", schema="tradecli.audit.tail/1", row=AuditRow)
def tail(run: desk.RunId = "") -> Answer:
    """Show the newest records, oldest first (20, or --limit)."""
    with desk.opened(run) as ledger:
        last = ledger.reader.audit_count(ledger.run.run_id)
        most = options.current().limit or _SHOWN
        rows = list(ledger.reader.audit(ledger.run.run_id, since_n=max(last - most, 0)))
        return ledger.answer("tradecli.audit.tail/1", rows, panels=lambda: [_table(rows)])


@app.answers("verify", schema="tradecli.audit.verify/1", row=AuditVerdict)
def verify(
    run: desk.RunId = "",
    every: Annotated[bool, typer.Option("--all", help="every run of the ledger")] = False,
) -> Answer:
    """Walk the chain and compare every row with its record; exits 16 where it does not hold."""
    with desk.opened(run) as ledger:
        names = [each.run_id for each in ledger.reader.runs(1_000_000)] if every else [ledger.run.run_id]
        rows = [ledger.reader.verify(name) for name in names]
        answer = ledger.answer(
            "tradecli.audit.verify/1", rows, panels=lambda: [_verdict(row) for row in rows]
        )
        answer.codes = [] if all(row.ok for row in rows) else [ExitCode.STORE]
        return answer


@app.answers("export", schema="tradecli.audit.export/1", row=AuditRow)
def export(run: desk.RunId = "") -> Answer:
    """Give every record of a run, for --format csv or ndjson and --out FILE."""
    with desk.opened(run) as ledger:
        rows = list(ledger.reader.audit(ledger.run.run_id))
        return ledger.answer("tradecli.audit.export/1", rows, panels=lambda: [_table(rows)])


def _table(rows: list[AuditRow]) -> Panel:
    columns = (
        Column(name="n"),
        Column(name="time", align=Align.LEFT),
        Column(name="step", priority=3),
        Column(name="kind", align=Align.LEFT),
        Column(name="of", align=Align.LEFT),
        Column(name="hash", align=Align.LEFT, priority=2),
    )
    cells = tuple(
        (
            Cell(str(row.n)),
            Cell(moment(row.at), Tone.MUTED),
            Cell(str(row.seq)),
            Cell(row.kind),
            Cell(row.ref),
            Cell(row.hash[:16], Tone.MUTED),
        )
        for row in rows
    )
    return Panel(title="audit", blocks=(Table(columns=columns, rows=cells, empty="no records"),))


def _verdict(row: AuditVerdict) -> Panel:
    facts = [
        ("chain", Cell("holds" if row.ok else "is broken", Tone.GOOD if row.ok else Tone.BAD)),
        ("records", Cell(count(row.records))),
        ("head", Cell(row.head, Tone.MUTED)),
    ]
    if not row.ok:
        facts += [("first wrong", Cell(count(row.first_bad))), ("because", Cell(row.reason, Tone.BAD))]
    return Panel(title=f"audit of {row.run_id}", blocks=(Facts(rows=tuple(facts)),))
