"""Our rate budget: bursts are bounded, cancels keep a reserve, a venue that asks for silence gets it (V05)."""

from __future__ import annotations

from tests.fakes.virtual import VirtualClock, run_virtually
from tradecli.engine.pace import Pace
from tradecli.errors import RateLimited, Unavailable

T0 = 1_700_000_000_000


def test_orders_are_spread_over_time_and_cancels_keep_a_reserve() -> None:
    async def main(clock: VirtualClock) -> None:
        pace = Pace(clock, per_s=10, reserve=3)
        for _ in range(7):
            await pace.wait("binance", cancel=False)
        assert clock.now() == T0
        for _ in range(3):
            await pace.wait("binance", cancel=True)
        assert clock.now() == T0
        await pace.wait("binance", cancel=False)
        assert 400 <= clock.now() - T0 <= 420
        await pace.wait("okx", cancel=False)
        assert clock.now() - T0 <= 420

    run_virtually(main, T0)


def test_v05_a_venue_that_asks_for_silence_is_left_alone_as_long_as_it_says() -> None:
    async def main(clock: VirtualClock) -> None:
        pace = Pace(clock)
        pace.heard("binance", Unavailable("down", venue="binance"))
        await pace.wait("binance", cancel=False)
        assert clock.now() == T0
        pace.heard("binance", RateLimited("slow down", venue="binance", retry_after_s=3))
        pace.heard("binance", RateLimited("slow down", venue="binance", retry_after_s=1))
        await pace.wait("okx", cancel=False)
        assert clock.now() == T0
        await pace.wait("binance", cancel=True)
        assert clock.now() == T0 + 3_000
        pace.heard("binance", RateLimited("slow down", venue="binance"))
        await pace.wait("binance", cancel=True)
        assert clock.now() == T0 + 8_000

    run_virtually(main, T0)
