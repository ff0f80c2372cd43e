"""How OKX lists an instrument: swaps, futures and options count in contracts, of base coin or quote currency. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradecli.domain.enums import InstrumentKind, OptionType
from tradecli.domain.instrument import Instrument, instrument_id
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.ccxt.reading import Malformed, decimal_text, field, positive, stamp, strict, text
from tradecli.venues.known import fees_of


@strict
def listed(raw: Mapping[str, Any]) -> Listed | None:
    """Read one row of ``public/instruments``."""
    symbol, kind_name = text(raw, "instId"), text(raw, "instType")
    inverse = raw.get("ctType") == "inverse"
    kind = _kind(kind_name, inverse)
    size = positive(field(raw, "ctVal"), "ctVal") if kind_name not in ("SPOT", "MARGIN") else 1.0
    if raw.get("ctMult") not in (None, "", "1") and kind_name != "SPOT":
        size *= positive(raw["ctMult"], "ctMult")
    family = raw.get("uly") or raw.get("instFamily") or symbol
    base, _, quote = (symbol if kind is InstrumentKind.SPOT else family).partition("-")
    base, quote = raw.get("baseCcy") or base, raw.get("quoteCcy") or quote
    lot = Decimal(decimal_text(field(raw, "lotSz"), "lotSz"))
    least = Decimal(decimal_text(field(raw, "minSz"), "minSz"))
    unit = Decimal(repr(size)) if kind in (InstrumentKind.LINEAR, InstrumentKind.OPTION) else Decimal(1)
    try:
        id = instrument_id(_name(symbol, kind, base, quote), "okx")
    except ValueError:
        return None
    maker, taker = fees_of("okx", kind)
    instrument = Instrument(
        id=id,
        kind=kind,
        base=base,
        quote=quote,
        settle=raw.get("settleCcy") or quote,
        tick=Decimal(decimal_text(field(raw, "tickSz"), "tickSz")),
        lot=lot * unit,
        min_qty=least * unit,
        contract_size=Decimal(repr(size)),
        maker_fee=maker,
        taker_fee=taker,
        expiry_ts=stamp(raw["expTime"], "expTime") if raw.get("expTime") else None,
        strike=Decimal(decimal_text(raw["stk"], "stk")) if raw.get("stk") else None,
        option_type={"C": OptionType.CALL, "P": OptionType.PUT}.get(raw.get("optType") or ""),
    )
    state = text(raw, "state")
    return Listed(
        id=id,
        symbol=symbol,
        tick=float(instrument.tick),
        size=size,
        inverse=inverse and kind is not InstrumentKind.OPTION,
        instrument=instrument,
        halted="" if state == "live" else state,
    )


def _kind(name: str, inverse: bool) -> InstrumentKind:
    match name:
        case "SPOT" | "MARGIN":
            return InstrumentKind.SPOT
        case "SWAP":
            return InstrumentKind.INVERSE if inverse else InstrumentKind.LINEAR
        case "FUTURES":
            return InstrumentKind.FUTURE
        case "OPTION":
            return InstrumentKind.OPTION
        case _:
            raise Malformed(f"instType: {name[:20]} is none we know")


def _name(symbol: str, kind: InstrumentKind, base: str, quote: str) -> str:
    match kind:
        case InstrumentKind.LINEAR:
            return f"{base}{quote}"
        case InstrumentKind.INVERSE:
            return f"{base}{quote}.inverse"
        case InstrumentKind.SPOT:
            return f"{base}{quote}.spot"
        case _:
            return symbol
