"""Chains that venues spoil, recorded and asked for at the command line: a named quality, and no value of before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli import recorded_chains as chains
from tests.cli.conftest import Run
from tests.fakes.options import option_chain
from tests.quant.chains import flat, joined, only
from tradecli.cli import main
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.present.format import moment
from tradecli.quant.slices import ChainArrays
from tradecli.store.market import MarketStore

NAN = float("nan")


def nothing(chain: ChainArrays) -> ChainArrays:
    rows = np.full(len(chain), NAN)
    return replace(chain, strike=rows, bid=rows, ask=rows, underlying=rows)


SPOIL: dict[str, tuple[Callable[[ChainArrays], ChainArrays], str, str]] = {
    "empty": (lambda c: only(c, slice(0, 0)), "unavailable", "no expiry"),
    "crossed": (lambda c: replace(c, bid=c.ask, ask=c.bid), "unavailable", "quoted on all sides"),
    "one-sided": (lambda c: replace(c, ask=np.full(len(c), NAN)), "unavailable", "quoted on all sides"),
    "calls only": (lambda c: only(c, c.cp > 0), "unavailable", "quoted on all sides"),
    "all bids zero": (lambda c: replace(c, bid=0.0 * c.bid), "unavailable", "quoted on all sides"),
    "NaN": (lambda c: replace(c, bid=NAN * c.bid, ask=NAN * c.ask), "unavailable", "quoted on all sides"),
    "NaN throughout": (nothing, "unavailable", "no expiry"),
    "no expiry in reach": (lambda c: only(c, c.years < 10 / 365), "unavailable", "one expiry alone, of 9.0 days"),
    "next expiry missing": (lambda c: only(c, c.years < 30 / 365), "degraded", "its volatility taken as flat"),
    "duplicated": (lambda c: joined(c, c), "ok", ""),
    "unsorted": (lambda c: only(c, np.random.default_rng(3).permutation(len(c))), "ok", ""),
}  # fmt: skip
"""How it is spoiled, the quality of its index, and what the reason says."""
DEAD = ("empty", "crossed", "one-sided", "all bids zero", "NaN", "NaN throughout")
"""Of these no smile can be fitted."""


@pytest.fixture
def recorded(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Record one good chain, then one spoiled in each way, an hour apart, as a live desk would."""
    good = flat(chains.smiling, step=4_000.0)
    made = [option_chain(good, chains.T0)]
    with np.errstate(all="ignore"):
        made += [option_chain(spoil(good), moment_of(name)) for name, (spoil, _, _) in SPOIL.items()]
    monkeypatch.setattr(main, "now_ms", lambda: chains.T0 + 100 * chains.HOUR)
    path = folders.market_file(Mode.REPLAY, "replay")
    folders.made(path.parent)

    async def go() -> None:
        async with await MarketStore.open(path) as store:
            await store.write(made)

    asyncio.run(go())
    return run


def moment_of(name: str) -> int:
    return chains.T0 + (list(SPOIL).index(name) + 1) * chains.HOUR


def asked(run: Run, topic: str, at: int) -> Any:
    """Return the report of a topic at a moment; the command must end well and say nothing on stderr."""
    when = moment(at).replace(" ", "T")
    result = run("vol", topic, "BTC", "--profile", "replay", "--at", when, "--format", "json")
    assert result.code == 0 and not result.err, result.err
    (report,) = result.data
    return report


def test_every_spoiled_chain_is_answered_by_name_and_never_by_the_one_before_it(recorded: Run) -> None:
    first, *kept = recorded("vol", "backfill", "--dry-run", "--format", "json").data
    assert first["quality"] == "ok" and len(kept) == len(SPOIL)
    for record, (name, (_, quality, reason)) in zip(kept, SPOIL.items(), strict=True):
        report = asked(recorded, "index", moment_of(name) + 1_000)
        for each in (report, record):
            assert each["quality"] == quality and reason in each["reason"], (name, each)
            assert (each["value"] is None) == (quality == "unavailable"), name
        if quality == "ok":
            assert report["value"] == pytest.approx(first["value"], abs=1e-9), name


@pytest.mark.parametrize("topic", ["term", "skew", "surface"])
def test_every_topic_of_smiles_has_nothing_of_a_dead_chain_and_says_why(recorded: Run, topic: str) -> None:
    for name in DEAD:
        report = asked(recorded, topic, moment_of(name) + 1_000)
        assert (report["quality"], report["expiries"]) == ("unavailable", []) and report["reason"], name


def test_a_file_that_lists_an_option_twice_is_refused_by_its_row(run: Run, tmp_path: Path) -> None:
    good = flat(step=6_000.0)
    chains.write(tmp_path / "twice.parquet", [(chains.T0, joined(good, good))])
    result = run("data", "import", str(tmp_path / "twice.parquet"), "--venue", "deribit")
    assert result.code == 2 and "stands twice in one chain" in result.err
