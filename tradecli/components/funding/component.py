"""What the funding desk consists of."""

from __future__ import annotations

from tradecli.components.base import Component
from tradecli.components.funding.rates import RATES
from tradecli.components.funding.settings import FundingSettings

COMPONENT = Component(
    name="funding",
    summary="Funding rates of perpetuals",
    settings=FundingSettings,
    topics=(RATES,),
)
