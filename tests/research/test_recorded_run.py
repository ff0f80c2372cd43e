"""A run over real recorded minutes: made through the command line, recomputed by hand, replayed bit for bit."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import home, run  # noqa: F401 - fixtures
from tests.research.recompute import differences, read_fills, recompute
from tradecli.cli import options
from tradecli.cli.main import main
from tradecli.config import describe, folders

pytestmark = pytest.mark.shared
FUNDING = "funding/binance_usdm_funding"
SPAN = ("--since", "2023-07-18T12:00Z", "--until", "2023-07-20T01:00Z")


@pytest.fixture(scope="module")
def recorded(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Import a coin's minutes and funding, and trade a day and a half of them, once; where that is, and the run."""
    folder = tmp_path_factory.mktemp("recorded")
    files = (shared / "data" / f"{each}.parquet" for each in ("ohlcv/binance_perp_ETHUSDT_1m", FUNDING))
    lines = [["data", "import", str(file), "--profile", "replay"] for file in files]
    lines.append(["backtest", "run", "--symbols", "ETHUSDT", "--venue", "binance", *SPAN])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "CONFIG", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
        for name in ("TRADECLI_PROFILE", "TRADECLI_CONFIG"):
            patch.delenv(name, raising=False)
        for line in lines:
            with redirect_stdout(StringIO()) as out:
                assert main([*line, "--format", "json"]) == 0, out.getvalue()
                options.use(options.Options())
    return folder / "state", json.loads(out.getvalue())["data"][0]


@pytest.fixture
def trading(
    run: Callable[..., Any],  # noqa: F811
    home: Path,  # noqa: F811
    recorded: tuple[Path, dict[str, Any]],
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Put the recorded run into the folders of this test."""
    state, made = recorded
    shutil.copytree(state, home / "state")
    return run, made


def test_money_and_positions_are_what_the_fills_and_the_recorded_files_say(
    trading: tuple[Callable[..., Any], dict[str, Any]], shared: Path
) -> None:
    run_one, made = trading
    ledger = folders.runs_dir() / f"{made['run_id']}.db"
    printed = run_one("fills", "list", "--db", str(ledger), "--format", "csv", "--limit", "100000")
    fills = read_fills(printed.out.splitlines())
    assert made["fills"] == len(fills) >= 10
    assert made["pnl_residual"] == "0"
    assert differences(made, recompute(made, fills, shared)) == []


def test_a_replay_gives_the_same_steps_and_one_changed_bar_is_found_at_its_first_step(
    trading: tuple[Callable[..., Any], dict[str, Any]],
) -> None:
    run_one, made = trading
    again = run_one("replay", "verify", made["run_id"], "--format", "json")
    assert (again.code, again.data[0]["differences"], again.data[0]["same_schema"]) == (0, 0, True)
    (built,) = run_one("db", "verify", "--run", made["run_id"], "--format", "json").data
    assert (built["ok"], built["before"]) == (True, 0) and built["compared"]["decisions"] == made["decisions"]
    with closing(sqlite3.connect(folders.state_dir() / "market.db")) as raw, raw:
        edit = """
            UPDATE points SET b = b * 1.02, d = d * 1.01
            WHERE rowid = (SELECT points.rowid FROM points JOIN series ON series.id = points.series
            WHERE series.kind = 'Candle' AND known > ? ORDER BY known LIMIT 1)
        """
        assert raw.execute(edit, (made["since"] + 7_200_000,)).rowcount == 1
    with closing(sqlite3.connect(folders.runs_dir() / f"{made['run_id']}.db")) as raw, raw:
        raw.execute(
            "UPDATE runs SET schema = 1"
        )  # as if begun by an earlier version, whose hashes are others
    changed = run_one("replay", "verify", made["run_id"], "--format", "json")
    row = changed.data[0]
    assert changed.code == 14
    assert row["differences"] > 0 and row["same_schema"] is False
    assert row["first"]["at"] >= made["since"] + 7_200_000


def test_the_forecasts_that_a_backtest_was_told_to_keep_are_scored_from_its_file(
    run: Callable[..., Any],  # noqa: F811
    shared: Path,
    tmp_path: Path,
) -> None:
    for interval in ("1m", "1h"):
        path = shared / "data" / "ohlcv" / f"binance_perp_ETHUSDT_{interval}.parquet"
        assert run("data", "import", str(path), "--profile", "replay").code == 0
    span = ("--since", "2023-07-18T12:00Z", "--until", "2023-07-19T02:00Z")
    scores = []
    for keeps in ("false", "true"):
        config = tmp_path / f"{keeps}.toml"
        config.write_text(
            describe.example().replace("record_forecasts = false", f"record_forecasts = {keeps}"),
            encoding="utf-8",
        )
        asked = ("--symbols", "ETHUSDT", "--venue", "binance", "--strategy", "grid", *span)
        made = run("backtest", "run", *asked, "--config", str(config), "--format", "json")
        assert made.code == 0, made.err
        ledger = folders.runs_dir() / f"{made.data[0]['run_id']}.db"
        card = ("vol", "score", "ETHUSDT", "--venue", "binance", "--stored", "--db", str(ledger))
        scores.append(run(*card, "--format", "json"))
    without, with_them = scores
    assert without.code == 6 and "no recorded forecast" in without.out
    assert {row["model"] for row in with_them.data} == {"garch", "gjr", "ewma", "har"}
    assert {row["n"] for row in with_them.data} == {2}, "one a day, on the two days of the run"
