"""The kill dialog: how far, over what, why, and a confirmation. Nothing happens before the last line is confirmed."""

from __future__ import annotations

from textual import events

from tradecli.domain.control import Scope
from tradecli.domain.enums import KillLevel, ScopeKind
from tradecli.domain.instrument import symbol_of, venue_of
from tradecli.engine.snapshot import Snapshot
from tradecli.errors import ReconciliationMismatch
from tradecli.present.blocks import Tone
from tradecli.tui.dialogs import Confirmation, Dialog, typed
from tradecli.tui.lines import Line, Span, left, line, span, wrap
from tradecli.tui.pen import Pen
from tradecli.tui.theme import Palette

_LEVELS = (
    (KillLevel.PAUSE, "no new entries; exits, hedges and protective orders keep working"),
    (KillLevel.REDUCE, "only orders that shrink exposure pass the gate"),
    (KillLevel.CANCEL, "reduce + cancel all working orders ({working}), then read back from each venue"),
    (KillLevel.FLATTEN, "cancel + close all positions ({held}) with reducing orders"),
    (KillLevel.HALT, "close the gate, cancel all orders, leave positions as they are"),
)


class KillDialog(Dialog):
    """Three steps: the level and scope, the reason, the confirmation. ``r`` on the first releases a latch instead."""

    takes_arrows = True

    def __init__(self, palette: Palette, pen: Pen, snapshot: Snapshot) -> None:
        super().__init__(palette)
        self._pen = pen
        self._snapshot = snapshot
        self._working = sum(order.is_live for order in snapshot.orders)
        self._held = sum(1 for position in snapshot.positions if position.qty)
        self._scopes = _scopes(snapshot)
        self._level = 0
        self._scope = 0
        self._reason = ""
        self._step = 0
        self._release = False
        self._refused = ""
        self._ask = Confirmation(snapshot.mode, "")

    def heading(self) -> str:
        if self._release:
            return "RELEASE — trading may start again"
        return "KILL — choose how far. Nothing happens before the last line is confirmed"

    @property
    def scope(self) -> Scope:
        return self._scopes[self._scope]

    def lines(self, width: int) -> list[Line]:
        out: list[Line] = []
        if not self._release:
            for i, (level, text) in enumerate(_LEVELS):
                chosen = i == self._level
                said = text.format(working=self._working, held=self._held)
                head = Span(
                    f"{'▸' if chosen else ' '} {i + 1}  {left(level.value, 9)} ",
                    Tone.BAD if chosen else Tone.TEXT,
                    chosen,
                )
                tone = Tone.TEXT if chosen else Tone.MUTED
                parts = wrap(said, width - 15, tone)
                out += [(head, *parts[0]), *((Span(" " * 15), *rest) for rest in parts[1:])]
            out.append(())
        for latch in self._snapshot.latches:
            out += wrap(
                f"in force: {latch.level.value} {latch.scope}, by {latch.by}: {latch.reason}", width, Tone.BAD
            )
        out.append(
            line(
                span("scope  ", Tone.MUTED),
                span(f"◂ {self.scope} ▸", Tone.ACCENT if self._step == 0 else Tone.TEXT),
                span("    the latch survives a restart", Tone.MUTED),
            )
        )
        cursor = "▏" if self._step == 1 else ""
        out.append(
            line(
                span("reason ", Tone.MUTED),
                span(
                    f"{self._reason}{cursor}" if self._reason or cursor else "—",
                    Tone.ACCENT if self._step == 1 else Tone.TEXT,
                ),
            )
        )
        if self._refused:
            out += wrap(self._refused, width, Tone.BAD)
        return [*out, (), self._prompt()]

    def _prompt(self) -> Line:
        if self._step == 2:
            return self._ask.line()
        if self._step == 1:
            return line(span("write why, then Enter · Esc leaves, nothing was done", Tone.MUTED))
        release = " · r release" if self._snapshot.latches else ""
        return line(
            span(
                f"1–5 or ↑ ↓ level · ← → scope · Enter goes on to the reason{release} · Esc back", Tone.MUTED
            )
        )

    def take(self, event: events.Key) -> None:
        if self._step == 0:
            self._choose(event)
        elif self._step == 1:
            self._write(event)
        elif self._ask.take(event):
            try:
                self._do()
            except ReconciliationMismatch as differs:
                self._step, self._refused = 1, differs.line()
                return
            _ = self.dismiss()

    def _choose(self, event: events.Key) -> None:
        match event.key:
            case "1" | "2" | "3" | "4" | "5":
                self._level = int(event.key) - 1
            case "up" | "down":
                self._level = (self._level + (1 if event.key == "down" else -1)) % len(_LEVELS)
            case "left" | "right":
                self._scope = (self._scope + (1 if event.key == "right" else -1)) % len(self._scopes)
            case "r" if self._snapshot.latches:
                self._release, self._step = True, 1
                scopes = [latch.scope for latch in self._snapshot.latches]
                self._scopes, self._scope = scopes, 0
            case "enter" | "tab":
                self._step = 1

    def _write(self, event: events.Key) -> None:
        if event.key == "enter":
            if self._reason.strip():
                self._step = 2
                word = "release" if self._release else _LEVELS[self._level][0].value
                self._ask = Confirmation(self._snapshot.mode, word)
        else:
            self._reason = typed(self._reason, event)

    def _do(self) -> None:
        if self._release:
            self._pen.release(self.scope, self._reason.strip())
        else:
            self._pen.kill(_LEVELS[self._level][0], self.scope, self._reason.strip())


def _scopes(snapshot: Snapshot) -> list[Scope]:
    venues = sorted({venue_of(each) for each in snapshot.instruments})
    symbols = sorted({symbol_of(each) for each in snapshot.instruments})
    return [
        Scope(),
        *(Scope(ScopeKind.VENUE, name) for name in venues),
        *(Scope(ScopeKind.SYMBOL, name) for name in symbols),
        *(Scope(ScopeKind.STRATEGY, each.name) for each in snapshot.strategies),
    ]
