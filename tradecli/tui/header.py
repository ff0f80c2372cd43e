"""The top line (mode word and pattern, screen, drawdown, feeds, kill state, clock) and the bottom line of keys."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tradecli.domain.control import STRICTNESS
from tradecli.domain.enums import Mode, TradingState
from tradecli.engine.snapshot import Snapshot
from tradecli.present.blocks import Tone
from tradecli.present.format import MINUS, UNKNOWN, age, money, number, percent, time
from tradecli.tui.lines import Line, Span, fit, line, span, width_of
from tradecli.tui.theme import Palette

PATTERNS = {Mode.DEMO: "▒", Mode.REPLAY: "▓", Mode.PAPER: "░", Mode.REHEARSAL: "▚", Mode.LIVE: "█"}
MODE_TONES = {
    Mode.DEMO: Tone.ACCENT,
    Mode.REPLAY: Tone.MINE,
    Mode.PAPER: Tone.GOOD,
    Mode.REHEARSAL: Tone.WARN,
    Mode.LIVE: Tone.BAD,
}
_BAR = Span(" │ ", Tone.FAINT)
_NAMED_FROM = 96
"""Columns from which the program names itself; below, drawdown and feeds need the room."""


class Bar(Widget, can_focus=False):
    """One line that is painted again only when its text changed."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.palette: Palette | None = None
        self._line: Line = ()
        self._key: tuple[object, ...] = ()

    def show(self, content: Line) -> None:
        """Show ``content``, a line of any length."""
        key = (content, self.palette)
        if key != self._key:
            self._key, self._line = key, content
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = self.palette
        if palette is None:
            return Strip.blank(self.size.width)
        parts = fit(self._line, self.size.width)
        return Strip([Segment(part.text, palette.style(part)) for part in parts], self.size.width)


def header(snapshot: Snapshot | None, title: str, width: int, fallback: Mode | None = None) -> Line:
    """Return the top line at ``width``: what matters least goes first where there is no room."""
    mode = snapshot.mode if snapshot is not None else fallback
    head = [span(" tradecli", Tone.MUTED), _BAR] if width >= _NAMED_FROM else [Span(" ")]
    if mode is not None:
        head.append(
            Span(
                f"{mode.value.upper()} {PATTERNS[mode] * (3 if width >= 140 else 1)}", MODE_TONES[mode], True
            )
        )
        head.append(_BAR)
    head.append(span(title, Tone.TEXT, bold=True))
    if snapshot is None:
        return (*head, _BAR, span("starting the engine …", Tone.MUTED))
    parts = [_kill(snapshot), _drawdown(snapshot), _feeds(snapshot), _stress(snapshot)]
    if width >= 120:
        parts += [_equity(snapshot), _events(snapshot)]
    tail: Line = (*_clock(snapshot), Span(" "))
    room = width - width_of(head) - width_of(tail) - 1
    for part in parts:
        if part and width_of(part) + 3 <= room:
            tail = (*part, _BAR, *tail)
            room -= width_of(part) + 3
    gap = width - width_of(head) - width_of(tail)
    return (*head, Span(" " * max(gap, 1)), *tail)


def _kill(snapshot: Snapshot) -> Line:
    if not snapshot.running:
        return (span("ENGINE STOPPED", Tone.BAD, bold=True),)
    if snapshot.latches:
        worst = max(snapshot.latches, key=lambda latch: STRICTNESS[latch.level])
        return (span(f"■ {worst.level.value.upper()} {worst.scope}", Tone.BAD, bold=True),)
    if snapshot.state is not TradingState.ACTIVE:
        return (span(f"▲ {snapshot.state.value}", Tone.WARN, bold=True),)
    return (span("● active", Tone.GOOD),)


def _feeds(snapshot: Snapshot) -> Line:
    up = sum(feed.is_fine for feed in snapshot.feeds)
    every = len(snapshot.feeds)
    fine = up == every and every > 0
    return (span(f"feeds {up}/{every}" + ("" if fine else " !"), Tone.MUTED if fine else Tone.WARN),)


def _drawdown(snapshot: Snapshot) -> Line:
    now, limit = snapshot.drawdown_pct, snapshot.drawdown_limit_pct
    tone = Tone.MUTED if now is None or now < limit / 3 else Tone.WARN if now < 0.7 * limit else Tone.BAD
    shown = UNKNOWN if now is None else f"{MINUS if now >= 0.005 else ''}{percent(now)}"
    return (span(f"DD {shown}/{percent(limit, 0)}", tone if snapshot.held_age() is None else Tone.STALE),)


def _stress(snapshot: Snapshot) -> Line:
    """Return the highest stress score among the instruments that have one, nothing before the first."""
    found = [
        each.report for (topic, _), each in snapshot.reports.items() if topic == "vol.stress" and each.report
    ]
    scores = [(each.score, each.band) for each in found if getattr(each, "score", None) is not None]
    if not scores:
        return ()
    score, band = max(scores)
    tone = Tone.BAD if band == "crisis" else Tone.WARN if band == "stressed" else Tone.MUTED
    return (span(f"stress {number(score, 0)}", tone),)


def _equity(snapshot: Snapshot) -> Line:
    old = snapshot.held_age()
    stale = "" if old is None else f"{age(old)} old "
    return (
        span("equity ", Tone.MUTED),
        span(stale, Tone.WARN),
        span(money(snapshot.equity, wide=True), Tone.STALE if stale else Tone.TEXT),
        span(f"  {money(snapshot.pnl_day, sign=True, wide=True)} today", _gain(snapshot)),
    )


def _gain(snapshot: Snapshot) -> Tone:
    if snapshot.held_age() is not None:
        return Tone.STALE
    if not snapshot.pnl_day:
        return Tone.MUTED
    return Tone.GOOD if snapshot.pnl_day > 0 else Tone.BAD


def _events(snapshot: Snapshot) -> Line:
    return (span(f"{number(snapshot.events_per_s, 0)} ev/s", Tone.MUTED),)


def _clock(snapshot: Snapshot) -> Line:
    return (span(time(snapshot.at), Tone.TEXT),)


def tiny(snapshot: Snapshot | None, width: int) -> Line:
    """Return the only line of a terminal that is too small: mode, profit, kill state, and the size that is needed."""
    if snapshot is None:
        return line(span("starting …", Tone.MUTED))
    mode = snapshot.mode
    return fit(
        (
            Span(f"{mode.value.upper()} {PATTERNS[mode]} ", MODE_TONES[mode], True),
            span(f"{money(snapshot.pnl_day, sign=True)} ", _gain(snapshot)),
            span("" if snapshot.held_age() is None else "old prices ", Tone.WARN),
            *_kill(snapshot),
            span("  needs 60×15", Tone.MUTED),
        ),
        width,
    )
