"""What a position is worth: the market's mark as one exact price at the instrument's tick."""

from __future__ import annotations

import math
from decimal import Decimal

from tradecli.components.base import View
from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import InstrumentId


def exact_mark(view: View, instrument: InstrumentId) -> tuple[Decimal, int] | None:
    """Return (mark at the tick, its time), or None while no price or no tick is known."""
    found, spec = view.mark(instrument), view.instrument(instrument)
    if found is None or spec is None or not math.isfinite(found[0]) or not found[0] > 0.0:
        return None
    return spec.price_from_ticks(spec.ticks_from_price(found[0])), found[1]


def coin_price(view: View, coin: str) -> Decimal | None:
    """Return a price of one coin in quote currency: of its perpetual where one is watched, else of another market."""
    ranked = []
    for instrument in view.instruments:
        spec = view.instrument(instrument)
        if spec is not None and spec.base == coin and spec.kind is not InstrumentKind.OPTION:
            mark = exact_mark(view, instrument)
            if mark is not None:
                ranked.append((spec.kind is not InstrumentKind.LINEAR, instrument, mark[0]))
    return min(ranked)[2] if ranked else None
