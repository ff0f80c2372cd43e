"""``hedge greeks``: deltas in coins and USD, the effective gamma of a ladder, and what is left out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.fakes.desk import BTC, ETH, SPOT, T0, linear, request, spot
from tests.fakes.view import FakeView
from tradecli import codec
from tradecli.components.hedge.greeks import GREEKS, BookGreeks, GreeksReport, pseudo_gamma
from tradecli.components.hedge.settings import HedgeSettings
from tradecli.domain.enums import InstrumentKind, OrderStatus, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order
from tradecli.domain.position import Position

D = Decimal
MARKS = {BTC: (60_000.0, T0), ETH: (3_000.0, T0)}


def held(instrument: InstrumentId, qty: str) -> Position:
    return Position(instrument=instrument, qty=D(qty), open_cost=D(qty) * 50_000, fills=1)


def resting(side: Side, price: str, qty: str = "0.01", number: int = 1) -> Order:
    asked = request(side, qty, price)
    return Order(client_id=f"t{number}", request=asked, status=OrderStatus.OPEN, created_at=T0, updated_at=T0)


def assess(*positions: Position, equity: str | None = "100000", **more: Any) -> GreeksReport:
    given = {"marks": MARKS, "specs": (linear(), linear(ETH, "0.01"), spot())} | more
    view = FakeView(T0, held=positions, worth=D(equity) if equity is not None else None, **given)
    found = GREEKS.assess(view, HedgeSettings(), GREEKS.query())
    assert isinstance(found, GreeksReport)
    return found


def books(report: GreeksReport, coin: str = "BTC") -> dict[str, BookGreeks]:
    (found,) = (each for each in report.coins if each.coin == coin)
    return {each.book: each for each in (*found.books, found.net)}


def test_a_perpetual_has_its_quantity_as_delta_and_no_curvature() -> None:
    net = books(assess(held(BTC, "0.1")))["net"]
    assert net.delta == D("0.1") and net.delta_usd == D(6_000)
    assert (net.gamma, net.cash_gamma, net.vega, net.theta) == (0, 0, 0, 0)


def test_what_the_grid_holds_stands_in_its_own_row_and_the_rows_sum_to_the_net() -> None:
    report = assess(held(BTC, "0.1"), own={"grid": (held(BTC, "0.03"),)})
    found = books(report)
    assert found["grid (effective)"].delta == D("0.03") and found["perpetual"].delta == D("0.07")
    assert found["net"].delta == D("0.10")


def test_a_ladder_is_short_gamma_by_its_size_over_its_spacing() -> None:
    orders = [resting(Side.BUY, str(60_000 - 300 * i), number=i) for i in (1, 2)]
    orders += [resting(Side.SELL, str(60_000 + 300 * i), number=10 + i) for i in (1, 2)]
    assert pseudo_gamma(orders) == pytest.approx(-0.01 / 300)
    found = books(assess(working=orders))["grid (effective)"]
    assert found.delta == 0 and found.gamma == pytest.approx(-0.01 / 300)
    assert found.cash_gamma == pytest.approx(-0.01 / 300 * 60_000**2 / 100)
    assert pseudo_gamma(orders[:1]) == 0


def test_orders_that_do_not_rest_are_no_gamma() -> None:
    done = msgspec.structs.replace(resting(Side.BUY, "59000"), status=OrderStatus.FILLED)
    assert assess(working=[done, done]).coins == ()


def test_coins_in_the_account_count_once_whether_as_balance_or_as_spot_position() -> None:
    by_balance = assess(held(SPOT, "0.5"), money={("binance", "BTC"): D("0.499"), ("binance", "USDT"): D(9)})
    assert books(by_balance)["spot"].delta == D("0.499"), "the balance is what is there, fees taken"
    assert books(assess(held(SPOT, "0.5")))["spot"].delta == D("0.5")


def test_long_spot_and_short_perpetual_are_neutral() -> None:
    report = assess(held(BTC, "-0.5"), money={("okx", "BTC"): D("0.5")})
    assert books(report)["net"].delta == 0
    assert report.net_delta_usd == 0 and report.within_band is True


def test_the_sum_over_coins_is_set_beside_the_band() -> None:
    report = assess(held(BTC, "0.1"), held(ETH, "1"))
    assert report.net_delta_usd == D(9_000)
    assert report.net_share == pytest.approx(0.09)
    assert report.within_band is False
    assert GREEKS.present(report).status == "outside the band"


def test_a_coin_without_a_price_leaves_the_usd_delta_unknown_and_not_zero() -> None:
    report = assess(held(BTC, "0.1"), held(ETH, "1"), marks={BTC: MARKS[BTC]})
    assert report.net_delta_usd is None and report.within_band is None
    assert books(report, "ETH")["net"].delta == D(1)
    assert "no price of ETH" in report.notices[0]
    assert codec.decode(codec.encode(report), GreeksReport) == report
    total = {each.name: each for each in GREEKS.inputs(report)}["net delta USD"]
    assert total.value is None and total.reason


def test_an_option_is_left_out_loudly() -> None:
    option = msgspec.structs.replace(linear(ETH), kind=InstrumentKind.OPTION)
    report = assess(held(ETH, "1"), specs=(linear(), option))
    assert report.coins == ()
    assert "left out" in report.notices[0]


def test_an_empty_desk_has_no_exposure_and_is_in_band() -> None:
    report = assess()
    assert report.coins == () and report.net_delta_usd == 0 and report.within_band is True
