"""The two numbers of a chain that are kept over time, and their part in the stress score."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.vol.test_stress import AT, assess, view
from tests.fakes.desk import ETH
from tests.fakes.options import option_chain
from tests.quant.chains import flat, joined
from tests.quant.test_slices import HOSTILE
from tradecli.components.vol import curve
from tradecli.components.vol.ranked import Part
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.stress import STRESS
from tradecli.domain.feed import DAY_MS, VolIndexFeed
from tradecli.domain.series import ValueSeries
from tradecli.quant.slices import ChainArrays

EXPIRIES = (4.0, 9.0, 23.0, 37.0)


def spoiled(name: str) -> ChainArrays:
    return HOSTILE[name][0](flat(step=4_000.0, days=(23.0, 37.0)))


USABLE = {"expiries missing", "a single strike", "calls only"}
SPOILED = [name for name in sorted(set(HOSTILE) - USABLE) if np.isfinite(spoiled(name).strike).all()]
"""A strike that is no number does not get past the border of a venue."""


def skewed(k: np.ndarray) -> np.ndarray:
    return 0.50 - 0.15 * k + 0.5 * np.sqrt(k**2 + 0.01)


def daily(values: list[float], until: int = AT - DAY_MS // 4) -> ValueSeries:
    ts = np.array([until - (len(values) - 1 - i) * DAY_MS for i in range(len(values))], dtype=np.int64)
    return ValueSeries(ts, np.array(values))


def part(name: str, term: ValueSeries | None = None, skew: ValueSeries | None = None) -> Part:
    seen = view()
    seen.indices = {k: each for k, each in (("TERM-BTC", term), ("RR25-BTC", skew)) if each is not None}
    return next(each for each in assess(seen).parts if each.name == name)


def test_a_flat_chain_is_not_inverted_and_has_no_skew() -> None:
    chain = option_chain(flat(0.5, EXPIRIES, step=2_000.0), AT)
    assert curve.of_chain(chain, "term") == (pytest.approx(0.0, abs=2e-4), "")
    assert curve.of_chain(chain, "skew") == (pytest.approx(0.0, abs=2e-4), "")


def test_a_near_expiry_that_is_dearer_inverts_the_term_structure_by_the_difference() -> None:
    near, far = (flat(vol, days, step=2_000.0) for vol, days in ((0.8, EXPIRIES[:2]), (0.5, EXPIRIES[2:])))
    value, reason = curve.of_chain(option_chain(joined(near, far), AT), "term")
    assert value == pytest.approx(0.3, abs=2e-3) and not reason


def test_puts_that_are_dearer_make_the_risk_reversal_negative() -> None:
    value, reason = curve.of_chain(option_chain(flat(skewed, EXPIRIES, step=2_000.0), AT), "skew")
    assert value is not None and -0.1 < value < -0.01 and not reason


@pytest.mark.parametrize("method", curve.NUMBERS)
@pytest.mark.parametrize("name", SPOILED)
def test_a_hostile_chain_has_no_number_and_a_reason(name: str, method: str) -> None:
    value, reason = curve.of_chain(option_chain(spoiled(name), AT), method)
    assert value is None and reason


def test_the_stress_score_ranks_the_kept_series_strictly_before_today() -> None:
    rising = part("term_inversion", term=daily([i / 1000 for i in range(100)]))
    assert (rising.rank, rising.n_obs, rising.value) == (1.0, 99, 0.099)
    lowest = part("term_inversion", term=daily([0.1] * 80 + [-0.2]))
    assert lowest.rank == 0.0


def test_the_skew_part_is_the_change_of_a_week_whichever_way() -> None:
    calm = [0.001 * (i % 3) for i in range(90)]
    for jump in (0.05, -0.05):
        found = part("skew", skew=daily([*calm, calm[-7] + jump]))
        assert found.rank == 1.0 and found.value == pytest.approx(0.05)
    gap = daily([*calm])
    ts = gap.ts.copy()
    ts[-1] += DAY_MS // 4
    ts[:-1] -= 20 * DAY_MS
    assert part("skew", skew=ValueSeries(ts, gap.value)).reason == "no risk reversal of 7 days ago"


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (None, "no TERM-BTC is kept: tradecli vol backfill"),
        (daily([0.0] * 100, until=AT - 5 * DAY_MS), "TERM-BTC ends 5 days ago"),
        (daily([0.0] * 59), "59 of 60 days"),
        (daily([float("nan")] * 100), "no TERM-BTC is kept: tradecli vol backfill"),
        (daily([0.0] * 100, until=AT + DAY_MS), None),
    ],
)
def test_without_a_fresh_and_long_series_there_is_a_reason_and_never_a_look_ahead(
    series: ValueSeries | None, reason: str | None
) -> None:
    found = part("term_inversion", term=series)
    if reason is None:
        assert found.n_obs == 98, "what is later than now is not known"
    else:
        assert found.rank is None and found.reason == reason


def test_with_the_chain_known_the_score_rests_on_more_of_its_weight() -> None:
    seen = view()
    seen.indices = {"TERM-BTC": daily([i / 1000 for i in range(100)])}
    report = assess(seen)
    assert report.coverage == pytest.approx(0.75)
    before = assess(view())
    assert report.score is not None and before.score is not None
    assert report.score == pytest.approx((before.score * 0.60 + 100 * 0.15) / 0.75), "it ranks highest"


def test_a_coin_listens_to_the_series_of_its_own_chain() -> None:
    names = {feed.name for feed in STRESS.feeds(ETH, VolSettings()) if isinstance(feed, VolIndexFeed)}
    assert names == {"TERM-ETH", "RR25-ETH", "SPREAD-ETHUSDT@binance", "DEPTH10-ETHUSDT@binance"}
