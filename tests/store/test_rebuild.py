"""The tables follow from the audit chain (INV-20): built again they are the same, and what was edited is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.desk import BTC, ETH, T0, fill, request
from tradecli.domain.commands import Notify, Record, Step
from tradecli.domain.control import Latch, Scope
from tradecli.domain.decision import Decision
from tradecli.domain.enums import KillLevel, OrderStatus, Severity, TradingState
from tradecli.domain.events import Assessed, Event, LatchReleased, LatchSet, Noted, TimerFired
from tradecli.domain.market import Quote
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.store import schema
from tradecli.store.audit import digests, read_record, sha, walk
from tradecli.store.rebuild import Difference, Rebuilt, rebuild
from tradecli.store.rows import TABLES, Rows, genesis

START = genesis("replay", 1, "c", {})
RUN, SCOPE = "r1", "account"
LATCH = Latch(level=KillLevel.HALT, scope=Scope(), reason="x", by="operator", at=T0)
WORDS = st.text(max_size=12)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=8)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(lambda n: fill(None, trade_id=str(n), qty=str(n + 1)), st.integers(0, 3)),
    st.builds(lambda text: Noted(topic="x", severity=Severity.NOTE, text=text, ts=T0), WORDS),
    st.just(LatchSet(latch=LATCH, ts=T0)),
    st.builds(lambda text: LatchReleased(scope=Scope(), reason=text, ts=T0), WORDS),
    st.builds(
        lambda focus, bid: Assessed(
            topic="vol.show", focus=focus, cycle=1, ts=T0, report=Quote(BTC, T0, bid, 1.0, 2.0, 1.0)
        ),
        st.sampled_from((BTC, ETH, None)),
        st.floats(0, 1e9),
    ),
    st.just(Assessed(topic="vol.show", focus=BTC, cycle=1, ts=T0, report=None)),
    st.just(TimerFired(ts=T0)),
)
NOTICES = st.builds(
    lambda text, on: Notify(severity=Severity.WARN, topic="feed", text=text, instrument=on),
    WORDS,
    st.sampled_from((BTC, None)),
)


def decision(number: int, equity: Decimal | None) -> Decision:
    return Decision(
        number=number, at=T0, trigger="cycle", state=TradingState.ACTIVE, inputs=(), proposals=(), netting=(),
        checks=(), orders=(), cancels=(), equity=equity, drawdown_pct=None,
    )  # fmt: skip


@st.composite
def sequences(draw: st.DrawFn) -> list[Step]:
    """Draw steps whose keys are as unique as an engine makes them, and whose words and amounts are anything."""
    made = []
    for seq in range(1, draw(st.integers(1, 10)) + 1):
        states = draw(st.dictionaries(st.sampled_from("abc"), st.sampled_from(OrderStatus), max_size=2))
        orders = tuple(
            Order(client_id=name, request=request(), status=status, created_at=T0, updated_at=T0 + seq)
            for name, status in states.items()
        )
        entries = tuple(
            LedgerEntry(venue="binance", coin="USDT", amount=amount, kind="fee", ts=T0, ref=f"{seq}:{n}")
            for n, amount in enumerate(draw(st.lists(AMOUNTS, max_size=2)))
        )
        commands: list[Any] = draw(st.lists(NOTICES, max_size=2))
        if draw(st.booleans()):
            commands.append(Record(decision=decision(seq, draw(st.none() | AMOUNTS))))
        at = T0 + draw(st.integers(0, 2))
        made.append(
            Step(
                seq=seq,
                at=at,
                event=draw(EVENTS),
                commands=tuple(commands),
                orders=orders,
                entries=entries,
            )
        )
    return made


@contextmanager
def stored(kept: Sequence[Step], size: int = 3) -> Iterator[sqlite3.Connection]:
    """Yield a store with the rows of ``kept``, written in batches as the ledger writes them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        schema.prepare(db, "memory", schema.LEDGER_ID, schema.LEDGER)
        batch = Rows(RUN, SCOPE, START, 0)
        for start in range(0, len(kept), size):
            for step in kept[start : start + size]:
                batch.add(step)
            for table, statement, columns in TABLES:
                marks = ", ".join("?" * columns)
                db.executemany(f"{statement} VALUES ({marks})", getattr(batch, table))
            batch = batch.after()
        yield db


def built_again(db: sqlite3.Connection, *, has_before: bool = False) -> Rebuilt:
    records = db.execute(
        "SELECT n, seq, at, kind, ref, digest, hash, body FROM audit WHERE run_id = ? ORDER BY n", (RUN,)
    )
    return rebuild(db.execute, RUN, SCOPE, map(read_record, records), has_before=has_before)


def chain_holds(db: sqlite3.Connection) -> bool:
    records = db.execute("SELECT n, seq, at, kind, ref, digest, hash, body FROM audit ORDER BY n")
    return walk(RUN, START, map(read_record, records), digests(db.execute, RUN)).ok


def everything() -> list[Step]:
    """Return steps that leave two rows or more in every table."""
    states = (OrderStatus.INTENT, OrderStatus.SENDING, OrderStatus.OPEN)
    made = [
        Step(
            seq=seq,
            at=T0 + seq,
            event=fill("o", trade_id=str(seq)),
            orders=(
                Order(client_id="o", request=request(), status=status, created_at=T0, updated_at=T0 + seq),
            ),
            entries=(
                LedgerEntry(
                    venue="binance", coin="USDT", amount=Decimal(seq), kind="fee", ts=T0, ref=str(seq)
                ),
            ),
            commands=(
                Record(decision=decision(seq, Decimal(100))),
                Notify(severity=Severity.WARN, topic="feed", text="late", instrument=BTC),
            ),
        )
        for seq, status in enumerate(states, 1)
    ]
    quote = Quote(BTC, T0, 1.0, 1.0, 2.0, 1.0)
    for seq in (4, 5):
        told = Assessed(topic="vol.show", focus=BTC, cycle=1, ts=T0, report=quote)
        made.append(Step(seq=seq, at=T0 + seq, event=told, commands=()))
    return made


@settings(deadline=None, max_examples=25)
@given(sequences(), st.integers(1, 4))
def test_inv_20_tables_built_again_from_the_chain_alone_are_those_that_any_steps_left(
    kept: list[Step], size: int
) -> None:
    with stored(kept, size) as db:
        assert chain_holds(db)
        found = built_again(db)
        assert (found.difference, found.before) == (None, 0)
        for table, rows in found.compared.items():
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)


@pytest.mark.parametrize("table", [table for table, _, _ in TABLES if table != "audit"])
def test_inv_20_an_edit_of_any_column_of_any_table_is_found_and_named_with_both_values(table: str) -> None:
    with stored(everything()) as db:
        columns = db.execute(f"PRAGMA table_info({table})").fetchall()
        for _, name, kind, _, _, key in columns:
            changed = f"coalesce({name}, 0) + 1000" if kind == "INTEGER" else f"coalesce({name}, '') || '~'"
            db.execute("BEGIN")
            edit = f"UPDATE {table} SET {name} = {changed} WHERE at = (SELECT max(at) FROM {table})"
            assert db.execute(edit).rowcount == 1
            found = built_again(db).difference
            db.execute("ROLLBACK")
            assert found is not None and found.table == table, (table, name)
            if not key and name != "run_id":
                assert found.column == name and found.stored != found.rebuilt, found
                assert str(found.stored) in str(found) and str(found.rebuilt) in str(found)
        assert built_again(db).difference is None


@pytest.mark.parametrize("table", [table for table, _, _ in TABLES if table != "audit"])
def test_inv_20_a_row_that_is_gone_and_a_row_without_a_record_are_named(table: str) -> None:
    with stored(everything()) as db:
        newest = f"WHERE at = (SELECT max(at) FROM {table})"
        whole = db.execute(f"SELECT * FROM {table} {newest}").fetchone()
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        db.execute(f"DELETE FROM {table} {newest}")
        gone = built_again(db).difference
        assert gone is not None and "the row is gone" in str(gone)
        assert (gone.table, gone.stored, gone.rebuilt) == (table, None, "a row")
        twin = dict(zip(names, whole, strict=True))
        for name, odd in (
            ("client_id", "zz"),
            ("trade_id", "zz"),
            ("ref", "zz"),
            ("number", 99),
            ("focus", "zz"),
        ):
            if name in twin:
                twin[name] = odd
        if "seq" in twin:
            twin["seq"] = 99
        for row in (whole, tuple(twin.values())):
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", row)
        more = built_again(db).difference
        assert more is not None and "has no record" in str(more)
        assert (more.table, more.stored, more.rebuilt) == (table, "a row", None)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit SET body = replace(body, '\"', ' ') WHERE n = 2",
        "UPDATE audit SET body = NULL WHERE n = 2",
        "UPDATE audit SET body = replace(body, 'INTENT', 'OPEN'), digest = 'x' WHERE n = 2",
        "UPDATE audit SET kind = 'event' WHERE n = 1",
        "UPDATE audit SET body = body || ' ' WHERE kind = 'report' AND n = (SELECT max(n) FROM audit)",
        "DELETE FROM audit WHERE kind = 'report' AND n < (SELECT max(n) FROM audit)",
    ],
)
def test_inv_20_an_edited_record_breaks_the_chain(edit: str) -> None:
    with stored(everything()) as db:
        assert db.execute(edit).rowcount == 1
        assert not chain_holds(db)


def test_inv_20_a_body_that_was_edited_together_with_its_digest_breaks_the_chain() -> None:
    with stored(everything()) as db:
        (body,) = db.execute("SELECT body FROM audit WHERE n = 2").fetchone()
        forged = body.replace("INTENT", "OPEN")
        db.execute("UPDATE audit SET body = ?, digest = ? WHERE n = 2", (forged, sha(body)))
        assert not chain_holds(db)


@pytest.mark.parametrize(
    ("kind", "body"), [("order", "{}"), ("decision", "[]"), ("entry", "garbage"), ("rumour", "{}")]
)
def test_a_record_that_says_nothing_of_its_kind_is_named_and_the_comparison_still_ends(
    kind: str, body: str
) -> None:
    with stored(everything()) as db:
        db.execute("UPDATE audit SET kind = ?, body = ? WHERE n = 3", (kind, body))
        found = built_again(db).difference
        assert isinstance(found, Difference)
        assert (found.table, found.key, found.column) == ("audit", "n=3", "body")
        assert kind in str(found)


def test_a_report_that_replaced_one_of_the_same_moment_is_built_again_as_the_later_one() -> None:
    def told(bid: float) -> Step:
        report = Quote(BTC, T0, bid, 1.0, 2.0, 1.0)
        event = Assessed(topic="vol.show", focus=BTC, cycle=1, ts=T0, report=report)
        return Step(seq=int(bid), at=T0, event=event, commands=())

    with stored([told(1.0), told(2.0)]) as db:
        assert built_again(db).difference is None
        assert db.execute("SELECT record FROM reports").fetchall() == [(2,)]
        assert db.execute("SELECT count(*) FROM audit").fetchone() == (2,)
