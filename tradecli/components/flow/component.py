"""What the order-flow desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.flow.imbalance import IMBALANCE
from tradecli.components.flow.settings import FlowSettings

COMPONENT = Component(
    name="flow",
    summary="Order book and order flow",
    settings=FlowSettings,
    topics=(IMBALANCE,),
)
