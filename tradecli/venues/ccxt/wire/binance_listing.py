"""How Binance lists an instrument: coin-margined contracts are worth a number of dollars, the rest is in base units."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import Instrument, instrument_id
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.ccxt.reading import amount, decimal_text, field, positive, rows, strict, text
from tradecli.venues.known import fees_of

USUAL_H = 8.0


@strict
def listed(raw: Mapping[str, Any]) -> Listed | None:
    """Read one symbol of ``exchangeInfo``; None for what is not a perpetual, dated future or pair in common letters."""
    symbol, base, quote = text(raw, "symbol"), text(raw, "baseAsset"), text(raw, "quoteAsset")
    filters = {item.get("filterType"): item for item in rows(field(raw, "filters"))}
    status = raw.get("status") or raw.get("contractStatus") or "TRADING"
    contract, size = raw.get("contractType"), raw.get("contractSize")
    if contract is None:
        kind, name = InstrumentKind.SPOT, f"{symbol}.spot"
    elif contract == "PERPETUAL":
        kind = InstrumentKind.INVERSE if size is not None else InstrumentKind.LINEAR
        name = f"{raw.get('pair', symbol)}.inverse" if size is not None else symbol
    else:
        kind, name = InstrumentKind.FUTURE, symbol
    try:
        id = instrument_id(name, "binance")
    except ValueError:
        return None
    notional = filters.get("MIN_NOTIONAL") or filters.get("NOTIONAL") or {}
    least = notional.get("notional") or notional.get("minNotional") or "0"
    maker, taker = fees_of("binance", kind)
    instrument = Instrument(
        id=id,
        kind=kind,
        base=base,
        quote=quote,
        settle=raw.get("marginAsset") or quote,
        tick=Decimal(decimal_text(field(field(filters, "PRICE_FILTER"), "tickSize"), "tickSize")),
        lot=Decimal(decimal_text(field(field(filters, "LOT_SIZE"), "stepSize"), "stepSize")),
        min_qty=Decimal(decimal_text(field(field(filters, "LOT_SIZE"), "minQty"), "minQty")),
        max_qty=Decimal(decimal_text(field(field(filters, "LOT_SIZE"), "maxQty"), "maxQty")),
        min_notional=Decimal(str(amount(least, "notional"))) if least != "0" else Decimal(0),
        contract_size=Decimal(str(size)) if size is not None else Decimal(1),
        maker_fee=maker,
        taker_fee=taker,
    )
    return Listed(
        id=id,
        symbol=symbol,
        tick=float(instrument.tick),
        size=positive(size, "contractSize") if size is not None else 1.0,
        inverse=size is not None,
        interval_h=USUAL_H if contract == "PERPETUAL" else None,
        instrument=instrument,
        halted="" if status == "TRADING" else str(status),
    )
