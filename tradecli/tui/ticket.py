"""The order ticket: what is asked, what it would meet if it were sent now, and a confirmation. Rounding, limits and
costs are the engine's: the ticket shows ``Session.preview`` and computes nothing.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

from textual import events

from tradecli.domain.enums import OrderType, Side, TimeInForce, Verdict
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.domain.number import parse_decimal, plain
from tradecli.domain.order import OrderRequest
from tradecli.engine.snapshot import Preview, Session, Snapshot
from tradecli.present.blocks import Tone
from tradecli.present.format import UNKNOWN, money, price, qty
from tradecli.tui.dialogs import ConfirmDialog, Dialog, mode_span, typed
from tradecli.tui.lines import Line, Span, left, line, span, wrap
from tradecli.tui.panels.journal import VERDICTS
from tradecli.tui.pen import Pen
from tradecli.tui.theme import Palette

_FIELDS = ("symbol", "side", "type", "price", "qty", "tif", "post-only", "reduce-only")
_AGAIN_S = 1.0
_TYPED = {"price": "price", "qty": "quantity"}


class TicketDialog(Dialog):
    """Fields by ↑ ↓, choices by ← →, numbers typed; ``=`` takes the largest size that is allowed now."""

    takes_arrows = True

    def __init__(
        self, palette: Palette, session: Session, pen: Pen, snapshot: Snapshot, focus: InstrumentId | None
    ) -> None:
        super().__init__(palette)
        self._session = session
        self._pen = pen
        self._snapshot = snapshot
        self._field = 4
        instruments = snapshot.instruments
        self._choices: dict[str, tuple[str, ...]] = {
            "symbol": tuple(instruments),
            "side": tuple(side.value for side in Side),
            "type": (OrderType.LIMIT.value, OrderType.MARKET.value),
            "tif": tuple(tif.value for tif in TimeInForce),
            "post-only": ("no", "yes"),
            "reduce-only": ("no", "yes"),
        }
        self._at = dict.fromkeys(self._choices, 0)
        self._at["symbol"] = instruments.index(focus) if focus in instruments else 0
        self._texts = {"price": "", "qty": ""}
        self._preview: Preview | None = None
        self._asked: OrderRequest | None = None
        self._problem = "type a quantity"
        self._propose_price()

    def heading(self) -> str:
        return f"Ticket ({self._snapshot.mode.value.upper()})"

    def _value(self, name: str) -> str:
        return self._choices[name][self._at[name]]

    @property
    def instrument(self) -> InstrumentId:
        return InstrumentId(self._value("symbol"))

    def _propose_price(self) -> None:
        """Start from the near side of the book: the price that rests."""
        quote = self._session.snapshot().quotes.get(self.instrument)
        spec = self._session.instrument(self.instrument)
        if quote is None or spec is None:
            self._texts["price"] = ""
            return
        near = quote.bid if self._value("side") == Side.BUY.value else quote.ask
        self._texts["price"] = plain(spec.price_from_ticks(spec.ticks_from_price(near)))

    # -- what it shows ---------------------------------------------------------------------------------------------

    def lines(self, width: int) -> list[Line]:
        if not self._snapshot.instruments:
            return [line(span("nothing can be traded yet", Tone.MUTED))]
        fields = [self._field_line(i, name) for i, name in enumerate(_FIELDS)]
        return [*fields, (), *self._outcome(width), (), *self._prompt()]

    def _field_line(self, i: int, name: str) -> Line:
        here = i == self._field
        if name in self._choices:
            shown = symbol_of(self.instrument) if name == "symbol" else self._value(name)
            value = f"◂ {shown} ▸" if here else f"  {shown}"
        elif name == "price" and self._value("type") == OrderType.MARKET.value:
            value = "  at market"
        else:
            value = f"  {self._texts[name]}{'▏' if here else ''}"
        parts = [Span(f"{'▸' if here else ' '} {left(name, 12)}", Tone.ACCENT if here else Tone.MUTED)]
        parts.append(span(value, Tone.TEXT, bold=here))
        if name == "symbol":
            parts.append(span(f"  venue {venue_of(self.instrument)}", Tone.MUTED))
        quote = self._session.snapshot().quotes.get(self.instrument)
        if name == "price" and quote is not None:
            spec = self._session.instrument(self.instrument)
            tick = spec.tick if spec is not None else None
            parts.append(span(f"  bid {price(quote.bid, tick)}  ask {price(quote.ask, tick)}", Tone.FAINT))
        return tuple(parts)

    def _outcome(self, width: int) -> list[Line]:
        preview = self._preview
        if preview is None:
            return [line(span(self._problem, Tone.MUTED))]
        spec = self._session.instrument(preview.request.instrument)
        lot = spec.lot if spec is not None else None
        out = [
            line(
                span("executable ", Tone.MUTED),
                qty(preview.executable, lot),
                span(f"  step {plain(lot) if lot is not None else UNKNOWN}", Tone.FAINT),
                span("   notional ", Tone.MUTED),
                money(preview.notional, "USDT"),
                span("   fee est. ", Tone.MUTED),
                money(preview.fee, "USDT"),
            ),
            line(
                span("largest allowed now ", Tone.MUTED),
                qty(preview.largest_allowed, lot),
                span("  = takes it", Tone.FAINT),
            ),
        ]
        for check in sorted(preview.checks, key=lambda each: each.verdict is Verdict.PASS):
            mark, tone = VERDICTS[check.verdict]
            out.append(
                line(
                    span(f"{mark} ", tone),
                    Span(left(check.name, 24)),
                    span(f"{check.value:>14}", tone if check.verdict is not Verdict.PASS else Tone.TEXT),
                    span(f" / {check.threshold}", Tone.MUTED),
                    span(f"  {check.scope}", Tone.FAINT),
                )
            )
        if preview.refused is not None:
            code = f" (E-RISK-{preview.number})" if preview.number is not None else ""
            out += wrap(f"refused: {preview.refused}{code}", width, Tone.BAD)
        return out

    def _prompt(self) -> list[Line]:
        ready = self._preview is not None and self._preview.refused is None
        word = "Enter goes on to the confirmation" if ready else "nothing to send yet"
        return [line(span(f"↑ ↓ field · ← → choice · type price and qty · {word} · Esc close", Tone.MUTED))]

    # -- keys ------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()
        self.set_interval(_AGAIN_S, self._ask_again)

    def _ask_again(self) -> None:
        """Keep quote and verdict of a ticket that stands open as new as the market."""
        if self._asked is not None and self.is_current:
            self.run_worker(self._look_ahead(self._asked), exclusive=True, exit_on_error=False)

    def take(self, event: events.Key) -> None:
        name = _FIELDS[self._field]
        match event.key:
            case "up" | "down" | "tab" | "shift+tab":
                self._field = (self._field + (1 if event.key in ("down", "tab") else -1)) % len(_FIELDS)
            case "enter":
                self._confirm()
            case "equals_sign":
                if self._preview is not None and self._preview.largest_allowed is not None:
                    self._texts["qty"] = plain(self._preview.largest_allowed)
                    self._ask()
            case "left" | "right" | "space" if name in self._choices:
                choices = self._choices[name]
                self._at[name] = (self._at[name] + (-1 if event.key == "left" else 1)) % len(choices)
                if name in ("symbol", "side"):
                    self._propose_price()
                self._ask()
            case _ if name in self._texts:
                self._texts[name] = typed(self._texts[name], event, longest=24)
                self._ask()

    def request(self) -> OrderRequest:
        """Return what the fields say; raise ``ValueError`` with one sentence where they say nothing yet."""
        market = self._value("type") == OrderType.MARKET.value
        at: Decimal | None = None
        if not market:
            at = parse_decimal(self._texts["price"], name=_TYPED["price"], positive=True)
        return OrderRequest(
            instrument=self.instrument,
            side=Side(self._value("side")),
            qty=parse_decimal(self._texts["qty"], name=_TYPED["qty"], positive=True),
            type=OrderType.MARKET if market else OrderType.LIMIT,
            source="manual",
            price=at,
            tif=TimeInForce(self._value("tif")),
            post_only=self._value("post-only") == "yes" and not market,
            reduce_only=self._value("reduce-only") == "yes",
            reason="ticket",
        )

    def _ask(self) -> None:
        """Ask the engine, off this thread, what the order would meet."""
        self._preview = self._asked = None
        if not self._snapshot.instruments:
            return
        try:
            request = self.request()
        except ValueError as problem:
            self._problem = str(problem) if self._texts["qty"] else "type a quantity"
            return
        self._problem = "asking the engine …"
        self._asked = request
        self.run_worker(self._look_ahead(request), exclusive=True, exit_on_error=False)

    async def _look_ahead(self, request: OrderRequest) -> None:
        try:
            preview = await asyncio.to_thread(self._session.preview, request)
        except TimeoutError:
            preview, self._problem = None, "the engine did not answer; nothing was sent"
        if self._asked == request:  # an answer about what the fields no longer say is no answer
            self._preview = preview
        self.draw()

    def _confirm(self) -> None:
        preview = self._preview
        if preview is None or preview.refused is not None:
            return
        request, pen = preview.request, self._pen
        spec = self._session.instrument(request.instrument)
        lot, tick = (spec.lot, spec.tick) if spec is not None else (None, None)
        kind = "market" if request.price is None else f"limit {price(request.price, tick)}"
        shown = [
            line(
                mode_span(self._snapshot.mode),
                span(
                    f"  {request.side.value.upper()} ",
                    Tone.GOOD if request.side is Side.BUY else Tone.BAD,
                    bold=True,
                ),
                span(f"{qty(preview.executable, lot)} {symbol_of(request.instrument)} {kind}", bold=True),
            ),
            line(span("venue    ", Tone.MUTED), venue_of(request.instrument)),
            line(span("qty      ", Tone.MUTED), qty(preview.executable, lot)),
            line(span("notional ", Tone.MUTED), money(preview.notional, "USDT")),
            line(span("fee est. ", Tone.MUTED), money(preview.fee, "USDT")),
        ]
        key = f"ticket-{self._snapshot.run_id}-{self._snapshot.at}-{request.instrument}"

        def do() -> None:
            pen.submit(request, key)
            if self.is_attached:
                _ = self.dismiss()

        _ = self.app.push_screen(
            ConfirmDialog(self.palette, self._snapshot.mode, "Send order", shown, "send", do)
        )
