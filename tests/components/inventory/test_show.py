"""``inventory show``: values, shares, concentration and drawdown of what is held."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, ETH, T0, linear
from tests.fakes.view import FakeView, values
from tradecli import codec
from tradecli.components.inventory.settings import InventorySettings
from tradecli.components.inventory.show import SHOW, InventoryReport
from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.position import Position, after_fee, after_funding, after_trade

D = Decimal
MARKS = {BTC: (60_000.04, T0), ETH: (3_000.0, T0)}


def held(instrument: InstrumentId, qty: str, price: str) -> Position:
    return after_trade(Position(instrument=instrument), D(qty), D(price))


def assess(*positions: Position, equity: str | None = "100000", **more: Any) -> InventoryReport:
    given = {"marks": MARKS, "specs": (linear(), linear(ETH, "0.01"))} | more
    view = FakeView(T0, held=positions, worth=D(equity) if equity is not None else None, **given)
    found = SHOW.assess(view, InventorySettings(), SHOW.query())
    assert isinstance(found, InventoryReport)
    return found


def test_a_position_is_valued_exactly_at_the_mark_of_its_tick() -> None:
    bought = after_funding(
        after_fee(held(BTC, "0.1", "59000"), D("1.18"), D(59_000), in_base=False), D("-0.5")
    )
    (holding,) = assess(bought).holdings
    assert holding.mark == D("60000.0")
    assert holding.value == D(6_000) and holding.unrealised == D(100)
    assert holding.net == D("100") - D("1.18") - D("0.5")
    assert holding.equity_share == pytest.approx(0.06)


def test_gross_counts_both_sides_and_net_sets_them_off() -> None:
    report = assess(held(BTC, "0.1", "60000"), held(ETH, "-2", "3000"))
    assert report.gross == D(12_000) and report.net == D(0)
    assert report.gross_share == pytest.approx(0.12)
    assert report.hhi == pytest.approx(0.5) and report.effective_n == pytest.approx(2.0)


def test_a_closed_position_keeps_its_result_and_takes_no_room() -> None:
    closed = after_trade(held(BTC, "0.1", "59000"), D("-0.1"), D(60_000))
    report = assess(closed)
    assert report.realised == D(100) and report.gross == D(0) and report.hhi is None
    assert report.turnover == pytest.approx(0.119)
    flat = assess(Position(instrument=BTC))
    assert flat.holdings == ()


def test_a_position_without_a_price_has_no_value_and_neither_have_the_totals() -> None:
    report = assess(held(BTC, "0.1", "60000"), held(ETH, "1", "3000"), marks={BTC: MARKS[BTC]})
    assert report.gross is None and report.net is None and report.unrealised is None and report.hhi is None
    assert report.notices == ("no price of ETHUSDT@binance",)
    assert codec.decode(codec.encode(report), InventoryReport) == report
    assert SHOW.present(report).blocks
    found = {each.name: each for each in SHOW.inputs(report)}
    assert found["gross exposure"].quality is Quality.UNAVAILABLE and found["gross exposure"].reason


def test_without_an_account_nothing_is_a_share_of_anything() -> None:
    report = assess(held(BTC, "0.1", "60000"), equity=None)
    assert report.gross == D(6_000) and report.gross_share is None
    assert "equity is not known" in report.notices[0]


def test_drawdown_is_measured_from_the_highest_equity() -> None:
    curve = values([(T0 - 3_000, 100.0), (T0 - 2_000, 120.0), (T0 - 1_000, 90.0), (T0, 108.0)])
    report = assess(curve=curve)
    assert report.drawdown == pytest.approx(0.10) and report.max_drawdown == pytest.approx(0.25)
    assert report.under_water_ms == 2_000
    assert assess().drawdown is None


def test_more_net_inventory_than_allowed_is_noticed() -> None:
    assert "max_inventory_ratio" in assess(held(BTC, "0.6", "60000")).notices[0]


def test_balances_are_listed_by_venue_and_coin_without_the_empty_ones() -> None:
    report = assess(money={("okx", "USDT"): D(5), ("binance", "USDT"): D(7), ("okx", "BTC"): D(0)})
    assert [(each.venue, each.coin, each.amount) for each in report.balances] == [
        ("binance", "USDT", D(7)),
        ("okx", "USDT", D(5)),
    ]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8))
def test_the_net_of_a_position_is_what_its_fills_say(lots: list[int]) -> None:
    position, cash, qty = Position(instrument=BTC), D(0), D(0)
    for index, lot in enumerate(each for each in lots if each):
        size, price = D(lot) / 1000, D(60_000 + 7 * index)
        position = after_trade(position, size, price)
        cash, qty = cash - size * price, qty + size
    if position.fills:
        (holding,) = assess(position).holdings
        assert holding.net == cash + qty * D(60_000)
