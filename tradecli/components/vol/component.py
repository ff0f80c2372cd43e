"""What the volatility desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.vol.compare import COMPARE
from tradecli.components.vol.cone import CONE
from tradecli.components.vol.forecast import FORECAST
from tradecli.components.vol.grid import GRID
from tradecli.components.vol.index import INDEX
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.show import SHOW
from tradecli.components.vol.skew import SKEW
from tradecli.components.vol.stress import STRESS
from tradecli.components.vol.surface import SURFACE
from tradecli.components.vol.term import TERM
from tradecli.components.vol.weights import WEIGHTS

COMPONENT = Component(
    name="vol",
    summary="Volatility, regimes and the grid",
    settings=VolSettings,
    topics=(SHOW, STRESS, GRID, FORECAST, CONE, COMPARE, WEIGHTS, INDEX, TERM, SKEW, SURFACE),
)
