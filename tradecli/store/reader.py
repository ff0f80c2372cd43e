"""Reads a ledger without writing to it: for one-shot commands, beside a running engine.

Opens the file read-only with the standard library alone, because ``tradecli status`` must be cheap. All answers of one
reader are of the moment it was opened, whatever the engine writes meanwhile (M05): open a new one to see more. Every
question can be asked as of an earlier moment too: rows are only ever added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tradecli import codec
from tradecli.domain.decision import Decision, Input
from tradecli.domain.enums import Mode, Severity
from tradecli.domain.events import Fill
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry, Position, after_fee, after_funding, after_trade
from tradecli.errors import NotEnoughData, NotFound, StoreFault
from tradecli.store import schema
from tradecli.store.audit import AuditRecord, AuditRow, AuditVerdict, digests, read_record, walk
from tradecli.store.heartbeat import Beat
from tradecli.store.rebuild import Rebuilt, rebuild
from tradecli.store.rows import genesis, scope_of

T = TypeVar("T")
EVER = 1 << 62
_WAIT_S = 1.0
_RUNS = "SELECT run_id, number, mode, started, finished, config_digest, body, summary, schema FROM runs"


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run as listed: ``summary`` None while it is running or when it was cut off; ``schema`` it was begun under."""

    run_id: str
    number: int
    mode: Mode
    started: int
    finished: int | None
    config_digest: str
    body: dict[str, Any]
    summary: dict[str, Any] | None
    schema: int


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One state of an order, and when it came to be."""

    seq: int
    at: int
    order: Order


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    at: int
    severity: str
    topic: str
    instrument: str | None
    text: str


class LedgerReader:
    """A read-only view of one ledger file; ``run_id`` None means its newest run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise NotEnoughData(
                "nothing is recorded yet",
                number=110,
                where=str(path),
                hint="run the console first: tradecli demo",
            )
        try:
            self._db = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S, isolation_level=None
            )
        except sqlite3.Error as error:
            raise _fault(error, path) from error
        try:
            self._db.execute("BEGIN")
            if schema.check(self._db, str(path), schema.LEDGER_ID, len(schema.LEDGER)) == 1:
                schema.read_as_now(self._db)
        except sqlite3.Error as error:
            self._db.close()
            raise _fault(error, path) from error
        except StoreFault:
            self._db.close()
            raise

    def __enter__(self) -> LedgerReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            # `yield from` would close the cursor of a store that may be closed by then, and complain to nobody.
            for row in self._db.execute(query, values):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            raise _fault(error, self.path) from error

    # -- runs ------------------------------------------------------------------------------------------------------

    def runs(self, limit: int = 100) -> list[RunRow]:
        """Return runs, newest first."""
        return [_run_row(row) for row in self._rows(f"{_RUNS} ORDER BY number DESC LIMIT ?", (limit,))]

    def run(self, run_id: str | None = None) -> RunRow:
        """Return one run, or the newest; ``NotFound`` when there is none of that name."""
        if run_id is None:
            for run in self.runs(limit=1):
                return run
            raise NotEnoughData("no run is recorded yet", number=110, where=str(self.path))
        for row in self._rows(f"{_RUNS} WHERE run_id = ?", (run_id,)):
            return _run_row(row)
        raise NotFound(f"no run {run_id[:60]!r} in this ledger", number=101, hint="tradecli backtest list")

    # -- orders, fills, money --------------------------------------------------------------------------------------

    def orders(
        self,
        run_id: str | None = None,
        *,
        at: int = EVER,
        status: Sequence[str] = (),
        instrument: str | None = None,
        source: str | None = None,
        limit: int = 1_000,
    ) -> list[Order]:
        """Return each order as it stood at ``at``, newest first."""
        query = (
            "SELECT body FROM (SELECT body, status, client_id, max(seq) FROM orders_full"
            " WHERE run_id = ? AND at <= ? AND (? IS NULL OR instrument = ?) AND (? IS NULL OR source = ?)"
            " GROUP BY client_id) WHERE ? IS NULL OR status IN (SELECT value FROM json_each(?))"
            " ORDER BY client_id DESC LIMIT ?"
        )
        among = codec.encode(list(status)).decode() if status else None
        of = (self.run(run_id).run_id, at, instrument, instrument, source, source)
        return [
            read_body(body, Order, self.path) for (body,) in self._rows(query, (*of, among, among, limit))
        ]

    def order(self, client_id: str, run_id: str | None = None, *, at: int = EVER) -> list[OrderRow]:
        """Return the states of one order, oldest first; ``NotFound`` for an id that is not here."""
        query = "SELECT seq, at, body FROM orders_full WHERE run_id = ? AND client_id = ? AND at <= ? ORDER BY seq"
        rows = [
            OrderRow(seq=seq, at=when, order=read_body(body, Order, self.path))
            for seq, when, body in self._rows(query, (self.run(run_id).run_id, client_id, at))
        ]
        if not rows:
            raise NotFound(f"no order {client_id[:60]!r}", number=102, hint="tradecli orders list")
        return rows

    def fills(
        self, run_id: str | None = None, *, since: int = 0, at: int = EVER, limit: int | None = None
    ) -> list[Fill]:
        """Return fills known in [since, at], oldest first; ``limit`` keeps the newest."""
        query = (
            "SELECT body FROM fills_full WHERE run_id = ? AND at >= ? AND at <= ? ORDER BY seq DESC LIMIT ?"
        )
        values = (self.run(run_id).run_id, since, at, limit if limit is not None else -1)
        found = [read_body(body, Fill, self.path) for (body,) in self._rows(query, values)]
        return found[::-1]

    def entries(self, run_id: str | None = None, *, at: int = EVER) -> list[LedgerEntry]:
        """Return movements of money, oldest first."""
        query = (
            "SELECT venue, coin, amount, kind, ts, ref, instrument FROM entries"
            " WHERE run_id = ? AND at <= ? ORDER BY seq, ref"
        )
        return [
            LedgerEntry(
                venue=venue,
                coin=coin,
                amount=Decimal(amount),
                kind=kind,
                ts=ts,
                ref=ref,
                instrument=instrument,
            )
            for venue, coin, amount, kind, ts, ref, instrument in self._rows(
                query, (self.run(run_id).run_id, at)
            )
        ]

    def balances(self, run_id: str | None = None, *, at: int = EVER) -> dict[tuple[str, str], Decimal]:
        """Return balances by (venue, coin): the sum of the entries."""
        result: dict[tuple[str, str], Decimal] = {}
        for entry in self.entries(run_id, at=at):
            key = (entry.venue, entry.coin)
            result[key] = result.get(key, Decimal(0)) + entry.amount
        return result

    def positions(self, run_id: str | None = None, *, at: int = EVER) -> list[Position]:
        """Return positions rebuilt from fills and funding, by instrument."""
        folded: dict[str, Position] = {}
        for fill in self.fills(run_id, at=at):
            position = folded.get(fill.instrument) or Position(instrument=fill.instrument)
            position = after_trade(position, fill.signed_qty, fill.price)
            if fill.fee:
                in_base = fill.instrument.partition("@")[0].endswith(".spot") and fill.fee_coin != "USDT"
                position = after_fee(position, fill.fee, fill.price, in_base=in_base)
            folded[fill.instrument] = position
        for entry in self.entries(run_id, at=at):
            if entry.kind == "funding" and entry.instrument is not None:
                position = folded.get(entry.instrument) or Position(instrument=entry.instrument)
                folded[entry.instrument] = after_funding(position, entry.amount)
        return [folded[instrument] for instrument in sorted(folded)]

    # -- decisions, notices, reports -------------------------------------------------------------------------------

    def decisions(
        self, run_id: str | None = None, *, since: int = 0, at: int = EVER, limit: int = 100
    ) -> list[Decision]:
        """Return decisions, newest first."""
        query = "SELECT body FROM decisions_full WHERE run_id = ? AND at >= ? AND at <= ? ORDER BY number DESC LIMIT ?"
        values = (self.run(run_id).run_id, since, at, limit)
        return [read_body(body, Decision, self.path) for (body,) in self._rows(query, values)]

    def inputs(self, prefix: str, run_id: str | None = None, *, at: int = EVER) -> list[Input]:
        """Return the recorded inputs whose names begin with ``prefix``, oldest first, each as often as recorded."""
        query = "SELECT body FROM decisions_full WHERE run_id = ? AND at <= ? AND instr(body, ?) > 0 ORDER BY number"
        values = (self.run(run_id).run_id, at, f'"name":"{prefix}')
        decisions = (read_body(body, Decision, self.path) for (body,) in self._rows(query, values))
        return [each for decision in decisions for each in decision.inputs if each.name.startswith(prefix)]

    def decision(self, number: int, run_id: str | None = None) -> Decision:
        """Return one decision; ``NotFound`` for a number that is not here."""
        query = "SELECT body FROM decisions_full WHERE run_id = ? AND number = ?"
        for (body,) in self._rows(query, (self.run(run_id).run_id, number)):
            return read_body(body, Decision, self.path)
        raise NotFound(f"no decision {number}", number=103, hint="tradecli decisions list")

    def equity(self, run_id: str | None = None, *, at: int = EVER) -> list[tuple[int, Decimal]]:
        """Return (time, equity) of every decision that knew it, oldest first."""
        query = (
            "SELECT at, equity FROM decisions"
            " WHERE run_id = ? AND at <= ? AND equity IS NOT NULL ORDER BY number"
        )
        return [(when, Decimal(value)) for when, value in self._rows(query, (self.run(run_id).run_id, at))]

    def notices(self, run_id: str | None = None, *, at: int = EVER, limit: int = 100) -> list[Notice]:
        """Return notices, newest first."""
        query = (
            "SELECT at, severity, topic, instrument, text FROM notices"
            " WHERE run_id = ? AND at <= ? ORDER BY seq DESC, n DESC LIMIT ?"
        )
        return [
            Notice(at=when, severity=severity, topic=topic, instrument=instrument, text=text)
            for when, severity, topic, instrument, text in self._rows(
                query, (self.run(run_id).run_id, at, limit)
            )
        ]

    def mismatches(self, run_id: str | None = None) -> dict[str, str]:
        """Return the venues whose books differed from ours when they were last compared, and how."""
        query = (
            "SELECT topic, severity, text FROM notices WHERE run_id = ? AND topic LIKE 'reconcile %'"
            " ORDER BY seq, n"
        )
        newest = {
            topic: (severity, text) for topic, severity, text in self._rows(query, (self.run(run_id).run_id,))
        }
        return {
            topic.partition(" ")[2]: text
            for topic, (severity, text) in newest.items()
            if severity == Severity.CRITICAL
        }

    def report(
        self, topic: str, focus: str, run_id: str | None = None, *, at: int = EVER
    ) -> tuple[int, bytes] | None:
        """Return (time, JSON) of the newest report of a topic at ``at``."""
        query = (
            "SELECT at, body FROM reports_full"
            " WHERE run_id = ? AND topic = ? AND focus = ? AND at <= ? ORDER BY at DESC LIMIT 1"
        )
        for when, body in self._rows(query, (self.run(run_id).run_id, topic, focus, at)):
            return when, body.encode()
        return None

    def beat(self) -> Beat | None:
        """Return the engine's last sign of life in this ledger."""
        for run_id, at, real_at, pid, body in self._rows(
            "SELECT run_id, at, real_at, pid, body FROM heartbeat"
        ):
            return Beat(run_id=run_id, at=at, real_at=real_at, pid=pid, body=msgspec.json.decode(body))
        return None

    def step_rows(self, run_id: str | None = None) -> Iterator[tuple[int, int, str, str, str]]:
        """Yield the kept events, oldest first, as (step, time, ``event``, class name, JSON)."""
        query = "SELECT seq, at, 'event', kind, body FROM steps_full WHERE run_id = ? ORDER BY seq"
        for row in self._rows(query, (self.run(run_id).run_id,)):
            seq, at, label, kind, body = row
            yield seq, at, label, kind, body

    # -- audit -----------------------------------------------------------------------------------------------------

    def audit(self, run_id: str | None = None, *, since_n: int = 0, limit: int = -1) -> Iterator[AuditRow]:
        """Yield audit records, oldest first."""
        names = AuditRow.__struct_fields__
        for row in self.records(run_id, since_n=since_n, limit=limit):
            yield AuditRow(**{name: getattr(row, name) for name in names})

    def records(
        self, run_id: str | None = None, *, since_n: int = 0, limit: int = -1
    ) -> Iterator[AuditRecord]:
        """Yield audit records with what they are of, oldest first."""
        query = (
            "SELECT n, seq, at, kind, ref, digest, hash, body FROM audit"
            " WHERE run_id = ? AND n > ? ORDER BY n LIMIT ?"
        )
        return map(read_record, self._rows(query, (self.run(run_id).run_id, since_n, limit)))

    def audit_count(self, run_id: str | None = None) -> int:
        """Return the number of the newest audit record; 0 for none."""
        query = "SELECT coalesce(max(n), 0) FROM audit WHERE run_id = ?"
        return next(int(n) for (n,) in self._rows(query, (self.run(run_id).run_id,)))

    def verify(self, run_id: str | None = None, *, rows: bool = True) -> AuditVerdict:
        """Walk the chain of a run (S09), then with ``rows`` build its tables again and compare (INV-20)."""
        run = self.run(run_id)
        start = genesis(run.mode.value, run.body.get("seed"), run.config_digest, run.body.get("data"))
        verdict = walk(run.run_id, start, self.records(run.run_id), digests(self._rows, run.run_id))
        if not verdict.ok:
            return verdict
        ended = (run.summary or {}).get("audit_hash")
        if ended is not None and ended != verdict.head:
            return msgspec.structs.replace(verdict, ok=False, reason=f"the run ended at {str(ended)[:16]}")
        wrong = self.rebuild(run.run_id).difference if rows else None
        return msgspec.structs.replace(verdict, ok=False, reason=str(wrong)) if wrong else verdict

    def rebuild(self, run_id: str | None = None) -> Rebuilt:
        """Build the tables of a run again from its chain alone and compare them with the stored ones (INV-20)."""
        run = self.run(run_id)
        account = next((value for (value,) in self._rows("SELECT value FROM meta WHERE key = 'account'")), "")
        scope = scope_of(run.mode, run.run_id, account)
        records = self.records(run.run_id)
        return rebuild(self._rows, run.run_id, scope, records, has_before=run.schema == 1)


def read_body(body: str, type: type[T], path: Path) -> T:
    """Return what the body of a row tells; ``StoreFault`` for that of a record which is gone or damaged."""
    try:
        return codec.decode(body, type)
    except msgspec.MsgspecError as error:
        told = "a row cannot be read: its record is gone or damaged"
        raise StoreFault(told, path=str(path), number=149, hint="tradecli db verify") from error


def _run_row(row: tuple[Any, ...]) -> RunRow:
    run_id, number, mode, started, finished, digest, body, summary, begun = row
    return RunRow(
        run_id=run_id,
        number=number,
        mode=Mode(mode),
        started=started,
        finished=finished,
        config_digest=digest,
        body=msgspec.json.decode(body),
        summary=msgspec.json.decode(summary) if summary is not None else None,
        schema=begun,
    )


def _fault(error: sqlite3.Error, path: Path) -> StoreFault:
    text = str(error)
    if "locked" in text:
        return StoreFault("the store stayed locked", path=str(path), number=141, hint="try again")
    return StoreFault(
        f"the store cannot be read: {text}", path=str(path), number=144, hint="tradecli db info"
    )
