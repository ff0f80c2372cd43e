"""The LVX basket: whose volatility comes from where, what is dropped, and when there is no basket."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fakes.desk import linear
from tests.fakes.options import option_chain
from tests.fakes.view import FakeView, values, walk
from tests.quant.chains import flat
from tradecli.components.bars import usable
from tradecli.components.vol import basket
from tradecli.components.vol.index import IndexQuery, assess
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId

AT = 20_000 * DAY_MS + 2_000
COINS = ("BTC", "ETH", "BNB", "SOL")
IDS = {coin: InstrumentId(f"{coin}USDT@binance") for coin in COINS}


def view(
    coins: tuple[str, ...] = COINS, *, chain: bool = True, dvol: bool = True, days: int = 120, extra: str = ""
) -> FakeView:
    bars = {
        (IDS[coin], DAY_MS): walk(days, 0.6, DAY_MS, until=AT - 2_000, seed=seed, start=100.0 / 4.0**seed)
        for seed, coin in enumerate(coins)
    }
    specs = [linear(IDS[coin]) for coin in coins]
    if extra:
        stable = InstrumentId(extra)
        bars[(stable, DAY_MS)] = walk(days, 0.01, DAY_MS, until=AT - 2_000)
        specs.append(linear(stable))
    hours = [(AT - HOUR_MS * n, 0.66) for n in range(90 * 24, 0, -1)]
    return FakeView(
        AT,
        IDS["BTC"],
        tuple(specs),
        bars=bars,
        indices={f"DVOL-{coin}": values(hours) for coin in ("BTC", "ETH")} if dvol else {},
        chains={"BTC": option_chain(flat(0.7, step=2_000.0), AT - 1_000)} if chain else {},
    )


def find(seen: FakeView) -> basket.BasketFound:
    return basket.find(seen, VolSettings())


def test_each_member_says_where_its_volatility_comes_from() -> None:
    found = find(view())
    members = {each.coin: each for each in found.members}
    assert members["BTC"].method == "BVX full, two expiries"
    assert members["BTC"].vol == pytest.approx(0.7, abs=0.01)
    assert (members["ETH"].vol, members["ETH"].method) == (0.66, "published index")
    assert members["BNB"].method.startswith("ewma ×") and not members["BNB"].is_implied
    assert found.premium_factor == pytest.approx(1.1, abs=0.15)
    assert found.index is not None and found.own is not None and found.own < found.index
    assert found.ex_btc is not None and found.btc_load == pytest.approx(0.3 + 0.25 * members["BTC"].weight)
    assert sum(each.weight or 0.0 for each in found.members) == pytest.approx(1.0)
    assert found.title == "LXVX-equivalent"


def test_a_basket_without_implied_members_is_mostly_realised_and_says_that_nothing_was_scaled() -> None:
    found = find(view(chain=False, dvol=False))
    assert found.label == "mostly realised" and found.quality is Quality.DEGRADED
    assert found.implied_share == 0.0 and found.premium_factor is None
    assert "forecasts are not scaled" in found.reason


def test_two_coins_are_no_basket_and_short_histories_are_no_members() -> None:
    two = find(view(("BTC", "ETH")))
    assert two.index is None and two.reason == "2 of the 3 members that a basket needs have a volatility"
    assert find(view(days=60)).members == ()
    assert basket.measure(two).value is None


def test_pegged_coins_are_no_members() -> None:
    found = find(view(extra="DAIUSDT@binance"))
    assert "DAI" not in [each.coin for each in found.members]


def test_an_old_chain_gives_way_to_the_published_index() -> None:
    seen = view()
    seen.chains = {"BTC": option_chain(flat(0.7, step=2_000.0), AT - HOUR_MS)}
    members = {each.coin: each for each in find(seen).members}
    assert (members["BTC"].vol, members["BTC"].method) == (0.66, "published index")


def test_the_command_answers_with_the_basket_and_lists_members_when_asked() -> None:
    seen = view()
    short = assess(seen, VolSettings(), IndexQuery(method="lvx"))
    full = assess(seen, VolSettings(), IndexQuery(method="lvx", members=True))
    assert short.value == full.value is not None
    assert short.basket is not None and short.basket.members == ()
    assert full.basket is not None and len(full.basket.members) == 4
    again = FakeView(**{**vars(seen), "reports": (full,)})
    assert assess(again, VolSettings(), IndexQuery(method="lvx")).value == full.value


def test_a_price_that_never_moved_is_dropped_and_the_others_take_its_weight() -> None:
    seen = view()
    still = seen.bars[(IDS["SOL"], DAY_MS)]
    flat_price = np.full(len(still), 20.0)
    seen.bars = {
        **seen.bars,
        (IDS["SOL"], DAY_MS): type(still)(
            DAY_MS, still.ts, flat_price, flat_price, flat_price, flat_price, still.volume
        ),
    }
    found = find(seen)
    sol = next(each for each in found.members if each.coin == "SOL")
    assert sol.vol is None and sol.weight is None
    assert "1 members without a volatility" in found.reason
    assert found.index is not None


def test_the_longer_past_that_another_topic_keeps_does_not_move_the_basket() -> None:
    whole, short = view(days=500), view(days=500)
    short.bars = {
        key: usable(each, AT, basket.HISTORY_DAYS + basket.SEED_DAYS) for key, each in whole.bars.items()
    }
    assert find(short) == find(whole)
