"""The audit chain read back: whether it holds. Of runs from before schema 2 also whether the rows are still the ones it
was made of; of newer ones ``rebuild`` says that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from tradecli import codec
from tradecli.store.rows import ASIDE, chain

Query = Callable[[str, Sequence[Any]], Iterable[tuple[Any, ...]]]
Named = tuple[str, str, int]
"""Kind, reference and step of a row that the chain speaks of."""


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    seq: int
    at: int
    kind: str
    ref: str
    digest: str
    hash: str


class AuditRecord(AuditRow, frozen=True, kw_only=True):
    """A record with what it is of, word for word; ``body`` None before schema 2, where only its row had that."""

    body: str | None


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of one run: ``ok``, or the first record that is wrong and why."""

    run_id: str
    records: int
    head: str
    ok: bool
    first_bad: int | None = None
    reason: str = ""


def walk(run_id: str, start: str, records: Iterable[AuditRecord], digests: dict[Named, str]) -> AuditVerdict:
    """Follow the chain from ``start``, and hold each record without a body against the digest of its row."""
    heads, expected, left = {False: start, True: start}, 0, dict(digests)
    for row in records:
        expected += 1
        problem, apart = None, row.kind == ASIDE
        if row.n != expected:
            problem = f"record {expected} is missing"
        elif chain(heads[apart], row.n, row.seq, row.at, row.kind, row.ref, row.digest) != row.hash:
            problem = "the hash does not follow from the record and the one before"
        elif row.body is None and left.pop((row.kind, row.ref, row.seq), None) != row.digest:
            problem = f"the {row.kind} {row.ref} is not the row that was recorded"
        if problem is not None:
            return AuditVerdict(
                run_id=run_id, records=expected, head=heads[False], ok=False, first_bad=row.n, reason=problem
            )
        heads[apart] = row.hash
    if left:
        kind, ref, _ = min(left, key=lambda key: key[2])
        return AuditVerdict(
            run_id=run_id,
            records=expected,
            head=heads[False],
            ok=False,
            reason=f"the {kind} {ref} has no record",
        )
    return AuditVerdict(run_id=run_id, records=expected, head=heads[False], ok=True)


def digests(query: Query, run_id: str) -> dict[Named, str]:
    """Return the digest of every row that the chain of a run speaks of without holding it itself."""
    result: dict[Named, str] = {}
    for kind, select in _ROWS.items():
        for ref, seq, body in query(select, (run_id,)):
            result[(kind, ref, seq)] = sha(body)
    for row in query(_ENTRIES, (run_id,)):
        result[("entry", row[0], row[1])] = sha(codec.encode(row[2:]).decode())
    return result


def read_record(row: Sequence[Any]) -> AuditRecord:
    """Return a record as stored: one that holds its body needs no digest, and a digest that is there must be true."""
    n, seq, at, kind, ref, digest, hash, body = row
    if body is not None and not digest:
        digest = sha(body)
    elif body is not None and digest != sha(body):
        digest = f"{digest}, not that of the body"
    return AuditRecord(n=n, seq=seq, at=at, kind=kind, ref=ref, digest=digest, hash=hash, body=body)


def sha(body: str) -> str:
    """Return the digest of a record's body."""
    return hashlib.sha256(body.encode()).hexdigest()


_ROWS = {
    "order": "SELECT client_id, seq, body FROM orders WHERE run_id = ? AND record IS NULL",
    "fill": "SELECT instrument || ':' || trade_id, seq, body FROM fills WHERE run_id = ? AND record IS NULL",
    "decision": "SELECT CAST(number AS TEXT), seq, body FROM decisions WHERE run_id = ? AND record IS NULL",
    "latch": "SELECT kind, seq, body FROM steps WHERE run_id = ? AND record IS NULL"
    " AND kind IN ('LatchSet', 'LatchReleased')",
}
_ENTRIES = "SELECT ref, seq, ts, venue, coin, amount, kind, instrument FROM entries WHERE run_id = ? AND record IS NULL"
