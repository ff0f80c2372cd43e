"""What holds for every script of orders, cancels and market events."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.paper.scene import INSTRUMENTS, MINUTE, PERP, SPOT, T0, Terms, book
from tradecli.codec import encode_canonical
from tradecli.domain import events as e
from tradecli.domain.enums import InstrumentKind, OrderType, Side, TimeInForce
from tradecli.domain.market import Candle, FundingRate, MarkPrice, Quote, Trade
from tradecli.domain.order import Approved, OrderRequest
from tradecli.venues.paper.venue import PaperVenue

D = Decimal
FINAL = (e.OrderCanceled, e.OrderExpired, e.OrderRejected)

prices = st.integers(980, 1020)
sizes = st.integers(2, 40)
rarely = st.sampled_from([False, False, False, False, True])
sides = st.sampled_from(list(Side))


def limit(ticks: int) -> Decimal:
    return D(ticks) / 10


orders = st.builds(
    lambda side, type, ticks, away, lots, tif, post_only, reduce_only, instrument: OrderRequest(
        instrument=instrument,
        side=side,
        qty=D(lots) / 20,
        type=type,
        source="test",
        price=None if type is OrderType.MARKET or (type is OrderType.STOP and away % 2) else limit(ticks),
        trigger=limit(ticks + away) if type is OrderType.STOP else None,
        tif=tif,
        post_only=post_only,
        reduce_only=reduce_only,
    ),
    sides, st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, *OrderType]), prices, st.integers(-9, 9), sizes,
    st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, *TimeInForce]), rarely, rarely,
    st.sampled_from([PERP, PERP, PERP, SPOT]),
)  # fmt: skip
tops = st.tuples(prices, st.integers(1, 4), st.integers(1, 40), st.integers(1, 40))
actions = st.one_of(
    st.tuples(st.just("order"), orders),
    st.tuples(st.just("order"), orders),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("book"), tops),
    st.tuples(st.just("quote"), tops),
    st.tuples(st.just("trade"), st.tuples(prices, sizes, sides)),
    st.tuples(st.just("bar"), st.tuples(prices, prices, prices, prices, st.integers(0, 900))),
    st.tuples(st.just("mark"), prices),
    st.tuples(st.just("funding"), st.integers(-9, 9)),
)
waits = st.sampled_from([0, 7, 60, 150, 400, 2_000, 20_000])
scripts = st.lists(st.tuples(waits, actions), min_size=10, max_size=60)
bar_scripts = st.lists(
    st.tuples(
        st.sampled_from([0, 20, MINUTE]),
        st.one_of(
            st.tuples(st.just("order"), orders),
            st.tuples(st.just("bar"), st.tuples(prices, prices, prices, prices, st.integers(0, 900))),
        ),
    ),
    min_size=10,
    max_size=60,
)


def event_of(name: str, value: Any, at: int, instrument: Any = PERP) -> Any:
    if name in ("book", "quote"):
        bid, spread, bid_size, ask_size = value
        low, high = bid / 10, (bid + spread) / 10
        if name == "quote":
            return Quote(instrument, at, low, bid_size / 10, high, ask_size / 10)
        bids = [(low, bid_size / 10), (low - 0.1, 2.0), (low - 0.3, 5.0)]
        return book(bids, [(high, ask_size / 10), (high + 0.2, 3.0)], at)
    if name == "trade":
        return Trade(instrument, at, value[0] / 10, value[1] / 10, value[2], str(at))
    if name == "mark":
        return MarkPrice(instrument, at, value / 10)
    if name == "funding":
        return FundingRate(instrument, at, value / 1e4, 8.0)
    o, a, b, c, volume = value
    ts = at - at % MINUTE - MINUTE
    return Candle(
        instrument, ts, MINUTE, o / 10, max(o, a, b, c) / 10, min(o, a, b, c) / 10, c / 10, float(volume)
    )


class Run:
    """Plays a script; with ``step`` it also collects outcomes in between, every so many ms: it must change nothing."""

    def __init__(
        self, script: list[Any], seed: int = 1, step: int | None = None, check: bool = False
    ) -> None:
        self.venue = PaperVenue(
            INSTRUMENTS, Terms(latency_ms=120, latency_sigma=0.5, initial_balance=D(1_000)), seed
        )
        self.venue.deposits(T0)
        self.told: list[Any] = []
        self.requests: dict[str, OrderRequest] = {}
        at = T0
        for wait, (name, value) in script:
            if step:
                for moment in range(at, at + wait, step):
                    self.told += self.venue.due(moment)
            at += wait
            if name == "order":
                client_id = f"c{len(self.requests)}"
                self.requests[client_id] = value
                self.venue.submit(Approved(client_id=client_id, request=value, reserved=D(0), at=at), at)
            elif name == "cancel":
                self.venue.cancel(f"c{value}", at)
            else:
                self.venue.on_market(event_of(name, value, at), at)
                if name == "quote":
                    self.venue.on_market(event_of(name, value, at, SPOT), at)
            if check:
                self.check(at)
        self.told += self.venue.due(at + 10 * MINUTE)
        self.end = at + 10 * MINUTE

    def check(self, at: int) -> None:
        snapshot = self.venue.snapshot("binance", at)
        for instrument in INSTRUMENTS:
            resting = [o.request for o in snapshot.open_orders if o.request.instrument == instrument]
            buys = [
                r.price
                for r in resting
                if r.type is OrderType.LIMIT and r.side is Side.BUY and r.tif is TimeInForce.GTC
            ]
            sells = [
                r.price
                for r in resting
                if r.type is OrderType.LIMIT and r.side is Side.SELL and r.tif is TimeInForce.GTC
            ]
            if buys and sells:
                assert max(p for p in buys if p) < min(p for p in sells if p), "INV-16"
        assert all(o.filled < o.request.qty for o in snapshot.open_orders)
        base = D(snapshot.balances.get("BTC", "0"))
        assert base >= 0, "spot sold more than it held"

    @property
    def fills(self) -> list[e.Fill]:
        return [event for event in self.told if isinstance(event, e.Fill)]


def signed(fill: e.Fill) -> Decimal:
    return fill.signed_qty


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_every_order_has_one_answer_one_end_and_no_fill_beyond_its_size(script: list[Any]) -> None:
    run = Run(script, check=True)
    answers, ends, filled = defaultdict(int), defaultdict(int), defaultdict(Decimal)
    for event in run.told:
        if isinstance(event, e.OrderAccepted | e.OrderRejected):
            answers[event.client_id] += 1
        if isinstance(event, e.Fill) and event.client_id is not None:
            assert answers[event.client_id] == 1 and not ends.get(event.client_id)
            filled[event.client_id] += event.qty
            assert filled[event.client_id] <= run.requests[event.client_id].qty, "INV-04"
        if isinstance(event, FINAL):
            ends[event.client_id] += 1
            if not isinstance(event, e.OrderRejected):
                assert event.cum_filled == filled[event.client_id]
    assert dict.fromkeys(run.requests, 1) == dict(answers)
    assert all(count == 1 for count in ends.values())
    still = {order.client_id for order in run.venue.snapshot("binance", run.end).open_orders}
    for client_id, request in run.requests.items():
        done = client_id in ends or filled[client_id] == request.qty
        assert done != (client_id in still)


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_position_is_the_sum_of_fills_and_every_coin_adds_up_exactly(script: list[Any]) -> None:
    run = Run(script)
    snapshot = run.venue.snapshot("binance", run.end)
    held = {p.instrument: p.qty for p in snapshot.positions}
    perp = sum((signed(f) for f in run.fills if f.instrument == PERP), D(0))
    assert held.get(PERP, D(0)) == perp, "INV-01"
    cash = D(1_000)
    base = D(0)
    for fill in sorted(run.fills, key=lambda f: int(f.trade_id)):
        if INSTRUMENTS[fill.instrument].kind is InstrumentKind.SPOT:
            cash -= signed(fill) * fill.price
            base += signed(fill)
        if fill.fee_coin == "USDT":
            cash -= fill.fee
        else:
            base -= fill.fee
    cash += sum((p.amount for p in run.told if isinstance(p, e.FundingPaid)), D(0))
    position = next((p for p in snapshot.positions if p.instrument == PERP), None)
    spent = sum((signed(f) * f.price for f in run.fills if f.instrument == PERP), D(0))
    open_cost = position.open_cost if position else D(0)
    assert D(snapshot.balances["USDT"]) == cash + open_cost - spent, "INV-03"
    assert D(snapshot.balances.get("BTC", "0")) == base == held.get(SPOT, D(0))


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_reduce_only_never_increases_or_flips_a_position_inv_12(script: list[Any]) -> None:
    run = Run(script)
    held: dict[Any, Decimal] = defaultdict(Decimal)
    for fill in sorted(run.fills, key=lambda f: int(f.trade_id)):
        before = held[fill.instrument]
        held[fill.instrument] += signed(fill)
        if fill.fee_coin == "BTC":
            held[fill.instrument] -= fill.fee
        if run.requests[fill.client_id or ""].reduce_only:
            after = held[fill.instrument]
            assert abs(after) < abs(before) and after * before >= 0


@given(scripts, st.integers(1, 7_000))
@settings(max_examples=30, deadline=None)
def test_the_same_script_gives_the_same_outcomes_in_one_go_or_step_by_step(
    script: list[Any], step: int
) -> None:
    once = encode_canonical(Run(script).told)
    assert encode_canonical(Run(script).told) == once
    assert encode_canonical(Run(script, step=step).told) == once


@given(bar_scripts)
@settings(max_examples=60, deadline=None)
def test_the_fills_of_one_bar_are_on_one_side_inside_the_volume_share_and_never_a_touch(
    script: list[Any],
) -> None:
    run = Run(script)
    bars: dict[int, Any] = {}
    at = T0
    for wait, (name, value) in script:
        at += wait
        if name == "bar":
            candle = event_of(name, value, at)
            bars.setdefault(candle.ts, candle)
    by_bar: dict[int, list[e.Fill]] = defaultdict(list)
    for fill in run.fills:
        by_bar[fill.ts - fill.ts % MINUTE].append(fill)
    for ts, fills in by_bar.items():
        candle = bars[ts]
        assert len({fill.side for fill in fills}) == 1
        assert float(sum(fill.qty for fill in fills)) <= candle.volume * 0.05 + 1e-9
        for fill in fills:
            if fill.liquidity == "maker":
                price = float(fill.price)
                beyond = price - candle.low if fill.side is Side.BUY else candle.high - price
                assert beyond > 0.099
            else:
                assert candle.low - 1e-9 <= float(fill.price) <= candle.high + 1e-9


def test_latency_depends_on_the_seed_and_the_order_and_not_on_the_calls_before_it() -> None:
    request = OrderRequest(
        instrument=PERP, side=Side.BUY, qty=D("1"), type=OrderType.LIMIT, source="t", price=D("99")
    )

    def accepted(ids: list[str], seed: int) -> dict[str, int]:
        venue = PaperVenue(INSTRUMENTS, Terms(latency_ms=120, latency_sigma=0.5), seed)
        for id in ids:
            venue.submit(Approved(client_id=id, request=request, reserved=D(0), at=T0), T0)
        return {
            event.client_id: event.ts
            for event in venue.due(T0 + MINUTE)
            if isinstance(event, e.OrderAccepted)
        }

    forward = accepted(["a", "b", "c"], 1)
    assert forward == accepted(["c", "a", "b"], 1)
    assert forward["c"] == accepted(["c"], 1)["c"]
    assert forward != accepted(["a", "b", "c"], 2)
    assert len(set(forward.values())) > 1


def test_the_median_latency_is_the_configured_one() -> None:
    from tradecli.venues.paper.latency import legs

    totals = sorted(sum(legs(7, f"order {n}", 120.0, 0.35)) for n in range(4_001))
    assert abs(totals[2_000] - 120) <= 3
    assert 56 <= totals[100] <= 64 and 225 <= totals[-100] <= 255  # 120 x exp(-/+ 0.35 x 1.96) = 60 and 238
    assert legs(7, "x", 0, 0.35) == (0, 0)


def test_every_combination_of_type_time_in_force_and_flags_is_answered_and_ends_as_its_flags_say() -> None:
    """300 permutations against a shown market, with a long position to reduce."""
    flags = product(OrderType, TimeInForce, (False, True), (False, True), Side, ("far", "near", "through"))
    seen = 0
    for type, tif, post_only, reduce_only, side, where in flags:
        venue = PaperVenue(INSTRUMENTS, Terms(), 1)
        venue.deposits(T0)
        venue.on_market(book([(100.0, 1.0), (99.9, 2.0)], [(100.1, 1.0), (100.2, 2.0)], T0), T0)
        start = OrderRequest(instrument=PERP, side=Side.BUY, qty=D(1), type=OrderType.MARKET, source="t")
        venue.submit(Approved(client_id="start", request=start, reserved=D(0), at=T0), T0)
        venue.due(T0)
        venue.on_market(book([(100.0, 1.0), (99.9, 2.0)], [(100.1, 1.0), (100.2, 2.0)], T0 + 1), T0 + 1)
        away = {"far": -5, "near": 0, "through": 5}[where]
        price = limit(1000 + away) if side is Side.BUY else limit(1001 - away)
        request = OrderRequest(
            instrument=PERP, side=side, qty=D(2), type=type, source="t", tif=tif, post_only=post_only,
            reduce_only=reduce_only, price=None if type is OrderType.MARKET else price,
            trigger=price if type is OrderType.STOP else None,
        )  # fmt: skip
        venue.submit(Approved(client_id="x", request=request, reserved=D(0), at=T0 + 1), T0 + 1)
        told = [event for event in venue.due(T0 + 1) if getattr(event, "client_id", "") == "x"]
        fills = [event for event in told if isinstance(event, e.Fill)]
        rejected = isinstance(told[0], e.OrderRejected)
        working = bool(venue.snapshot("binance", T0 + 1).open_orders)
        assert rejected or isinstance(told[0], e.OrderAccepted)
        if post_only:
            assert not fills, "post-only never takes"
        if reduce_only:
            assert rejected if side is Side.BUY else sum(f.qty for f in fills) <= 1
        if tif is not TimeInForce.GTC and type is not OrderType.STOP:
            assert not working, "nothing of an IOC or FOK rests"
        if tif is TimeInForce.FOK and type is not OrderType.STOP:
            assert sum(f.qty for f in fills) in (0, 2), (request, told)
        if type is OrderType.MARKET:
            assert not working
        assert working == (not rejected and not isinstance(told[-1], FINAL) and sum(f.qty for f in fills) < 2)
        seen += 1
    assert seen == 3 * 3 * 2 * 2 * 2 * 3


def test_every_combination_keeps_its_flags_where_bars_are_all_there_is() -> None:
    flags = product(OrderType, TimeInForce, (False, True), (False, True), Side, ("far", "near", "through"))
    for type, tif, post_only, reduce_only, side, where in flags:
        venue = PaperVenue(INSTRUMENTS, Terms(), 1)
        venue.deposits(T0)

        def bar(minute: int, venue: PaperVenue = venue) -> None:
            candle = Candle(
                PERP, T0 + minute * MINUTE, MINUTE, 100.0, 100.8, 99.2, 100.0, 30.0
            )  # 1.5 may be ours
            venue.on_market(candle, candle.close_ts)

        bar(-1)
        start = OrderRequest(instrument=PERP, side=Side.BUY, qty=D(1), type=OrderType.MARKET, source="t")
        venue.submit(Approved(client_id="start", request=start, reserved=D(0), at=T0), T0)
        bar(0)
        away = {"far": -20, "near": -5, "through": 5}[where]
        price = limit(1000 + away) if side is Side.BUY else limit(1000 - away)
        request = OrderRequest(
            instrument=PERP, side=side, qty=D(2), type=type, source="t", tif=tif, post_only=post_only,
            reduce_only=reduce_only, price=None if type is OrderType.MARKET else price,
            trigger=price if type is OrderType.STOP else None,
        )  # fmt: skip
        venue.submit(Approved(client_id="x", request=request, reserved=D(0), at=T0 + MINUTE), T0 + MINUTE)
        bar(1)
        bar(2)
        told = [event for event in venue.due(T0 + 5 * MINUTE) if getattr(event, "client_id", "") == "x"]
        fills = [event for event in told if isinstance(event, e.Fill)]
        done = sum((fill.qty for fill in fills), D(0))
        rejected = isinstance(told[0], e.OrderRejected)
        assert rejected or isinstance(told[0], e.OrderAccepted)
        assert all(sum(f.qty for f in fills if f.ts == ts) <= D("1.5") for ts in {f.ts for f in fills})
        if post_only:
            assert all(fill.liquidity == "maker" for fill in fills)
        if reduce_only:
            assert rejected if side is Side.BUY else done <= 1, (request, told)
        if tif is TimeInForce.FOK and type is not OrderType.STOP:
            assert done in (0, 2)
        if tif is not TimeInForce.GTC and type is OrderType.LIMIT and not rejected:
            assert isinstance(told[-1], e.OrderExpired | e.OrderCanceled) or done == 2
        if where == "far" and type is OrderType.LIMIT:
            assert done == 0
