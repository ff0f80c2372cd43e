"""Overview: the watch-list, the risk of this moment, the strategies, and what happened last."""

from __future__ import annotations

from collections.abc import Sequence

from tradecli.domain.enums import Severity, StrategyState, TradingState
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.engine.snapshot import Snapshot, StrategyView
from tradecli.present.blocks import Align, Cell, Column, Tone
from tradecli.present.format import UNKNOWN, age, money, number, pct, percent, time
from tradecli.tui.drawing import spark_span
from tradecli.tui.lines import Line, Span, left, line, span, toned, wrap
from tradecli.tui.look import Look, Rests
from tradecli.tui.panel import Panel
from tradecli.tui.table import Row, TablePanel

_CALM_BEATS = 3
_SPARK_CELLS = 24
_SHORT_SPARK = 10
_VOL_LIMIT_MS = 30 * MINUTE_MS
"""Twice what the composite is due by: older, it is shown as what was."""
_REGIME_TONES = {"high": Tone.WARN, "extreme": Tone.BAD}
_ROOMY = 84


class WatchPanel(TablePanel):
    """The watched instruments: price, change of a day, composite volatility, and the last two hours as a line."""

    TITLE = "Watchlist"
    KEYS = "↑↓ select · [ ] symbol · / filter · enter vol"
    EMPTY_TEXT = "prices appear as soon as the first venue speaks"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._spark = _SHORT_SPARK
        self._minutes = 0
        self._last: dict[InstrumentId, tuple[str, int, Tone]] = {}

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="symbol", align=Align.LEFT, width=8),
            Column(name="last"),
            Column(name="24h", priority=1, width=7),
            Column(name="vol", unit="/y", priority=2, width=6),
            Column(name="regime", align=Align.LEFT, priority=3, width=8),
            Column(name="spread", unit="bps", priority=4),
            Column(name="age", priority=2, width=4),
            Column(name=f"{self._minutes} m", align=Align.LEFT, priority=2, width=self._spark),
            Column(name="position", priority=3, width=9),
            Column(name="venue", align=Align.LEFT, priority=5),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        snapshot = look.snapshot
        if snapshot is None:
            return ()
        self.status = (span(f"{len(snapshot.instruments)} symbols", Tone.FAINT),)
        self.key = look.focus
        self._minutes = max((len(closes) for closes in snapshot.closes.values()), default=0)
        self._spark = _SPARK_CELLS if self.size.width >= _ROOMY else _SHORT_SPARK
        return [self._row(look, snapshot, each) for each in snapshot.instruments]

    def _row(self, look: Look, snapshot: Snapshot, each: InstrumentId) -> Row:
        quote = snapshot.quotes.get(each)
        old = snapshot.at - quote.ts if quote is not None else None
        stale = old is None or 2 * old > snapshot.price_limit_ms
        change = snapshot.change_24h.get(each)
        held = next((p.qty for p in snapshot.positions if p.instrument == each and p.qty), None)
        closes = snapshot.closes.get(each, ())
        focused = each == look.focus
        mid = look.mid(each)
        spread = (quote.ask - quote.bid) / mid * 1e4 if quote is not None and mid else None
        cells = (
            Cell(("▸" if focused else " ") + symbol_of(each), Tone.ACCENT if focused else Tone.TEXT),
            Cell(*self._price(look, each, stale)),
            Cell(pct(change, sign=True), Tone.STALE if stale else toned(change)),
            *_volatility(snapshot, each),
            Cell(number(spread, 1), Tone.MUTED),
            Cell(age(old), Tone.WARN if stale else Tone.FAINT),
            Cell(spark_span(closes, self._spark).text, Tone.STALE if stale else Tone.ACCENT),
            Cell(
                UNKNOWN if held is None else number(held, 4, sign=True),
                Tone.FAINT if held is None else Tone.MINE,
            ),
            Cell(venue_of(each), Tone.MUTED),
        )
        return Row(each, cells)

    def _price(self, look: Look, each: InstrumentId, stale: bool) -> tuple[str, Tone]:
        """Return the price; for 400 ms after a change it wears the direction, then it calms."""
        text = look.price_text(each, look.mid(each))
        known = self._last.get(each)
        if known is None:
            self._last[each] = (text, -_CALM_BEATS, Tone.TEXT)
        elif known[0] != text:
            rose = (len(text), text) > (len(known[0]), known[0])
            self._last[each] = (text, look.beat, Tone.GOOD if rose else Tone.BAD)
        _, since, tone = self._last[each]
        if stale:
            return text, Tone.STALE
        return text, tone if look.beat - since < _CALM_BEATS else Tone.TEXT

    def on_select(self) -> None:
        if self.key is not None and hasattr(self.app, "focus_on"):
            self.app.focus_on(InstrumentId(self.key))

    def foot(self, look: Look, width: int, room: int) -> list[Line]:
        snapshot = look.snapshot
        if snapshot is None or room < 2:
            return []
        curve = snapshot.equity_curve
        if len(curve) < 2:
            return [line(span("equity curve appears after the first minute", Tone.FAINT))]
        head = span("equity ", Tone.MUTED)
        tail = span(
            f"  {money(min(curve), wide=look.wide)} … {money(max(curve), wide=look.wide)}", Tone.FAINT
        )
        return [line(head, spark_span(curve, max(width - len(head.text) - len(tail.text), 8)), tail)]


def _volatility(snapshot: Snapshot, instrument: InstrumentId) -> tuple[Cell, Cell]:
    """Return the composite volatility and its regime; its report is any object that has both."""
    reported = snapshot.reports.get(("vol.show", instrument))
    if reported is None:
        return Cell(UNKNOWN, Tone.FAINT), Cell(UNKNOWN, Tone.FAINT)
    regime = getattr(reported.report, "regime", None) or UNKNOWN
    old = snapshot.at - reported.at > _VOL_LIMIT_MS
    return (
        Cell(pct(getattr(reported.report, "composite", None), 1), Tone.STALE if old else Tone.TEXT),
        Cell(regime, Tone.STALE if old else _REGIME_TONES.get(regime, Tone.MUTED)),
    )


class RiskPanel(Panel):
    """Equity, drawdown, exposure, latches and open orders."""

    TITLE = "Risk now"
    RESTS_ON = Rests.HELD
    KEYS = "7 risk · ^k kill"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        snapshot = look.snapshot
        if snapshot is None:
            return [line(span("equity, drawdown and limits appear with the engine", Tone.FAINT))]
        start = snapshot.start_equity
        total = snapshot.equity - start if snapshot.equity is not None and start is not None else None
        day = snapshot.pnl_day
        live = sum(order.is_live for order in snapshot.orders)
        unknown = sum(order.status.value == "UNKNOWN" for order in snapshot.orders)
        state_tone = Tone.GOOD if snapshot.state is TradingState.ACTIVE else Tone.BAD
        out = [
            _fact("equity", span(money(snapshot.equity, "USDT", wide=look.wide), bold=True)),
            _fact("today", span(money(day, sign=True, wide=look.wide), toned(_plain(day)))),
            _fact("since start", span(money(total, sign=True, wide=look.wide), toned(_plain(total)))),
            _fact(
                "drawdown",
                span(_of(snapshot.drawdown_pct, snapshot.drawdown_limit_pct)),
                span(f"  worst {percent(snapshot.max_drawdown_pct)}", Tone.FAINT),
            ),
            _fact("", *_gauge(snapshot.drawdown_pct, snapshot.drawdown_limit_pct, min(width - 14, 24))),
            _fact(
                "gross / net",
                span(f"{percent(snapshot.gross_pct, 1)} / {percent(snapshot.net_pct, 1, sign=True)}"),
            ),
            _fact("", *_gauge(snapshot.gross_pct, 100.0, min(width - 14, 24))),
            _fact(
                "orders", span(f"{live} working"), span(f" · {unknown} unknown" if unknown else "", Tone.BAD)
            ),
            _fact("state", span(snapshot.state.value, state_tone)),
        ]
        out += [
            line(span("■ ", Tone.BAD), span(f"{latch.level.value} {latch.scope}: {latch.reason}", Tone.BAD))
            for latch in snapshot.latches
        ]
        if not snapshot.latches:
            out.append(_fact("latches", span("none", Tone.MUTED)))
        return out


class StrategiesPanel(TablePanel):
    """Each strategy's state, share of equity, profit today and last decision in words."""

    TITLE = "Strategies"
    RESTS_ON = Rests.HELD
    KEYS = "space pause/resume · x why-not"
    EMPTY_TEXT = "no strategy is configured: [run] strategies"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="name", align=Align.LEFT, width=8),
            Column(name="state", align=Align.LEFT, width=9),
            Column(name="share", priority=3),
            Column(name="P&L day", priority=2),
            Column(name="last decision", align=Align.LEFT, priority=2, width=16),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        return [self._row(each) for each in look.snapshot.strategies] if look.snapshot is not None else ()

    def _row(self, each: StrategyView) -> Row:
        mark, tone = _STATES[each.state]
        cells = (
            Cell(each.name),
            Cell(f"{mark} {each.state.value}", tone),
            Cell(percent(each.share_pct, 1), Tone.MUTED),
            Cell(money(each.pnl_day, sign=True), toned(_plain(each.pnl_day))),
            Cell(each.last or UNKNOWN, Tone.MUTED),
        )
        return Row(each.name, cells)

    def foot(self, look: Look, width: int, room: int) -> list[Line]:
        """Say the last decision of the selected strategy, or of the first, in full: its column is often too narrow."""
        known = look.snapshot.strategies if look.snapshot is not None else ()
        chosen = next((each for each in known if each.name == self.key), next(iter(known), None))
        if chosen is None or not chosen.last:
            return []
        lines = wrap(f"{chosen.name}: {chosen.last}", width, Tone.MUTED)
        return lines if len(lines) <= room else []


class EventsPanel(Panel):
    """The newest lines of the event list, newest first."""

    TITLE = "Events"
    KEYS = "↑↓ scroll · z zoom"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        if look.snapshot is None or not look.snapshot.told:
            return [line(span("nothing has happened yet", Tone.FAINT))]
        out: list[Line] = []
        for each in look.snapshot.told:
            mark, tone = _SEVERITIES[each.severity]
            head = line(
                span(f"{time(each.at)[:8]} ", Tone.FAINT), span(f"{mark} {left(each.topic, 6)} ", tone)
            )
            parts = wrap(
                each.text, max(width - 18, 12), Tone.TEXT if each.severity is Severity.NOTE else tone
            )
            out += [(*head, *parts[0]), *((Span(" " * 18), *rest) for rest in parts[1:])]
        return out


_STATES = {
    StrategyState.OFF: ("○", Tone.FAINT),
    StrategyState.OBSERVE: ("◌", Tone.MUTED),
    StrategyState.ACTIVE: ("●", Tone.GOOD),
    StrategyState.PAUSED: ("◐", Tone.WARN),
    StrategyState.HALTED: ("■", Tone.BAD),
}
_SEVERITIES = {
    Severity.NOTE: ("·", Tone.MUTED),
    Severity.WARN: ("▲", Tone.WARN),
    Severity.ALERT: ("▲", Tone.BAD),
    Severity.CRITICAL: ("■", Tone.BAD),
}


def _fact(label: str, *values: Span) -> Line:
    return (Span(left(label, 13), Tone.MUTED), *values)


def _plain(value: object) -> float | None:
    return None if value is None else float(str(value))


def _of(now: float | None, limit: float) -> str:
    return f"{percent(now)} of {percent(limit, 0)}"


def _gauge(now: float | None, limit: float, cells: int) -> Line:
    """Return a bar of ``now`` against ``limit``."""
    share = min(max((now or 0.0) / limit, 0.0), 1.0) if limit else 0.0
    filled = round(share * cells)
    tone = Tone.ACCENT if share < 0.5 else Tone.WARN if share < 0.8 else Tone.BAD
    return (Span("▓" * filled, tone), Span("░" * (cells - filled), Tone.FAINT))
