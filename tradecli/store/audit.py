"""The audit chain read back: whether it holds, and whether the rows are still the ones it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from tradecli import codec
from tradecli.store.rows import chain

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


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of one run: ``ok``, or the first record that is wrong and why."""

    run_id: str
    records: int
    head: str
    ok: bool
    first_bad: int | None = None
    reason: str = ""


def walk(run_id: str, start: str, records: Iterable[AuditRow], digests: dict[Named, str]) -> AuditVerdict:
    """Follow the chain from ``start`` and hold each record against the digest of its row."""
    head, expected, left = start, 0, dict(digests)
    for row in records:
        expected += 1
        problem = None
        if row.n != expected:
            problem = f"record {expected} is missing"
        elif chain(head, row.n, row.seq, row.at, row.kind, row.ref, row.digest) != row.hash:
            problem = "the hash does not follow from the record and the one before"
        elif left.pop((row.kind, row.ref, row.seq), None) != row.digest:
            problem = f"the {row.kind} {row.ref} is not the row that was recorded"
        if problem is not None:
            return AuditVerdict(
                run_id=run_id, records=expected, head=head, ok=False, first_bad=row.n, reason=problem
            )
        head = row.hash
    if left:
        kind, ref, _ = min(left, key=lambda key: key[2])
        return AuditVerdict(
            run_id=run_id, records=expected, head=head, ok=False, reason=f"the {kind} {ref} has no record"
        )
    return AuditVerdict(run_id=run_id, records=expected, head=head, ok=True)


def digests(query: Query, run_id: str) -> dict[Named, str]:
    """Return the digest of every row that the chain of a run speaks of."""
    result: dict[Named, str] = {}
    for kind, select in _ROWS.items():
        for ref, seq, body in query(select, (run_id,)):
            result[(kind, ref, seq)] = _sha(body.encode())
    for row in query(_ENTRIES, (run_id,)):
        result[("entry", row[0], row[1])] = _sha(codec.encode(row[2:]))
    return result


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


_ROWS = {
    "order": "SELECT client_id, seq, body FROM orders WHERE run_id = ?",
    "fill": "SELECT instrument || ':' || trade_id, seq, body FROM fills WHERE run_id = ?",
    "decision": "SELECT CAST(number AS TEXT), seq, body FROM decisions WHERE run_id = ?",
    "latch": "SELECT kind, seq, body FROM steps WHERE run_id = ? AND kind IN ('LatchSet', 'LatchReleased')",
}
_ENTRIES = "SELECT ref, seq, ts, venue, coin, amount, kind, instrument FROM entries WHERE run_id = ?"
