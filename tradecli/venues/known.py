"""Steps and fees of instruments whose recorded data come without them, so that a backtest on candles knows the rules.

Where the figures come from. Ticks: the finest step in which the recorded prices of 2021-06 to 2025-06 are written; a
test holds them to the recorded candles. Lots and minima: the contract rules that the venues publish (``exchangeInfo``
of Binance, ``instruments-info`` of Bybit, ``public/instruments`` of OKX) as they stood in 2024. Fees: the published
schedule of each venue for an account without volume (VIP 0), as fractions. A venue that is connected gives its own
rules, and those win.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import Instrument, InstrumentId, symbol_of, venue_of

_ROOT = re.compile(r"[A-Z]{2,10}(?:_USDC)?\Z")
QUOTES = ("USDT", "USDC", "USD")


class Fees(NamedTuple):
    maker: str
    taker: str


FEES = {
    ("binance", InstrumentKind.LINEAR): Fees("0.0002", "0.0005"),
    ("binance", InstrumentKind.INVERSE): Fees("0.0002", "0.0005"),
    ("binance", InstrumentKind.SPOT): Fees("0.001", "0.001"),
    ("bybit", InstrumentKind.LINEAR): Fees("0.0002", "0.00055"),
    ("bybit", InstrumentKind.INVERSE): Fees("0.0002", "0.00055"),
    ("bybit", InstrumentKind.SPOT): Fees("0.001", "0.001"),
    ("okx", InstrumentKind.LINEAR): Fees("0.0002", "0.0005"),
    ("okx", InstrumentKind.INVERSE): Fees("0.0002", "0.0005"),
    ("okx", InstrumentKind.SPOT): Fees("0.0008", "0.001"),
    ("deribit", InstrumentKind.OPTION): Fees("0.0003", "0.0003"),
    ("okx", InstrumentKind.OPTION): Fees("0.0002", "0.0003"),
    ("bybit", InstrumentKind.OPTION): Fees("0.0002", "0.0003"),
}
DEAREST = Fees("0.001", "0.001")
"""For a venue that is not in the table: no cheaper than any that is."""


def fees_of(venue: str, kind: InstrumentKind) -> tuple[Decimal, Decimal]:
    """Return (maker, taker) of a venue for an account without volume; dated futures cost what perpetuals do."""
    found = FEES.get((venue, InstrumentKind.LINEAR if kind is InstrumentKind.FUTURE else kind), DEAREST)
    return Decimal(found.maker), Decimal(found.taker)


class Steps(NamedTuple):
    """Tick in quote units; lot in base units, which is the smallest quantity too; minimum notional in quote units."""

    tick: str
    lot: str
    notional: str = "5"


STEPS = {
    "BTCUSDT@binance": Steps("0.1", "0.001", "100"),
    "ETHUSDT@binance": Steps("0.01", "0.001", "20"),
    "BNBUSDT@binance": Steps("0.01", "0.01"),
    "SOLUSDT@binance": Steps("0.001", "1"),
    "XRPUSDT@binance": Steps("0.0001", "0.1"),
    "ADAUSDT@binance": Steps("0.0001", "1"),
    "DOGEUSDT@binance": Steps("0.00001", "1"),
    "AVAXUSDT@binance": Steps("0.001", "1"),
    "LINKUSDT@binance": Steps("0.001", "0.01"),
    "BTCUSD.inverse@binance": Steps("0.1", "0.001"),
    "ETHUSD.inverse@binance": Steps("0.01", "0.001"),
    "BTCUSDT.spot@binance": Steps("0.01", "0.00001"),
    "ETHUSDT.spot@binance": Steps("0.01", "0.0001"),
    "BNBUSDT.spot@binance": Steps("0.01", "0.001"),
    "SOLUSDT.spot@binance": Steps("0.01", "0.001"),
    "XRPUSDT.spot@binance": Steps("0.0001", "0.1"),
    "ADAUSDT.spot@binance": Steps("0.0001", "0.1"),
    "DOGEUSDT.spot@binance": Steps("0.00001", "1"),
    "AVAXUSDT.spot@binance": Steps("0.01", "0.01"),
    "LINKUSDT.spot@binance": Steps("0.001", "0.01"),
    "BTCUSDT@bybit": Steps("0.1", "0.001"),
    "ETHUSDT@bybit": Steps("0.01", "0.01"),
    "BNBUSDT@bybit": Steps("0.05", "0.01"),
    "SOLUSDT@bybit": Steps("0.001", "0.1"),
    "BTCUSDT@okx": Steps("0.1", "0.01"),
    "ETHUSDT@okx": Steps("0.01", "0.1"),
}


def known(id: InstrumentId) -> Instrument | None:
    """Return the instrument with the steps of the table, or None when it is not in it.

    ``BTC@deribit`` is the root of a coin's options: what chains are about, and nothing that trades.
    """
    if venue_of(id) == "deribit" and _ROOT.match(symbol_of(id)):
        return _root(id)
    steps = STEPS.get(id)
    return None if steps is None else _build(id, steps)


def _root(id: InstrumentId) -> Instrument:
    coin, _, quote = symbol_of(id).partition("_")
    fees = FEES[("deribit", InstrumentKind.OPTION)]
    return Instrument(
        id=id,
        kind=InstrumentKind.OPTION,
        base=coin,
        quote=quote or "USD",
        settle=quote or coin,
        tick=Decimal("0.0001"),
        lot=Decimal("0.1"),
        min_qty=Decimal("0.1"),
        maker_fee=Decimal(fees.maker),
        taker_fee=Decimal(fees.taker),
    )


def inferred(id: InstrumentId, prices: Iterable[float]) -> Instrument:
    """Return an instrument whose tick is the finest decimal step that ``prices`` are written in.

    The lot is the power of ten nearest below one quote unit's worth at the last price. ``ValueError`` when there is no
    positive price, or the symbol does not end in a known quote currency.
    """
    places, last = 0, 0.0
    for price in prices:
        if 0 < price < float("inf"):
            exponent = Decimal(repr(price)).normalize().as_tuple().exponent
            places, last = max(places, -exponent if isinstance(exponent, int) else 0), price
    if last == 0.0:
        raise ValueError(f"no price to infer the steps of {id} from")
    lot = Decimal(1).scaleb(-max(Decimal(repr(last)).adjusted() + 1, 0))
    return _build(id, Steps(str(Decimal(1).scaleb(-places)), str(lot)))


def kind_of(symbol: str) -> InstrumentKind:
    """Return the kind that a symbol's spelling names: ``.spot``, ``.inverse``, otherwise linear."""
    if symbol.endswith(".spot"):
        return InstrumentKind.SPOT
    return InstrumentKind.INVERSE if symbol.endswith(".inverse") else InstrumentKind.LINEAR


def _build(id: InstrumentId, steps: Steps) -> Instrument:
    symbol, venue = symbol_of(id), venue_of(id)
    kind = kind_of(symbol)
    pair = symbol.partition(".")[0]
    quote = next((q for q in QUOTES if pair.endswith(q) and len(pair) > len(q)), None)
    if quote is None:
        raise ValueError(f"{symbol} does not end in one of {', '.join(QUOTES)}")
    base = pair.removesuffix(quote)
    fees = FEES.get((venue, kind), DEAREST)
    return Instrument(
        id=id,
        kind=kind,
        base=base,
        quote=quote,
        settle=base if kind is InstrumentKind.INVERSE else quote,
        tick=Decimal(steps.tick),
        lot=Decimal(steps.lot),
        min_qty=Decimal(steps.lot),
        min_notional=Decimal(steps.notional),
        maker_fee=Decimal(fees.maker),
        taker_fee=Decimal(fees.taker),
    )
