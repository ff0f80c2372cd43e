"""P17: a ledger of every released schema opens, is read as it is, is migrated whole, and can be gone on with.

``ledgers/schema_N.sql`` is a ledger as the program of schema N left it, in SQL: never edited, one file for each schema.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.fakes.desk import BTC, T0, fill
from tests.store.test_crash_upkeep import _killed_migrating
from tests.store.test_ledger import RUN
from tradecli.domain.commands import Step
from tradecli.domain.enums import Mode, OrderStatus
from tradecli.domain.events import Transferred
from tradecli.store import schema, upkeep
from tradecli.store.ledger import Ledger
from tradecli.store.past import PastRows
from tradecli.store.reader import LedgerReader

OLD = Path(__file__).parent / "ledgers"
HEAD = "d21c594782066239765433593136cec0b4daf85f145a50446474621c5f4fc750"
FILLS = ("1", "2")


def left_by(version: int, folder: Path) -> Path:
    """Make the file that the program of a schema left."""
    path = folder / "l.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((OLD / f"schema_{version}.sql").read_text(encoding="utf-8"))
    path.chmod(0o600)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return left_by(1, tmp_path)


async def _go_on(path: Path, steps: list[Step]) -> int:
    ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
    try:
        _, newest = await ledger.continue_run(RUN)
        fence = await ledger.take_lease("again")
        for step in steps:
            await ledger.commit([step], fence)
        return newest
    finally:
        await ledger.close()


def more() -> list[Step]:
    """Return what the run goes on with: a fill that was booked before the migration, a new one, money."""
    paid = Transferred(venue="binance", coin="USDT", amount=Decimal(5), ts=T0, ref="late")
    events = (fill("t1", trade_id="2", qty="0.06"), fill(None, trade_id="3", qty="0.01"), paid)
    return [Step(seq=100 + n, at=T0 + 100, event=event, commands=()) for n, event in enumerate(events)]


def test_p17_there_is_a_ledger_of_every_schema_but_the_newest_to_test_with() -> None:
    found = {path.name for path in OLD.glob("*.sql")}
    assert found == {f"schema_{n}.sql" for n in range(1, len(schema.LEDGER))}


def test_p17_a_ledger_of_schema_1_is_read_as_it_is_and_stays_as_it_was(old: Path) -> None:
    before = old.read_bytes()
    with LedgerReader(old) as reader:
        assert [each.trade_id for each in reader.fills()] == [*FILLS]
        assert [each.qty for each in reader.positions()] == [Decimal("0.10")]
        assert reader.order("t1")[-1].order.status is OrderStatus.FILLED
        assert len(reader.orders()) == 2 and len(reader.decisions()) == 1 and len(reader.notices()) == 4
        assert reader.report("vol.show", BTC) is not None
        assert len(list(reader.step_rows())) == 6 and len(list(reader.audit())) == 10
        verdict = reader.verify()
        assert (verdict.ok, verdict.head) == (True, HEAD)
        found = reader.rebuild()
        assert found.difference is None and found.before == 19 and set(found.compared.values()) == {0}
    assert old.read_bytes() == before


def test_p17_a_migrated_ledger_says_the_same_and_its_chain_holds(old: Path) -> None:
    with LedgerReader(old) as reader:
        before = (reader.fills(), reader.orders(), reader.entries(), reader.decisions(), reader.notices())
        events, records = list(reader.step_rows()), list(reader.audit())
    assert upkeep.migrate(old).schema == len(schema.LEDGER)
    with LedgerReader(old) as reader:
        after = (reader.fills(), reader.orders(), reader.entries(), reader.decisions(), reader.notices())
        assert after == before
        assert (list(reader.step_rows()), list(reader.audit())) == (events, records)
        assert reader.verify().head == HEAD and reader.verify().ok
        assert (reader.rebuild().before, reader.rebuild().difference) == (19, None)


def test_p17_a_run_of_schema_1_goes_on_in_one_chain_and_what_is_new_is_built_again(old: Path) -> None:
    assert asyncio.run(_go_on(old, more())) == 8
    with LedgerReader(old) as reader:
        assert [each.trade_id for each in reader.fills()] == [*FILLS, "3"]
        assert reader.verify().ok
        found = reader.rebuild()
        assert (found.before, found.difference) == (19, None)
        assert found.compared["steps"] == 3 and found.compared["fills"] == 1
        assert [row.n for row in reader.audit()] == list(range(1, 14))
        assert [row.kind for row in reader.audit(since_n=10)] == ["event", "fill", "event"]
    past = PastRows(old, "r1")
    assert [each.trade_id for each in past.fills] == [*FILLS, "3"] and len(past.events) == 3
    assert past.capital[1][1] == Decimal("100000.1")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("UPDATE fills SET body = replace(body, '0.04', '0.05') WHERE trade_id = '1'", "fill BTC"),
        ("UPDATE orders SET body = replace(body, 'FILLED', 'OPEN') WHERE status = 'FILLED'", "order t1"),
        ("UPDATE entries SET amount = '7' WHERE ref LIKE '%more'", "entry transfer"),
        ("DELETE FROM decisions WHERE record IS NULL", "decision 1"),
        ("UPDATE steps SET body = replace(body, 'over', 'none') WHERE kind = 'LatchReleased'", "latch"),
        ("UPDATE fills SET client_id = 'zz' WHERE trade_id = '3'", "client_id is zz"),
        ("DELETE FROM steps WHERE seq = 101", "the row is gone"),
        ("UPDATE orders SET seq = 9 WHERE status = 'FILLED'", "order t1"),
        (
            "INSERT INTO decisions SELECT run_id, 9, seq, at, trigger, equity, body, NULL FROM decisions",
            "no record",
        ),
    ],
)
def test_p17_an_edit_of_what_is_old_or_new_is_found_after_the_migration(
    old: Path, edit: str, told: str
) -> None:
    asyncio.run(_go_on(old, more()))
    with closing(sqlite3.connect(old)) as db, db:
        assert db.execute(edit).rowcount == 1
    with LedgerReader(old) as reader:
        verdict = reader.verify()
    assert not verdict.ok and told in verdict.reason, verdict


def test_p17_a_new_run_beside_an_old_one_is_built_again_whole(old: Path) -> None:
    async def go() -> None:
        ledger = await Ledger.open(old, mode=Mode.REPLAY, account="a")
        try:
            await ledger.begin_run(msgspec.structs.replace(RUN, run_id="r2"))
            await ledger.commit(more(), await ledger.take_lease("x"))
        finally:
            await ledger.close()

    asyncio.run(go())
    with LedgerReader(old) as reader:
        found = reader.rebuild("r2")
        assert (found.before, found.difference, found.compared["fills"]) == (0, None, 2)
        assert reader.verify("r1").ok and reader.verify("r2").ok
    with closing(sqlite3.connect(old)) as db, db:
        db.execute("INSERT INTO notices VALUES ('r2', 1, 1, 1, 'note', 'x', NULL, 'never told', NULL)")
    with LedgerReader(old) as reader:
        assert "has no record" in reader.verify("r2").reason


def test_p10_a_kill_at_any_step_of_the_migration_from_schema_1_leaves_one_schema_or_the_other_whole(
    old: Path,
) -> None:
    count, seen = 1, set()
    while True:
        died = _killed_migrating(old, schema.LEDGER, count)
        found = upkeep.info(old, check=True)
        seen.add(found.schema)
        assert found.intact and found.rows["audit"] == 10 and found.rows["steps"] == 6
        with LedgerReader(old) as reader:
            assert (reader.verify().ok, reader.verify().head) == (True, HEAD)
        if not died:
            break
        count += max(1, count // 4)
    assert count > 10 and seen == {1, 2}
