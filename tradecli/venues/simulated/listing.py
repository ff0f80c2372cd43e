"""What the simulated venues list: eighteen spot pairs and perpetuals, with the steps and fees that each venue uses.

It owns the static facts of an instrument, among them how busy and deep its market is: recorded for Binance's BTC,
for the others by volume (``calibration``). Steps, minima and fees are those of each venue's public tables for
ordinary users.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import Instrument, InstrumentId, instrument_id
from tradecli.venues.simulated import calibration as cal

VENUES = ("binance", "bybit", "okx")
OPTION_VENUE = "deribit"
OPTION_COINS = ("BTC", "ETH")

_FEES = {
    ("binance", True): ("0.0002", "0.0005"),
    ("binance", False): ("0.001", "0.001"),
    ("bybit", True): ("0.0002", "0.00055"),
    ("bybit", False): ("0.001", "0.001"),
    ("okx", True): ("0.0002", "0.0005"),
    ("okx", False): ("0.0008", "0.001"),
}
_STEPS = {  # venue, perpetual?, coin: tick, lot, least quantity, least notional
    ("binance", True, "BTC"): ("0.1", "0.001", "0.001", "100"),
    ("binance", True, "ETH"): ("0.01", "0.001", "0.001", "20"),
    ("binance", True, "BNB"): ("0.01", "0.01", "0.01", "5"),
    ("binance", False, "BTC"): ("0.01", "0.00001", "0.00001", "5"),
    ("binance", False, "ETH"): ("0.01", "0.0001", "0.0001", "5"),
    ("binance", False, "BNB"): ("0.01", "0.001", "0.001", "5"),
    ("bybit", True, "BTC"): ("0.1", "0.001", "0.001", "5"),
    ("bybit", True, "ETH"): ("0.01", "0.01", "0.01", "5"),
    ("bybit", True, "BNB"): ("0.1", "0.01", "0.01", "5"),
    ("bybit", False, "BTC"): ("0.1", "0.000001", "0.000001", "5"),
    ("bybit", False, "ETH"): ("0.01", "0.00001", "0.00001", "5"),
    ("bybit", False, "BNB"): ("0.1", "0.0001", "0.0001", "5"),
    ("okx", True, "BTC"): ("0.1", "0.0001", "0.0001", "0"),
    ("okx", True, "ETH"): ("0.01", "0.001", "0.001", "0"),
    ("okx", True, "BNB"): ("0.1", "0.01", "0.01", "0"),
    ("okx", False, "BTC"): ("0.1", "0.00000001", "0.00001", "0"),
    ("okx", False, "ETH"): ("0.01", "0.000001", "0.0001", "0"),
    ("okx", False, "BNB"): ("0.1", "0.000001", "0.001", "0"),
}


class Line(NamedTuple):
    """One listed instrument. ``per_unit`` ticks make one quote unit, ``per_coin`` lots one base unit."""

    instrument: Instrument
    coin: int
    perp: bool
    per_unit: int
    per_coin: int
    lag: int
    usd: float
    prints: float
    touch_usd: float
    gap: int
    quote_share: float
    book_ms: int
    phase_ms: int

    @property
    def id(self) -> InstrumentId:
        return self.instrument.id

    @property
    def venue(self) -> str:
        return self.instrument.venue

    @property
    def base(self) -> str:
        return self.instrument.base


def _line(venue: str, coin: str, perp: bool, phase: int) -> Line:
    figures = cal.FIGURES[coin]
    tick, lot, least, notional = _STEPS[venue, perp, coin]
    maker, taker = _FEES[venue, perp]
    usd = figures.perp_usd * cal.VENUE_VOLUME[venue] if perp else figures.spot_usd * cal.SPOT_VOLUME[venue]
    symbol = f"{coin}USDT" if perp else f"{coin}USDT.spot"
    instrument = Instrument(
        id=instrument_id(symbol, venue),
        kind=InstrumentKind.LINEAR if perp else InstrumentKind.SPOT,
        base=coin,
        quote="USDT",
        settle="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_qty=Decimal(least),
        min_notional=Decimal(notional),
        maker_fee=Decimal(maker),
        taker_fee=Decimal(taker),
    )
    return Line(
        instrument=instrument,
        coin=cal.COINS.index(coin),
        perp=perp,
        per_unit=round(1 / float(tick)),
        per_coin=round(1 / float(lot)),
        lag=cal.LAG_CELLS[venue],
        usd=usd,
        prints=round(cal.PRINTS * (usd / cal.PRINTS_VOLUME_USD) ** cal.PRINTS_EXPONENT, 2),
        touch_usd=cal.TOUCH_USD * (usd / cal.TOUCH_VOLUME_USD) ** cal.TOUCH_EXPONENT,
        gap=max(1, round(cal.LEVEL_GAP_BP * 1e-4 * figures.start / float(tick))),
        quote_share=0.9 if perp else 0.8,
        book_ms=250 if perp else 500,
        phase_ms=phase,
    )


def lines() -> tuple[Line, ...]:
    """Return every listed instrument, sorted by id: the order of ties in time."""
    made = [_line(venue, coin, perp, 0) for venue in VENUES for coin in cal.COINS for perp in (True, False)]
    ordered = sorted(made, key=lambda line: line.id)
    return tuple(line._replace(phase_ms=3 + 2 * place) for place, line in enumerate(ordered))


LINES = lines()
