"""Steps to rows, and the audit chain over them. Pure: the same steps give the same rows and the same hash.

One audit record for each change of state: an event, an order, a fill, a movement of money, a decision, a notice, a
report. The record holds it word for word, and every row of every table is a function of one record (INV-20): see
``rebuild``. A record's hash is SHA-256 over the previous hash, the record's place and the digest of its body. Reports
are numbered with the rest and chained among themselves: their last digits depend on the numerical library, and a
run's head must not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from tradecli import codec
from tradecli.domain.commands import Notify, Record, Step
from tradecli.domain.decision import Decision
from tradecli.domain.enums import Mode
from tradecli.domain.events import Assessed, Fill, LatchReleased, LatchSet
from tradecli.domain.number import plain
from tradecli.domain.order import Order

Row = tuple[Any, ...]
PER_RUN = (Mode.DEMO, Mode.REPLAY, Mode.PAPER, Mode.REHEARSAL)
"""Modes whose account is funded anew in each run, so that trade ids and deposits may repeat from run to run."""
ASIDE = "report"
"""The kind of record that is chained apart."""
_IN_RECORD = ""
"""The body of a row, and the digest of a record, that the record's own body tells."""


class Place(NamedTuple):
    """Where a row comes from: its run, the scope of its account, its step, its time, and the record it follows from."""

    run_id: str
    scope: str
    seq: int
    at: int
    record: int


class Rows:
    """Rows of one batch by table, and the chain's head after them; ``aside`` is the head of the reports' chain.

    ``booked`` are the fills of earlier batches.
    """

    def __init__(
        self,
        run_id: str,
        scope: str,
        head: str,
        count: int,
        booked: set[tuple[str, str]] | None = None,
        aside: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.scope = scope
        self.head = head
        self.aside = aside if aside is not None else head
        self.count = count
        self.booked: set[tuple[str, str]] = booked if booked is not None else set()
        self._new: set[tuple[str, str]] = set()
        self.steps: list[Row] = []
        self.orders: list[Row] = []
        self.fills: list[Row] = []
        self.entries: list[Row] = []
        self.decisions: list[Row] = []
        self.notices: list[Row] = []
        self.reports: list[Row] = []
        self.audit: list[Row] = []

    def after(self) -> Rows:
        """Return an empty batch that goes on where this one, which is durable now, ends."""
        self.booked |= self._new
        return Rows(self.run_id, self.scope, self.head, self.count, self.booked, self.aside)

    def add(self, step: Step) -> None:
        """Add every row of one step."""
        self._add_event(step)
        for order in step.orders:
            place = self._link(step, "order", order.client_id, codec.encode(order))
            self.orders.append(order_row(place, order))
        for entry in step.entries:
            told = (entry.ts, entry.venue, entry.coin, plain(entry.amount), entry.kind, entry.instrument)
            place = self._link(step, "entry", entry.ref, codec.encode(told))
            self.entries.append(entry_row(place, entry.ref, told))
        for command in step.commands:
            if isinstance(command, Record):
                decision = command.decision
                place = self._link(step, "decision", str(decision.number), codec.encode(decision))
                self.decisions.append(decision_row(place, decision))
            elif isinstance(command, Notify):
                words = (command.severity.value, command.topic, command.instrument, command.text)
                place = self._link(step, "notice", command.topic, codec.encode(words))
                self.notices.append(notice_row(place, words))

    def _add_event(self, step: Step) -> None:
        event = step.event
        if isinstance(event, Assessed):
            if event.report is not None:
                about = f"{event.topic} {event.focus or ''}"
                place = self._link(step, "report", about, codec.encode(event.report))
                self.reports.append(report_row(place, about))
            return
        name, raw = type(event).__name__, codec.encode(event)
        if isinstance(event, Fill) and self._is_new(event):
            place = self._link(step, "fill", f"{event.instrument}:{event.trade_id}", raw)
            self.fills.append(fill_row(place, event))
        else:  # N09: also a fill that the venue told again
            kind = "latch" if isinstance(event, LatchSet | LatchReleased) else "event"
            place = self._link(step, kind, name, raw)
        self.steps.append(step_row(place, name))

    def _is_new(self, fill: Fill) -> bool:
        key = (fill.instrument, fill.trade_id)
        if key in self.booked or key in self._new:
            return False
        self._new.add(key)
        return True

    def _link(self, step: Step, kind: str, ref: str, raw: bytes) -> Place:
        n = self.count = self.count + 1
        seq, at = step.seq, step.at
        apart = kind == ASIDE
        previous = self.aside if apart else self.head
        head = chain(previous, n, seq, at, kind, ref, hashlib.sha256(raw).hexdigest())
        if apart:
            self.aside = head
        else:
            self.head = head
        self.audit.append((self.run_id, n, seq, at, kind, ref, _IN_RECORD, head, raw.decode()))
        return Place(self.run_id, self.scope, seq, at, n)


def step_row(place: Place, name: str) -> Row:
    """Return the row of an event of the class ``name``."""
    return (place.run_id, place.seq, place.at, name, _IN_RECORD, place.record)


def order_row(place: Place, order: Order) -> Row:
    """Return the row of one state of an order."""
    run_id, _, seq, at, n = place
    asked = order.request
    status = order.status.value
    return (run_id, order.client_id, seq, at, status, asked.instrument, asked.source, _IN_RECORD, n)


def fill_row(place: Place, fill: Fill) -> Row:
    """Return the row of a fill that is booked."""
    run_id, scope, seq, at, n = place
    return (
        scope, fill.instrument, fill.trade_id, run_id, seq, at, fill.ts, fill.client_id, _IN_RECORD, n,
    )  # fmt: skip


def entry_row(place: Place, ref: str, told: Sequence[Any]) -> Row:
    """Return the row of a movement of money: ``told`` is its time, venue, coin, amount, kind and instrument."""
    return (place.scope, ref, place.run_id, place.seq, place.at, *told, place.record)


def decision_row(place: Place, decision: Decision) -> Row:
    """Return the row of a decision."""
    run_id, _, seq, at, n = place
    equity = plain(decision.equity) if decision.equity is not None else None
    return (run_id, decision.number, seq, at, decision.trigger, equity, _IN_RECORD, n)


def notice_row(place: Place, words: Sequence[Any]) -> Row:
    """Return the row of a notice: ``words`` are its severity, topic, instrument and text."""
    return (place.run_id, place.seq, place.record, place.at, *words, place.record)


def report_row(place: Place, about: str) -> Row:
    """Return the row of a report ``about`` a topic and what it looked at."""
    topic, _, focus = about.partition(" ")
    return (place.run_id, topic, focus, place.at, _IN_RECORD, place.record)


def genesis(mode: str, seed: int | None, config_digest: str, data: Any) -> str:
    """Return what a run's chain starts from: the hash of all that the run is a function of."""
    return codec.digest([mode, seed, config_digest, data])


def chain(previous: str, n: int, seq: int, at: int, kind: str, ref: str, digest: str) -> str:
    """Return the hash of one audit record."""
    text = f"{previous}\n{n}\n{seq}\n{at}\n{kind}\n{ref}\n{digest}"
    return hashlib.sha256(text.encode()).hexdigest()


def scope_of(mode: Mode, run_id: str, account: str) -> str:
    """Return within what trade ids and references of money are unique: the run, or the account that lives on."""
    return run_id if mode in PER_RUN else account


TABLES: Sequence[tuple[str, str, int]] = (
    ("steps", "INSERT INTO steps", 6),
    ("orders", "INSERT INTO orders", 9),
    ("fills", "INSERT INTO fills", 10),
    ("entries", "INSERT INTO entries", 12),
    ("decisions", "INSERT INTO decisions", 8),
    ("notices", "INSERT INTO notices", 9),
    ("reports", "INSERT OR REPLACE INTO reports", 6),
    ("audit", "INSERT INTO audit", 9),
)
"""Attribute of ``Rows``, statement, number of columns."""
