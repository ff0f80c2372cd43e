"""What the venue refuses, what it charges, what it pays, what it reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.venues.paper.scene import INSTRUMENTS, MINUTE, PERP, SPOT, T0, Scene, Terms
from tradecli.domain.enums import FundingKind, InstrumentKind, Liquidity, Side
from tradecli.domain.events import FundingPaid, OrderRejected
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import FundingRate, MarkPrice, Quote
from tradecli.errors import BrokenInvariant
from tradecli.venues.paper.account import fee_of
from tradecli.venues.paper.venue import PaperVenue

D = Decimal


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.book([(100.0, 10.0)], [(100.1, 10.0)])
    return scene


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"price": "99.95"}, "tick"),
    ({"price": "0"}, "price"),
    ({"price": "-1"}, "price"),
    ({"price": "NaN"}, "price"),
    ({"price": "99", "qty": "0.0005"}, "lot"),
    ({"price": "99", "qty": "0"}, "qty"),
    ({"price": "99", "qty": "-1"}, "qty"),
    ({"price": "99", "qty": "Infinity"}, "qty"),
    ({"price": "99", "qty": "100.001"}, "max-qty"),
    ({"price": "99", "qty": "0.050"}, "min-notional"),
    ({"qty": "0.040"}, "min-notional"),
    ({"type": "limit"}, "bad-request"),
    ({"type": "market", "price": "99"}, "bad-request"),
    ({"type": "stop"}, "bad-request"),
    ({"price": "99", "trigger": D("98")}, "bad-request"),
    ({"type": "stop", "trigger": D("98.05")}, "tick"),
    ({"price": "99", "post_only": True, "tif": "ioc"}, "bad-request"),
    ({"price": "99", "instrument": InstrumentId("XYZUSDT@binance")}, "unknown-instrument"),
    ({"price": "99", "reduce_only": True}, "reduce-only"),
    ({"side": "sell", "qty": "1", "instrument": SPOT, "price": "100"}, "insufficient-balance"),
    ({"qty": "1000", "instrument": SPOT, "price": "101"}, "insufficient-balance"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSALS)
def test_an_order_against_the_rules_is_rejected_with_its_code_v08(
    scene: Scene, changes: dict[str, Any], code: str
) -> None:
    order = scene.order(**{"side": "buy", "qty": "1", **changes})
    rejected = scene.told[-1]
    assert isinstance(rejected, OrderRejected) and rejected.client_id == order
    assert (rejected.code, bool(rejected.reason)) == (code, True)
    assert scene.fills() == [] and scene.venue.snapshot("binance", scene.now).open_orders == ()


def contract(kind: InstrumentKind, settle: str, **more: Any) -> Instrument:
    id = InstrumentId("X@deribit")
    return Instrument(
        id=id, kind=kind, base="BTC", quote="USD", settle=settle, tick=D("0.0001"), lot=D("0.1"),
        maker_fee=D("0.0003"), taker_fee=D("0.0003"), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("instrument", "code"),
    [
        (contract(InstrumentKind.INVERSE, "BTC"), "unsupported"),
        (contract(InstrumentKind.FUTURE, "BTC"), "unsupported"),
        (contract(InstrumentKind.LINEAR, "USD", expiry_ts=T0), "expired"),
    ],
)
def test_what_the_paper_venue_cannot_trade_truly_it_refuses(instrument: Instrument, code: str) -> None:
    scene = Scene()
    scene.venue = PaperVenue({instrument.id: instrument}, Terms(), 1)
    scene.order("buy", "1", "100", instrument=instrument.id)
    assert scene.told[-1].code == code  # type: ignore[union-attr]


FEES = [
    # instrument, side, qty, price, liquidity, fee, coin
    (INSTRUMENTS[PERP], "buy", "0.123", "29312.4", "maker", "0.72108504", "USDT"),
    (INSTRUMENTS[PERP], "sell", "0.123", "29312.4", "taker", "1.8027126", "USDT"),
    (INSTRUMENTS[SPOT], "buy", "0.12345", "29312.41", "taker", "0.00012345", "BTC"),
    (INSTRUMENTS[SPOT], "sell", "0.12345", "29312.41", "taker", "3.6186170145", "USDT"),
    (contract(InstrumentKind.OPTION, "BTC"), "buy", "2", "0.05", "taker", "0.0006", "BTC"),
    (contract(InstrumentKind.OPTION, "BTC"), "buy", "2", "0.0010", "taker", "0.00025", "BTC"),
]


@pytest.mark.parametrize(("instrument", "side", "qty", "price", "liquidity", "fee", "coin"), FEES)
def test_fees_are_exact_and_in_their_coin(
    instrument: Instrument, side: str, qty: str, price: str, liquidity: str, fee: str, coin: str
) -> None:
    assert fee_of(instrument, Side(side), D(qty), D(price), Liquidity(liquidity)) == (D(fee), coin)


def test_a_spot_buy_pays_its_fee_from_the_coins_it_receives_and_a_sell_from_its_proceeds() -> None:
    scene = Scene()
    scene.market(Quote(SPOT, T0 + 1, 100.00, 5.0, 100.10, 5.0))
    scene.order("buy", "1", instrument=SPOT)
    assert (scene.balance("BTC"), scene.balance("USDT")) == (D("0.999"), D("99899.9"))
    assert scene.position(SPOT) == D("0.999")
    whole = scene.order("sell", "1", "100", instrument=SPOT)
    assert scene.of(whole) == ["rejected insufficient-balance"]
    scene.order("sell", "0.999", instrument=SPOT)
    assert scene.balance("BTC") == 0
    assert scene.balance("USDT") == D("99899.9") + D("99.9") - D("0.0999")


def test_resting_spot_orders_reserve_what_they_need() -> None:
    scene = Scene()
    first = scene.order("buy", "600", "100", instrument=SPOT)
    second = scene.order("buy", "600", "100", instrument=SPOT)
    third = scene.order("buy", "400", "100", instrument=SPOT)
    assert [scene.of(o) for o in (first, second, third)] == [
        ["accepted"],
        ["rejected insufficient-balance"],
        ["accepted"],
    ]


def test_a_round_trip_moves_the_settlement_coin_by_profit_less_fees(scene: Scene) -> None:
    scene.order("buy", "2")
    scene.book([(110.0, 10.0)], [(110.1, 10.0)])
    scene.order("sell", "2")
    fees = D("2") * (D("100.1") + D("110.0")) * D("0.0005")
    assert scene.balance("USDT") == D("100000") + 2 * (D("110.0") - D("100.1")) - fees


# -- reduce-only ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "side", "qty", "outcomes"),
    [
        ("1", "sell", "0.4", ["accepted", "fill 0.400@100.0 taker"]),
        ("1", "sell", "1", ["accepted", "fill 1.000@100.0 taker"]),
        ("1", "sell", "3", ["accepted", "fill 1.000@100.0 taker", "canceled"]),
        ("1", "buy", "1", ["rejected reduce-only"]),
        ("-1", "buy", "3", ["accepted", "fill 1.000@100.1 taker", "canceled"]),
        ("-1", "sell", "1", ["rejected reduce-only"]),
    ],
)
def test_reduce_only_is_sized_down_or_rejected_and_never_flips_inv_12(
    scene: Scene, held: str, side: str, qty: str, outcomes: list[str]
) -> None:
    scene.order("buy" if D(held) > 0 else "sell", str(abs(D(held))))
    assert scene.of(scene.order(side, qty, reduce_only=True)) == outcomes
    assert abs(scene.position()) <= 1 and scene.position() * D(held) >= 0


def test_reduce_only_orders_end_once_the_position_is_closed_v25_v26(scene: Scene) -> None:
    scene.order("buy", "1")
    take_profit = scene.order("sell", "1", "105", reduce_only=True)
    stop = scene.order("sell", "1", type="stop", trigger=D("95"), reduce_only=True, protective=True)
    scene.order("sell", "1")
    assert scene.of(take_profit) == ["accepted", "canceled"]
    assert scene.of(stop) == ["accepted", "canceled"]
    scene.trade(94.0, 9.0, "sell")
    assert scene.position() == 0


def test_two_reduce_only_orders_cannot_close_more_than_there_is_even_in_one_print(scene: Scene) -> None:
    scene.order("buy", "1")
    for _ in range(2):
        scene.order("sell", "1", "101", reduce_only=True)
    scene.trade(102.0, 50.0, "buy")
    assert scene.position() == 0


# -- funding ----------------------------------------------------------------------------------------------------


def paid(scene: Scene) -> list[FundingPaid]:
    return [e for e in scene.told if isinstance(e, FundingPaid)]


@pytest.mark.parametrize(("side", "rate", "amount"), [
    ("buy", 0.0001, "-0.02"), ("sell", 0.0001, "0.02"), ("buy", -0.00005, "0.01"), ("sell", -0.00005, "-0.01"),
])  # fmt: skip
def test_longs_pay_a_positive_rate_on_the_mark_and_shorts_receive_it(
    scene: Scene, side: str, rate: float, amount: str
) -> None:
    scene.order(side, "2")
    before = scene.balance("USDT")
    scene.market(FundingRate(PERP, T0 + 1_000, rate, 8.0, mark=100.0))
    (payment,) = paid(scene)
    assert payment.amount == D(amount) and scene.balance("USDT") - before == D(amount)
    assert (payment.mark, payment.rate, payment.coin) == (D("100.0"), D(repr(rate)), "USDT")


def test_a_settlement_is_paid_once_and_a_prediction_never_v16(scene: Scene) -> None:
    scene.order("buy", "2")
    scene.market(FundingRate(PERP, T0 + 1_000, 0.0001, 8.0, FundingKind.PREDICTED, mark=100.0))
    for _ in range(2):
        scene.market(FundingRate(PERP, T0 + 2_000, 0.0001, 8.0, mark=100.0))
    scene.market(FundingRate(PERP, T0 + 2_000 + 8 * 3_600_000, 0.0001, 8.0, mark=100.0))
    ids = [payment.payment_id for payment in paid(scene)]
    assert len(ids) == 2 and len(set(ids)) == 2


def test_the_mark_of_a_payment_falls_back_to_the_last_mark_and_then_to_the_last_close() -> None:
    scene = Scene()
    scene.bar(100, 101, 99, 100, ts=T0 - MINUTE)
    scene.order("buy", "1")
    scene.bar(100, 101, 99, 100.5, ts=T0)
    scene.market(FundingRate(PERP, T0 + MINUTE, 0.001, 8.0))
    scene.market(MarkPrice(PERP, T0 + MINUTE + 1, 101.25))
    scene.market(FundingRate(PERP, T0 + MINUTE + 2, 0.001, 8.0))
    assert [payment.mark for payment in paid(scene)] == [D("100.5"), D("101.25")]


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_not_a_number_pays_nothing(scene: Scene, rate: float) -> None:
    scene.order("buy", "2")
    scene.market(FundingRate(PERP, T0 + 1_000, rate, 8.0, mark=100.0))
    assert paid(scene) == []


def test_a_fill_inside_the_bar_before_a_settlement_is_part_of_the_position_that_pays() -> None:
    scene = Scene()
    scene.bar(100, 101, 99, 100, ts=T0 - MINUTE)
    order = scene.order("buy", "1", "99")
    scene.bar(100, 101, 98, 100, ts=T0)
    scene.market(FundingRate(PERP, T0 + MINUTE, 0.001, 8.0, mark=100.0))
    (payment,) = paid(scene)
    assert payment.position == 1 and scene.fills(order)[0].ts < payment.ts


# -- accounts and time ------------------------------------------------------------------------------------------


def test_the_starting_balance_is_split_over_the_venues_and_reported_once() -> None:
    okx = InstrumentId("BTC-USDT-SWAP@okx")
    template = INSTRUMENTS[PERP]
    instruments = {
        **INSTRUMENTS,
        okx: Instrument(**{f: getattr(template, f) for f in template.__struct_fields__} | {"id": okx}),
    }
    venue = PaperVenue(instruments, Terms(), 1)
    deposits = venue.deposits(T0)
    assert [(d.venue, d.coin, d.amount, d.kind) for d in deposits] == [
        ("binance", "USDT", D(50_000), "deposit"),
        ("okx", "USDT", D(50_000), "deposit"),
    ]
    assert venue.deposits(T0 + 1) == ()
    assert D(venue.snapshot("okx", T0).balances["USDT"]) == 50_000


def test_a_snapshot_shows_positions_open_orders_and_fills_as_the_venue_has_them(scene: Scene) -> None:
    scene.order("buy", "1")
    resting = scene.order("buy", "2", "99")
    scene.trade(98.0, 0.5, "sell")
    snapshot = scene.venue.snapshot("binance", scene.now)
    assert [(p.instrument, p.qty) for p in snapshot.positions] == [(PERP, D("1.5"))]
    (order,) = snapshot.open_orders
    assert (order.client_id, order.filled, order.cost) == (resting, D("0.5"), D("49.5"))
    assert [fill.trade_id for fill in snapshot.fills] == ["1", "2"]


def test_a_client_id_is_never_used_twice_inv_06(scene: Scene) -> None:
    scene.order("buy", "1", "99", client_id="same")
    with pytest.raises(BrokenInvariant):
        scene.order("buy", "1", "99", client_id="same")


def test_nothing_is_answered_before_the_latency_and_the_cancel_never_overtakes_its_order() -> None:
    scene = Scene(latency_ms=120, latency_sigma=0.5)
    order = scene.order("buy", "1", "99")
    scene.cancel(order)
    assert scene.told == []
    first = scene.venue.next_at()
    assert first is not None and first > T0
    assert scene.venue.due(first - 1) == []
    assert len(scene.venue.due(first)) == 1
    scene.settle()
    again = Scene(latency_ms=120, latency_sigma=0.5)
    again.order("buy", "1", "99")
    again.cancel("o1")
    again.settle()
    assert again.of("o1") == ["accepted", "canceled"]


def test_a_fill_on_the_way_wins_the_race_with_a_cancel_v10() -> None:
    scene = Scene(latency_ms=120)
    order = scene.order("buy", "1", "99")
    scene.settle()
    scene.cancel(order)
    scene.trade(98.0, 1.0, "sell", ts=scene.now + 10)
    scene.settle()
    assert scene.of(order) == ["accepted", "fill 1.000@99.0 maker", "cancelfailed"]
