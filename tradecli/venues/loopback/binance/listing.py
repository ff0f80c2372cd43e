"""What Binance says about its instruments: ``exchangeInfo`` of both markets, and errors in its words."""

from __future__ import annotations

from typing import Any

from tradecli.domain.instrument import Instrument
from tradecli.venues.loopback.asking import Refusal, Reply
from tradecli.venues.loopback.coins import FOLLOWED
from tradecli.venues.loopback.spelling import places
from tradecli.venues.simulated.listing import LINES, Line

INTERVALS = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}
"""Without the venue's 3d, 1w and 1M, which the simulated market has no bars of."""

FUTURES = {line.instrument.symbol: line for line in LINES if line.venue == "binance" and line.perp}
SPOT = {
    line.instrument.symbol.removesuffix(".spot"): line
    for line in LINES
    if line.venue == "binance" and not line.perp
}
COINS = {f"{line.base}USD_PERP": line for line in FOLLOWED.values() if line.venue == "binance"}
"""Coin-margined perpetuals."""
_ONBOARD = {"BTC": 1_569_398_400_000, "ETH": 1_569_398_400_000, "BNB": 1_580_000_400_000}
_FOREVER = 4_133_404_800_000


def pair_of(symbol: str) -> dict[str, str]:
    """Return what a row of a coin-margined perpetual says beside its symbol; nothing for any other."""
    return {"pair": symbol.removesuffix("_PERP")} if symbol in COINS else {}


def error(code: int, text: str, status: int = 400, **headers: str) -> Reply:
    """Return an error in Binance's envelope."""
    kept = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body={"code": code, "msg": text}, status=status, headers=kept)


def refuse(code: int, text: str, status: int = 400) -> Refusal:
    return Refusal(error(code, text, status))


def line_of(table: dict[str, Line], symbol: str | None) -> Line:
    """Return a listed line, or refuse in the venue's words."""
    if not symbol:
        raise refuse(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    line = table.get(symbol)
    if line is None:
        raise refuse(-1121, "Invalid symbol.")
    return line


def futures_symbol(instrument: Instrument, halted: bool) -> dict[str, Any]:
    tick, lot = instrument.tick, instrument.lot
    return {
        "symbol": instrument.symbol,
        "pair": instrument.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _FOREVER,
        "onboardDate": _ONBOARD[instrument.base],
        "status": "SETTLING" if halted else "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.settle,
        "pricePrecision": max(places(tick), 2),
        "quantityPrecision": places(lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "maxPrice": "4529764", "minPrice": str(tick), "tickSize": f"{tick:.2f}"},
            {"filterType": "LOT_SIZE", "maxQty": "1000", "minQty": str(instrument.min_qty), "stepSize": str(lot)},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": "120", "minQty": str(lot), "stepSize": str(lot)},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": str(instrument.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [
            "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def futures_info(now: int, halted: Any) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": coin, "marginAvailable": True, "autoAssetExchange": amount}
            for coin, amount in (("USDT", "-10000"), ("BTC", "-0.10000000"), ("BNB", "-10"), ("ETH", "-5"))
        ],
        "symbols": [futures_symbol(line.instrument, halted(symbol)) for symbol, line in FUTURES.items()],
    }


def coin_symbol(symbol: str, instrument: Instrument, halted: bool) -> dict[str, Any]:
    tick = instrument.tick
    return {
        "symbol": symbol,
        "pair": symbol.removesuffix("_PERP"),
        "contractType": "PERPETUAL",
        "deliveryDate": _FOREVER,
        "onboardDate": _ONBOARD[instrument.base],
        "contractStatus": "CLOSE" if halted else "TRADING",
        "contractSize": int(instrument.contract_size),
        "marginAsset": instrument.settle,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "pricePrecision": places(tick),
        "quantityPrecision": 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "equalQtyPrecision": 4,
        "triggerProtect": "0.0500",
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "liquidationFee": "0.010000",
        "marketTakeBound": "0.30",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": str(tick),
                "maxPrice": "4520958",
                "tickSize": str(tick),
            },
            {"filterType": "LOT_SIZE", "maxQty": str(instrument.max_qty), "minQty": "1", "stepSize": "1"},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": "60000", "minQty": "1", "stepSize": "1"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": 4,
            },
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "TAKE_PROFIT", "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def coin_info(now: int, halted: Any) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": now,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "symbols": [
            coin_symbol(symbol, line.instrument, halted(line.instrument.symbol))
            for symbol, line in COINS.items()
        ],
    }


def spot_symbol(symbol: str, instrument: Instrument, halted: bool) -> dict[str, Any]:
    tick, lot = instrument.tick, instrument.lot
    return {
        "symbol": symbol,
        "status": "BREAK" if halted else "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
                       "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": f"{tick:.8f}", "maxPrice": "1000000.00000000",
             "tickSize": f"{tick:.8f}"},
            {"filterType": "LOT_SIZE", "minQty": f"{instrument.min_qty:.8f}", "maxQty": "9000.00000000",
             "stepSize": f"{lot:.8f}"},
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "120.00000000",
             "stepSize": "0.00000000"},
            {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
             "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
             "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
            {"filterType": "NOTIONAL", "minNotional": f"{instrument.min_notional:.8f}", "applyMinToMarket": True,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    }  # fmt: skip


def spot_info(now: int, halted: Any) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": now,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
        ],
        "exchangeFilters": [],
        "symbols": [
            spot_symbol(symbol, line.instrument, halted(f"{symbol}.spot")) for symbol, line in SPOT.items()
        ],
    }
