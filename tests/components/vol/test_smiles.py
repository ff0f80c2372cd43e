"""``vol term``, ``vol skew`` and ``vol surface``: one chain, three answers, and none that hides what was replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.fakes.desk import BTC, ETH, linear
from tests.fakes.options import option_chain
from tests.fakes.view import FakeView
from tests.quant.chains import flat
from tests.quant.test_slices import HOSTILE
from tradecli import codec
from tradecli.components.base import NoQuery, Topic
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.skew import SKEW, SkewQuery
from tradecli.components.vol.surface import SURFACE
from tradecli.components.vol.term import TERM
from tradecli.domain.enums import Quality
from tradecli.domain.feed import HOUR_MS
from tradecli.domain.market import OptionChain

AT = 20_000 * 24 * HOUR_MS
TOPICS = {"term": (TERM, NoQuery()), "skew": (SKEW, SkewQuery()), "surface": (SURFACE, NoQuery())}


def skewed(k: np.ndarray) -> np.ndarray:
    return 0.50 - 0.15 * k + 0.5 * np.sqrt(k**2 + 0.01)


def ask(topic: Topic, query: Any, chain: OptionChain | None) -> Any:
    view = FakeView(AT, BTC, (linear(),), chains={"BTC": chain} if chain is not None else {})
    report = topic.assess(view, VolSettings(), query)
    assert codec.decode(codec.encode(report), topic.report) == report
    assert topic.present(report).blocks
    assert all(each.as_of is None or each.as_of <= AT for each in topic.inputs(report))
    return report


@pytest.fixture(scope="module")
def chain() -> OptionChain:
    return option_chain(flat(skewed, (9.0, 37.0, 120.0), step=2_000.0), AT - 1_000)


def test_the_term_structure_has_every_expiry_and_marks_tenors_beyond_them(chain: OptionChain) -> None:
    report = ask(TERM, NoQuery(), chain)
    assert [round(each.days) for each in report.expiries] == [9, 37, 120]
    tenors = {each.days: each for each in report.tenors}
    assert [days for days, each in tenors.items() if not each.is_inside] == [7, 180]
    assert tenors[30].atm == pytest.approx(0.55, abs=0.01)
    assert report.slope == pytest.approx(0.0, abs=0.01)
    assert report.ratio is None and report.is_inverted is None, "seven days lie before the first expiry"


def test_a_surface_is_recorded_with_the_level_and_the_risk_reversal_of_each_expiry(
    chain: OptionChain,
) -> None:
    found = {each.name: each for each in SURFACE.inputs(ask(SURFACE, NoQuery(), chain))}
    assert list(found) == [f"{name} {days} d" for days in (9, 37, 120) for name in ("smile", "smile RR25")]
    skew = {round(each.days): each.rr25 for each in ask(SKEW, SkewQuery(), chain).expiries}
    assert found["smile RR25 37 d"].value == pytest.approx(skew[37], abs=0.01) and (skew[37] or 0.0) < 0.0
    assert all((each.value is None) == (each.quality is Quality.UNAVAILABLE) for each in found.values())
    assert all(each.value is not None or each.reason for each in found.values())


def test_the_skew_names_its_convention_and_differs_under_the_other(chain: OptionChain) -> None:
    forward, premium = ask(SKEW, SkewQuery(), chain), ask(SKEW, SkewQuery(delta="premium"), chain)
    assert "N(d1)" in forward.convention and "(K/F)" in premium.convention
    for one, other in zip(forward.expiries, premium.expiries, strict=True):
        assert one.rr25 is not None and one.rr25 < 0.0
        assert other.rr25 is not None and other.rr25 < one.rr25
        assert one.put_strike < 60_400.0 < one.call_strike
        assert not one.is_extrapolated


def test_the_surface_has_fits_checks_and_a_grid_within_the_quotes(chain: OptionChain) -> None:
    report = ask(SURFACE, NoQuery(), chain)
    assert report.quality is Quality.OK and report.calendar == ()
    for each in report.expiries:
        assert each.is_free_of_butterflies and each.fit_error < 0.01
        middle = report.grid.index(0.0)
        assert each.vols[middle] == pytest.approx(each.atm)
    assert report.ssvi is not None and report.ssvi.converged


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_chain_gives_a_named_quality_and_no_exception(name: str, topic: str) -> None:
    with np.errstate(all="ignore"):
        arrays = HOSTILE[name][0](flat(step=4_000.0, days=(23.0, 37.0)))
        found = option_chain(
            flat(step=4_000.0, days=(23.0,)) if np.isnan(arrays.strike).any() else arrays, AT - 1_000
        )
        if np.isnan(arrays.strike).any():
            nan = float("nan")
            found = msgspec.structs.replace(
                found,
                quotes=tuple(msgspec.structs.replace(each, strike=nan, bid=nan) for each in found.quotes),
            )
        report = ask(*TOPICS[topic], found)
    if name in ("expiries missing", "a single strike", "calls only"):
        assert report.quality in (Quality.UNAVAILABLE, Quality.DEGRADED, Quality.OK)
        return
    assert report.quality is Quality.UNAVAILABLE and report.reason
    assert report.expiries == ()


@pytest.mark.parametrize("topic", TOPICS)
def test_without_a_chain_there_is_a_reason_and_nothing_else(topic: str) -> None:
    report = ask(*TOPICS[topic], None)
    assert report.reason == "no option chain of BTC at deribit" and report.as_of is None


def test_calendar_violations_are_shown_and_degrade_the_surface() -> None:
    near, far = (
        option_chain(flat(vol, (days,), step=2_000.0), AT - 1_000) for vol, days in ((0.8, 23.0), (0.4, 37.0))
    )
    both = msgspec.structs.replace(near, quotes=(*near.quotes, *far.quotes))
    report = ask(SURFACE, NoQuery(), both)
    assert report.quality is Quality.DEGRADED
    assert len(report.calendar) == 1 and "1 calendar violations" in report.reason
    assert report.expiries[1].forward_vol is None


def test_a_coin_without_options_has_no_feed_of_them() -> None:
    feeds: Callable[..., tuple[object, ...]] = SURFACE.feeds
    assert len(feeds(BTC, VolSettings())) == len(feeds(ETH, VolSettings())) == 1
    assert feeds("SOLUSDT@binance", VolSettings()) == ()
