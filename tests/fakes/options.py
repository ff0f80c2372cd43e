"""Option chains as a venue's: the arrays of ``tests.quant.chains`` as domain quotes."""

from __future__ import annotations

import math

from tests.quant.chains import F
from tradecli.domain.enums import OptionType
from tradecli.domain.feed import DAY_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import OptionChain, OptionQuote
from tradecli.quant.slices import ChainArrays


def option_chain(chain: ChainArrays, ts: int, coin: str = "BTC") -> OptionChain:
    """Return a chain of ``coin`` at Deribit; NaN becomes no quote."""
    quotes = []
    for years, strike, cp, bid, ask, underlying in zip(
        *(
            each.tolist()
            for each in (chain.years, chain.strike, chain.cp, chain.bid, chain.ask, chain.underlying)
        ),
        strict=True,
    ):
        kind = OptionType.CALL if cp > 0 else OptionType.PUT
        days = round(years * 365, 2) if math.isfinite(years) else 0.0
        quotes.append(
            OptionQuote(
                InstrumentId(f"{coin}-{days}-{strike}-{kind.value[0].upper()}@deribit"),
                ts + round(days * DAY_MS),
                strike,
                kind,
                None if math.isnan(bid) else bid,
                None if math.isnan(ask) else ask,
                None,
                None,
                None,
                underlying,
            )
        )
    return OptionChain("deribit", coin, ts, F, chain.inverse, tuple(quotes))
