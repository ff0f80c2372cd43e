"""The ledger: whole transactions, a chain that shows every edit, readers beside a writer, one owner."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.desk import BTC, T0, engine, enter, fill, request
from tradecli.domain.commands import Step
from tradecli.domain.enums import Mode, OrderStatus
from tradecli.domain.events import Event, OrderAsked, Transferred
from tradecli.engine.core import Engine
from tradecli.errors import LockHeld, NotEnoughData, NotFound, StoreFault
from tradecli.store.ledger import Ledger, Run, _to_the_end
from tradecli.store.lock import ProcessLock
from tradecli.store.reader import LedgerReader

RUN = Run(
    run_id="r1", mode=Mode.REPLAY, started=T0, seed=1, config_digest="c", config={}, data={"x": 1}, code="0"
)


def steps() -> tuple[list[Step], Engine]:
    """Return the steps of a small day: a deposit, an order, two fills, a fee."""
    made = engine()
    enter(made, request(), "t1", live=False)
    kept: list[Step] = []
    events: list[Event] = [
        Transferred(venue="binance", coin="USDT", amount=Decimal("0.10"), ts=T0, ref="more"),
        OrderAsked(request=request(qty="0.01", price="59000", source="manual"), ts=T0),
        fill("t1", qty="0.04", price="60000.1", trade_id="1", fee="1.23456789"),
        fill("t1", qty="0.06", price="60000.2", trade_id="2"),
    ]
    for index, event in enumerate(events):
        commands = made.process(event, T0 + index)
        kept.append(made.make_step(event, T0 + index, commands))
    return kept, made


async def keep(path: Path, kept: list[Step], *, each: bool = False, run: Run = RUN) -> str:
    ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
    try:
        await ledger.begin_run(run, replace=True)
        fence = await ledger.take_lease("test")
        for batch in [[step] for step in kept] if each else [kept]:
            await ledger.commit(batch, fence)
        return ledger.head
    finally:
        await ledger.close()


def test_what_was_kept_is_read_back_exactly(tmp_path: Path) -> None:
    kept, made = steps()
    path = tmp_path / "l.db"
    asyncio.run(keep(path, kept))
    with LedgerReader(path) as reader:
        (position,) = reader.positions()
        assert position == made.state.account.position(BTC)
        assert reader.fills() == [kept[2].event, kept[3].event]
        assert reader.balances()[("binance", "USDT")] == Decimal("0.10") - Decimal("1.23456789")
        timeline = reader.order("t1")
        assert [row.order.status for row in timeline][-1] is OrderStatus.FILLED
        assert {order.client_id for order in reader.orders(status=[OrderStatus.INTENT])} == {"t00000001"}
        assert reader.decisions()[0].trigger == "operator"


def test_every_question_can_be_asked_as_of_a_moment(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"
    asyncio.run(keep(path, kept))
    with LedgerReader(path) as reader:
        assert [each.qty for each in reader.positions(at=T0 + 2)] == [Decimal("0.04")]
        assert reader.positions(at=T0 + 1) == []
        assert reader.order("t1", at=T0 + 2)[-1].order.filled == Decimal("0.04")
        with pytest.raises(NotFound):
            reader.order("t1", at=T0)


def test_the_chain_is_a_function_of_the_steps_and_not_of_the_batches(tmp_path: Path) -> None:
    kept, _ = steps()
    whole = asyncio.run(keep(tmp_path / "a.db", kept))
    single = asyncio.run(keep(tmp_path / "b" / "b.db", kept, each=True))
    assert whole == single
    other = asyncio.run(keep(tmp_path / "c.db", kept, run=msgspec.structs.replace(RUN, seed=2)))
    assert other != whole


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit SET body = replace(body, '0.04', '0.05') WHERE kind = 'fill'",
        "DELETE FROM fills WHERE trade_id = '2'",
        "UPDATE orders SET status = 'OPEN' WHERE status = 'FILLED'",
        "UPDATE entries SET amount = '0.11' WHERE ref LIKE '%more'",
        "UPDATE decisions SET trigger = 'cycle'",
        "DELETE FROM audit WHERE n = 2",
        "UPDATE audit SET digest = 'x' WHERE n = 1",
        "INSERT INTO fills SELECT scope, instrument, '3', run_id, seq, at, at, NULL, '', record FROM fills LIMIT 1",
    ],
)
def test_any_edit_of_a_row_or_a_record_is_found(tmp_path: Path, edit: str) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"
    asyncio.run(keep(path, kept))
    with LedgerReader(path) as reader:
        assert reader.verify().ok
    with closing(sqlite3.connect(path)) as raw, raw:
        assert raw.execute(edit).rowcount >= 1
    with LedgerReader(path) as reader:
        verdict = reader.verify()
    assert not verdict.ok
    assert verdict.reason


def test_a_commit_is_all_or_nothing(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"

    async def twice() -> None:
        ledger = await Ledger.open(path, mode=Mode.REPLAY, account="a")
        try:
            await ledger.begin_run(RUN)
            fence = await ledger.take_lease("test")
            await ledger.commit(kept[:3], fence)
            with pytest.raises(StoreFault):
                await ledger.commit([kept[3], kept[2]], fence)
        finally:
            await ledger.close()

    asyncio.run(twice())
    with LedgerReader(path) as reader:
        assert len(reader.fills()) == 1
        assert reader.verify().ok


def test_an_older_fence_can_no_longer_write(tmp_path: Path) -> None:
    kept, _ = steps()

    async def stolen() -> None:
        ledger = await Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a")
        try:
            await ledger.begin_run(RUN)
            mine = await ledger.take_lease("me")
            await ledger.take_lease("the other")
            with pytest.raises(LockHeld):
                await ledger.commit(kept, mine)
        finally:
            await ledger.close()

    asyncio.run(stolen())


def test_a_ledger_belongs_to_one_mode_and_account_for_life(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    asyncio.run(keep(path, []))

    async def other(mode: Mode, account: str) -> None:
        await Ledger.open(path, mode=mode, account=account)

    for mode, account in ((Mode.LIVE, "a"), (Mode.REPLAY, "b")):
        with pytest.raises(StoreFault, match="belongs to"):
            asyncio.run(other(mode, account))


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to look", b"\0" * 4096])
def test_an_empty_or_foreign_file_is_never_read_as_an_empty_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.db"
    path.write_bytes(content)
    with pytest.raises(StoreFault):
        LedgerReader(path)


def test_a_newer_schema_is_refused_by_older_code(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    asyncio.run(keep(path, []))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreFault, match="newer"):
        LedgerReader(path)
    with pytest.raises(StoreFault, match="newer"):
        asyncio.run(keep(path, []))


def test_files_are_private_under_any_umask_and_links_are_refused(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "state" / "l.db"
        asyncio.run(keep(path, []))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    link = tmp_path / "state" / "link.db"
    link.symlink_to(path)
    with pytest.raises(StoreFault, match="link"):
        asyncio.run(keep(link, []))


def test_the_settings_that_make_a_commit_durable_are_on(tmp_path: Path) -> None:
    async def asked() -> tuple[int, str]:
        ledger = await Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a")
        try:
            async with ledger._db.execute("PRAGMA synchronous") as cursor:
                full = await cursor.fetchone()
            async with ledger._db.execute("PRAGMA journal_mode") as cursor:
                wal = await cursor.fetchone()
            assert full is not None
            assert wal is not None
            return int(full[0]), str(wal[0])
        finally:
            await ledger.close()

    assert asyncio.run(asked()) == (2, "wal")


def test_a_reader_beside_a_writer_sees_whole_commits_and_waits_for_nothing(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"
    asyncio.run(keep(path, kept))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM fills")
        with LedgerReader(path) as reader:
            assert len(reader.fills()) == 2
        writer.execute("ROLLBACK")


def test_nothing_recorded_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="nothing is recorded"):
        LedgerReader(tmp_path / "none.db")


CHILD = """
import asyncio, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.store.test_ledger import RUN, steps
from tradecli.domain.enums import Mode
from tradecli.store.ledger import Ledger
async def main():
    kept, _ = steps()
    ledger = await Ledger.open(Path({path!r}), mode=Mode.REPLAY, account="a")
    await ledger.begin_run(RUN)
    fence = await ledger.take_lease("child")
    await ledger.commit(kept[:3], fence)
    print("kept", flush=True)
    await ledger._db.execute("BEGIN IMMEDIATE")
    await ledger._db.execute("DELETE FROM fills")
    print("open", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_killed_writer_loses_nothing_that_was_acknowledged_and_leaves_nothing_half_done(
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.db"
    root = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(root=root, path=str(path))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert child.stdout is not None
    assert [child.stdout.readline().strip() for _ in range(2)] == ["kept", "open"]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with LedgerReader(path) as reader:
        assert len(reader.fills()) == 1
        assert reader.verify().ok


def test_a_second_engine_is_kept_out_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "l.lock"), ProcessLock(tmp_path / "l.lock")
    first.acquire()
    with pytest.raises(LockHeld, match=str(os.getpid())):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


AMOUNTS = st.decimals(min_value="-1e12", max_value="1e12", places=12, allow_nan=False, allow_infinity=False)


@settings(max_examples=20, deadline=None)
@given(st.lists(AMOUNTS, min_size=1, max_size=20))
def test_s10_decimals_keep_every_digit_through_the_store(amounts: list[Decimal]) -> None:
    made, kept = engine(), []
    for index, amount in enumerate(amounts):
        moved = Transferred(venue="v", coin="USDT", amount=amount, ts=T0, ref=str(index))
        kept.append(made.make_step(moved, T0, made.process(moved, T0)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "l.db"
        asyncio.run(keep(path, kept))
        with LedgerReader(path) as reader:
            found = {entry.ref: entry.amount for entry in reader.entries()}
    assert [found[f"transfer:v:{index}"] for index in range(len(amounts))] == amounts


def test_a_run_made_again_replaces_the_earlier_one_of_its_name(tmp_path: Path) -> None:
    kept, _ = steps()
    path = tmp_path / "l.db"
    first = asyncio.run(keep(path, kept))
    again = asyncio.run(keep(path, kept))
    assert first == again
    with LedgerReader(path) as reader:
        assert len(reader.runs()) == 1
        assert len(reader.fills()) == 2


def test_without_a_run_nothing_is_kept_and_a_commit_says_why(tmp_path: Path) -> None:
    async def go() -> None:
        ledger = await Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a")
        try:
            await ledger.finish_run(T0, {})
            await ledger.beat(T0, T0, b"{}")
            assert ledger.head == ""
            with pytest.raises(StoreFault, match="begun"):
                await ledger.commit([], await ledger.take_lease("x"))
        finally:
            await ledger.close()

    asyncio.run(go())
    with closing(sqlite3.connect(tmp_path / "l.db")) as raw:
        assert raw.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        assert raw.execute("SELECT count(*) FROM heartbeat").fetchone() == (0,)


def test_inv_20_steps_and_decisions_are_read_back_in_their_order(tmp_path: Path) -> None:
    kept, _ = steps()

    async def go() -> None:
        ledger = await Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a")
        try:
            await ledger.begin_run(RUN)
            await ledger.commit(kept, await ledger.take_lease("x"))
            await ledger.finish_run(T0, {"done": True})
            await ledger.beat(T0, T0, b"{}")
            assert [step.event async for step in ledger.steps("r1")] == [step.event for step in kept]
            assert [each.trigger for each in await ledger.decisions("r1")] == ["operator"]
            assert await ledger.decisions("r1", until=T0 - 1) == []
        finally:
            await ledger.close()

    asyncio.run(go())


def test_s03_a_fault_while_a_file_is_bound_closes_it_and_is_told_as_a_fault_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("tradecli.store.ledger._bind", failing)
    with pytest.raises(StoreFault, match="I/O"):
        asyncio.run(Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a"))


@pytest.mark.parametrize("raw", [b"garbage" * 900, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_s06_a_file_that_is_no_ledger_is_refused_and_kept_as_it_was(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "l.db").write_bytes(raw)
    with pytest.raises(StoreFault):
        asyncio.run(Ledger.open(tmp_path / "l.db", mode=Mode.REPLAY, account="a"))
    assert (tmp_path / "l.db").read_bytes() == raw


def test_n16_one_who_is_called_back_again_and_again_is_let_go_only_when_the_work_has_ended() -> None:
    async def go() -> None:
        gate, ended = asyncio.Event(), []

        async def work() -> None:
            await gate.wait()
            ended.append(True)

        waiting = asyncio.ensure_future(_to_the_end(work()))
        for _ in range(3):
            await asyncio.sleep(0)
            waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended

    asyncio.run(go())


def test_n16_work_that_was_itself_called_back_lets_its_caller_go() -> None:
    async def go() -> None:
        async def work() -> None:
            await asyncio.Event().wait()

        waiting = asyncio.ensure_future(_to_the_end(work()))
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task(), waiting}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(go())


def test_a_reader_that_is_closed_in_the_middle_of_an_answer_leaves_no_complaint_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = steps()
    asyncio.run(keep(tmp_path / "l.db", kept))
    with LedgerReader(tmp_path / "l.db") as reader:
        rows = reader.step_rows()
        next(rows)
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    del rows  # an error raised in here is nobody's: Python hands it to the hook
    gc.collect()
    assert complaints == []


def test_recorded_inputs_are_found_by_the_beginning_of_their_name(tmp_path: Path) -> None:
    from tests.cli import recorded
    from tradecli.store.reader import LedgerReader

    path = tmp_path / "ledger.db"
    recorded.write(path)
    with LedgerReader(path) as reader:
        (found,) = reader.inputs("vol.")
        assert (found.name, found.value) == ("vol.composite", 0.52)
        assert reader.inputs("forecast ") == []
        assert reader.inputs("vol.", at=0) == []


def test_a_row_whose_record_is_gone_is_a_fault_of_the_store_that_says_what_to_do(tmp_path: Path) -> None:
    kept, _ = steps()
    asyncio.run(keep(tmp_path / "l.db", kept))
    with closing(sqlite3.connect(tmp_path / "l.db")) as raw, raw:
        raw.execute("DELETE FROM audit")
    with LedgerReader(tmp_path / "l.db") as reader:
        for ask in (reader.orders, reader.fills, reader.positions, reader.decisions):
            with pytest.raises(StoreFault, match="record is gone") as told:
                ask()
            assert "db verify" in (told.value.hint or "")
