"""The 30-day index: a flat chain within its stated bounds, a wing that is dropped, fallbacks by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quant.chains import flat, only
from tradecli.quant.bvx import WINGS, Bvx, bvx, integrated
from tradecli.quant.slices import ChainArrays, slices
from tradecli.quant.surface import fit


def index(chain: ChainArrays, wings: str = "full", *, smooth: bool = False) -> Bvx:
    found, _ = slices(chain)
    return bvx(found, wings, lambda: fit(found).smiles, smooth=smooth)


@given(
    st.floats(0.25, 0.9), st.sampled_from([500.0, 1_000.0, 2_000.0]), st.floats(0.5, 0.7), st.floats(1.5, 2.5)
)
@settings(max_examples=25)
def test_a_flat_chain_has_its_own_volatility_within_the_stated_bounds(
    vol: float, step: float, low: float, high: float
) -> None:
    found = index(flat(vol, low=low, high=high, step=step))
    assert found.vol is not None and found.left_out is not None and found.coarse is not None
    assert vol - found.left_out - 1e-4 <= found.vol <= vol + found.coarse + 1e-4


def test_a_wide_chain_is_ok_and_both_constructions_differ_by_the_wing_share() -> None:
    found = index(flat())
    assert (found.quality, found.method, found.truncated, found.reasons) == ("ok", "two expiries", False, ())
    assert found.vol == found.full == pytest.approx(0.6, abs=0.002)
    cut = index(flat(), "5d")
    assert cut.vol == found.cut and cut.quality == "ok" and not cut.truncated
    assert found.wing_share == pytest.approx(found.full - found.cut)
    assert 0.005 < found.wing_share < 0.05


def test_a_wing_of_more_than_a_twentieth_of_the_variance_grades_the_index_down() -> None:
    chain = flat()
    assert index(only(chain, chain.strike >= 49_500.0)).quality == "degraded"


@pytest.mark.parametrize("side", ["puts", "calls"])
def test_dropping_a_wing_moves_the_index_as_predicted_and_marks_it_truncated(side: str) -> None:
    chain = flat()
    whole = index(chain)
    kept = chain.strike >= 48_000.0 if side == "puts" else chain.strike <= 78_000.0
    cut = index(only(chain, kept))
    assert cut.truncated
    assert any(side in reason and "truncated" in reason for reason in cut.reasons)
    assert whole.vol is not None and cut.vol is not None and cut.left_out is not None
    assert cut.vol < whole.vol - 0.005
    # The end strike loses half its width with the wing, which the closed form beyond it does not see.
    assert cut.vol + cut.left_out == pytest.approx(whole.vol, abs=0.15 * (whole.vol - cut.vol))


def test_one_expiry_alone_is_degraded_and_none_falls_back_to_nothing() -> None:
    alone = index(flat(days=(37.0,)))
    assert (alone.quality, alone.method) == ("degraded", "one expiry")
    assert alone.vol == pytest.approx(0.6, abs=0.005)
    nothing = index(flat(days=(65.0,)))
    assert nothing.vol is None and "one expiry alone, of 65.0 days" in nothing.reasons[0]


def test_where_the_strips_are_refused_the_smiles_are_integrated_and_it_says_so() -> None:
    chain = flat(low=0.9, high=1.12)
    found = index(chain)
    assert (found.method, found.quality) == ("smiles integrated", "fallback")
    assert found.vol == pytest.approx(0.6, abs=0.02)
    assert any("standard deviations" in reason for reason in found.reasons)


def test_a_refused_expiry_between_the_used_ones_degrades_the_index() -> None:
    chain = flat(days=(16.0, 23.0, 37.0))
    spoiled = (chain.years > 20 / 365) & (chain.years < 30 / 365) & (chain.strike != 60_000.0)
    found = index(only(chain, ~spoiled))
    assert found.quality == "degraded"
    assert "23.0 d refused" in found.reasons[0]


def test_the_integrated_smile_of_a_flat_chain_is_flat_and_stands_beside_the_strip() -> None:
    found = index(flat(), smooth=True)
    assert found.smooth == pytest.approx(0.6, abs=1e-3)
    (smile, *_) = fit(slices(flat())[0]).smiles
    whole, cut = integrated(smile), integrated(smile, "5d")
    assert whole == pytest.approx(0.36, rel=1e-3)
    assert cut is not None and whole is not None and cut < whole


def test_few_strikes_on_a_side_prefer_the_integrated_smile() -> None:
    found = index(flat(low=0.6, high=1.8, step=5_000.0), smooth=True)
    assert found.method == "smiles integrated" and found.quality == "degraded"
    assert found.vol == pytest.approx(0.6, abs=0.005)


def test_there_is_no_other_construction() -> None:
    with pytest.raises(ValueError, match="full, 5d"):
        bvx((), "all")


def test_what_is_outside_the_range_of_a_volatility_is_no_index() -> None:
    assert index(flat(4.5, days=(23.0, 37.0), high=12.0)).vol is None


@pytest.mark.parametrize("wings", WINGS)
def test_the_index_by_machine_code_is_the_plain_one(wings: str) -> None:
    found = slices(flat(0.8, (23.0, 37.0), low=0.7, high=1.4))[0]
    plain, fast = (bvx(found, wings, compiled=each) for each in (False, True))
    assert fast.vol == pytest.approx(plain.vol, rel=1e-12)
    assert (fast.left_out, fast.coarse) == pytest.approx((plain.left_out, plain.coarse), abs=1e-12)
    assert (fast.quality, fast.reasons, fast.truncated) == (plain.quality, plain.reasons, plain.truncated)
