"""``vol grid``: when it quotes, when it must not, and what the ladder it proposes looks like."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.components.vol.test_show import AT
from tests.components.vol.test_show import assess as assess_vol
from tests.components.vol.test_show import view as vol_view
from tests.fakes.desk import BTC, linear, quote
from tests.fakes.view import FakeView
from tradecli import codec
from tradecli.components.vol.grid import GRID, GridQuery
from tradecli.components.vol.grid_orders import propose
from tradecli.components.vol.grid_report import GridReport
from tradecli.components.vol.settings import GridSettings, VolSettings
from tradecli.components.vol.show import VolReport
from tradecli.domain.enums import Quality, Side
from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.intent import Ladder
from tradecli.domain.position import Position
from tradecli.quant.grid import half_range, spacing
from tradecli.quant.regime import EDGES, LABELS, bucket, path

SETTINGS = VolSettings()


def report_of(
    vol: float | None = 0.6, regime: str = "normal", usable: bool = True, at: int = AT
) -> VolReport:
    base = assess_vol(FakeView(AT, BTC, (linear(),)))
    return msgspec.structs.replace(
        base, at=at, composite=vol, usable=usable, regime=regime, quality=Quality.OK, coverage=0.75, reason=""
    )


def view(at: int = AT, mid: float = 60_000.0, equity: str | None = "100000", **more: Any) -> FakeView:
    worth = Decimal(equity) if equity is not None else None
    return FakeView(at, BTC, (linear(),), quotes={BTC: quote(mid, ts=at)}, worth=worth, **more)


def assess(seen: FakeView, settings: VolSettings = SETTINGS, query: GridQuery | None = None) -> GridReport:
    found = GRID.assess(seen, settings, query or GridQuery())
    assert isinstance(found, GridReport)
    return found


def ladder(report: GridReport, seen: FakeView) -> Ladder:
    (intent,) = propose(report, seen, SETTINGS)
    assert isinstance(intent, Ladder)
    return intent


def test_it_returns_spacing_density_regime_and_stress_by_the_rule() -> None:
    report = assess(view(reports=(report_of(),)))
    expected = spacing(0.6, 1.0, 0.0002, 1 / 60_000, tick=0.1 / 60_000)
    assert report.spacing == pytest.approx(expected.value)
    assert report.density == pytest.approx(0.01 / expected.value)
    assert report.regime == "normal"
    assert report.stress is None and report.stress_reason == "no stress report yet"
    assert report.half_range == pytest.approx(half_range(0.6, 24.0))
    assert report.age_s == 0
    assert report.expectation is not None
    assert report.expectation.steps_per_day == pytest.approx(24.0)
    assert report.expectation.worst_loss > 0


def test_it_proposes_one_ladder_of_its_own_name_within_its_share_of_equity() -> None:
    seen = view(reports=(report_of(),))
    report = assess(seen)
    intent = ladder(report, seen)
    assert report.quoting and intent.source == "grid"
    buys = [each for each in intent.rungs if each.side is Side.BUY]
    sells = [each for each in intent.rungs if each.side is Side.SELL]
    assert len(buys) == len(sells) == 8
    for side in (buys, sells):
        assert sum(each.qty * each.price for each in side) <= 10_000
    assert "normal regime" in intent.reason


def test_a_second_look_at_the_same_market_proposes_the_same_orders() -> None:
    seen = view(reports=(report_of(),))
    first = assess(seen)
    later = view(AT + MINUTE_MS, mid=60_010.0, equity="99990", reports=(report_of(0.63), first))
    assert ladder(assess(later), later).rungs == ladder(first, seen).rungs


def test_after_a_buy_has_filled_the_sell_is_one_step_above_it() -> None:
    seen = view(reports=(report_of(),))
    first = assess(seen)
    bought = ladder(first, seen).rungs[0]
    later = view(
        AT + 5_000,
        mid=float(bought.price),
        reports=(report_of(), first),
        own={"grid": (Position(instrument=BTC, qty=bought.qty),)},
    )
    nearest = next(each for each in ladder(assess(later), later).rungs if each.side is Side.SELL)
    assert first.spacing is not None
    assert float(nearest.price / bought.price) == pytest.approx(1 + first.spacing, rel=1e-4)


def test_a_volatility_that_moved_by_a_third_lays_the_grid_out_anew_and_says_why() -> None:
    first = assess(view(reports=(report_of(),)))
    after = assess(view(AT + MINUTE_MS, reports=(report_of(0.8), first)))
    assert "spacing moved" in after.laid_out
    assert first.laid_out == "first layout"


@pytest.mark.parametrize(
    ("vol", "words"),
    [
        (report_of(usable=False), ""),
        (report_of(at=AT - 2 * HOUR_MS), "120 min old"),
        (report_of(1.5, regime="extreme"), "extreme"),
    ],
)
def test_it_withdraws_everything_when_the_volatility_must_not_be_traded_on(
    vol: VolReport, words: str
) -> None:
    seen = view(reports=(vol, assess(view(reports=(report_of(),)))))
    report = assess(seen)
    intent = ladder(report, seen)
    assert not report.quoting and intent.rungs == ()
    assert words in report.reason and intent.reason == report.reason
    assert report.lattice is not None, "it is carried on from when it may quote again"


def test_without_any_volatility_report_it_spaces_by_the_ranges_it_has_seen() -> None:
    bars = vol_view()
    seen = view(bars=bars.bars)
    report = assess(seen)
    assert report.volatility.quality is Quality.FALLBACK
    assert report.volatility.value == pytest.approx(0.6, abs=0.05)
    assert report.quoting


def test_without_bars_quote_equity_or_rules_it_says_what_is_missing() -> None:
    assert "bars" in assess(view()).reason
    assert assess(FakeView(AT, BTC, (linear(),), reports=(report_of(),))).reason.startswith("no price")
    unknown = msgspec.structs.replace(report_of(), instrument=BTC)
    assert "rules" in assess(FakeView(AT, BTC, quotes={BTC: quote(60_000)}, reports=(unknown,))).reason
    poor = assess(view(equity=None, reports=(report_of(),)))
    assert poor.reason == "equity is not known: --capital states one"
    assert len(poor.levels) == 16 and all(each.qty is None for each in poor.levels), "a preview of prices"
    assert (
        assess(view(equity="50", reports=(report_of(),))).reason == "the capital is too small for one level"
    )


def test_a_stated_capital_sizes_a_preview() -> None:
    seen = view(equity=None, reports=(report_of(),))
    report = assess(seen, query=GridQuery(levels=3, capital=Decimal(50_000)))
    assert len(report.levels) == 6
    assert report.capital == Decimal(5_000)


def test_costs_are_the_floor_of_the_spacing() -> None:
    quick = VolSettings(grid=GridSettings(tau_hours=0.001))
    report = assess(view(reports=(report_of(),)), quick)
    assert report.spacing == pytest.approx(2 * (2 * 0.0002 + 1 / 60_000))
    assert report.spacing == report.spacing_floor


def test_on_bars_alone_the_price_is_the_last_close_and_the_spread_a_tick() -> None:
    bars = vol_view()
    seen = FakeView(AT, BTC, (linear(),), bars=bars.bars, worth=Decimal(100_000), reports=(report_of(),))
    report = assess(seen)
    close = float(bars.bars[(BTC, MINUTE_MS)].close[-1])
    assert report.mid == close
    assert report.spread == pytest.approx(0.1 / close)
    assert assess_vol(bars).variance_ratio == pytest.approx(1.0, abs=0.2), "a random walk does not revert"


def test_a_report_survives_the_codec_and_is_shown_and_recorded() -> None:
    for report in (assess(view(reports=(report_of(),))), assess(view())):
        assert codec.decode(codec.encode(report), GridReport) == report
        assert GRID.present(report).title == "Grid BTCUSDT@binance"
        for each in GRID.inputs(report):
            assert (each.value is None) == (each.quality is Quality.UNAVAILABLE)
            assert each.value is not None or each.reason


def test_a_fixed_spacing_below_the_cost_of_a_round_trip_is_refused() -> None:
    seen = view(reports=(report_of(),))
    dear = assess(seen, query=GridQuery(spacing=0.0004))
    assert not dear.quoting and "below the cost of a round trip" in dear.reason
    assert ladder(dear, seen).rungs == ()
    wide = assess(seen, query=GridQuery(spacing=0.01))
    assert wide.quoting and wide.spacing == pytest.approx(math.log(1.01))
    configured = assess(seen, VolSettings(grid=GridSettings(spacing_pct=0.5)))
    assert configured.spacing == pytest.approx(math.log(1.005))


def test_what_it_earned_is_shown_with_what_it_holds() -> None:
    held = Position(
        instrument=BTC,
        qty=Decimal("0.1"),
        open_cost=Decimal(6_100),
        realised=Decimal(50),
        fees=Decimal(3),
        traded=Decimal(20_000),
        fills=4,
    )
    report = assess(view(reports=(report_of(),), own={"grid": (held,)}))
    assert report.result is not None
    assert (report.result.realised, report.result.unrealised) == (Decimal(50), Decimal(-100))
    assert report.result.total == Decimal(-53)
    assert assess(view(reports=(report_of(),))).result is None


def test_the_p_of_the_variance_ratio_stands_beside_it() -> None:
    known = msgspec.structs.replace(report_of(), variance_ratio=0.97, variance_ratio_p=0.3)
    report = assess(view(reports=(known,)))
    assert report.variance_ratio_p == 0.3
    assert "no evidence that prices revert" in repr(GRID.present(report))


def test_a_volatility_that_swings_around_an_edge_of_its_regime_does_not_lay_the_grid_out_again() -> None:
    kept = assess(view(reports=(report_of(0.50),)))
    for step in range(1, 60):
        vol = report_of(0.52 if step % 2 else 0.48, at=AT + step * MINUTE_MS)
        kept = assess(view(AT + step * MINUTE_MS, reports=(vol, kept)))
        assert kept.laid_out == "", f"minute {step}"
    moved = report_of(0.55, regime="elevated", at=AT + HOUR_MS)
    after = assess(view(AT + HOUR_MS, reports=(moved, kept)))
    assert "spacing moved" in after.laid_out, "1.2 times as wide in the elevated regime"
    again = assess(view(AT + HOUR_MS + MINUTE_MS, reports=(moved, after)))
    assert again.laid_out == ""


def layouts(vols: list[float], regimes: list[int]) -> int:
    """Return how often the grid is laid out along volatilities of one look a minute, each in its regime."""
    base, kept, count = report_of(), None, 0
    for minute, (vol, regime) in enumerate(zip(vols, regimes, strict=True)):
        at = AT + minute * MINUTE_MS
        seen = msgspec.structs.replace(base, at=at, composite=vol, regime=LABELS[regime])
        kept = assess(view(at, reports=(seen,) if kept is None else (seen, kept)))
        count += bool(kept.laid_out)
    return count


def noise(seed: int, edge: float, amplitude: float, looks: int = 120) -> list[float]:
    """Return volatilities that jump at random around an edge of a regime: half of the looks on either side of it."""
    drawn = random.Random(seed)
    return [edge * (1.0 + drawn.uniform(-amplitude, amplitude)) for _ in range(looks)]


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(EDGES), st.floats(0.005, 0.0499))
def test_noise_inside_the_band_of_any_edge_lays_the_grid_out_once(
    seed: int, edge: float, amplitude: float
) -> None:
    vols = noise(seed, edge, amplitude)
    assert layouts(vols, path(vols)) == 1


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(EDGES))
def test_noise_twice_as_wide_as_the_band_lays_the_grid_out_in_fewer_than_a_fifth_of_the_looks(
    seed: int, edge: float
) -> None:
    vols = noise(seed, edge, 0.10)
    regimes = path(vols)
    moves = sum(a != b for a, b in pairwise(regimes))
    assert moves < len(vols) / 5
    assert layouts(vols, regimes) < len(vols) / 5


@pytest.mark.parametrize("edge", EDGES[1:3])
def test_without_hysteresis_the_same_noise_would_lay_the_grid_out_again_and_again(edge: float) -> None:
    """So the two tests above can fail: these edges change the spacing by a fifth or more."""
    for seed in range(3):
        vols = noise(seed, edge, 0.0499)
        assert layouts(vols, path(vols)) == 1
        assert layouts(vols, [bucket(vol) for vol in vols]) > len(vols) / 6


def test_a_regime_that_truly_moved_lays_the_grid_out_once_more() -> None:
    vols = noise(1, 0.45, 0.02) + noise(2, 0.62, 0.02)
    regimes = path(vols)
    assert (LABELS[regimes[0]], LABELS[regimes[-1]]) == ("normal", "elevated")
    assert layouts(vols, regimes) in (2, 3), (
        "the spacing follows the volatility at once, the regime a look later"
    )


def test_it_quotes_only_reverting_prices_where_that_is_asked_for() -> None:
    careful = VolSettings(grid=GridSettings(require_reversion=True))
    for p, quotes in ((0.05, True), (0.1, False), (None, False)):
        known = msgspec.structs.replace(report_of(), variance_ratio=0.9, variance_ratio_p=p)
        seen = view(reports=(known,))
        report = assess(seen, careful)
        assert report.quoting is quotes, p
        assert quotes or "no evidence that prices revert" in report.reason
        assert assess(seen).quoting, "by default it is left to the operator"
