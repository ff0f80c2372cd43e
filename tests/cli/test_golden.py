"""The JSON of cheap commands, to the last key. TRADECLI_GOLDEN=write writes them anew: look at the difference."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.cli import main
from tradecli.config import folders

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"
NOW = 1_700_000_000_000
ANSWERS = {
    "config-validate": ["config", "validate"],
    "config-show-risk": ["config", "show", "risk"],
    "config-explain-funding": ["config", "explain", "funding"],
    "watch-list": ["watch", "list"],
    "watch-create": ["watch", "create", "alts", "SOLUSDT", "XRP/USDT:USDT@okx"],
    "help-topics": ["help", "topics"],
    "help-options": ["help", "options"],
    "error-unknown-word": ["statsu"],
    "error-unknown-key": ["config", "explain", "kely_multiplier"],
}


RECORDED = {
    "status": ["status"],
    "status-at": ["status", "--at", "2023-08-10T00:00:01Z"],
    "orders-list": ["orders", "list"],
    "orders-show": ["orders", "show", "tcx1"],
    "fills-list": ["fills", "list"],
    "positions-list": ["positions", "list"],
    "positions-show": ["positions", "show", "BTCUSDT"],
    "decisions-list": ["decisions", "list"],
    "decisions-explain": ["decisions", "explain", "7"],
    "kill-status": ["kill", "status"],
    "kill-halt": ["kill", "halt", "--reason", "drill", "--venue", "okx"],
}


@pytest.mark.parametrize("name", RECORDED)
def test_the_json_of_a_recorded_run_is_the_one_that_was_agreed(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.write(folders.ledger_file("demo"))
    found, agreed = answer(run, name, RECORDED[name], monkeypatch)
    assert found == agreed


@pytest.mark.parametrize("name", ANSWERS)
def test_the_json_is_the_one_that_was_agreed(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, agreed = answer(run, name, ANSWERS[name], monkeypatch)
    assert found == agreed


def answer(run: Run, name: str, argv: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return an answer and the one that was agreed; ``TRADECLI_GOLDEN=write`` agrees to what is answered now."""
    monkeypatch.setattr(main, "now_ms", lambda: NOW)
    found = run(*argv, "--format", "json").json
    path = GOLDEN / f"{name}.json"
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("TRADECLI_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return found, json.loads(path.read_text(encoding="utf-8"))
