"""The sign of life that an engine leaves in its ledger, for commands that look from outside."""

from __future__ import annotations

import os
from typing import Any

import msgspec


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's last sign of life: engine time, real time, process, state."""

    run_id: str
    at: int
    real_at: int
    pid: int
    body: dict[str, Any]


def is_alive(beat: Beat | None) -> bool:
    """Say whether the process that left a sign of life is still there."""
    if beat is None:
        return False
    try:
        os.kill(beat.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(beat.body.get("running", True))
