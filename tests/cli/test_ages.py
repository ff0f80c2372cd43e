"""Every answer says how old it is, and ``--max-age`` ends with 6 where that is too old: the commands are found, so that
a new one is held to it.
"""

from __future__ import annotations

import asyncio
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tradecli.cli import main
from tradecli.cli.commands import spec_of
from tradecli.cli.groups import WORDS
from tradecli.components import ALL
from tradecli.components.base import Reach, Topic
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import MARKET_TYPES
from tradecli.store.market import MarketStore
from tradecli.venues.simulated import SimulatedMarket
from tradecli.venues.simulated.market import START_MS

BTC = InstrumentId("BTCUSDT@binance")
HOUR_MS = 3_600_000
NOW = START_MS + 30 * HOUR_MS
"""A day and a quarter after the newest thing that is recorded."""
TOPICS = [(each.name, topic) for each in ALL for topic in each.topics]
NOT_OF_THE_MARKET = {
    "orders": "our orders", "fills": "our fills", "kill": "our latches", "watch": "our lists",
    "decisions": "our decisions, each at its time", "audit": "our journal", "config": "the configuration",
    "db": "the stores", "doctor": "the installation", "logs": "the log", "completion": "a script", "help": "text",
    "version": "the program", "demo": "a run that was made for the answer", "run": "a run that just ended",
    "rehearse": "a run that just ended", "tui": "no answer", "replay": "runs of the past, by their own time",
    "backtest": "runs of the past, by their own time", "data": "what is recorded, with its times",
    "venues": "the venues, asked at that moment", "paper": "our account, begun anew",
}  # fmt: skip
OF_A_DESK = {"status", "positions"}
OF_A_PAST = {"backfill", "score"}
"""Commands of a component that are about a stretch of the past, and say which."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record what every topic declares of one symbol, up to the moment at which the simulated market begins."""
    path = tmp_path_factory.mktemp("market") / "market.db"

    async def record() -> None:
        market = SimulatedMarket(7)
        feeds = {feed: None for name, topic in TOPICS for feed in topic.feeds(BTC, _settings(name))}
        async with await MarketStore.open(path) as opened:
            for feed in feeds:
                past: Any = await market.history(feed, START_MS)
                await opened.write([each for each in past if isinstance(each, MARKET_TYPES)])

    asyncio.run(record())
    return path


def _settings(name: str) -> Any:
    return next(each for each in ALL if each.name == name).settings()


@pytest.fixture
def late(run: Run, home: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give commands the recorded market, long after its newest row."""
    path = folders.market_file(Mode.REPLAY, "replay")
    folders.made(path.parent)
    shutil.copyfile(store, path)
    path.chmod(0o600)
    monkeypatch.setattr(main, "now_ms", lambda: NOW)
    return run


@pytest.mark.parametrize(
    ("component", "topic"), TOPICS, ids=[f"{name}-{topic.name}" for name, topic in TOPICS]
)
def test_the_answer_of_a_topic_has_the_age_of_what_it_rests_on_and_is_refused_when_that_is_too_old(
    late: Run, component: str, topic: Topic
) -> None:
    words = [component, topic.name, *(["BTCUSDT"] if topic.reach is Reach.INSTRUMENT else [])]
    found = late(*words, "--offline", "--format", "json", "--max-age", "29h")
    assert found.code == 6, found.err
    if (
        found.out and "data" in found.json
    ):  # else there was too little of the past for any answer, which is 6 too
        body = found.json
        assert body["as_of"] is None or body["as_of"] <= START_MS
        assert body["age_s"] is None or body["age_s"] >= 30 * 3600
        assert (body["as_of"] is None) is (topic.reach is Reach.PORTFOLIO or topic.name == "imbalance"), (
            "nothing is held and no book is recorded; all else is known"
        )
        if body["as_of"] is not None:
            assert late(*words, "--offline", "--max-age", "90d").code == 0


def test_every_command_with_an_answer_is_about_the_market_or_said_not_to_be() -> None:
    components = {each.name for each in ALL}
    for word, entry in WORDS.items():
        module: Any = import_module(entry.module)
        app = getattr(module, "app", None) or module.build(word)
        names = {
            each.name or each.callback.__name__
            for each in app.registered_commands
            if spec_of(each.callback).schema
        }
        if word in components:
            declared = {topic.name for name, topic in TOPICS if name == word}
            assert names <= declared | OF_A_PAST
        else:
            assert word in OF_A_DESK or word in NOT_OF_THE_MARKET, f"{word}: of the market, and how old?"


@pytest.mark.parametrize(
    "words", [("status",), ("positions", "list"), ("positions", "show", "BTCUSDT")], ids=" ".join
)
def test_what_a_running_desk_says_of_its_value_is_as_old_as_the_prices_it_rests_on(
    run: Run, home: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "now_ms", lambda: recorded.T0 + 60_500)
    said = {"running": True, "positions": 1, "feeds_up": 0, "feeds": 2, "prices_at": recorded.T0 + 20_000}
    recorded.write(folders.ledger_file("demo"), beat=said)
    ours = run("fills", "list", "--format", "json").json
    answer = run(*words, "--format", "json").json
    assert (answer["as_of"], answer["age_s"]) == (recorded.T0 + 20_000, 40.5)
    assert (ours["as_of"], ours["age_s"]) == (recorded.T0 + 60_000, 0.5)
    assert run(*words, "--max-age", "30s").code == 6 and run(*words, "--max-age", "1m").code == 0
