"""The surface of a chain: each smile with what became of it, calendar checks, terms between expiries."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.quant.chains import flat, only
from tradecli.quant import ssvi, surface
from tradecli.quant.slices import slices
from tradecli.quant.surface import Smile, fit
from tradecli.quant.svi import RawSvi


def skewed(k: np.ndarray) -> np.ndarray:
    return 0.55 - 0.15 * k + 0.5 * np.sqrt(k**2 + 0.01)


@pytest.fixture(scope="module")
def made() -> surface.Surface:
    return fit(slices(flat(skewed))[0])


def test_every_expiry_has_a_smile_that_meets_its_quotes_and_has_no_butterflies(made: surface.Surface) -> None:
    assert [round(each.years * 365) for each in made.smiles] == [9, 23, 37, 65]
    for each in made.smiles:
        assert each.kind in ("svi", "svi with penalty")
        assert each.error is not None and each.error < 0.02
        assert each.g_min >= -1e-9
        assert each.atm == pytest.approx(0.60, abs=0.01)
        assert each.ssvi is not None and each.ssvi_error is not None
    assert made.crossings == () and made.reasons == ()
    assert made.shared is not None and made.shared.model.rho < 0.0


def test_a_warm_fit_finds_what_the_cold_one_found(made: surface.Surface) -> None:
    found = slices(flat(skewed))[0]
    again = fit(found, known={each.years: each.model for each in made.smiles})
    for one, other in zip(made.smiles, again.smiles, strict=True):
        assert other.atm == pytest.approx(one.atm, abs=1e-4)


def test_a_surface_fitted_by_machine_code_is_the_plain_one(made: surface.Surface) -> None:
    again = fit(slices(flat(skewed), compiled=True)[0], compiled=True)
    assert made.shared is not None and again.shared is not None
    assert again.shared.error == pytest.approx(made.shared.error, rel=1e-9)
    for one, other in zip(made.smiles, again.smiles, strict=True):
        assert (other.kind, other.n) == (one.kind, one.n)
        assert other.error == pytest.approx(one.error, abs=1e-5)
        assert other.ssvi_error == pytest.approx(one.ssvi_error, rel=1e-6)
        for k in (one.low, 0.0, one.high):
            assert other.vol(k) == pytest.approx(one.vol(k), abs=1e-4)


@pytest.mark.parametrize("machine_code", [False, True])
def test_a_later_expiry_with_less_variance_is_named_as_calendar_arbitrage(machine_code: bool) -> None:
    near, far = flat(0.8, (23.0,)), flat(0.4, (37.0,))
    found = fit([*slices(near)[0], *slices(far)[0]], compiled=machine_code)
    (crossing,) = found.crossings
    assert (round(crossing.near * 365), round(crossing.far * 365)) == (23, 37)
    assert crossing.variance == pytest.approx((0.64 * 23 - 0.16 * 37) / 365, rel=0.05)
    assert surface.forward_vols(found.smiles)[1] is None


def test_an_expiry_with_four_strikes_is_taken_from_the_shared_smile_and_says_so() -> None:
    chain = flat(skewed)
    few = (chain.years < 0.05) | (chain.years > 0.07) | np.isin(chain.strike, [57e3, 59e3, 61e3, 63e3])
    found = fit(slices(only(chain, few))[0])
    thin = found.smiles[1]
    assert (thin.kind, thin.n) == ("ssvi", 4)
    assert thin.reasons[0] == "4 of 5 strikes"
    assert thin.atm == pytest.approx(0.6, abs=0.02)


def test_an_expiry_quoted_on_one_side_only_has_no_smile_and_is_named() -> None:
    chain = flat()
    found = fit(slices(only(chain, (chain.years < 0.15) | (chain.strike > 70_000.0)))[0])
    assert len(found.smiles) == 3
    assert found.reasons == ("65.0 d: no quotes on both sides of the forward",)


def smile(days: float, vol: float) -> Smile:
    model = RawSvi(vol**2 * days / 365.0, 0.0, 0.0, 0.0, 1.0)
    return Smile(days / 365.0, 1.0, model, "svi", 0.0, 9, 1.0, -0.5, 0.5)


def test_terms_are_linear_in_total_variance_and_beyond_the_last_expiry_are_marked() -> None:
    smiles = (smile(10, 0.8), smile(20, 0.6), smile(100, 0.5))
    found = {each.days: each for each in surface.term(smiles)}
    assert found[7].vol == pytest.approx(0.8) and not found[7].inside
    w = (0.64 * 10 * 0.6 + 0.36 * 20 * 0.4) / 14
    assert found[14].vol == pytest.approx(math.sqrt(w)) and found[14].inside
    rate = (0.25 * 100 - 0.36 * 20) / 80
    assert found[180].vol == pytest.approx(math.sqrt((25 + rate * 80) / 180)) and not found[180].inside
    assert [each.vol for each in surface.term(())] == [None] * 6


def test_forward_volatility_is_what_joins_two_expiries() -> None:
    first, second = surface.forward_vols((smile(10, 0.6), smile(40, 0.5)))
    assert first == pytest.approx(0.6)
    assert second == pytest.approx(math.sqrt((0.25 * 40 - 0.36 * 10) / 30))


def test_no_slices_are_an_empty_surface() -> None:
    assert fit(()) == surface.Surface((), None, ())


def test_an_ssvi_surface_is_recovered_and_its_slices_are_raw_svi() -> None:
    true = ssvi.Ssvi(-0.3, 0.9, 0.4)
    years = np.repeat([0.02, 0.1, 0.4], 25)
    theta, k = 0.36 * years, np.tile(np.linspace(-0.4, 0.4, 25), 3)
    vol = np.sqrt(true.total_variance(k, theta) / years)
    found = ssvi.fit(k, vol, years, theta, np.ones(len(k)))
    assert found is not None and found.converged and found.error < 1e-5
    assert (found.model.rho, found.model.eta, found.model.gamma) == pytest.approx((-0.3, 0.9, 0.4), abs=1e-3)
    raw = true.slice(0.036)
    np.testing.assert_allclose(
        raw.total_variance(k), true.total_variance(k, np.full(len(k), 0.036)), rtol=1e-12
    )
    assert raw.butterfly()[0] >= 0.0 and true.is_free_of_butterflies(0.036)
    assert not replace(true, eta=8.0).is_free_of_butterflies(0.036)
    assert ssvi.fit(k[:4], vol[:4], years[:4], theta[:4], np.ones(4)) is None
