"""A run is a function of seed and tape: of nothing else, on any machine, in any process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from numpy._core import _multiarray_umath as multiarray

from tests.venues.simulated.scene import PLAIN, everything, fingerprint, listen, of
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, CandleFeed, QuoteFeed, TradeFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Quote
from tradecli.venues.simulated import START_MS, TAPES, SimulatedMarket, tape_named
from tradecli.venues.simulated.past import Past

BTC = InstrumentId("BTCUSDT@binance")
PACKAGE = Path(__file__).parents[3] / "tradecli" / "venues" / "simulated"
SCRIPT = """
from tests.venues.simulated.scene import everything, fingerprint
print(fingerprint(everything(42, "tour", 12)))
"""


def elsewhere(folder: Path, **environment: str) -> str:
    """Return the fingerprint of the same run in another process, folder and environment."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE.parents[2]), **environment}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_events_again() -> None:
    assert fingerprint(listen(42, tape_named("tour"), 12)) == fingerprint(everything(42, "tour", 12))


def test_another_process_with_another_hash_seed_time_zone_and_folder_sees_the_same_events(
    tmp_path: Path,
) -> None:
    here = fingerprint(everything(42, "tour", 12))
    assert elsewhere(tmp_path, PYTHONHASHSEED="1", TZ="Asia/Tokyo") == here
    assert elsewhere(PACKAGE, PYTHONHASHSEED="31337", TZ="America/Lima", LC_ALL="C") == here


def test_a_machine_without_wide_vector_instructions_sees_the_same_events(tmp_path: Path) -> None:
    dispatched = " ".join(multiarray.__cpu_dispatch__)
    here = fingerprint(everything(42, "tour", 12))
    assert elsewhere(tmp_path, NPY_DISABLE_CPU_FEATURES=dispatched) == here


def test_another_seed_gives_another_market() -> None:
    assert fingerprint(everything(43, "plain", 12)) != fingerprint(everything(42, "plain", 12))


@pytest.mark.parametrize("tape", [tape.name for tape in TAPES if tape.name != "plain"])
def test_each_tape_bends_the_market_of_a_seed_in_its_own_way(tape: str) -> None:
    seconds = 20 if tape in ("tour", "quiet") else 110
    feeds = [QuoteFeed(BTC)]
    bent = listen(42, tape_named(tape), seconds, feeds)
    assert fingerprint(bent) == fingerprint(listen(42, tape_named(tape), seconds, feeds))
    assert fingerprint(bent) != fingerprint(listen(42, PLAIN, seconds, feeds))


def test_what_is_listened_to_changes_no_value() -> None:
    alone = listen(42, PLAIN, 30, [QuoteFeed(BTC)])
    among_all = [
        quote for quote in of(Quote, everything()) if quote.instrument == BTC and quote.ts < START_MS + 30_000
    ]
    assert alone == among_all


def test_every_stream_of_one_market_begins_again() -> None:
    market = SimulatedMarket(7, PLAIN)
    feeds = [TradeFeed(BTC)]
    one, two = market.events(feeds), market.events(feeds)
    assert [next(one) for _ in range(200)] == [next(two) for _ in range(200)]


async def _candles(market: SimulatedMarket, interval: int) -> object:
    return await market.history(CandleFeed(BTC, interval, 300), START_MS)


def test_the_stream_does_not_depend_on_whether_or_when_the_past_was_asked_for() -> None:
    feeds = [*SimulatedMarket.all_feeds(), CandleFeed(BTC, HOUR_MS), CandleFeed(BTC, DAY_MS)]
    never = listen(42, tape_named("tour"), 12, feeds)
    before, meanwhile, steps = (SimulatedMarket(42, tape_named("tour")) for _ in range(3))
    before.recall(CandleFeed(BTC, HOUR_MS, 300), START_MS)
    assert list(islice(before.events(feeds), len(never))) == never
    stream, heard = meanwhile.events(feeds), []
    heard += islice(stream, 500)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(meanwhile.recall, CandleFeed(BTC, HOUR_MS, 300), START_MS)
        heard += islice(stream, 500)
        asked.result()
    assert [*heard, *islice(stream, len(never) - 1_000)] == never
    made, stream, heard = steps.remember(), steps.events(feeds), []
    while len(heard) < len(never):
        next(made, None)
        heard += islice(stream, min(100, len(never) - len(heard)))
    assert heard == never
    assert steps.recall(CandleFeed(BTC, HOUR_MS, 300), START_MS) == before.recall(
        CandleFeed(BTC, HOUR_MS, 300), START_MS
    )


def test_the_first_seconds_make_no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> object:
        raise AssertionError("the past was made")

    monkeypatch.setattr(Past, "bars", made)
    monkeypatch.setattr(Past, "_block", made)
    market = SimulatedMarket(42)
    assert of(Quote, islice(market.events(market.all_feeds()), 200))
    with pytest.raises(AssertionError, match="the past was made"):
        market.recall(CandleFeed(BTC, HOUR_MS, 3), START_MS)


@pytest.mark.asyncio
async def test_history_does_not_depend_on_what_was_asked_before() -> None:
    forward, backward = SimulatedMarket(5, PLAIN), SimulatedMarket(5, PLAIN)
    intervals = (MINUTE_MS, HOUR_MS, DAY_MS)
    first = [await _candles(forward, each) for each in intervals]
    second = [await _candles(backward, each) for each in reversed(intervals)]
    assert first == second[::-1]


def test_a_seed_is_a_whole_number_from_zero_up() -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        SimulatedMarket(-1)


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_nothing_in_the_package_reads_a_clock_or_draws_from_a_shared_generator(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "hash", "hash() depends on PYTHONHASHSEED"
        elif isinstance(node, ast.Attribute):
            assert (
                node.attr not in ("now", "today", "utcnow")
                or not isinstance(node.value, ast.Name)
                or (node.value.id not in ("datetime", "date"))
            )
    assert not imported & {"time", "random", "uuid", "secrets", "socket", "os", "asyncio"}
