"""What the signals desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.signals.settings import SignalsSettings
from tradecli.components.signals.show import SHOW

COMPONENT = Component(
    name="signals",
    summary="Trend and momentum over six timeframes",
    settings=SignalsSettings,
    topics=(SHOW,),
)
