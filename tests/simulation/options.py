"""What one seed means: rates of faults, crashes, store faults, acts of people and programs. Printed on failure."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fakes.desk import T0
from tradecli.engine.road import POINTS

DAY_MS = 86_400_000

RATES: dict[str, tuple[float, str]] = {
    "timeout_after_accept": (0.02, "N01"),
    "lost_request": (0.02, "N02"),
    "garbage_body": (0.02, "N12"),
    "error_503": (0.02, "V01"),
    "busy_429": (0.02, "V05"),
    "late_answer": (0.03, "N11"),
    "duplicate": (0.08, "N09"),
    "reorder": (0.06, "N08"),
    "late_fill_after_cancel": (0.3, "V10"),
    "fill_races_cancel": (0.05, "V10"),
    "cancel_lost": (0.06, "N14"),
    "cancel_reply_lost": (0.06, "N14"),
    "look_up_fails": (0.2, "V01"),
    "read_lag": (0.3, "V03"),
    "partial_page": (0.2, "V04"),
    "snapshot_fails": (0.2, "N07"),
    "flickering_list": (0.3, "V04"),
    "data_frozen": (0.01, "D07"),
    "feed_down": (0.01, "N05"),
    "book_gap": (0.01, "D01"),
    "crossed_book": (0.01, "D03"),
    "bad_number": (0.01, "D04"),
    "book_duplicate": (0.02, "D01"),
}
"""Highest rate of each fault, and the row of the fault catalogue that it injects."""

POINT_ROWS = {
    "intent.kept": "P01",
    "intent.durable": "P02",
    "mark.durable": "P03",
    "bytes.left": "P04",
    "venue.took": "P05",
    "sent": "P05",
    "outcome.heard": "P06",
    "outcome.taken": "P07",
    "cancel.kept": "P08",
    "cancel.durable": "P08",
    "canceled": "P08",
    "kill.heard": "P08",
    "reconcile.begun": "P09",
    "reconcile.fetched": "P09",
    "reconcile.applied": "P09",
    "reconcile.done": "P09",
}

CRASH_POINTS = (*POINTS, "bytes.left", "venue.took")
"""Every named moment at which a process can be killed: the engine's own and those of the wire."""

ACTS: dict[str, str] = {
    "disconnect": "N07",
    "silence": "N05",
    "maintenance": "V07",
    "venue_cancels": "V14",
    "foreign_trade": "V15",
    "overfill": "V12",
    "funding": "V16",
    "store_full": "S01",
    "store_locked": "S04",
    "store_io": "S03",
    "kill": "M10",
    "flatten": "M10",
    "operator_order": "O03",
    "operator_cancel": "O04",
    "cron": "M05",
    "second_writer": "M04",
    "stall": "C06",
    "topic_breaks": "P13",
    "crash": "M08",
}
"""What happens at a moment, and the row it belongs to."""


class Act(msgspec.Struct, frozen=True):
    """Something at a moment, ``at`` ms after the start; ``for_ms`` is how long it lasts, where it lasts."""

    at: int
    name: str
    for_ms: int = 0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run is a function of, beside the program."""

    seed: int
    start: int
    fault_ms: int
    rates: dict[str, float]
    acts: tuple[Act, ...]
    crashes: tuple[tuple[str, int], ...]
    """Named points, and how many visits from now each waits before the process is killed there."""


def expand(seed: int) -> Options:
    """Return the options of a seed."""
    rng = Random(f"options {seed}")
    fault_ms = rng.randint(28_000, 40_000)
    rates = {name: round(most * rng.random(), 4) for name, (most, _) in RATES.items() if rng.random() < 0.45}
    acts: list[Act] = []
    for name in ACTS:
        if name == "crash":
            continue
        often = 2 if name in ("kill", "disconnect", "operator_order", "cron") else 1
        for _ in range(often):
            if rng.random() < 0.3:
                acts.append(Act(rng.randint(1_500, fault_ms), name, rng.randint(1_000, 4_000)))
    points = [rng.choice(CRASH_POINTS) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    points[:1] = [CRASH_POINTS[seed % len(CRASH_POINTS)]] if points else []  # each in its turn
    crashes = tuple((p, 1 if p.startswith(("reconcile", "kill")) else rng.randint(1, 40)) for p in points)
    start = T0 if rng.random() < 0.8 else (T0 // DAY_MS + 1) * DAY_MS - rng.randint(3_000, 20_000)
    acts.sort(key=lambda act: (act.at, act.name))
    return Options(seed=seed, start=start, fault_ms=fault_ms, rates=rates, acts=tuple(acts), crashes=crashes)
