"""A chain sorted into expiries: what is left out has a name, whatever the venue sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.quant.chains import F, flat, joined, only
from tradecli.quant.bvx import bvx
from tradecli.quant.slices import ChainArrays, slices
from tradecli.quant.surface import fit


def index(chain: ChainArrays) -> float | None:
    return bvx(slices(chain)[0]).vol


def test_a_clean_chain_has_its_expiries_in_order_and_nothing_to_say() -> None:
    found, flags = slices(flat())
    assert [round(each.years * 365.0) for each in found] == [9, 23, 37, 65]
    assert flags == () and all(each.flags == () for each in found)
    for each in found:
        assert each.forward == F and not each.forward_replaced
        assert each.parity == pytest.approx(F, rel=1e-4)
        assert np.all(np.diff(each.quotes.strike) > 0)


def test_the_order_of_rows_changes_nothing() -> None:
    chain = flat()
    shuffled = only(chain, np.random.default_rng(3).permutation(len(chain)))
    assert index(shuffled) == index(chain)


def test_usdc_settled_chains_are_read_in_their_own_unit() -> None:
    coin, linear = slices(flat())[0], slices(flat(inverse=False))[0]
    assert index(flat(inverse=False)) == pytest.approx(index(flat()), abs=2e-4)
    assert linear[0].factor == 1.0 and coin[0].factor == F
    assert linear[1].parity == pytest.approx(F, rel=1e-6)


def test_an_option_listed_twice_counts_once_and_one_that_contradicts_itself_not_at_all() -> None:
    chain = flat()
    twice = joined(chain, only(chain, slice(0, 40)))
    assert index(twice) == index(chain)
    assert "listed twice, 0 left out" in slices(twice)[0][0].flags[0]
    other = only(chain, slice(0, 40))
    other = replace(other, bid=other.bid * 0.9)
    assert "left out as contradicting" in slices(joined(chain, other))[0][0].flags[0]


def test_a_forward_that_parity_contradicts_is_replaced_and_the_slice_says_so() -> None:
    chain = flat()
    wrong = replace(chain, underlying=chain.underlying * 1.02)
    found, _ = slices(wrong)
    assert all(each.forward_replaced for each in found)
    assert found[1].forward == pytest.approx(F, rel=1e-6)
    assert "2.00 % from parity" not in "".join(found[1].flags) and "from parity" in found[1].flags[0]
    assert bvx(found).quality == "degraded"
    assert index(wrong) == pytest.approx(index(chain), abs=1e-4)


def test_options_of_the_last_two_hours_are_left_out() -> None:
    found, flags = slices(joined(flat(), flat(days=(0.05,))))
    assert [round(each.years * 365.0) for each in found] == [9, 23, 37, 65]
    assert "within two hours" in flags[0]


def crossed(chain: ChainArrays) -> ChainArrays:
    return replace(chain, bid=chain.ask, ask=chain.bid)


def one_sided(chain: ChainArrays) -> ChainArrays:
    return replace(chain, ask=np.full(len(chain), np.nan))


def without_bids(chain: ChainArrays) -> ChainArrays:
    return replace(chain, bid=np.zeros(len(chain)))


def not_numbers(chain: ChainArrays) -> ChainArrays:
    nothing = np.full(len(chain), np.nan)
    return ChainArrays(nothing, nothing, nothing, nothing, nothing, nothing, chain.inverse)


def without_forward(chain: ChainArrays) -> ChainArrays:
    return replace(without_bids(chain), underlying=np.full(len(chain), math.inf))


HOSTILE: dict[str, tuple[Callable[[ChainArrays], ChainArrays], str]] = {
    "empty": (lambda chain: only(chain, slice(0, 0)), "no expiry between 7 and 90 days"),
    "crossed": (crossed, "quoted on all sides"),
    "one-sided": (one_sided, "quoted on all sides"),
    "calls only": (lambda chain: only(chain, chain.cp > 0), "quoted on all sides"),
    "all bids zero": (without_bids, "quoted on all sides"),
    "NaN": (not_numbers, "no expiry between 7 and 90 days"),
    "no forward": (without_forward, "no expiry between 7 and 90 days"),
    "expiries missing": (lambda chain: only(chain, chain.years < 10 / 365), "one expiry alone, of 9.0 days"),
    "infinite": (lambda chain: replace(chain, bid=chain.bid * math.inf), "quoted on all sides"),
    "negative": (lambda chain: replace(chain, bid=-chain.bid, ask=-chain.ask), "quoted on all sides"),
    "strikes of zero": (lambda chain: replace(chain, strike=0.0 * chain.strike), "no expiry between"),
    "a single strike": (lambda chain: only(chain, chain.strike == 60_000.0), "no strike at the forward"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_chain_that_cannot_be_used_has_no_value_and_says_why(name: str) -> None:
    spoil, reason = HOSTILE[name]
    with np.errstate(all="ignore"):
        found, flags = slices(spoil(flat()))
        answer = bvx(found, smiles=lambda: fit(found).smiles)
    assert answer.vol is None and answer.quality == "unavailable", answer
    assert reason in "; ".join((*answer.reasons, *flags))


SPOILED: dict[str, Callable[[ChainArrays], ChainArrays]] = {
    "some crossed": lambda chain: replace(
        chain, bid=np.where(chain.strike % 7_000 == 0, 2 * chain.ask, chain.bid)
    ),
    "some not numbers": lambda chain: replace(
        chain, bid=np.where(chain.strike % 7_000 == 0, np.nan, chain.bid)
    ),
    "some without an ask": lambda chain: replace(
        chain, ask=np.where(chain.strike % 7_000 == 0, np.nan, chain.ask)
    ),
    "backwards": lambda chain: only(chain, slice(None, None, -1)),
    "unsorted": lambda chain: only(chain, np.random.default_rng(3).permutation(len(chain))),
    "duplicated": lambda chain: joined(chain, chain),
    "some duplicated with other prices": lambda chain: joined(
        chain, replace(only(chain, chain.strike % 7_000 == 0), bid=0.5 * chain.bid[chain.strike % 7_000 == 0])
    ),
    "rows without a strike": lambda chain: joined(
        chain, replace(only(chain, slice(0, 9)), strike=np.full(9, np.nan))
    ),
    "far too wide": lambda chain: replace(
        chain, ask=np.where(chain.strike % 7_000 == 0, 9 * chain.ask, chain.ask)
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_chain_with_some_bad_quotes_keeps_its_value_by_the_others(name: str) -> None:
    assert index(SPOILED[name](flat())) == pytest.approx(0.6, abs=0.012)


ABSURD = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-300, 1e300, 5e-324, 1e9)
COLUMNS = ("years", "strike", "cp", "bid", "ask", "underlying")


def spoiled(rng: np.random.Generator) -> ChainArrays:
    """Return a chain with columns that are partly absurd, rows that stand twice, in any order, some missing."""
    chain = flat(days=(23.0, 37.0), step=6_000.0, inverse=bool(rng.random() < 0.7))
    for _ in range(int(rng.integers(1, 5))):
        name = str(rng.choice(COLUMNS))
        column = getattr(chain, name).copy()
        hit = rng.random(len(column)) < rng.choice([0.02, 0.3, 1.0])
        if rng.random() < 0.6:
            column[hit] = rng.choice(ABSURD)
        else:
            column[hit] *= np.exp(rng.normal(0.0, rng.choice([0.1, 2.0, 50.0]), int(hit.sum())))
        chain = replace(chain, **{name: column})
        if rng.random() < 0.3:
            chain = joined(chain, only(chain, rng.random(len(chain)) < 0.2))
        if rng.random() < 0.3:
            chain = only(chain, rng.permutation(len(chain))[: int(rng.integers(0, len(chain) + 1))])
    return chain


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_chain_holds_it_is_answered_by_a_volatility_in_range_or_by_reasons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        for turn in range(60):
            found, _ = slices(spoiled(rng))
            fitted = fit(found).smiles if turn < 3 else ()
            for wings in ("full", "5d"):
                answer = bvx(found, wings, lambda fitted=fitted: fitted, smooth=True)  # type: ignore[misc]
                assert answer.vol is None or 0.05 <= answer.vol <= 4.0
                assert answer.vol is not None or answer.reasons
                assert (answer.quality == "unavailable") == (answer.vol is None)
