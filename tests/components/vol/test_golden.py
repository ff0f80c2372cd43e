"""The JSON of the volatility topics, to the last key. TRADECLI_GOLDEN=write writes it anew: look at the difference.

Numbers are compared to three digits: optimisers differ between platforms further down.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.components.vol import test_cone, test_grid, test_quotes, test_stress, test_weights
from tests.components.vol.test_show import view
from tests.fakes.desk import BTC
from tests.research import test_scoring
from tradecli import codec
from tradecli.components.vol import COMPONENT
from tradecli.components.vol.forecast import ForecastQuery
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.show import ShowQuery
from tradecli.research import scoring
from tradecli.research.scorecard import Card

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "vol"


def reports() -> dict[str, Any]:
    seen, settings = view(days=600, hours=800), VolSettings()
    forecast = COMPONENT.topic("forecast").assess(seen, settings, ForecastQuery(model="garch,ewma,har"))
    return {
        "forecast": forecast,
        "cone": test_cone.assess(view()),
        "compare": COMPONENT.topic("compare").assess(view(), settings, None),
        "stress": test_stress.assess(test_stress.view()),
        "grid": test_grid.assess(test_grid.view(reports=(test_grid.report_of(),))),
        "grid-glft": test_grid.assess(test_quotes.seen(), test_quotes.GLFT),
        "show": COMPONENT.topic("show").assess(view(), settings, ShowQuery()),
        "score": scored(),
        "weights": test_weights.assess(test_weights.rich_index()),
    }


def scored() -> Card:
    """Return the card of recorded forecasts, as ``vol score --stored`` answers it."""
    history: Any = test_scoring.Kept()
    return asyncio.run(scoring.recorded(history, BTC, test_scoring.kept_forecasts(history), 2**53))


def rounded(value: Any) -> Any:
    """Return a document with its fractions to three digits and the rest as it is."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    return {name: rounded(json.loads(codec.encode(report))) for name, report in reports().items()}


@pytest.mark.parametrize(
    "name", ["forecast", "cone", "compare", "stress", "grid", "grid-glft", "show", "score", "weights"]
)
def test_the_json_of_a_topic_is_the_one_that_was_agreed(name: str, documents: dict[str, Any]) -> None:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("TRADECLI_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(documents[name], indent=1) + "\n", encoding="utf-8")
    agreed = json.loads(path.read_text(encoding="utf-8"))
    assert shape(documents[name]) == shape(agreed), "keys and kinds"
    assert_close(documents[name], agreed, name)


def shape(value: Any) -> Any:
    """Return keys and kinds of a document, without its numbers."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else value


def assert_close(found: Any, agreed: Any, place: str) -> None:
    if isinstance(agreed, dict):
        for key, each in agreed.items():
            assert_close(found[key], each, f"{place}.{key}")
    elif isinstance(agreed, list):
        for index, each in enumerate(agreed):
            assert_close(found[index], each, f"{place}[{index}]")
    elif isinstance(agreed, float):
        assert found == pytest.approx(agreed, rel=0.011, abs=1e-9), place
    else:
        assert found == agreed, place
