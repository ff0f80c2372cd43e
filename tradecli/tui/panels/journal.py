"""Journal: the list of decision cycles, and one decision with everything it rested on and caused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tradecli.domain.decision import Check, Decision
from tradecli.domain.enums import Quality, Verdict
from tradecli.domain.instrument import symbol_of
from tradecli.domain.number import plain
from tradecli.engine.snapshot import Snapshot
from tradecli.present.blocks import Align, Cell, Column, Tone
from tradecli.present.format import MINUS, UNKNOWN, age, count, money, percent, price, time, visible
from tradecli.tui.lines import Line, Span, left, line, span, wrap
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.table import Row, TablePanel

VERDICTS = {Verdict.PASS: ("✓", Tone.GOOD), Verdict.WARN: ("!", Tone.WARN), Verdict.REFUSE: ("✗", Tone.BAD)}
_QUALITY = {
    Quality.OK: Tone.TEXT,
    Quality.DEGRADED: Tone.WARN,
    Quality.FALLBACK: Tone.WARN,
    Quality.UNAVAILABLE: Tone.MUTED,
}


class CyclesPanel(TablePanel):
    """The newest decisions; moving the selection shows another one."""

    TITLE = "Cycles"
    KEYS = "↑↓ choose · End live · / filter"
    FOLLOWS_FIRST = True
    EMPTY_TEXT = "the first cycle decides within a minute of engine time"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="#", width=5),
            Column(name="time", align=Align.LEFT, width=8),
            Column(name="trigger", align=Align.LEFT, priority=2, width=8),
            Column(name="orders", priority=1),
            Column(name="cancels", priority=3),
            Column(name="refused", priority=2),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        snapshot = look.snapshot
        if snapshot is None:
            return ()
        live = self.key is None or (snapshot.decisions and self.key == str(snapshot.decisions[0].number))
        self.status = (span("live" if live else "earlier: End returns", Tone.GOOD if live else Tone.WARN),)
        return [self._row(each) for each in snapshot.decisions]

    def _row(self, each: Decision) -> Row:
        refused = sum(check.verdict is Verdict.REFUSE for check in each.checks)
        refused += sum(proposal.verdict is Verdict.REFUSE for proposal in each.proposals)
        acts = len(each.orders)
        return Row(
            str(each.number),
            (
                Cell(count(each.number), Tone.MUTED),
                Cell(time(each.at)[:8]),
                Cell(each.trigger, Tone.MUTED),
                Cell(count(acts), Tone.ACCENT if acts else Tone.FAINT),
                Cell(count(len(each.cancels)), Tone.TEXT if each.cancels else Tone.FAINT),
                Cell(count(refused), Tone.WARN if refused else Tone.FAINT),
            ),
        )

    def to_live(self) -> None:
        """Follow the newest decision again."""
        self.key = None
        self.redraw()
        self.on_select()


class DecisionPanel(Panel):
    """One decision: inputs, proposals, netting, checks with value, threshold and verdict, orders."""

    TITLE = "Decision"
    KEYS = "↑↓ scroll · z zoom"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.number: int | None = None
        self._drawn: tuple[tuple[int, int], list[Line]] = ((-1, -1), [])

    def chosen(self, snapshot: Snapshot) -> Decision | None:
        """Return the decision that is shown: the chosen one, or the newest."""
        found = next((each for each in snapshot.decisions if each.number == self.number), None)
        return found or next(iter(snapshot.decisions), None)

    def heading(self, look: Look) -> str:
        decision = self.chosen(look.snapshot) if look.snapshot is not None else None
        return f"Decision {count(decision.number)}" if decision is not None else self.TITLE

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        decision = self.chosen(look.snapshot) if look.snapshot is not None else None
        if decision is None:
            return wrap(
                "each cycle writes down why it did what it did; the first comes within a minute",
                width,
                Tone.FAINT,
            )
        self.status = (span(f"{time(decision.at)} · {decision.trigger}", Tone.FAINT),)
        key = (decision.number, width)
        if key != self._drawn[0]:
            self.scroll_row = 0
            self._drawn = (key, decision_lines(decision, width))
        return self._drawn[1]


def decision_lines(decision: Decision, width: int) -> list[Line]:
    """Return a decision in full, section by section."""
    parts = (
        ("proposals", _proposals(decision, width)),
        ("netting", _netting(decision)),
        ("checks", _checks(decision, width)),
        ("orders", _orders(decision, width)),
        ("after", [_after(decision)]),
        ("inputs", _inputs(decision, width)),
    )
    out: list[Line] = []
    for name, drawn in parts:
        out += [()] if out else []
        out.append(line(span(name, Tone.ACCENT, bold=True)))
        out += drawn
    for notice in decision.notices:
        out += wrap(notice, width, Tone.MUTED)
    return out


def _inputs(decision: Decision, width: int) -> list[Line]:
    if not decision.inputs:
        return [line(span("  none", Tone.FAINT))]
    names = min(max(len(visible(each.name)) for each in decision.inputs), max(width // 2, 12))
    out = []
    for each in decision.inputs:
        old = age(decision.at - each.as_of) if each.as_of is not None else UNKNOWN
        tail = each.reason if each.value is None else each.source
        mark = "" if each.quality in (Quality.OK, Quality.UNAVAILABLE) else f" {each.quality.value}"
        out.append(
            line(
                Span("  " + left(visible(each.name), names), Tone.MUTED),
                span(f" {price(each.value):>12}", _QUALITY[each.quality]),
                span(f" {old:>4} ", Tone.FAINT),
                span(f"{tail}{mark}", Tone.FAINT),
            )
        )
    return out


def _proposals(decision: Decision, width: int) -> list[Line]:
    if not decision.proposals:
        return [line(span("  no strategy wanted anything", Tone.FAINT))]
    out: list[Line] = []
    for each in decision.proposals:
        mark, tone = VERDICTS[each.verdict]
        head = (
            span(f"  {mark} ", tone),
            Span(left(visible(each.source), 8) + " ", Tone.TEXT),
            Span(left(visible(symbol_of(each.instrument)), 10) + " ", Tone.MUTED),
        )
        why = f" → {each.why}" if each.why else ""
        said = wrap(
            f"{each.wanted}: {each.reason}{why}",
            max(width - 23, 16),
            tone if each.verdict is not Verdict.PASS else Tone.TEXT,
        )
        out += [(*head, *said[0]), *((Span(" " * 23), *rest) for rest in said[1:])]
    return out


def _netting(decision: Decision) -> list[Line]:
    if not decision.netting:
        return [line(span("  none", Tone.FAINT))]
    return [
        line(
            f"  {symbol_of(each.instrument)}  ",
            span(" · ".join(f"{source} {_signed(wanted)}" for source, wanted in each.asked), Tone.MUTED),
            f" → net {_signed(each.net)}",
            span(f"  crossed inside {plain(each.crossed)}" if each.crossed else "", Tone.GOOD),
        )
        for each in decision.netting
    ]


def _signed(value: Decimal) -> str:
    """Return an exact quantity with its sign."""
    return (MINUS if value < 0 else "+") + plain(abs(value))


def _checks(decision: Decision, width: int) -> list[Line]:
    if not decision.checks:
        return [line(span("  nothing had to be checked", Tone.FAINT))]
    refused = sum(each.verdict is Verdict.REFUSE for each in decision.checks)
    passed = len(decision.checks) - refused
    out = [line(span(f"  {passed} passed, {refused} refused", Tone.WARN if refused else Tone.MUTED))]
    names = min(max(len(visible(each.name)) for each in decision.checks), max(width // 2, 12))
    alike: dict[tuple[str, str, Verdict], list[Check]] = {}
    for each in sorted(decision.checks, key=lambda check: check.verdict is not Verdict.REFUSE):
        alike.setdefault((each.name, each.scope, each.verdict), []).append(each)
    for group in alike.values():
        last = group[-1]
        mark, tone = VERDICTS[last.verdict]
        times = f"  ×{len(group)}, the last" if len(group) > 1 else ""
        out.append(
            line(
                span(f"  {mark} ", tone),
                Span(left(visible(last.name), names) + " ", Tone.TEXT),
                span(f"{last.value:>10}", tone if last.verdict is not Verdict.PASS else Tone.TEXT),
                span(f" / {last.threshold}", Tone.MUTED),
                span(f"  {last.scope}{times}", Tone.FAINT),
            )
        )
    return out


def _orders(decision: Decision, width: int) -> list[Line]:
    said = [*decision.orders, *(f"cancel {each}" for each in decision.cancels)]
    if not said:
        return [line(span("  nothing was sent", Tone.FAINT))]
    return [(Span("  "), *part) for part in wrap(" · ".join(said), width - 2)]


def _after(decision: Decision) -> Line:
    return line(
        f"  {decision.state.value}",
        span("  equity ", Tone.MUTED),
        money(decision.equity),
        span("  drawdown ", Tone.MUTED),
        percent(decision.drawdown_pct),
    )
