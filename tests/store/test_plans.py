"""Plans on disk: private, unchanged since they were made, and taken once."""

from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.domain.test_order_plan import BTC, ETH, plan, request
from tradecli import codec
from tradecli.domain.enums import OrderStatus
from tradecli.domain.order import Order
from tradecli.domain.order_plan import OrderPlan
from tradecli.domain.position import Position
from tradecli.errors import NotFound, PlanExpired, StoreFault
from tradecli.store.plans import Plans, account_digest, plan_id


def order(name: str, qty: str) -> Order:
    return Order(
        client_id=name, request=request(qty=qty), status=OrderStatus.OPEN, created_at=1, updated_at=1
    )


def test_the_name_of_a_plan_survives_a_file_and_changes_with_any_word_of_it() -> None:
    one = plan()
    assert codec.decode_outside(codec.encode_canonical(one), OrderPlan) == one
    others = {
        plan_id(msgspec.structs.replace(one, tolerance=0.006)),
        plan_id(msgspec.structs.replace(one, expires_at=301_001)),
        plan_id(msgspec.structs.replace(one, orders=(request(qty="0.2"),))),
        plan_id(msgspec.structs.replace(one, account="b")),
    }
    assert len(others | {plan_id(one)}) == 5


def test_the_digest_of_an_account_tells_what_is_held_and_what_may_still_fill() -> None:
    held, flat = Position(instrument=BTC, qty=Decimal(1)), Position(instrument=ETH)
    base = account_digest([held], [order("a", "0.1"), order("b", "0.2")])
    assert base == account_digest([flat, held], [order("b", "0.2"), order("a", "0.1")])
    assert base != account_digest([held], [order("a", "0.1")])
    assert base != account_digest([flat], [order("a", "0.1"), order("b", "0.2")])
    partly = msgspec.structs.replace(order("b", "0.2"), filled=Decimal("0.1"))
    assert base != account_digest([held], [order("a", "0.1"), partly])


def test_a_plan_is_read_back_as_it_was_kept_in_a_private_file(tmp_path: Path) -> None:
    plans = Plans(tmp_path)
    name = plans.keep(plan())
    assert plans.read(name) == plan()
    file = tmp_path / "plans" / f"{name}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name], "nothing half written is left"
    assert plans.keep(plan()) == name


def test_a_plan_is_taken_once_and_the_second_hand_is_told(tmp_path: Path) -> None:
    plans = Plans(tmp_path)
    name = plans.keep(plan())
    plans.take(plan())
    with pytest.raises(PlanExpired, match="applied before"):
        plans.take(plan())
    with pytest.raises(PlanExpired, match="applied before"):
        plans.read(name)


@pytest.mark.parametrize(
    "name", ["", "0123456789abcdef", "../kill", "0123456789ABCDEF", "0123456789abcdef\n", "x" * 10_000]
)
def test_what_names_no_plan_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Plans(tmp_path).read(name)


def test_a_plan_that_was_changed_or_is_none_is_refused_by_its_path(tmp_path: Path) -> None:
    plans = Plans(tmp_path)
    name = plans.keep(plan())
    file = tmp_path / "plans" / f"{name}.json"
    file.write_bytes(file.read_bytes().replace(b"59900.0", b"69900.0"))
    with pytest.raises(StoreFault, match="changed after it was made"):
        plans.read(name)
    file.write_bytes(b"[]")
    with pytest.raises(StoreFault, match="no plan"):
        plans.read(name)


def test_only_the_newest_plans_are_kept(tmp_path: Path) -> None:
    plans = Plans(tmp_path)
    for number in range(205):
        plans.keep(msgspec.structs.replace(plan(), made_at=number))
    assert len(list((tmp_path / "plans").iterdir())) == 200
