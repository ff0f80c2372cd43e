"""An account put back from the rows of a ledger stands as it stood (INV-01, INV-20)."""

from __future__ import annotations

from decimal import Decimal

from tests.fakes.desk import BTC, SPOT, T0, engine, enter, fill, linear, request, spot
from tradecli.domain.enums import Side
from tradecli.domain.events import FundingPaid, Transferred
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.position import LedgerEntry
from tradecli.engine.core import Engine
from tradecli.engine.restore import Past, restore_account, restore_engine
from tradecli.engine.state import State

PAID = FundingPaid(
    instrument=BTC,
    payment_id="f1",
    ts=T0,
    rate=Decimal("0.0001"),
    position=Decimal("0.1"),
    mark=Decimal(60_000),
    amount=Decimal("-0.6"),
    coin="USDT",
)


def day() -> tuple[Engine, list[LedgerEntry]]:
    """A deposit, a position in parts, a fee, funding and a part taken off."""
    made, entries = engine(), []
    enter(made, request(), "t1")
    enter(made, request(Side.SELL, "0.05", "61000"), "t2")
    for event in (
        Transferred(venue="binance", coin="USDT", amount=Decimal(7), ts=T0, ref="more"),
        fill("t1", qty="0.1", trade_id="1", fee="1.5"),
        PAID,
        fill("t2", Side.SELL, "0.02", "61000", trade_id="2"),
    ):
        changes = made.state.apply(event, T0)
        assert changes is not None
        entries += changes.entries
    first = LedgerEntry(
        venue="binance",
        coin="USDT",
        amount=Decimal(100_000),
        kind="transfer",
        ts=T0,
        ref="transfer:binance:start",
    )
    return made, [first, *entries]


def put_back(made: Engine, entries: list[LedgerEntry]) -> State:
    state = State((linear(), spot()), {})
    account = made.state.account
    orders = [*account.live.values(), *account.final.values()]
    fills = [
        fill("t1", qty="0.1", trade_id="1", fee="1.5"),
        fill("t2", Side.SELL, "0.02", "61000", trade_id="2"),
    ]
    restore_account(state, orders, fills, entries, [(T0, Decimal(100_001)), (T0 + 60_000, Decimal(99_000))])
    return state


def test_positions_balances_orders_and_books_are_those_of_the_engine_that_lived_the_day() -> None:
    made, entries = day()
    state = put_back(made, entries)
    lived, again = made.state.account, state.account
    assert again.positions == lived.positions
    assert again.books == lived.books
    assert again.balances == lived.balances
    assert again.live == lived.live and again.final == lived.final
    assert (again.fees, again.funding, again.booked) == (lived.fees, lived.funding, lived.booked)


def test_the_equity_curve_is_put_back_with_its_high_water_mark() -> None:
    state = put_back(*day())
    assert (state.equity.peak, state.equity.value) == (Decimal(100_001), Decimal(99_000))
    assert state.equity.drawdown() > 0


def test_what_is_of_an_instrument_that_is_not_known_here_is_left_out_and_crashes_nothing() -> None:
    made, entries = day()
    gone = InstrumentId("GONEUSDT@binance")
    foreign = fill(None, instrument=gone, trade_id="9")
    paid = LedgerEntry(
        venue="binance", coin="USDT", amount=Decimal(1), kind="funding", ts=T0, ref="x", instrument=gone
    )
    trade = LedgerEntry(
        venue="binance", coin="USDT", amount=Decimal(1), kind="pnl", ts=T0, ref="y", instrument=BTC
    )
    order = enter(made, request(), "t9")
    state = State((spot(),), {})
    restore_account(state, [order], [foreign], [*entries, paid, trade], [])
    assert not state.account.positions and not state.account.live
    assert state.account.balances == {("binance", "USDT"): Decimal(100_007)}


def test_a_fill_without_its_order_belongs_to_nobody_of_ours() -> None:
    state = State((linear(), spot()), {})
    restore_account(state, [], [fill(None, trade_id="5"), fill("lost", trade_id="6")], [], [])
    assert state.account.book(BTC, "external").qty == Decimal("0.2")
    assert state.account.position(SPOT).qty == 0


def test_inv_17_a_desk_that_lost_everything_keeps_its_mark_and_one_that_lost_a_part_gets_it_back() -> None:
    for drawdown, peak in ((100.0, 50), (75.0, 200)):
        made = engine()
        made.state.equity.peak = None
        restore_engine(made, Past(capital=((T0, Decimal(50), drawdown, Decimal(0)),)))
        assert made.state.equity.peak == peak
