"""A configuration file of one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tradecli.config.loading import Config, load
from tradecli.config.problems import ConfigProblems, Problem

Load = Callable[..., Config]
Wrong = Callable[..., tuple[Problem, ...]]

RISK = """\
[risk]
max_order_notional_usd = 5000
max_symbol_pct = 10
max_venue_pct = 40
max_gross_pct = 300
max_net_pct = 30
max_open_orders = 100
max_orders_per_min = 60
max_drawdown_pct = 15
max_daily_loss_pct = 4
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, folder in (
        ("XDG_STATE_HOME", "state"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
    ):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("TRADECLI_PROFILE", raising=False)
    monkeypatch.delenv("TRADECLI_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def loaded(file: Callable[[str], Path]) -> Load:
    def read(text: str, profile: str = "paper", **more: object) -> Config:
        return load(profile, str(file(text)), environment=more.pop("environment", {}), **more)  # type: ignore[arg-type]

    return read


@pytest.fixture
def wrong(loaded: Load) -> Wrong:
    def read(text: str, profile: str = "paper", **more: object) -> tuple[Problem, ...]:
        with pytest.raises(ConfigProblems) as refused:
            loaded(text, profile, **more)
        return refused.value.problems

    return read
