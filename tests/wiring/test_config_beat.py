"""An edited file reaches a running engine by its beat, and its ledger with the digest of what was edited (G06)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.config.conftest import RISK
from tests.engine.test_live import House, Mode
from tests.fakes.virtual import VirtualClock, run_virtually
from tradecli.config.changes import ConfigWatch
from tradecli.config.loading import load
from tradecli.engine.clock import SystemClock
from tradecli.engine.picture import Pictures
from tradecli.engine.snapshot import Snapshot
from tradecli.store.reader import LedgerReader
from tradecli.wiring.config_beat import with_config

T0 = 1_700_000_000_000


def test_g06_a_tighter_limit_binds_a_running_engine_and_is_a_step_of_its_ledger(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(RISK)
    again = lambda: load("paper", str(path), environment={})  # noqa: E731 - one expression
    watch = ConfigWatch(again(), again)
    beats: list[Snapshot] = []

    async def beat(snapshot: Snapshot) -> None:
        beats.append(snapshot)

    async def main(clock: VirtualClock) -> float:
        house = House(tmp_path, clock)
        live = await house.open()
        pictures = Pictures(house.engine, live.heard, Mode.PAPER, "p", 1, "a test")

        async def look() -> None:
            if len(beats) < 3:
                snapshot = pictures.take(clock.now(), running=True, events_per_s=None)
                for event in watch.look(clock.now()):
                    live.inbox.append(event)
                await beat(snapshot)

        live.on_breath = look
        path.write_text(RISK.replace("max_symbol_pct = 10", "max_symbol_pct = 7") + "\n[paper]\nseed = 9\n")
        await live.run(house.quotes(), T0, T0 + 2_000)
        await live.close()
        return house.engine.desk.limits.max_symbol_pct

    assert run_virtually(main, T0) == 7.0
    with LedgerReader(tmp_path / "l.db") as reader:
        kinds = [kind for _, _, _, kind, _ in reader.step_rows("p")]
        assert kinds.count("LimitsTightened") == 1 and reader.verify("p").ok
        texts = [notice.text for notice in reader.notices("p")]
    assert any("tighter from now on" in text for text in texts)
    assert any("in force at the next start: paper.seed = 9" in text for text in texts)


def test_g06_the_beat_leaves_its_sign_first_and_then_hands_in_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(RISK)
    again = lambda: load("paper", str(path), environment={})  # noqa: E731 - one expression

    async def main() -> list[str]:
        house = House(tmp_path, SystemClock())
        live = await house.open()
        done: list[str] = []

        async def beat(_: Snapshot) -> None:
            done.append("beat")

        both = with_config(beat, ConfigWatch(again(), again), live)
        picture = Pictures(house.engine, live.heard, Mode.PAPER, "p", 1, "a test")
        path.write_text(RISK + "\n[paper]\nseed = 9\n")
        for _ in range(2):
            await both(picture.take(T0, running=True, events_per_s=None))
        await live.keeper.store.close()  # type: ignore[attr-defined]
        return done + [type(event).__name__ for event in live.inbox]

    assert asyncio.run(main()) == ["beat", "beat", "Noted"]
