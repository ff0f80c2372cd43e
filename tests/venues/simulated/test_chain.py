"""Option chains: what is listed, that quotes are possible, that smiles admit no arbitrage and follow volatility."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.venues.simulated.scene import PLAIN, everything, listen, of
from tradecli.domain.enums import OptionType
from tradecli.domain.feed import DAY_MS, HOUR_MS, OptionsFeed, VolIndexFeed
from tradecli.domain.market import OptionChain, OptionQuote, VolIndex
from tradecli.venues.simulated import START_MS, SimulatedMarket, Tape
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.chain import Chains, black_76, expiries
from tradecli.venues.simulated.smile import ATM_LEVEL, Smile, Surface, surface
from tradecli.venues.simulated.tapes import Surge

Floats = NDArray[np.float64]
FLAT = Smile(0.0, 0.0)
BTC_SMILE = Smile(cal.SSVI_RHO["BTC"], cal.SSVI_C["BTC"])
FEED = [OptionsFeed("deribit", "BTC"), VolIndexFeed("DVOL-BTC")]


def flat_chain(sigma: float) -> OptionChain:
    return Chains(1, "BTC").chain(START_MS, 92_790.0, lambda days: sigma**2 * days / 365.0, FLAT)


def by_expiry(chain: OptionChain) -> dict[int, list[OptionQuote]]:
    found: dict[int, list[OptionQuote]] = defaultdict(list)
    for quote in chain.quotes:
        found[quote.expiry_ts].append(quote)
    return found


def strip_vol(quotes: list[OptionQuote], ts: int) -> float:
    """Return the model-free volatility of one expiry from its marks (METHODS section 1)."""
    forward, years = quotes[0].underlying, (quotes[0].expiry_ts - ts) / (365 * DAY_MS)
    strikes = np.array(sorted({quote.strike for quote in quotes}))
    mark = {(quote.strike, quote.option_type): (quote.mark or 0.0) * forward for quote in quotes}
    at = strikes[strikes <= forward][-1]
    out = [
        (mark[at, OptionType.CALL] + mark[at, OptionType.PUT]) / 2
        if k == at
        else mark[k, OptionType.PUT if k < at else OptionType.CALL]
        for k in strikes
    ]
    width = np.gradient(strikes)
    return math.sqrt(
        2 / years * float((width / strikes**2 * np.array(out)).sum()) - (forward / at - 1) ** 2 / years
    )


def test_eight_expiries_at_eight_utc_bracket_thirty_days() -> None:
    listed = expiries(START_MS)
    assert len(listed) == len(set(listed)) == 8
    assert list(listed) == sorted(listed)
    assert all(each % DAY_MS == 8 * HOUR_MS for each in listed)
    days = [(each - START_MS) / DAY_MS for each in listed]
    assert [day for day in days if 7 <= day <= 30]
    assert [day for day in days if 30 < day <= 90]


def test_all_but_the_days_expire_on_fridays_and_the_last_four_at_month_ends() -> None:
    for ts in range(START_MS, START_MS + 200 * DAY_MS, 3 * DAY_MS + HOUR_MS):
        listed = expiries(ts)
        assert listed[0] > ts and len(set(listed)) == 8
        dates = [datetime.fromtimestamp(each / 1000, UTC) for each in listed]
        assert all(date.weekday() == 4 for date in dates[2:])
        assert all(
            (date.timestamp() + 7 * 86_400)
            and datetime.fromtimestamp(date.timestamp() + 7 * 86_400, UTC).month != date.month
            for date in dates[4:]
        )


def test_each_chain_lists_some_dozens_of_strikes_an_expiry_with_deribits_names() -> None:
    for chain in of(OptionChain, everything()):
        sizes = [len({quote.strike for quote in quotes}) for quotes in by_expiry(chain).values()]
        assert len(sizes) == 8
        assert min(sizes) >= 20 and max(sizes) <= 70
        assert 25 <= np.mean(sizes) <= 50
        for quote in chain.quotes:
            assert re.fullmatch(chain.currency + r"-\d{1,2}[A-Z]{3}\d\d-\d+-[CP]@deribit", quote.instrument)


def test_quotes_are_on_the_tick_around_the_mark_and_never_crossed() -> None:
    for chain in of(OptionChain, everything()):
        for quote in chain.quotes:
            assert quote.ask is not None and quote.mark is not None
            assert quote.ask >= quote.mark - 1e-6
            assert quote.bid is None or 0 < quote.bid <= quote.mark + 1e-6 < quote.ask + 2e-6
            for price in (quote.bid, quote.ask):
                if price is not None:
                    tick = 0.0001 if price < 0.005 else 0.0005
                    assert abs(round(price / tick) * tick - price) < 1e-9


def test_far_options_have_no_bid_and_near_ones_are_quoted_tight() -> None:
    chain = next(chain for chain in of(OptionChain, everything()) if chain.currency == "BTC")
    far = [quote for quote in chain.quotes if abs(quote.delta or 0) < 0.002]
    assert 0.3 < np.mean([quote.bid is None for quote in far]) <= 1.0  # recorded .63 below .005
    near = [quote for quote in chain.quotes if 0.3 < abs(quote.delta or 0) < 0.5]
    widths = [(quote.ask or 0) - (quote.bid or 0) for quote in near]
    assert 0.0005 <= float(np.median(widths)) <= 0.002  # recorded .001


def test_put_call_parity_holds_in_coin() -> None:
    for chain in of(OptionChain, everything()):
        marks = {(quote.expiry_ts, quote.strike, quote.option_type): quote for quote in chain.quotes}
        for (expiry, strike, kind), call in marks.items():
            if kind is OptionType.CALL:
                put = marks[expiry, strike, OptionType.PUT]
                assert (call.mark or 0) - (put.mark or 0) == pytest.approx(
                    1 - strike / call.underlying, abs=2e-6
                )
                assert (call.delta or 0) - (put.delta or 0) == pytest.approx(1.0, abs=2e-5)


def test_a_chain_at_flat_volatility_returns_it() -> None:
    chain = flat_chain(0.60)
    assert {quote.mark_iv for quote in chain.quotes} == {0.6}
    for quotes in by_expiry(chain).values():
        if quotes[0].expiry_ts - START_MS > 7 * DAY_MS:
            assert strip_vol(quotes, START_MS) == pytest.approx(0.60, abs=0.006)


def test_the_strip_of_a_flat_smile_is_its_variance_and_of_a_curved_one_is_more() -> None:
    theta = np.array([0.005, 0.02, 0.2])
    assert FLAT.strip(theta) == pytest.approx(theta, rel=1e-6)
    assert np.all(BTC_SMILE.strip(theta) > 1.05 * theta)


@pytest.mark.parametrize("skew", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("shift", [-0.6, 0.0, 1.5])
def test_no_smile_of_the_surface_admits_butterfly_or_calendar_arbitrage(skew: float, shift: float) -> None:
    for coin in ("BTC", "ETH"):
        now = surface(coin, np.array([0.4, -0.3, 0.5]), shift, 1.0, skew)
        days = np.array([0.3, 1, 2, 7, 14, 30, 60, 90, 180, 300], dtype=np.float64)
        thetas = now.thetas(days)
        assert np.all(np.diff(thetas) > 0)
        k = np.linspace(-1.5, 1.5, 1_201)
        slices = [now.smile.total_variance(np.array([theta]), k) for theta in thetas]
        for low, high in pairwise(slices):
            assert np.all(high >= low - 1e-12)
        for theta, w in zip(thetas, slices, strict=True):
            inside = np.abs(k) < 8 * math.sqrt(theta)
            if inside.sum() > 50:
                slope, bend = np.gradient(w, k), np.gradient(np.gradient(w, k), k)
                g = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
                assert g[inside][3:-3].min() > -1e-3


def test_call_prices_fall_and_bend_upward_over_strikes() -> None:
    for chain in of(OptionChain, everything()):
        for quotes in by_expiry(chain).values():
            calls = sorted(
                (q.strike, (q.mark or 0) * q.underlying) for q in quotes if q.option_type is OptionType.CALL
            )
            prices, strikes = np.array([p for _, p in calls]), np.array([k for k, _ in calls])
            slopes = np.diff(prices) / np.diff(strikes)
            assert np.all(slopes <= 1e-4) and np.all(slopes >= -1 - 1e-4)
            assert (
                np.diff(slopes).min() > -0.01
            )  # marks are rounded to a millionth of a coin, volatility to a point


def test_the_smile_has_the_recorded_skew_and_curvature() -> None:
    y = np.linspace(-2, 2, 41)
    for coin, (slope, curve) in {"BTC": (-0.09, 0.052), "ETH": (-0.057, 0.050)}.items():
        theta = np.array([0.02])
        ratio = np.sqrt(
            Smile(cal.SSVI_RHO[coin], cal.SSVI_C[coin]).total_variance(theta, y * math.sqrt(0.02)) / 0.02
        )
        found = np.polyfit(y, ratio, 2)
        assert found[1] == pytest.approx(slope, abs=0.03)
        assert found[0] == pytest.approx(curve, abs=0.02)


def test_volatility_at_the_money_follows_the_factors_most_at_the_short_end() -> None:
    calm, wild = (
        Surface("BTC", (x, x, 0.0), 0.0, 1.0, BTC_SMILE).atm(np.array([1.0, 30.0, 180.0])) for x in (0.0, 0.5)
    )
    assert calm[1] == pytest.approx(ATM_LEVEL, rel=1e-6)
    rise = wild / calm - 1
    assert rise[0] > 0.25 > rise[1] > rise[2] > 0


def test_stress_lifts_the_short_end_the_index_and_the_width_of_quotes() -> None:
    stress = Tape(
        name="stress", summary="", teaches="", breaker="", alerts=(), exit_code=0, lasts_s=0,  # type: ignore[arg-type]
        episodes=(Surge(start_s=20, end_s=600, vol=4.0, spread_bp=4.0),),
    )  # fmt: skip
    events = listen(42, stress, 70, FEED)
    chains = of(OptionChain, events)

    def near(chain: OptionChain) -> float:
        first = next(iter(by_expiry(chain).values()))
        return min(first, key=lambda quote: abs(quote.strike - quote.underlying)).mark_iv or 0.0

    def width(chain: OptionChain) -> float:
        return float(
            np.median([(q.ask or 0) - (q.bid or 0) for q in chain.quotes if 0.2 < abs(q.delta or 0) < 0.6])
        )

    assert near(chains[-1]) > 1.3 * near(chains[0])
    assert width(chains[-1]) > 1.5 * width(chains[0])
    indices = of(VolIndex, events)
    assert indices[-1].value > indices[0].value


def test_the_index_is_the_strip_of_the_surface_at_thirty_days() -> None:
    now = surface("BTC", np.zeros(3), 0.0, 1.0, 0.0)
    chain = Chains(1, "BTC").chain(START_MS, 92_790.0, now.thetas, now.smile)
    days = {
        quotes[0].expiry_ts: (quotes[0].expiry_ts - START_MS) / DAY_MS for quotes in by_expiry(chain).values()
    }
    total = {
        days[expiry]: strip_vol(quotes, START_MS) ** 2 * days[expiry]
        for expiry, quotes in by_expiry(chain).items()
    }
    near = max(day for day in total if day <= 30)
    far = min(day for day in total if day > 30)
    share = (30 - near) / (far - near)
    blended = math.sqrt((total[near] * (1 - share) + total[far] * share) / 30)
    assert now.volatility_index() == pytest.approx(blended, abs=0.012)  # the chain ends at 3.2 deviations
    assert now.volatility_index() == pytest.approx(cal.INDEX_LEVEL, abs=0.005)


def test_forwards_lie_above_the_index_by_the_recorded_carry() -> None:
    chain = next(chain for chain in of(OptionChain, everything()) if chain.currency == "BTC")
    for expiry, quotes in by_expiry(chain).items():
        years = (expiry - chain.ts) / (365 * DAY_MS)
        carry = math.log(quotes[0].underlying / chain.index) / years
        assert 0.0 <= carry < 0.045


def test_strikes_are_added_when_the_price_runs_away_and_none_is_withdrawn() -> None:
    chains = Chains(1, "BTC")
    first = chains.chain(START_MS, 92_790.0, lambda days: 0.16 * days / 365.0, FLAT)
    later = chains.chain(START_MS + 60_000, 75_000.0, lambda days: 0.16 * days / 365.0, FLAT)
    before = {quote.instrument for quote in first.quotes}
    after = {quote.instrument for quote in later.quotes}
    assert before < after
    assert all(min(q.strike for q in quotes) < 75_000 for quotes in by_expiry(later).values())


def test_black_76_of_a_known_case() -> None:
    call, delta = black_76(100.0, np.array([100.0]), np.array([0.2]))
    assert call[0] == pytest.approx(7.965567, abs=1e-6)  # 100 (2 N(0.1) - 1)
    assert delta[0] == pytest.approx(0.539828, abs=1e-6)


@pytest.mark.asyncio
async def test_the_past_of_the_index_joins_the_live_one() -> None:
    market = SimulatedMarket(42, PLAIN)
    values = of(VolIndex, await market.history(VolIndexFeed("DVOL-BTC", 30 * DAY_MS), START_MS))
    assert len(values) == pytest.approx(720, abs=2)
    live = next(index for index in of(VolIndex, everything()) if index.name == "DVOL-BTC")
    assert values[-1].value == pytest.approx(live.value, rel=0.02)
    assert values[-2].value == pytest.approx(live.value, rel=0.12)
