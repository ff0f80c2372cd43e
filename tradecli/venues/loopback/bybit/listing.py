"""What Bybit says about its instruments, its envelope, and its errors."""

from __future__ import annotations

from typing import Any

from tradecli.domain.instrument import Instrument
from tradecli.venues.loopback.asking import Refusal, Reply
from tradecli.venues.loopback.coins import FOLLOWED
from tradecli.venues.loopback.spelling import places
from tradecli.venues.simulated.listing import LINES

INTERVALS = {
    "1": 60_000,
    "3": 180_000,
    "5": 300_000,
    "15": 900_000,
    "30": 1_800_000,
    "60": 3_600_000,
    "120": 7_200_000,
    "240": 14_400_000,
    "360": 21_600_000,
    "720": 43_200_000,
    "D": 86_400_000,
}
"""Without the venue's W and M, which the simulated market has no bars of."""

PERIODS = {
    "5min": 300_000,
    "15min": 900_000,
    "30min": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
CATEGORIES = ("linear", "spot", "inverse", "option")
LINEAR = {line.instrument.symbol: line for line in LINES if line.venue == "bybit" and line.perp}
SPOT = {
    line.instrument.symbol.removesuffix(".spot"): line
    for line in LINES
    if line.venue == "bybit" and not line.perp
}
INVERSE = {f"{line.base}USD": line for line in FOLLOWED.values() if line.venue == "bybit"}
"""Coin-margined perpetuals."""
_LAUNCH = {"BTC": "1584230400000", "ETH": "1602660000000", "BNB": "1624233600000"}
FUNDING_MINUTES = 480


def envelope(result: Any, now: int, *, code: int = 0, text: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": now}


def refuse(now: int, text: str, code: int = 10001) -> Refusal:
    """Return an error in Bybit's envelope: its status is 200."""
    return Refusal(Reply(body=envelope({}, now, code=code, text=text)))


def linear_row(place: int, instrument: Instrument, halted: bool) -> dict[str, Any]:
    tick, lot = instrument.tick, instrument.lot
    return {
        "symbol": instrument.symbol,
        "contractType": "LinearPerpetual",
        "status": "Closed" if halted else "Trading",
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "launchTime": _LAUNCH[instrument.base],
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(max(places(tick), 2)),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": f"{tick:.2f}", "maxPrice": "1999999.80", "tickSize": f"{tick:.2f}"},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            "minOrderQty": str(instrument.min_qty),
            "qtyStep": str(lot),
            "postOnlyMaxOrderQty": "1190.000",
            "maxMktOrderQty": "500.000",
            "minNotionalValue": str(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": FUNDING_MINUTES,
        "settleCoin": instrument.settle,
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "displayName": "",
        "symbolId": place,
        "symbolType": "",
    }


def inverse_row(place: int, symbol: str, instrument: Instrument, halted: bool) -> dict[str, Any]:
    """Return a coin-margined perpetual: a linear one in dollars."""
    row = linear_row(place, instrument, halted)
    lots = {
        "maxOrderQty": "25000000", "minOrderQty": "1", "qtyStep": "1", "postOnlyMaxOrderQty": "25000000",
        "maxMktOrderQty": "5000000", "minNotionalValue": "",
    }  # fmt: skip
    return row | {"symbol": symbol, "contractType": "InversePerpetual", "lotSizeFilter": lots}


def spot_row(place: int, symbol: str, instrument: Instrument, halted: bool) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "innovation": "0",
        "status": "Closed" if halted else "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": f"{instrument.lot:f}",
            "quotePrecision": "0.0000001",
            "minOrderQty": f"{instrument.min_qty:f}",
            "maxOrderQty": "83",
            "minOrderAmt": str(instrument.min_notional),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": "83",
            "maxMarketOrderQty": "41.5",
            "postOnlyMaxLimitOrderSize": "60000",
        },
        "priceFilter": {"tickSize": f"{instrument.tick:f}"},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolId": place,
        "symbolType": "",
    }
