"""The composition root: a configuration and a mode become a running desk. The only package that knows every
adapter.

Nothing is decided here. ``parts`` puts an engine together, ``demo`` runs one over the simulated market, ``live`` over
venues, ``recorded`` over stored history, ``oneshot`` answers a single topic. Each is imported when its name is first
asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Outcome": "parts",
    "TopicAnswer": "oneshot",
    "assess_once": "oneshot",
    "demo_session": "demo",
    "kill_file": "parts",
    "live_session": "live",
    "run_demo_headless": "demo",
    "run_recorded": "recorded",
    "tapes": "demo",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"tradecli.wiring.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'tradecli.wiring' has no attribute {name!r}")
