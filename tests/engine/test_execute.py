"""Parent orders: sliced over time, never more than asked, and at an end with a reason (V09, I03)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, ETH, SPOT, T0, engine, enter, fill, linear, request
from tradecli.domain.enums import Side, TimeInForce
from tradecli.engine.execute import Parent, ParentStatus, after_fill, canceled, closing_orders, next_child

MID = Decimal(60_000)


def parent(**changes: Any) -> Parent:
    values: dict[str, Any] = {
        "id": "p1",
        "instrument": BTC,
        "side": Side.BUY,
        "qty": Decimal("0.3"),
        "source": "grid",
        "slices": 3,
        "every_ms": 1_000,
        "slippage_bps": Decimal(10),
        "next_at": T0,
    }
    return Parent(**(values | changes))


def test_a_slice_is_an_equal_part_with_a_price_bound_and_names_its_parent() -> None:
    later, child = next_child(parent(), linear(), MID, T0)
    assert child is not None
    assert (child.qty, child.price, child.tif, child.group) == (
        Decimal("0.1"),
        Decimal(60_060),
        TimeInForce.IOC,
        "p1",
    )
    assert (later.next_at, later.sent, later.status) == (T0 + 1_000, 1, ParentStatus.RUNNING)


def test_nothing_is_sent_before_its_time_without_a_price_or_once_it_has_ended() -> None:
    assert next_child(parent(), linear(), MID, T0 - 1) == (parent(), None)
    waited, child = next_child(parent(), linear(), None, T0)
    assert child is None and waited.next_at == T0 + 1_000
    for status in (ParentStatus.PAUSED, ParentStatus.DONE, ParentStatus.CANCELED, ParentStatus.FAILED):
        still = parent(status=status)
        assert next_child(still, linear(), MID, T0) == (still, None)


def test_a_parent_that_gets_nowhere_fails_with_what_is_left() -> None:
    stuck = parent(sent=23)
    failed, child = next_child(stuck, linear(), MID, T0)
    assert child is None
    assert (failed.status, failed.reason) == (ParentStatus.FAILED, "0.3 left after 23 slices")


def test_fills_count_toward_the_end_and_a_cancel_ends_only_what_still_works() -> None:
    half = after_fill(parent(), Decimal("0.2"))
    assert (half.status, half.remaining) == (ParentStatus.READY, Decimal("0.1"))
    done = after_fill(half, Decimal("0.1"))
    assert (done.status, done.remaining) == (ParentStatus.DONE, Decimal(0))
    assert canceled(done, "late") == done
    assert canceled(half, "asked").reason == "asked"
    assert canceled(parent(status=ParentStatus.PAUSED), "asked").status is ParentStatus.CANCELED


@given(
    st.integers(1, 400),
    st.integers(1, 12),
    st.lists(st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)]), min_size=40, max_size=40),
)
def test_children_together_never_ask_for_more_than_the_parent_whatever_fills(
    lots: int, slices: int, shares: list[Decimal]
) -> None:
    spec, now = linear(), T0
    current = parent(qty=Decimal(lots) / 1000, slices=slices)
    total = Decimal(0)
    for share in shares:
        current, child = next_child(current, spec, MID, now)
        now = current.next_at
        if child is not None:
            assert 0 < child.qty <= current.remaining
            qty = spec.round_qty(child.qty * share)
            total += qty
            current = after_fill(current, qty)
    assert total <= current.qty
    assert not current.is_working or current.sent <= slices + 20


def test_closing_orders_are_the_opposite_of_what_is_held_of_perpetuals_and_leave_coins_alone() -> None:
    made = engine()
    for name, held, side in (("t1", BTC, Side.BUY), ("t2", ETH, Side.SELL), ("t3", SPOT, Side.BUY)):
        enter(made, request(side, instrument=held), name, live=False)
        made.process(fill(name, side, instrument=held, trade_id=name), T0)
    asked = closing_orders(made.state, T0, "over")
    assert [(each.request.instrument, each.request.side, each.request.qty) for each in asked] == [
        (BTC, Side.SELL, Decimal("0.1")),
        (ETH, Side.BUY, Decimal("0.1")),
    ]
    assert all(each.request.reduce_only for each in asked)
