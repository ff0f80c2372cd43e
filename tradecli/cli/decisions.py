"""``tradecli decisions``: what each cycle knew, wanted, checked and did, from the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.decision import Decision
from tradecli.domain.enums import Verdict
from tradecli.errors import NotFound
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.present.format import age, moment, money, number, percent

_SHOWN = 50
app = Commands("decisions", "What each cycle decided, and why.")
_MARK = {Verdict.PASS: ("ok", Tone.GOOD), Verdict.WARN: ("warn", Tone.WARN), Verdict.REFUSE: ("no", Tone.BAD)}


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cycle in counts; ``refused`` is the first check that said no."""

    number: int
    at: int
    trigger: str
    state: str
    inputs: int
    proposals: int
    orders: int
    cancels: int
    refused: str | None
    equity: Decimal | None
    drawdown_pct: float | None
    notices: tuple[str, ...]


@app.answers("list", uses=("since", "until", "at"), schema="tradecli.decisions.list/1", row=DecisionRow)
def list_decisions(run: desk.RunId = "") -> Answer:
    """List decisions, newest first (50, or --limit)."""
    with desk.opened(run) as ledger:
        most = options.current().limit or _SHOWN
        found = ledger.reader.decisions(ledger.run.run_id, since=ledger.since, at=ledger.until, limit=most)
        rows = [decision_row(decision) for decision in found]
        units = {"equity": "USDT", "drawdown_pct": "%"}
        return ledger.answer("tradecli.decisions.list/1", rows, units=units, panels=lambda: [_table(rows)])


@app.answers("explain", uses=("at",), schema="tradecli.decisions.explain/1", row=Decision)
def explain(
    which: Annotated[
        str,
        typer.Argument(
            metavar="[NUMBER]", help="number of the decision; none: the newest", show_default=False
        ),
    ] = "",
    run: desk.RunId = "",
) -> Answer:
    """Explain one decision: inputs with age and source, proposals, netting, every check, orders."""
    wanted = parse.whole(which, "NUMBER", least=0, most=10**12) if which else None
    with desk.opened(run) as ledger:
        decision = _decision(ledger, wanted)
        return ledger.answer("tradecli.decisions.explain/1", [decision], panels=lambda: panels(decision))


def _decision(ledger: desk.Desk, wanted: int | None) -> Decision:
    if wanted is not None:
        return ledger.reader.decision(wanted, ledger.run.run_id)
    newest = ledger.reader.decisions(ledger.run.run_id, at=ledger.until, limit=1)
    if not newest:
        raise NotFound("no decision yet", number=103, hint="tradecli decisions list")
    return newest[0]


def decision_row(decision: Decision) -> DecisionRow:
    """Return a decision in counts."""
    refused = next((check for check in decision.checks if check.verdict is Verdict.REFUSE), None)
    return DecisionRow(
        number=decision.number,
        at=decision.at,
        trigger=decision.trigger,
        state=decision.state.value,
        inputs=len(decision.inputs),
        proposals=len(decision.proposals),
        orders=len(decision.orders),
        cancels=len(decision.cancels),
        refused=f"{refused.name} {refused.scope}".strip() if refused else None,
        equity=decision.equity,
        drawdown_pct=decision.drawdown_pct,
        notices=decision.notices,
    )


def panels(decision: Decision) -> list[Panel]:
    """Return a whole decision as panels, in the order it was made."""
    head: list[Block] = [
        Facts(
            rows=(
                ("at", Cell(moment(decision.at))),
                ("because of", Cell(decision.trigger)),
                ("state", Cell(decision.state.value)),
                ("equity", Cell(money(decision.equity, "USDT"))),
                ("drawdown", Cell(percent(decision.drawdown_pct))),
                ("orders", Cell(", ".join(decision.orders) or "none")),
                ("cancels", Cell(", ".join(decision.cancels) or "none")),
            )
        )
    ]
    head += [Notice(text=notice, tone=Tone.WARN) for notice in decision.notices]
    return [
        Panel(title=f"decision {decision.number}", blocks=tuple(head)),
        Panel(title="inputs", blocks=(_inputs(decision),)),
        Panel(title="proposals", blocks=(_proposals(decision), *_netting(decision))),
        Panel(title="checks", blocks=(_checks(decision),)),
    ]


def _table(rows: list[DecisionRow]) -> Panel:
    columns = (
        Column(name="number"),
        Column(name="time", align=Align.LEFT),
        Column(name="because of", align=Align.LEFT, priority=3),
        Column(name="state", align=Align.LEFT, priority=2),
        Column(name="wishes", priority=3),
        Column(name="orders"),
        Column(name="cancels", priority=2),
        Column(name="first no", align=Align.LEFT, priority=2),
        Column(name="equity", unit="USDT", priority=2),
        Column(name="drawdown", priority=4),
    )
    cells = tuple(
        (
            Cell(str(row.number)),
            Cell(moment(row.at), Tone.MUTED),
            Cell(row.trigger),
            Cell(row.state, Tone.TEXT if row.state == "ACTIVE" else Tone.WARN),
            Cell(str(row.proposals)),
            Cell(str(row.orders)),
            Cell(str(row.cancels)),
            Cell(row.refused or "", Tone.WARN),
            Cell(money(row.equity)),
            Cell(percent(row.drawdown_pct)),
        )
        for row in rows
    )
    return Panel(title="decisions", blocks=(Table(columns=columns, rows=cells, empty="no decisions yet"),))


def _inputs(decision: Decision) -> Table:
    columns = (
        Column(name="input", align=Align.LEFT),
        Column(name="value"),
        Column(name="age", priority=2),
        Column(name="quality", align=Align.LEFT, priority=2),
        Column(name="source", align=Align.LEFT, priority=3),
        Column(name="reason", align=Align.LEFT, priority=4),
    )
    rows = tuple(
        (
            Cell(item.name),
            Cell(number(item.value, 6)),
            Cell(age(None if item.as_of is None else decision.at - item.as_of)),
            Cell(item.quality.value, Tone.TEXT if item.quality.value == "ok" else Tone.WARN),
            Cell(item.source, Tone.MUTED),
            Cell(item.reason, Tone.MUTED),
        )
        for item in decision.inputs
    )
    return Table(columns=columns, rows=rows, empty="none recorded")


def _proposals(decision: Decision) -> Table:
    columns = (
        Column(name="by", align=Align.LEFT),
        Column(name="instrument", align=Align.LEFT),
        Column(name="wants", align=Align.LEFT),
        Column(name="", align=Align.LEFT),
        Column(name="why", align=Align.LEFT, priority=2),
    )
    rows = tuple(
        (
            Cell(item.source),
            Cell(item.instrument),
            Cell(item.wanted),
            Cell(*_MARK[item.verdict]),
            Cell(item.why or item.reason, Tone.MUTED),
        )
        for item in decision.proposals
    )
    return Table(columns=columns, rows=rows, empty="nobody wanted anything")


def _netting(decision: Decision) -> list[Block]:
    return [
        Notice(
            text=f"netted {net.instrument}: "
            + ", ".join(f"{source} {change}" for source, change in net.asked)
            + f" gives {net.net}, {net.crossed} met inside"
        )
        for net in decision.netting
    ]


def _checks(decision: Decision) -> Table:
    columns = (
        Column(name="check", align=Align.LEFT),
        Column(name="of", align=Align.LEFT, priority=3),
        Column(name="value"),
        Column(name="threshold"),
        Column(name="", align=Align.LEFT),
    )
    rows = tuple(
        (
            Cell(item.name),
            Cell(item.scope),
            Cell(item.value),
            Cell(item.threshold),
            Cell(*_MARK[item.verdict]),
        )
        for item in decision.checks
    )
    return Table(columns=columns, rows=rows, empty="none were due")
