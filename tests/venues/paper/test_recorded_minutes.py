"""A plain ladder on recorded minutes: every fill, fee, payment and balance recomputed from the candles alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.venues.paper.scene import Terms
from tests.venues.recorded_books import best
from tradecli.domain import events as e
from tradecli.domain import feed as f
from tradecli.domain.enums import OrderType, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Candle, FundingRate, Trade, available_at
from tradecli.domain.order import Approved, OrderRequest
from tradecli.venues.known import known
from tradecli.venues.paper.venue import PaperVenue
from tradecli.venues.recorded import Recorded

D = Decimal
BTC = InstrumentId("BTCUSDT@binance")
SINCE, DAYS = 1_690_848_000_000, 3  # 2023-08-01T00:00Z


class Files:
    """A History over the recorded tables; bars one by one, so that nothing is shared with the bulk path."""

    def __init__(self, shared: Path) -> None:
        import pyarrow.parquet as pq

        span = [("ts", ">=", SINCE - f.DAY_MS), ("ts", "<", SINCE + DAYS * f.DAY_MS)]
        table = pq.read_table(shared / "data/ohlcv/binance_perp_BTCUSDT_1m.parquet", filters=span)
        self.bars = [Candle(BTC, row.pop("ts"), f.MINUTE_MS, **row) for row in table.to_pylist()]
        funding = pq.read_table(
            shared / "data/funding/binance_usdm_funding.parquet", filters=[*span, ("symbol", "=", "BTCUSDT")]
        )
        self.rates = [
            FundingRate(BTC, row["ts"], row["rate"], row["interval_h"], mark=row["mark"])
            for row in sorted(funding.to_pylist(), key=lambda row: row["ts"])
        ]

    async def read(self, feed: f.Feed, since: int, until: int) -> AsyncIterator[Any]:
        for event in self.bars if isinstance(feed, f.CandleFeed) else self.rates:
            if since <= available_at(event) < until:
                yield event


class Ladder:
    """Rests three buys below and three sells above each close, replaced when the close has moved by a step."""

    STEP, QTY = D("15"), D("0.010")

    def __init__(self, venue: PaperVenue) -> None:
        self.venue = venue
        self.told: list[Any] = []
        self.live: set[str] = set()
        self.centre: Decimal | None = None
        self.sent = 0

    def hear(self, until: int) -> None:
        events = self.venue.due(until)
        self.told += events
        for event in events:
            if isinstance(event, e.OrderCanceled | e.OrderRejected | e.CancelFailed):
                self.live.discard(event.client_id)

    def act(self, close: float, at: int) -> None:
        price = D(repr(close))
        if self.centre is not None and abs(price - self.centre) < self.STEP:
            return
        self.centre = price
        for client_id in sorted(self.live):
            self.venue.cancel(client_id, at)
        for rung in (1, 2, 3):
            for side in Side:
                self.sent += 1
                client_id = f"x{self.sent}"
                self.live.add(client_id)
                request = OrderRequest(
                    instrument=BTC, side=side, qty=self.QTY, type=OrderType.LIMIT, source="test", post_only=True,
                    price=price - side.sign * rung * self.STEP,
                )  # fmt: skip
                self.venue.submit(Approved(client_id=client_id, request=request, reserved=D(0), at=at), at)


async def play(files: Files) -> Ladder:
    instrument = known(BTC)
    assert instrument is not None
    venue = PaperVenue({BTC: instrument}, Terms(latency_ms=120, latency_sigma=0.35), 42)
    venue.deposits(SINCE)
    ladder = Ladder(venue)
    source = Recorded(files, [instrument], SINCE, SINCE + DAYS * f.DAY_MS)  # type: ignore[arg-type]
    async for event in source.stream([f.FundingFeed(BTC), f.CandleFeed(BTC, f.MINUTE_MS)]):
        at = available_at(event)
        ladder.hear(at)
        venue.on_market(event, at)
        if isinstance(event, Candle):
            ladder.act(event.close, at)
    ladder.hear(SINCE + (DAYS + 1) * f.DAY_MS)
    return ladder


@pytest.fixture(scope="module")
def files(shared: Path) -> Files:
    return Files(shared)


@pytest.mark.asyncio
async def test_fills_fees_funding_and_balance_equal_what_the_candles_say(files: Files) -> None:
    ladder = await play(files)
    fills = [event for event in ladder.told if isinstance(event, e.Fill)]
    payments = [event for event in ladder.told if isinstance(event, e.FundingPaid)]
    assert len(fills) > 100 and len(payments) >= DAYS * 3 - 2
    bars = {bar.ts: bar for bar in files.bars}
    accepted = {event.client_id: event.ts for event in ladder.told if isinstance(event, e.OrderAccepted)}
    by_bar: dict[int, list[e.Fill]] = {}
    for fill in fills:
        bar = bars[fill.ts // f.MINUTE_MS * f.MINUTE_MS]
        by_bar.setdefault(bar.ts, []).append(fill)
        assert accepted[fill.client_id or ""] <= bar.ts
        beyond = float(fill.price) - bar.low if fill.side is Side.BUY else bar.high - float(fill.price)
        assert beyond > 0.0999
        assert fill.fee == fill.qty * fill.price * D("0.0002")
    assert all(len({fill.side for fill in group}) == 1 for group in by_bar.values())
    cash, held, spent = D(100_000), D(0), D(0)
    due = {rate.ts: rate for rate in files.rates}
    pending = list(payments)
    for moment in sorted({fill.ts for fill in fills} | set(due)):
        for fill in (fill for fill in fills if fill.ts == moment):
            held += fill.signed_qty
            spent += fill.signed_qty * fill.price
            cash -= fill.fee
        if moment in due and held:
            rate = due[moment]
            payment = pending.pop(0)
            amount = -held * D(repr(rate.mark)) * D(repr(rate.rate))
            assert (payment.ts, payment.position) == (moment, held)
            assert abs(payment.amount - amount) < D("1e-11")
            cash += payment.amount
    assert pending == []
    snapshot = ladder.venue.snapshot("binance", SINCE + (DAYS + 1) * f.DAY_MS)
    (position,) = snapshot.positions or (None,)
    assert (position.qty if position else D(0)) == held
    assert D(snapshot.balances["USDT"]) == cash - spent + (position.open_cost if position else D(0))


@pytest.mark.asyncio
async def test_the_same_run_twice_is_the_same_to_the_last_event(files: Files) -> None:
    assert (await play(files)).told == (await play(files)).told


def test_on_recorded_quotes_and_prints_a_joined_bid_fills_only_after_its_queue_and_no_later_than_a_trade_through(
    shared: Path,
) -> None:
    """Real prints: each of our fills is explained by prints at or through its price since the order arrived."""
    import pyarrow.parquet as pq

    instrument = known(BTC)
    assert instrument is not None
    table = pq.read_table(shared / "data/trades/binance_usdm_btcusdt_20240808_trades.parquet").to_pylist()
    quotes = best(shared / "data/books/binance_usdm_btcusdt_20240808_bbo.parquet", BTC)
    aggressor = {True: Side.SELL, False: Side.BUY}
    trades = [
        Trade(BTC, row["recv_ts_us"] // 1000, row["price"], row["qty"], aggressor[row["buyer_is_maker"]], "")
        for row in table
    ]
    events = sorted([*quotes, *trades], key=lambda event: (event.ts, isinstance(event, Trade)))
    venue = PaperVenue({BTC: instrument}, Terms(), 1)
    venue.deposits(0)
    asked: dict[str, tuple[int, Decimal]] = {}
    told: list[Any] = []
    for number, event in enumerate(events):
        venue.on_market(event, event.ts)
        if number % 2_000 == 0 and not isinstance(event, Trade):
            client_id = f"q{number}"
            price = instrument.round_price(D(repr(event.bid)), Side.BUY)
            asked[client_id] = (event.ts, price)
            request = OrderRequest(
                instrument=BTC,
                side=Side.BUY,
                qty=D("0.050"),
                type=OrderType.LIMIT,
                source="t",
                price=price,
                post_only=True,
            )
            venue.submit(Approved(client_id=client_id, request=request, reserved=D(0), at=event.ts), event.ts)
        told += venue.due(event.ts)
    fills = [event for event in told if isinstance(event, e.Fill)]
    assert len(fills) >= 10
    for client_id, (arrived, price) in asked.items():
        ticks = round(price * 10)
        first = next((fill.ts for fill in fills if fill.client_id == client_id), events[-1].ts + 1)
        prints = [trade for trade in trades if arrived <= trade.ts <= first]
        through = [t for t in prints if round(t.price * 10) < ticks]
        at_price = [t for t in prints if round(t.price * 10) == ticks and t.side is Side.SELL]
        beyond = [q for q in quotes if arrived <= q.ts <= first and round(q.ask * 10) < ticks]
        if first > events[-1].ts:
            assert not through, "a print through the price would have filled it"
        else:
            assert through or at_price or beyond, "nothing that happened explains the fill"
            assert all(t.ts == first for t in through), (
                "it should have filled at the first print through its price"
            )
