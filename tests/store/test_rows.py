"""Steps to rows: the same steps give the same rows and head, and each change of state is one record (INV-20)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.desk import BTC, T0, fill
from tests.store.test_ledger import steps
from tradecli.domain.commands import Step
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.domain.events import Assessed, LatchReleased, LatchSet
from tradecli.domain.market import Quote
from tradecli.store.rows import TABLES, Rows, genesis

START = genesis("replay", 1, "c", {})
LATCH = Latch(level=KillLevel.HALT, scope=Scope(), reason="x", by="operator", at=T0)


def rows(kept: list[Step]) -> Rows:
    batch = Rows("r1", "r1", START, 0)
    for step in kept:
        batch.add(step)
    return batch


def test_a_latch_set_or_released_is_a_record_of_the_chain() -> None:
    batch = rows(
        [
            Step(seq=1, at=T0, event=LatchSet(latch=LATCH, ts=T0), commands=()),
            Step(seq=2, at=T0, event=LatchReleased(scope=Scope(), reason="over", ts=T0), commands=()),
        ]
    )
    assert [row[4:6] for row in batch.audit] == [("latch", "LatchSet"), ("latch", "LatchReleased")]
    assert batch.head != START


def test_a_report_is_chained_apart_from_the_head_and_an_assessment_without_one_is_no_row() -> None:
    quote = Quote(BTC, T0, 1.0, 1.0, 2.0, 1.0)
    batch = rows(
        [
            Step(
                seq=1,
                at=T0,
                event=Assessed(topic="vol.show", focus=BTC, cycle=1, ts=T0, report=quote),
                commands=(),
            ),
            Step(
                seq=2,
                at=T0,
                event=Assessed(topic="inventory.show", focus=None, cycle=1, ts=T0, report=quote),
                commands=(),
            ),
            Step(
                seq=3,
                at=T0,
                event=Assessed(topic="vol.grid", focus=BTC, cycle=1, ts=T0, report=None),
                commands=(),
            ),
        ]
    )
    assert [row[1:3] for row in batch.reports] == [("vol.show", BTC), ("inventory.show", "")]
    assert [row[4] for row in batch.audit] == ["report", "report"] and batch.steps == []
    assert batch.head == START and batch.aside == batch.audit[-1][7] != START


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 4))
def test_inv_02_a_fill_told_any_number_of_times_in_any_batches_is_one_row_and_one_record(
    order: list[int], size: int
) -> None:
    told = [fill(None, trade_id=str(number), qty=str(Decimal(number + 1) / 10)) for number in order]
    batch, kept, chained = Rows("r1", "r1", START, 0), [], []
    for start in range(0, len(told), size):
        for seq, event in enumerate(told[start : start + size], start):
            batch.add(Step(seq=seq, at=T0, event=event, commands=()))
        kept += batch.fills
        chained += batch.audit
        batch = batch.after()
    assert sorted(row[2] for row in kept) == sorted({str(number) for number in order})
    assert [row[4] for row in chained].count("fill") == len(kept) and len(chained) == len(told)
    assert [row[1] for row in chained] == list(range(1, len(chained) + 1))


@given(st.integers(1, 4))
def test_inv_24_the_head_is_the_same_whatever_the_batches(size: int) -> None:
    kept, _ = steps()
    batch, everything = Rows("r1", "r1", START, 0), []
    for start in range(0, len(kept), size):
        for step in kept[start : start + size]:
            batch.add(step)
        everything += [row for table, _, _ in TABLES for row in getattr(batch, table)]
        batch = batch.after()
    whole = rows(kept)
    assert batch.head == whole.head
    assert sorted(map(repr, everything)) == sorted(
        repr(row) for table, _, _ in TABLES for row in getattr(whole, table)
    )


def test_the_number_of_columns_of_every_table_is_that_of_its_rows() -> None:
    kept, _ = steps()
    batch = rows(kept)
    assert all(len(row) == columns for table, _, columns in TABLES for row in getattr(batch, table))
