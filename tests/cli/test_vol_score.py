"""``vol score``: what it needs, what it says without it, and its answer over recorded forecasts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Run

HOUR = 3_600_000


@pytest.fixture
def recorded(run: Run, tmp_path: Path) -> Run:
    rows = 24 * 40
    close = [100.0 + (i * 7919 % 13) for i in range(rows)]
    names = ("open", "high", "low", "close")
    table = {"ts": [1_690_848_000_000 + i * HOUR for i in range(rows)], "volume": [1.0] * rows}
    for name in names:
        table[name] = close
    path = tmp_path / "binance_perp_BTCUSDT_1h.parquet"
    pq.write_table(pa.table(table), path)
    assert run("data", "import", str(path), "--venue", "binance").code == 0
    return run


def test_forty_days_are_too_few_and_the_count_is_said(recorded: Run) -> None:
    result = recorded("vol", "score", "BTCUSDT", "--venue", "binance")
    assert result.code == 6 and "420 are needed" in result.err and "whole days" in result.err


def test_without_recorded_forecasts_there_is_nothing_to_score(recorded: Run) -> None:
    result = recorded("vol", "score", "BTCUSDT", "--venue", "binance", "--stored")
    assert result.code == 6 and "no recorded forecast" in result.err


@pytest.mark.parametrize(
    "flags", [[], ["BTCUSDT", "--refit", "0"], ["BTCUSDT", "--refit", "x"], ["btc usdt"]]
)
def test_what_cannot_be_asked_is_a_usage_error(recorded: Run, flags: list[str]) -> None:
    assert recorded("vol", "score", *flags).code == 2
