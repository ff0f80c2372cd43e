"""A paper venue with two instruments and short words for orders, books and bars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from tradecli.domain.enums import InstrumentKind, OrderType, Side, TimeInForce
from tradecli.domain.events import AccountEvent, Fill
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, Candle, Quote, Trade
from tradecli.domain.order import Approved, OrderRequest
from tradecli.venues.paper.venue import PaperVenue

D = Decimal

PERP = InstrumentId("BTCUSDT@binance")
SPOT = InstrumentId("BTCUSDT.spot@binance")
MINUTE = 60_000
T0 = 1_700_000_040_000
"""A whole minute."""

INSTRUMENTS = {
    PERP: Instrument(
        id=PERP, kind=InstrumentKind.LINEAR, base="BTC", quote="USDT", settle="USDT", tick=D("0.1"), lot=D("0.001"),
        min_qty=D("0.001"), min_notional=D("5"), max_qty=D("100"), maker_fee=D("0.0002"), taker_fee=D("0.0005"),
    ),
    SPOT: Instrument(
        id=SPOT, kind=InstrumentKind.SPOT, base="BTC", quote="USDT", settle="USDT", tick=D("0.01"), lot=D("0.00001"),
        min_qty=D("0.00001"), min_notional=D("5"), maker_fee=D("0.001"), taker_fee=D("0.001"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    latency_ms: int = 0
    latency_sigma: float = 0.0
    max_volume_pct: float = 5.0
    initial_balance: Decimal = Decimal(100_000)


class Scene:
    """Drives one venue and remembers every outcome. Without latency each call answers at its own time."""

    def __init__(self, terms: Terms | None = None, seed: int = 42, **changes: Any) -> None:
        self.venue = PaperVenue(INSTRUMENTS, terms or Terms(**changes), seed)
        self.venue.deposits(T0)
        self.told: list[AccountEvent] = []
        self.now = T0
        self._ids = count(1)

    def order(
        self, side: str, qty: str, price: str | None = None, *, at: int | None = None, client_id: str | None = None,
        instrument: InstrumentId = PERP, type: str | None = None, tif: str = "gtc", **more: Any,
    ) -> str:  # fmt: skip
        """Submit an order and return its client id."""
        self.now = self.now if at is None else at
        kind = OrderType(type) if type else OrderType.MARKET if price is None else OrderType.LIMIT
        request = OrderRequest(
            instrument=instrument, side=Side(side), qty=D(qty), type=kind, source="test",
            price=None if price is None else D(price), tif=TimeInForce(tif), **more,
        )  # fmt: skip
        client_id = client_id or f"o{next(self._ids)}"
        self.venue.submit(
            Approved(client_id=client_id, request=request, reserved=D(0), at=self.now), self.now
        )
        self._listen()
        return client_id

    def cancel(self, client_id: str, at: int | None = None) -> None:
        self.now = self.now if at is None else at
        self.venue.cancel(client_id, self.now)
        self._listen()

    def market(self, event: Any, at: int | None = None) -> None:
        self.now = event.ts if at is None else at
        self.told += self.venue.due(self.now)
        self.venue.on_market(event, self.now)
        self._listen()

    def bar(
        self, o: float, h: float, low: float, c: float, volume: float = 1000.0, *, ts: int | None = None
    ) -> None:
        """Close the bar that opened at ``ts`` (default: the current minute)."""
        ts = self.now - self.now % MINUTE if ts is None else ts
        candle = Candle(PERP, ts, MINUTE, o, h, low, c, volume)
        self.market(candle, candle.close_ts)

    def book(
        self, bids: list[tuple[float, float]], asks: list[tuple[float, float]], *, ts: int | None = None
    ) -> None:
        ts = self.now + 1 if ts is None else ts
        self.market(book(bids, asks, ts))

    def trade(self, price: float, qty: float, side: str, *, ts: int | None = None) -> None:
        ts = self.now + 1 if ts is None else ts
        self.market(Trade(PERP, ts, price, qty, Side(side), str(ts)))

    def quote(self, bid: float, bid_qty: float, ask: float, ask_qty: float, *, ts: int | None = None) -> None:
        ts = self.now + 1 if ts is None else ts
        self.market(Quote(PERP, ts, bid, bid_qty, ask, ask_qty))

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        while (at := self.venue.next_at()) is not None:
            self.now = max(self.now, at)
            self.told += self.venue.due(self.now)

    def of(self, client_id: str) -> list[str]:
        """Return the outcomes of one order in short words: accepted, fill 0.5@100.0, canceled, …"""
        return [word(e) for e in self.told if getattr(e, "client_id", None) == client_id]

    def fills(self, client_id: str | None = None) -> list[Fill]:
        return [e for e in self.told if isinstance(e, Fill) and client_id in (None, e.client_id)]

    def position(self, instrument: InstrumentId = PERP) -> D:
        positions = self.venue.snapshot("binance", self.now).positions
        return next((p.qty for p in positions if p.instrument == instrument), D(0))

    def balance(self, coin: str) -> D:
        return D(self.venue.snapshot("binance", self.now).balances.get(coin, "0"))

    def _listen(self) -> None:
        self.told += self.venue.due(self.now)


def book(bids: list[tuple[float, float]], asks: list[tuple[float, float]], ts: int) -> Book:
    return Book(
        PERP, ts, 0.1,
        tuple((round(p * 10), q) for p, q in bids), tuple((round(p * 10), q) for p, q in asks),
    )  # fmt: skip


def word(event: AccountEvent) -> str:
    name = type(event).__name__.removeprefix("Order").lower()
    if isinstance(event, Fill):
        return f"fill {event.qty}@{event.price} {event.liquidity.value}"
    return f"{name} {event.code}" if name == "rejected" else name  # type: ignore[union-attr]
