"""Steps to rows, and the audit chain over them. Pure: the same steps give the same rows and the same hash.

One audit record for each change of state: an order row, a fill, a movement of money, a decision, a latch. A record
is the digest of its row; its hash is SHA-256 over the previous hash and the record. Notices and reports are kept
beside it and are not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tradecli import codec
from tradecli.domain.commands import Notify, Record, Step
from tradecli.domain.events import Assessed, Fill, LatchReleased, LatchSet
from tradecli.domain.number import plain

Row = tuple[Any, ...]


class Rows:
    """Rows of one batch by table, and the chain's head after them. ``booked`` are the fills of earlier batches."""

    def __init__(
        self, run_id: str, scope: str, head: str, count: int, booked: set[tuple[str, str]] | None = None
    ) -> None:
        self.run_id = run_id
        self.scope = scope
        self.head = head
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
        return Rows(self.run_id, self.scope, self.head, self.count, self.booked)

    def add(self, step: Step) -> None:
        """Add every row of one step."""
        event = step.event
        if isinstance(event, Assessed):
            self._add_report(event, step.at)
        else:
            body = codec.encode(event).decode()
            self.steps.append((self.run_id, step.seq, step.at, type(event).__name__, body))
        if isinstance(event, Fill):
            self._add_fill(event, step)
        elif isinstance(event, LatchSet | LatchReleased):
            self._link(step, "latch", type(event).__name__, codec.encode(event))
        for order in step.orders:
            raw = codec.encode(order)
            request = order.request
            self.orders.append(
                (
                    self.run_id,
                    order.client_id,
                    step.seq,
                    step.at,
                    order.status.value,
                    request.instrument,
                    request.source,
                    raw.decode(),
                )
            )
            self._link(step, "order", order.client_id, raw)
        for entry in step.entries:
            row = (
                self.scope,
                entry.ref,
                self.run_id,
                step.seq,
                step.at,
                entry.ts,
                entry.venue,
                entry.coin,
                plain(entry.amount),
                entry.kind,
                entry.instrument,
            )
            self.entries.append(row)
            self._link(step, "entry", entry.ref, codec.encode(row[5:]))
        self._add_commands(step)

    def _add_fill(self, fill: Fill, step: Step) -> None:
        key = (fill.instrument, fill.trade_id)
        if key in self.booked or key in self._new:
            return  # N09: the venue told it again
        self._new.add(key)
        raw = codec.encode(fill)
        self.fills.append(
            (
                self.scope,
                fill.instrument,
                fill.trade_id,
                self.run_id,
                step.seq,
                step.at,
                fill.ts,
                fill.client_id,
                raw.decode(),
            )
        )
        self._link(step, "fill", f"{fill.instrument}:{fill.trade_id}", raw)

    def _add_report(self, answer: Assessed, at: int) -> None:
        if answer.report is not None:
            body = codec.encode(answer.report).decode()
            self.reports.append((self.run_id, answer.topic, answer.focus or "", at, body))

    def _add_commands(self, step: Step) -> None:
        told = 0
        for command in step.commands:
            if isinstance(command, Record):
                decision = command.decision
                raw = codec.encode(decision)
                equity = plain(decision.equity) if decision.equity is not None else None
                self.decisions.append(
                    (
                        self.run_id,
                        decision.number,
                        step.seq,
                        step.at,
                        decision.trigger,
                        equity,
                        raw.decode(),
                    )
                )
                self._link(step, "decision", str(decision.number), raw)
            elif isinstance(command, Notify):
                self.notices.append(
                    (
                        self.run_id,
                        step.seq,
                        told,
                        step.at,
                        command.severity.value,
                        command.topic,
                        command.instrument,
                        command.text,
                    )
                )
                told += 1

    def _link(self, step: Step, kind: str, ref: str, raw: bytes) -> None:
        digest = hashlib.sha256(raw).hexdigest()
        self.count += 1
        self.head = chain(self.head, self.count, step.seq, step.at, kind, ref, digest)
        self.audit.append((self.run_id, self.count, step.seq, step.at, kind, ref, digest, self.head))


def genesis(mode: str, seed: int | None, config_digest: str, data: Any) -> str:
    """Return what a run's chain starts from: the hash of all that the run is a function of."""
    return codec.digest([mode, seed, config_digest, data])


def chain(previous: str, n: int, seq: int, at: int, kind: str, ref: str, digest: str) -> str:
    """Return the hash of one audit record."""
    text = f"{previous}\n{n}\n{seq}\n{at}\n{kind}\n{ref}\n{digest}"
    return hashlib.sha256(text.encode()).hexdigest()


TABLES: Sequence[tuple[str, str, int]] = (
    ("steps", "INSERT INTO steps", 5),
    ("orders", "INSERT INTO orders", 8),
    ("fills", "INSERT INTO fills", 9),
    ("entries", "INSERT INTO entries", 11),
    ("decisions", "INSERT INTO decisions", 7),
    ("notices", "INSERT INTO notices", 8),
    ("reports", "INSERT OR REPLACE INTO reports", 5),
    ("audit", "INSERT INTO audit", 8),
)
"""Attribute of ``Rows``, statement, number of columns."""
