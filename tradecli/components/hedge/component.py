"""What the hedging desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.hedge.greeks import GREEKS
from tradecli.components.hedge.settings import HedgeSettings

COMPONENT = Component(
    name="hedge",
    summary="Exposure of the desk and its hedges",
    settings=HedgeSettings,
    topics=(GREEKS,),
)
