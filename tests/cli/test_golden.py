"""The JSON of cheap commands, to the last key. TRADECLI_GOLDEN=write writes them anew: look at the difference."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tradecli.cli import main

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"
NOW = 1_700_000_000_000
ANSWERS = {
    "config-validate": ["config", "validate"],
    "config-show-risk": ["config", "show", "risk"],
    "config-explain-funding": ["config", "explain", "funding"],
    "config-schema": ["config", "schema"],
    "watch-list": ["watch", "list"],
    "watch-create": ["watch", "create", "alts", "SOLUSDT", "XRP/USDT:USDT@okx"],
    "help-topics": ["help", "topics"],
    "help-options": ["help", "options"],
    "error-unknown-word": ["statsu"],
    "error-unknown-key": ["config", "explain", "kely_multiplier"],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_json_is_the_one_that_was_agreed(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "now_ms", lambda: NOW)
    found = run(*ANSWERS[name], "--format", "json").json
    path = GOLDEN / f"{name}.json"
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("TRADECLI_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == found
