"""Plans on disk: private, unchanged since they were made, and taken once."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from tests.domain.test_order_plan import plan
from tradecli.errors import NotFound, PlanExpired, StoreFault
from tradecli.store.plans import Plans


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
