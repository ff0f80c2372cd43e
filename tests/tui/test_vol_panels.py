"""The charts of the volatility screen draw what reports say, and say what is missing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.components.vol.test_cone import assess as assess_cone
from tests.components.vol.test_show import AT, view
from tests.fakes.desk import BTC
from tests.fakes.view import FakeView
from tradecli.components.vol.forecast import FORECAST
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.smiles import Raw
from tradecli.components.vol.surface_report import SurfaceExpiry, SurfaceReport
from tradecli.domain.enums import Quality
from tradecli.engine.snapshot import Reported
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.panels.vol import ConePanel, SurfacePanel, _expiry_line


def look(**reports: Any) -> Look:
    known = {(f"vol.{name}", BTC): Reported(report, AT) for name, report in reports.items()}
    snapshot: Any = SimpleNamespace(at=AT + 5_000, reports=known)
    return Look(snapshot, None, BTC, {}, 0, False)


def drawn(panel: Panel, seen: Look, width: int = 60, height: int = 40) -> str:
    lines = panel.draw(seen, width, height)
    assert all(sum(len(part.text) for part in each) <= width for each in lines)
    return "\n".join("".join(part.text for part in each) for each in lines)


def smile(days: float, atm: float) -> SurfaceExpiry:
    return SurfaceExpiry(
        expiry_ts=AT,
        days=days,
        forward=60_000.0,
        atm=atm,
        rr25=-0.05,
        bf25=0.01,
        forward_vol=atm,
        kind="svi",
        svi=Raw(a=0.0, b=0.1, rho=0.0, m=0.0, s=0.1),
        ssvi=None,
        fit_error=0.001,
        ssvi_error=None,
        n=20,
        lowest_k=-0.3,
        highest_k=0.3,
        g_min=0.1,
        is_free_of_butterflies=True,
        vols=(atm + 0.1, atm, None),
    )


SURFACE = SurfaceReport(
    instrument=BTC,
    at=AT,
    coin="BTC",
    as_of=AT,
    quality=Quality.OK,
    reason="",
    grid=(-0.1, 0.0, 0.1),
    expiries=(smile(8.0, 0.5), smile(30.0, 0.55)),
    calendar=(),
    ssvi=None,
)


def test_the_cone_is_a_chart_with_the_models_below_it_and_numbers_where_it_is_too_small() -> None:
    cone = assess_cone(view())
    models = FORECAST.assess(view(), VolSettings(), FORECAST.standing)
    large = drawn(ConePanel("cone"), look(cone=cone, forecast=models))
    assert (
        "● now" in large and "◆ GARCH" in large and "90d" in large and "garch" in large and "IV rank" in large
    )
    small = drawn(ConePanel("cone"), look(cone=cone, forecast=models), 40, 9)
    assert " 30 d" in small and "rank" in small
    assert "median" not in small, "a legend without its chart"


def test_a_smile_with_a_fault_is_marked_by_a_sign_beside_its_name() -> None:
    sound = smile(10.0, 0.5)
    doubtful = msgspec.structs.replace(sound, reasons=("at its bound: rho",))
    texts = ["".join(part.text for part in _expiry_line(each)) for each in (sound, doubtful)]
    assert texts[0].endswith("svi") and texts[1].endswith("svi !")


def test_the_header_shows_the_highest_stress_among_the_instruments() -> None:
    from tradecli.tui.header import _stress

    seen: Any = SimpleNamespace(
        reports={
            ("vol.stress", BTC): Reported(SimpleNamespace(score=34.2, band="calm"), AT),
            ("vol.stress", "ETHUSDT@binance"): Reported(SimpleNamespace(score=82.0, band="stressed"), AT),
            ("vol.stress", "BNBUSDT@binance"): Reported(SimpleNamespace(score=None, band=None), AT),
        }
    )
    assert [part.text for part in _stress(seen)] == ["stress 82"]
    assert _stress(SimpleNamespace(reports={})) == ()  # type: ignore[arg-type]


def test_the_surface_is_a_table_a_heat_map_the_smile_and_the_term_structure() -> None:
    large = drawn(SurfacePanel("surface"), look(surface=SURFACE), 60, 44)
    for words in ("RR25", "IV by ln(K/F)", "smile of 8 d", "at the money by expiry"):
        assert words in large
    assert "smile of" not in drawn(SurfacePanel("surface"), look(surface=SURFACE), 60, 6)


@pytest.mark.parametrize(
    ("panel", "reports", "words"),
    [
        (ConePanel, {}, "next cycle"),
        (SurfacePanel, {}, "next cycle"),
        (ConePanel, {"cone": assess_cone(FakeView(AT, BTC))}, "no 1d bars"),
        (
            SurfacePanel,
            {"surface": msgspec.structs.replace(SURFACE, expiries=(), reason="no chain of BNB")},
            "no surface: no chain of BNB",
        ),
    ],
)
def test_what_is_missing_is_said(panel: Any, reports: dict[str, Any], words: str) -> None:
    assert words in drawn(panel("p"), look(**reports))
    assert "waiting" in drawn(panel("p"), Look(None, None, BTC, {}, 0, False))
