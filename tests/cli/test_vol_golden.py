"""The JSON of the commands on option chains, to the last key, figures to a thousandth.

TRADECLI_GOLDEN=write writes them anew: look at the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli import recorded_chains as chains
from tests.cli import recorded_days as forecasts
from tests.cli.conftest import Run
from tests.quant.chains import flat
from tradecli.cli import main
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.present.format import moment

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"
AT = moment(chains.T0 + 1_000).replace(" ", "T")
ON_STORE = ["BTC", "--profile", "replay", "--at", AT]
ANSWERS = {
    "vol-backfill": ["backfill", "--wings", "5d", "--dry-run"],
    "vol-backfill-term": ["backfill", "--method", "term", "--dry-run"],
    "vol-backfill-skew": ["backfill", "--method", "skew", "--dry-run"],
    "vol-index": ["index", *ON_STORE, "--strip"],
    "vol-index-none": ["index", "BTCUSDT", "--profile", "replay", "--method", "import", "--at", AT],
    "vol-term": ["term", *ON_STORE],
    "vol-skew": ["skew", *ON_STORE, "--delta", "premium"],
    "vol-surface": ["surface", *ON_STORE],
}


OF_DAYS = {
    "vol-index-lvx": ["index", "--method", "lvx", "--members"],
    "vol-index-dvol": ["index", "ETHUSDT", "--method", "dvol"],
    "vol-index-import": ["index", "BTCUSDT", "--method", "import"],
    "vol-stress": ["stress", "BTCUSDT"],
    "vol-score": ["score", "BTCUSDT", "--venue", "binance", "--stored"],
}
"""What rests on bars, published and licensed values, and recorded forecasts."""


@pytest.fixture
def recorded(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(main, "now_ms", lambda: chains.T0 + 10_000_000)
    chains.write(tmp_path / "chains.parquet", chains.two_chains())
    assert run("data", "import", str(tmp_path / "chains.parquet"), "--venue", "deribit").code == 0
    return run


@pytest.fixture
def of_days(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(main, "now_ms", lambda: forecasts.NEWEST + 1_000)
    for path, flags in forecasts.files(tmp_path):
        assert run("data", "import", str(path), *flags).code == 0
    forecasts.write_hours(folders.market_file(Mode.REPLAY, "replay"))
    forecasts.write_ledger(folders.ledger_file("replay"))
    return run


@pytest.mark.parametrize("name", ANSWERS)
def test_the_json_is_the_one_that_was_agreed(recorded: Run, name: str) -> None:
    result = recorded("vol", *ANSWERS[name], "--format", "json", "--offline")
    assert result.code == 0, result.err
    agree(name, result.json)


def test_the_json_of_what_rests_on_days_is_the_one_that_was_agreed_and_has_a_schema(of_days: Run) -> None:
    for name, argv in OF_DAYS.items():
        result = of_days("vol", *argv, "--profile", "replay", "--format", "json")
        assert result.code == 0, result.err
        agree(name, result.json)
        schema = of_days("vol", argv[0], "--schema").json
        assert schema["title"] == result.json["schema"]
        known = forecasts.properties(schema)
        assert all(each.keys() <= known for each in result.data), "a key that the schema does not know"


def agree(name: str, found: Any) -> None:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("TRADECLI_GOLDEN") == "write":
        path.write_text(json.dumps(_short(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert not list(_differences(json.loads(path.read_text(encoding="utf-8")), found, ""))


@pytest.mark.parametrize("name", ["vol-index", "vol-skew"])
def test_every_other_format_shows_the_same_answer(recorded: Run, name: str) -> None:
    for format in ("table", "csv"):
        result = recorded("vol", *ANSWERS[name], "--format", format, "--offline")
        assert result.code == 0 and "BTC" in result.out, result.err
    schema = recorded("vol", ANSWERS[name][0], "--schema")
    assert schema.json["title"] == f"tradecli.vol.{ANSWERS[name][0]}/1"


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["index", "--method", "vix"], 2),
        (["index", "--wings", "wide"], 2),
        (["skew", "--delta", "0.25"], 2),
        (["index", "DOGE"], 6),
        (["surface", "SOLUSDT@okx"], 6),
        (["term", "BTC", "BTC"], 2),
        (["index", "BTC", "--at", "2020-01-01T00:00Z"], 0),
    ],
)
def test_what_cannot_be_answered_is_refused_or_empty_with_a_reason(
    recorded: Run, argv: list[str], code: int
) -> None:
    result = recorded("vol", *argv, "--profile", "replay", "--format", "json")
    assert result.code == code
    if code == 0:
        (report,) = result.data
        assert report["value"] is None and report["reason"] == "no option chain of BTC at deribit"


def test_licensed_values_come_in_as_a_series_and_are_answered_as_imported(
    recorded: Run, tmp_path: Path
) -> None:
    (tmp_path / "bitvol.csv").write_text(f"ts,value\n{chains.T0},0.551\n")
    asked = ("--kind", "vol_index", "--symbol", "BITVOL-BTC", "--time-unit", "ms")
    assert recorded("data", "import", str(tmp_path / "bitvol.csv"), *asked).code == 0
    (report,) = recorded("vol", "index", *ON_STORE, "--method", "import", "--format", "json").data
    assert (report["value"], report["source"]) == (0.551, "BITVOL-BTC")


def test_usdc_settled_chains_are_answered_by_their_own_root(run: Run, tmp_path: Path) -> None:
    chain = flat(chains.smiling, step=3_000.0, inverse=False)
    chains.write(tmp_path / "linear.parquet", [(chains.T0, chain)], "BTC_USDC")
    assert run("data", "import", str(tmp_path / "linear.parquet"), "--venue", "deribit").code == 0
    asked = ("--profile", "replay", "--at", AT, "--format", "json")
    (index,) = run("vol", "index", "BTC_USDC", *asked).data
    assert index["quality"] == "ok" and index["value"] == pytest.approx(0.52, abs=0.005)
    (kept,) = run("vol", "backfill", "--symbol", "BTC_USDC", "--dry-run", "--format", "json").data
    assert kept["value"] == index["value"]


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, list) else value


def _differences(agreed: Any, found: Any, path: str) -> Any:
    if isinstance(agreed, dict) and isinstance(found, dict):
        if agreed.keys() != found.keys():
            yield f"{path}: keys {sorted(agreed.keys() ^ found.keys())}"
            return
        for key, value in agreed.items():
            yield from _differences(value, found[key], f"{path}.{key}")
    elif isinstance(agreed, list) and isinstance(found, list) and len(agreed) == len(found):
        for place, value in enumerate(agreed):
            yield from _differences(value, found[place], f"{path}[{place}]")
    elif isinstance(agreed, int | float) and isinstance(found, int | float) and not isinstance(agreed, bool):
        rel = 0.05 if ".ssvi." in path else 1e-3  # shared parameters trade against each other
        if found != pytest.approx(agreed, rel=rel, abs=1e-4):
            yield f"{path}: {found}, agreed {agreed}"
    elif agreed != found:
        yield f"{path}: {found!r}, agreed {agreed!r}"
