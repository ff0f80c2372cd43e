"""What the inventory desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.inventory.settings import InventorySettings
from tradecli.components.inventory.show import SHOW

COMPONENT = Component(
    name="inventory",
    summary="Positions, concentration and drawdown",
    settings=InventorySettings,
    topics=(SHOW,),
)
