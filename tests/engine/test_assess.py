"""Who is asked what on a running desk, and which numbers of an answer are kept as series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.engine.test_live import House
from tests.engine.test_runner import TOPIC, Seen
from tests.fakes.desk import BTC, ETH, T0
from tests.fakes.virtual import VirtualClock, run_virtually
from tradecli.components.vol.index import INDEX
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.skew import SKEW
from tradecli.components.vol.surface import SURFACE
from tradecli.components.vol.term import TERM
from tradecli.domain.events import Assessed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.engine.assess import Assessor, Running, duties
from tradecli.engine.state import State

SOL = InstrumentId("SOLUSDT@binance")
ROW = VolIndex("TERM-BTC", T0, 0.02)


def asked(of: Any) -> dict[str, tuple[InstrumentId | None, ...]]:
    running = tuple(Running(f"vol.{each.name}", each, VolSettings()) for each in of)
    found = duties(running, (BTC, ETH, SOL), (BTC, ETH, SOL), frozenset())
    return {duty.topic: duty.focuses for duty in found}


def test_a_desk_asks_for_index_term_and_skew_of_coins_with_options_four_times_an_hour() -> None:
    assert asked((INDEX, TERM, SKEW)) == dict.fromkeys(("vol.index", "vol.term", "vol.skew"), (BTC, ETH))
    assert {each.every_ms for each in (INDEX, TERM, SKEW, SURFACE)} == {15 * 60_000}


def test_a_number_is_kept_once_for_each_moment_that_it_is_of() -> None:
    topic = msgspec.structs.replace(TOPIC, kept=lambda report: (ROW,))
    assessor = Assessor((Running("vol.term", topic, None),), State([], {}), (BTC,))

    def kept(topic: str, report: Any) -> list[VolIndex]:
        return assessor.kept(Assessed(topic=topic, focus=BTC, cycle=1, ts=T0, report=report))

    assert kept("vol.term", None) == [] and kept("vol.other", Seen(1.0)) == []
    assert kept("vol.term", Seen(1.0)) == [ROW]
    assert kept("vol.term", Seen(1.0)) == [], "the same chain again"


def test_a_live_desk_knows_what_it_keeps_and_hands_it_to_the_market_store(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        house = House(tmp_path, clock)
        topic = msgspec.structs.replace(TOPIC, every_ms=1_000, kept=lambda report: (ROW,))
        house.assessor.running = {"vol.grid": Running("vol.grid", topic, None)}
        live, kept = await house.open(), list[VolIndex]()
        live.spine.keep_series = kept.append
        await live.run(house.quotes(), T0, T0 + 10_000)
        await live.close()
        assert kept == [ROW]
        assert house.engine.state.vol_indices["TERM-BTC"].last(1) == 0.02

    run_virtually(main, T0)
