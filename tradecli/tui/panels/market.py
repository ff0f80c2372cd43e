"""The market of the focused symbol: candles, the ladder of the book, and the tape."""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book
from tradecli.domain.number import plain
from tradecli.domain.order import Order
from tradecli.domain.series import CandleSeries
from tradecli.engine.snapshot import Snapshot
from tradecli.present.blocks import Tone
from tradecli.present.format import age, bps, number, pct, qty, time
from tradecli.tui.candles import Bar, chart
from tradecli.tui.lines import Line, Span, ends, left, line, right, span, wrap
from tradecli.tui.look import Look, Rests
from tradecli.tui.panel import Panel

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_TAPE_ROWS = 60
_LEAST_CHART = (30, 6)


class ChartPanel(Panel):
    """Closed one-minute candles of the focused symbol, the last price and our working orders on the axis."""

    RESTS_ON = Rests.FOCUS
    KEYS = "[ ] symbol · z zoom"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._drawn: tuple[tuple[object, ...], list[Line]] = ((), [])

    def heading(self, look: Look) -> str:
        return f"{look.focus_symbol or 'Chart'} · 1 m"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        if look.session is None or look.focus is None or look.snapshot is None:
            return [line(span("candles appear once the engine runs", Tone.FAINT))]
        if width < _LEAST_CHART[0] or height < _LEAST_CHART[1]:
            return [line(span("too small for a chart: z zooms", Tone.FAINT))]
        series = look.session.candles(look.focus, MINUTE_MS)
        if len(series) < 2:
            return wrap("candles appear after two closed minutes", width, Tone.FAINT)
        mid = look.mid(look.focus)
        mine = tuple(sorted(float(o.request.price) for o in _working(look) if o.request.price is not None))
        key = (
            look.focus,
            int(series.ts[-1]),
            len(series),
            look.price_text(look.focus, mid),
            mine,
            width,
            height,
            self._is_mono,
        )
        if key != self._drawn[0]:
            self._drawn = (key, self._chart(look, look.focus, series, mid, mine, width, height))
        return self._drawn[1]

    @property
    def _is_mono(self) -> bool:
        return self.palette is not None and not self.palette.has_colours

    def _chart(
        self,
        look: Look,
        focus: InstrumentId,
        series: CandleSeries,
        mid: float | None,
        mine: tuple[float, ...],
        width: int,
        height: int,
    ) -> list[Line]:
        count = min(len(series), width)
        columns = (series.open, series.high, series.low, series.close, series.volume)
        bars = [Bar(*values) for values in zip(*(each[-count:].tolist() for each in columns), strict=True)]
        change = bars[-1].close / bars[0].open - 1
        self.status = (
            span(pct(change, sign=True), Tone.GOOD if change >= 0 else Tone.BAD),
            span(f" over {len(bars)} m", Tone.FAINT),
        )
        first, last = int(series.ts[-count]), int(series.ts[-1])
        foot = ends(
            line(span(time(first)[:5], Tone.FAINT)), line(span(time(last)[:5], Tone.FAINT)), width - 10
        )
        drawn = chart(
            bars,
            width,
            height - 1,
            lambda value: look.price_text(focus, value),
            last=mid,
            mine=mine,
            hollow=self._is_mono,
        )
        return [*drawn, foot]


class LadderPanel(Panel):
    """The book around the spread: sizes as bars, cumulated sizes, and our own orders at their price."""

    KEYS = "[ ] symbol · z zoom"

    def heading(self, look: Look) -> str:
        return f"Ladder · {look.focus}" if look.focus is not None else "Ladder"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        book = look.session.book(look.focus) if look.session is not None and look.focus is not None else None
        if book is None or not book.bids or not book.asks or look.snapshot is None:
            self.status = ()
            return wrap("the book appears with the venue's first snapshot", width, Tone.FAINT)
        old = look.snapshot.at - book.ts
        self.status = (span(age(old), Tone.WARN if 2 * old > look.snapshot.price_limit_ms else Tone.FAINT),)
        if old > look.snapshot.price_limit_ms:
            return wrap(f"the book is {age(old)} old: nothing is priced from it", width, Tone.WARN)
        depth = max((height - 2) // 2, 1)
        asks, bids = book.asks[:depth], book.bids[:depth]
        most = max(size for _, size in (*asks, *bids)) or 1.0
        mine = _mine(look, book)
        head = line(
            span(right("size", 10), Tone.FAINT),
            span(right("price", 12), Tone.FAINT),
            span(right("total", 10), Tone.FAINT),
            span(right("mine", 8), Tone.FAINT),
        )
        upper = _levels(look, book, asks, most, mine, Tone.BAD, width)
        lower = _levels(look, book, bids, most, mine, Tone.GOOD, width)
        return [head, *reversed(upper), _spread(look, book), *lower]


def _levels(
    look: Look,
    book: Book,
    levels: tuple[tuple[int, float], ...],
    most: float,
    mine: dict[int, str],
    tone: Tone,
    width: int,
) -> list[Line]:
    out: list[Line] = []
    total = 0.0
    lot = look.lot(book.instrument)
    bar_cells = max(min(width - 42, 40), 0)
    for ticks, size in levels:
        total += size
        held = mine.get(ticks, "")
        text = look.price_text(look.focus, ticks * book.tick) if look.focus is not None else ""
        out.append(
            (
                Span(right(qty(size, lot), 10), Tone.TEXT),
                Span(right(text, 12), tone),
                Span(right(qty(total, lot), 10), Tone.MUTED),
                Span(right(held, 8) + "  ", Tone.MINE, bool(held)),
                Span(left(_bar(size / most, bar_cells), bar_cells), tone),
            )
        )
    return out


def _bar(share: float, cells: int) -> str:
    """Return a horizontal bar in eighths of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _spread(look: Look, book: Book) -> Line:
    ask, bid = book.best_ask, book.best_bid
    mid = (ask + bid) / 2
    size_bid, size_ask = book.bids[0][1], book.asks[0][1]
    micro = (bid * size_ask + ask * size_bid) / (size_bid + size_ask) if size_bid + size_ask else mid
    text = look.price_text(look.focus, ask - bid) if look.focus is not None else number(ask - bid)
    return line(
        span("── spread ", Tone.FAINT),
        span(text, Tone.TEXT),
        span(f" ({bps((ask - bid) / mid)})", Tone.MUTED),
        span("  micro ", Tone.FAINT),
        span(look.price_text(look.focus, micro) if look.focus is not None else number(micro), Tone.ACCENT),
        span(" ──", Tone.FAINT),
    )


class TapePanel(Panel):
    """Public prints of the focused symbol, newest first."""

    RESTS_ON = Rests.FOCUS
    KEYS = "[ ] symbol · ↑↓ scroll"

    def heading(self, look: Look) -> str:
        return f"Tape · {look.focus_symbol}" if look.focus is not None else "Tape"

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        trades = (
            look.session.trades(look.focus) if look.session is not None and look.focus is not None else None
        )
        if trades is None or not len(trades) or look.focus is None:
            self.status = ()
            return wrap("prints appear as the market trades", width, Tone.FAINT)
        n = min(len(trades), _TAPE_ROWS)
        ts, prices = trades.ts[-n:].tolist(), trades.price[-n:].tolist()
        sizes, signs = trades.qty[-n:].tolist(), trades.sign[-n:].tolist()
        bought = sum(size for size, sign in zip(sizes, signs, strict=True) if sign > 0)
        every = sum(sizes)
        self.status = (span(f"buys {pct(bought / every if every else None, 0)} of {n}", Tone.FAINT),)
        out: list[Line] = []
        lot = look.lot(look.focus)
        for at, paid, size, sign in zip(
            reversed(ts), reversed(prices), reversed(sizes), reversed(signs), strict=True
        ):
            tone = Tone.GOOD if sign > 0 else Tone.BAD
            big = every > 0 and size > 4 * every / n
            out.append(
                (
                    Span(f"{time(int(at))[:8]} ", Tone.FAINT),
                    Span("▲ " if sign > 0 else "▼ ", tone),
                    Span(right(look.price_text(look.focus, paid), 11), tone),
                    Span(right(qty(size, lot), 10), Tone.TEXT, big),
                )
            )
        return out


def _working(look: Look) -> list[Order]:
    """Return our working orders on the focused symbol."""
    snapshot: Snapshot | None = look.snapshot
    if snapshot is None:
        return []
    return [order for order in snapshot.orders if order.is_live and order.request.instrument == look.focus]


def _mine(look: Look, book: Book) -> dict[int, str]:
    """Return our working quantity by price in ticks of the book."""
    sums: dict[int, float] = {}
    for order in _working(look):
        if order.request.price is not None:
            at = round(float(order.request.price) / book.tick)
            sums[at] = sums.get(at, 0.0) + float(order.remaining)
    return {at: plain_qty(size) for at, size in sums.items()}


def plain_qty(size: float) -> str:
    """Return a summed quantity without the noise of its float."""
    return plain(Decimal(repr(round(size, 8))))
