"""``vol index``: which index answered, by what it is made, and what is said when there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fakes.desk import BTC, linear
from tests.fakes.options import option_chain
from tests.fakes.view import FakeView, values
from tests.quant.chains import flat, only
from tests.quant.test_slices import HOSTILE
from tradecli import codec
from tradecli.components.vol import implied
from tradecli.components.vol.index import INDEX, IndexQuery, IndexReport, assess
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.market import OptionChain
from tradecli.quant.slices import ChainArrays

AT = 20_000 * 24 * HOUR_MS


def smile(k: np.ndarray) -> np.ndarray:
    return 0.55 - 0.1 * k + 0.3 * k * k


def look(
    chain: ChainArrays | OptionChain | None = None,
    *,
    age_ms: int = 1_000,
    dvol: float | None = None,
    imported: float | None = None,
    **query: object,
) -> IndexReport:
    made = chain if chain is None or isinstance(chain, OptionChain) else option_chain(chain, AT - age_ms)
    indices = {"DVOL-BTC": dvol, "BITVOL-BTC": imported}
    view = FakeView(
        AT,
        BTC,
        (linear(),),
        chains={"BTC": made} if made is not None else {},
        indices={name: values([(AT - MINUTE_MS, vol)]) for name, vol in indices.items() if vol is not None},
    )
    report = assess(view, VolSettings(), IndexQuery(**query))  # type: ignore[arg-type]
    assert codec.decode(codec.encode(report), IndexReport) == report
    assert INDEX.present(report).blocks and INDEX.inputs(report)
    return report


def test_bvx_shows_both_constructions_their_difference_and_dvol_beside() -> None:
    report = look(flat(smile, step=2_000.0), dvol=0.56)
    assert (report.method, report.quality, report.reason) == ("bvx full, two expiries", Quality.OK, "")
    assert report.value == report.full
    assert report.full is not None and report.five_delta is not None
    assert report.wing_share == pytest.approx(report.full - report.five_delta)
    assert report.dvol_difference == pytest.approx(report.full - 0.56)
    assert report.smooth == pytest.approx(report.full, abs=0.01)
    assert [round(each.days) for each in report.expiries] == [23, 37]
    assert report.strip == ()
    cut = look(flat(smile, step=2_000.0), wings="5d")
    assert cut.value == report.five_delta


def test_the_strip_lists_every_strike_with_its_share() -> None:
    report = look(flat(smile, step=2_000.0), strip=True)
    for expiry in report.expiries:
        rows = [each for each in report.strip if each.expiry_ts == expiry.expiry_ts]
        assert len(rows) == expiry.puts + expiry.calls + 1
        assert sum(each.share for each in rows) == pytest.approx(1.0)
        assert {each.side for each in rows} == {"put", "both", "call"}


def test_a_difference_of_more_than_three_points_to_dvol_is_an_alert() -> None:
    assert any("differ by" in text for text in look(flat(0.6, step=2_000.0), dvol=0.5).notices)
    assert look(flat(0.6, step=2_000.0), dvol=0.59).notices == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_chain_has_a_named_quality_and_never_a_value_of_its_own(name: str) -> None:
    spoil, _ = HOSTILE[name]
    with np.errstate(all="ignore"):
        arrays = spoil(flat(step=2_000.0))
        if np.isfinite(arrays.strike).all() and np.isfinite(arrays.years).all():
            chain = option_chain(arrays, AT - 1_000)
        else:
            chain = replace_quotes(option_chain(flat(step=2_000.0), AT - 1_000))
        alone, beside = look(chain), look(chain, dvol=0.5)
    assert (alone.value, alone.quality) == (None, Quality.UNAVAILABLE) and alone.reason
    assert (beside.value, beside.quality, beside.method) == (0.5, Quality.FALLBACK, "dvol")
    assert beside.reason == alone.reason


def replace_quotes(chain: OptionChain) -> OptionChain:
    """Return a chain whose every number is NaN."""
    import msgspec

    nan = float("nan")
    quotes = tuple(
        msgspec.structs.replace(each, strike=nan, bid=nan, ask=nan, underlying=nan) for each in chain.quotes
    )
    return msgspec.structs.replace(chain, quotes=quotes)


def test_without_a_chain_or_with_an_old_one_the_answer_is_dvol_by_name_or_nothing() -> None:
    assert look().reason == "no option chain of BTC at deribit"
    old = look(flat(step=2_000.0), age_ms=3 * HOUR_MS)
    assert (old.value, old.reason) == (None, "chain is 3.0 h old, over 2 h")
    late = look(flat(step=2_000.0), age_ms=5 * MINUTE_MS)
    assert (late.quality, late.reason) == (Quality.DEGRADED, "chain is 5 min old")
    assert look(dvol=0.5).method == "dvol"


def test_dvol_and_imported_values_are_answered_as_published() -> None:
    published = look(dvol=0.52, method="dvol")
    assert (published.value, published.source, published.dvol_difference) == (0.52, "DVOL-BTC", None)
    licensed = look(dvol=0.52, imported=0.54, method="import")
    assert (licensed.value, licensed.source) == (0.54, "BITVOL-BTC")
    assert licensed.dvol_difference == pytest.approx(0.02)
    assert look(method="import").reason == "no BITVOL-BTC"


def test_the_composite_takes_the_own_index_and_falls_back_to_dvol_with_the_reason() -> None:
    good = option_chain(flat(step=2_000.0), AT - 1_000)
    dead = option_chain(replace(flat(step=2_000.0), bid=0.0 * flat(step=2_000.0).bid), AT - 1_000)
    indices = {"DVOL-BTC": values([(AT - MINUTE_MS, 0.5)])}
    own = implied.own_index(
        FakeView(AT, BTC, (linear(),), chains={"BTC": good}, indices=indices), "BTC", VolSettings()
    )
    assert own.method == "BVX full, two expiries" and own.quality is Quality.OK
    fallen = implied.own_index(
        FakeView(AT, BTC, (linear(),), chains={"BTC": dead}, indices=indices), "BTC", VolSettings()
    )
    assert (fallen.value, fallen.quality) == (0.5, Quality.FALLBACK)
    assert "no expiry" in fallen.reason
    neither = implied.own_index(FakeView(AT, BTC, (linear(),)), "BTC", VolSettings())
    assert neither.value is None and neither.reason == "no DVOL-BTC; no option chain of BTC at deribit"
    narrow = option_chain(only(flat(), (flat().strike > 57_000) & (flat().strike < 64_000)), AT - 1_000)
    thin = implied.own_index(FakeView(AT, BTC, (linear(),), chains={"BTC": narrow}), "BTC", VolSettings())
    assert thin.quality is Quality.FALLBACK and thin.method == "BVX full, smiles integrated"
