"""Which loopback body is held against which recorded or documented message, and where they may differ.

A row names the venue and kind, the fixtures (file and the end of their id; a body may follow any of them), and how the
loopback server is made to say its body: a path, or a socket with a subscription and a word of the wanted message.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """One comparison. ``inside`` is the key of a fixture's body that holds what is compared."""

    venue: str
    kind: str
    file: str
    ids: tuple[str, ...]
    url: str
    subscribe: Any = None
    word: str = ""
    inside: str = ""


_F, _S = "https://fapi.binance.com", "https://api.binance.com"
_C, _CW = "https://dapi.binance.com", "wss://dstream.binance.com/ws/0"
_FW, _SW = "wss://fstream.binance.com/public/ws/0", "wss://stream.binance.com:9443/ws/0"
_O, _OW = "https://www.okx.com/api/v5", "wss://ws.okx.com:443/ws/v5"
_B, _BW = "https://api.bybit.com/v5/market", "wss://stream.bybit.com/v5/public"
_D, _DW = "https://www.deribit.com/api/v2/public", "wss://www.deribit.com/ws/api/v2"


def _binance(kind: str, ids: str, path: str, file: str = "binance_usdm_rest") -> Row:
    host = _F if "usdm" in file else _C if "coinm" in file else _S
    return Row("binance", kind, file, tuple(ids.split()), host + path)


def _binance_ws(kind: str, ids: str, stream: str, word: str, file: str = "binance_usdm_ws_stream") -> Row:
    subscribe = {"method": "SUBSCRIBE", "params": [stream], "id": 1}
    url = _FW if "usdm" in file else _CW if "coinm" in file else _SW
    return Row("binance", kind, file, tuple(ids.split()), url, subscribe, word, "data")


def _okx(kind: str, ids: str, path: str) -> Row:
    return Row("okx", kind, "okx_rest", tuple(ids.split()), f"{_O}/{path}")


def _okx_ws(kind: str, ids: str, channel: str, name: str = "BTC-USDT-SWAP", word: str = '"data"') -> Row:
    url = f"{_OW}/{'business' if channel.startswith('candle') else 'public'}"
    subscribe = {"op": "subscribe", "args": [{"channel": channel, "instId": name}]}
    return Row("okx", kind, "okx_ws_stream", tuple(ids.split()), url, subscribe, word)


def _bybit(kind: str, ids: str, path: str) -> Row:
    return Row("bybit", kind, "bybit_rest", tuple(ids.split()), f"{_B}/{path}")


def _bybit_ws(kind: str, ids: str, topic: str, word: str = '"data"', category: str = "linear") -> Row:
    subscribe = {"op": "subscribe", "args": [topic], "req_id": "10001"}
    return Row("bybit", kind, "bybit_ws_stream", tuple(ids.split()), f"{_BW}/{category}", subscribe, word)


def _deribit(kind: str, ids: str, path: str) -> Row:
    return Row("deribit", kind, "deribit_rest", tuple(ids.split()), f"{_D}/{path}")


def _deribit_ws(kind: str, ids: str, channel: str, word: str = '"data"') -> Row:
    params = {"channels": [channel]}
    subscribe = {"jsonrpc": "2.0", "id": 1, "method": "public/subscribe", "params": params}
    return Row("deribit", kind, "deribit_ws_stream", tuple(ids.split()), _DW, subscribe, word)


_SPOT, _SPOT_WS = "binance_spot_rest", "binance_spot_ws_stream"
_COIN, _COIN_WS = "binance_coinm_rest", "binance_coinm_ws_stream"
_DVOL = "get_volatility_index_data?currency=BTC&resolution=3600&start_timestamp={since}&end_timestamp={now}"
_SPAN = "start_timestamp={since}&end_timestamp={now}"
_PERP = "instrument_name=BTC-PERPETUAL"
_CHART = "get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=60"

ROWS = (
    _binance("instruments", "57f80d3056 e160457392", "/fapi/v1/exchangeInfo"),
    _binance("server_time", "de8308aac4", "/fapi/v1/time"),
    _binance("depth", "61a63969a0", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"),
    _binance("klines", "670562c892", "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3"),
    _binance("trades", "2991997122", "/fapi/v1/trades?symbol=BTCUSDT&limit=3"),
    _binance("agg_trades", "668c975c02", "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=3"),
    _binance("funding_rate", "33553e9692", "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3"),
    _binance("mark_price", "6192022238", "/fapi/v1/premiumIndex?symbol=BTCUSDT"),
    _binance("open_interest", "bea7273be1", "/fapi/v1/openInterest?symbol=BTCUSDT"),
    _binance("open_interest_history", "8f0e29b038", "/futures/data/openInterestHist?symbol=BTCUSDT&period=1h"),
    _binance("long_short_ratio", "7c8f22ee22", "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=1h"),
    _binance("book_ticker", "49a25e50b2", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"),
    _binance("price", "07da6d9b18", "/fapi/v2/ticker/price?symbol=BTCUSDT"),
    _binance("error", "e006acfd7a", "/fapi/v1/klines?symbol=NOPE&interval=1h"),
    _binance("spot_instruments", "91175dab09 74606b514a 7361891ef9 e48c2a09bd", "/api/v3/exchangeInfo", _SPOT),
    _binance("spot_server_time", "f53dfc6745", "/api/v3/time", _SPOT),
    _binance("spot_agg_trades", "df9bb64dc5", "/api/v3/aggTrades?symbol=BTCUSDT&limit=3", _SPOT),
    _binance("spot_depth", "00464affe1", "/api/v3/depth?symbol=BTCUSDT", _SPOT),
    _binance("spot_klines", "5619c9a250", "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=3", _SPOT),
    _binance("spot_trades", "c9502f72d7", "/api/v3/trades?symbol=BTCUSDT&limit=3", _SPOT),
    _binance("spot_ticker", "f75c1e8134", "/api/v3/ticker/24hr?symbol=BTCUSDT", _SPOT),
    _binance("spot_book_ticker", "598e4c9457", "/api/v3/ticker/bookTicker?symbol=BTCUSDT", _SPOT),
    _binance_ws("ws_depth", "e0dd3ed7d3 051cd388bd", "btcusdt@depth@100ms", "depthUpdate"),
    _binance_ws("ws_trade", "3fa6211603", "btcusdt@trade", '"trade"'),
    _binance_ws("ws_agg_trade", "6dce8888b8", "btcusdt@aggTrade", "aggTrade"),
    _binance_ws("ws_kline", "53495ed7d1", "btcusdt@kline_1m", '"kline"'),
    _binance_ws("ws_mark_price", "00b0b44fae", "btcusdt@markPrice@1s", "markPriceUpdate"),
    _binance_ws("ws_book_ticker", "a6b94c305d", "btcusdt@bookTicker", "bookTicker"),
    _binance_ws("ws_ticker", "5911a9e009", "btcusdt@ticker", "24hrTicker"),
    _binance_ws("ws_mini_ticker", "50ff866044", "btcusdt@miniTicker", "24hrMiniTicker"),
    _binance_ws("ws_spot_depth", "ba35b0c4f3", "btcusdt@depth@100ms", "depthUpdate", _SPOT_WS),
    _binance_ws("ws_spot_trade", "0d4f26c16a", "btcusdt@trade", '"trade"', _SPOT_WS),
    _binance_ws("ws_spot_kline", "c4a343c3fe", "btcusdt@kline_1m", '"kline"', _SPOT_WS),
    _binance_ws("ws_spot_ticker", "094c47821b", "btcusdt@ticker", "24hrTicker", _SPOT_WS),
    _binance_ws("ws_spot_agg_trade", "af0f5d6056", "btcusdt@aggTrade", "aggTrade", _SPOT_WS),
    _binance_ws("ws_spot_book_ticker", "9ef89b7ef5", "btcusdt@bookTicker", '"B"', _SPOT_WS),
    _binance("coin_instruments", "0abb92131f", "/dapi/v1/exchangeInfo", _COIN),
    _binance("coin_server_time", "caeb6ea335", "/dapi/v1/time", _COIN),
    _binance("coin_depth", "bbe1c4ea85", "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", _COIN),
    _binance("coin_klines", "1c0ed5d721", "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1m&limit=3", _COIN),
    _binance("coin_trades", "2288bbc51e", "/dapi/v1/trades?symbol=BTCUSD_PERP&limit=3", _COIN),
    _binance("coin_book_ticker", "b086d51fb7", "/dapi/v1/ticker/bookTicker?symbol=BTCUSD_PERP", _COIN),
    _binance("coin_funding_rate", "31190b9450", "/dapi/v1/fundingRate?symbol=BTCUSD_PERP&limit=3", _COIN),
    _binance("coin_open_interest", "029f3af6d7", "/dapi/v1/openInterest?symbol=BTCUSD_PERP", _COIN),
    _binance("coin_open_interest_history", "6a8afa3e07",
             "/futures/data/openInterestHist?pair=BTCUSD&contractType=PERPETUAL&period=1h", _COIN),
    _binance("coin_long_short_ratio", "3dccbb89fa",
             "/futures/data/globalLongShortAccountRatio?pair=BTCUSD&period=1h", _COIN),
    _binance_ws("ws_coin_depth", "d5237e49fc", "btcusd_perp@depth@100ms", "depthUpdate", _COIN_WS),
    _binance_ws("ws_coin_book_ticker", "1d5925448e", "btcusd_perp@bookTicker", "bookTicker", _COIN_WS),
    _binance_ws("ws_coin_agg_trade", "c5a5b0f55f", "btcusd_perp@aggTrade", "aggTrade", _COIN_WS),
    _binance_ws("ws_coin_mark_price", "13d9cc55c3", "!markPrice@arr", "BTCUSD_PERP", _COIN_WS),
    _binance_ws("ws_coin_index", "2915daeca7", "btcusd@indexPrice@1s", "indexPrice", _COIN_WS),
    _binance_ws("ws_coin_kline", "59d661666b", "btcusd_perp@kline_1m", '"kline"', _COIN_WS),
    _binance_ws("ws_control", "63839db66b", "btcusdt@trade", "result", _SPOT_WS)._replace(inside=""),
    _okx("instruments", "c49813a855", "public/instruments?instType=SWAP"),
    _okx("spot_instruments", "579ef8d29a", "public/instruments?instType=SPOT"),
    _okx("server_time", "19c327c476", "public/time"),
    _okx("depth", "3534aeee56", "market/books?instId=BTC-USDT-SWAP&sz=20"),
    _okx("klines", "cfbe3f1a55", "market/candles?instId=BTC-USDT-SWAP&bar=1H&limit=3"),
    _okx("klines_history", "ec9e095d85", "market/history-candles?instId=BTC-USDT-SWAP&bar=1H&limit=3"),
    _okx("trades", "afefe445a1", "market/trades?instId=BTC-USDT-SWAP&limit=3"),
    _okx("funding_rate", "98b2635bc7", "public/funding-rate?instId=BTC-USDT-SWAP"),
    _okx("funding_history", "f0e510a1d3", "public/funding-rate-history?instId=BTC-USDT-SWAP&limit=3"),
    _okx("open_interest", "5c14555cb0", "public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP"),
    _okx("mark_price", "9460019807", "public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP"),
    _okx("ticker", "5be194e6d6", "market/ticker?instId=BTC-USDT-SWAP"),
    _okx("index_ticker", "48d0c5f9f5", "market/index-tickers?instId=BTC-USDT"),
    _okx("long_short_ratio", "7a1583a856", "rubik/stat/contracts/long-short-account-ratio?ccy=BTC&period=1H"),
    _okx("error", "e86774cb02", "market/candles?instId=NOPE"),
    _okx("spot_instruments", "73f23b8003 3c20bfe8e5", "public/instruments?instType=SPOT&instId=BTC-USDT"),
    _okx("spot_depth", "efd0fc169e", "market/books?instId=BTC-USDT&sz=5"),
    _okx("spot_klines", "ec9e095d85", "market/history-candles?instId=BTC-USDT&bar=1H&limit=3"),
    _okx("spot_trades", "c832932c9e afefe445a1", "market/trades?instId=BTC-USDT&limit=3"),
    _okx("spot_ticker", "5be194e6d6", "market/ticker?instId=BTC-USDT"),
    _okx_ws("ws_spot_depth", "46971293c8", "books", "BTC-USDT", '"snapshot"'),
    _okx_ws("ws_spot_depth_update", "12e3979166", "books", "BTC-USDT", '"update"'),
    _okx_ws("ws_spot_book_ticker", "b525f70033", "bbo-tbt", "BTC-USDT"),
    _okx_ws("ws_spot_trade", "1ed9256132", "trades", "BTC-USDT"),
    _okx_ws("ws_spot_kline", "bb7e3d7d5c", "candle1m", "BTC-USDT"),
    _okx_ws("ws_depth", "876c42b3fa", "books", word='"snapshot"'),
    _okx_ws("ws_depth_update", "287ea7ffe7 12e3979166", "books", word='"update"'),
    _okx_ws("ws_depth_top", "e97444e7b7", "books5"),
    _okx_ws("ws_book_ticker", "8ba0df9736", "bbo-tbt"),
    _okx_ws("ws_trade", "1ed9256132", "trades"),
    _okx_ws("ws_ticker", "6144893e7c", "tickers"),
    _okx_ws("ws_funding_rate", "1422afc47b", "funding-rate"),
    _okx_ws("ws_mark_price", "4a58c4e914", "mark-price"),
    _okx_ws("ws_open_interest", "a3e5e286a7", "open-interest"),
    _okx_ws("ws_index", "90daa3909d", "index-tickers", "BTC-USDT"),
    _okx_ws("ws_kline", "bb7e3d7d5c", "candle1m"),
    _okx_ws("ws_control", "482cce346e", "trades", word='"event"'),
    _okx_ws("ws_error", "af5bda5ac5", "nonsense", word='"error"'),
    _bybit("instruments", "a5f1da493a", "instruments-info?category=linear"),
    _bybit("spot_instruments", "52b9f977f6 fc15a7c0e2", "instruments-info?category=spot"),
    _bybit("server_time", "2f5bfb8db9", "time"),
    _bybit("depth", "7a278a19cc", "orderbook?category=linear&symbol=BTCUSDT&limit=50"),
    _bybit("klines", "e6b80949b4", "kline?category=linear&symbol=BTCUSDT&interval=60&limit=3"),
    _bybit("mark_klines", "525f49b64f", "mark-price-kline?category=linear&symbol=BTCUSDT&interval=60&limit=3"),
    _bybit("trades", "2ef257542c", "recent-trade?category=linear&symbol=BTCUSDT&limit=3"),
    _bybit("ticker", "a802899a48", "tickers?category=linear&symbol=BTCUSDT"),
    _bybit("spot_ticker", "48953759e9", "tickers?category=spot&symbol=BTCUSDT"),
    _bybit("funding_rate", "fe91bfa3b1", "funding/history?category=linear&symbol=BTCUSDT&limit=3"),
    _bybit("open_interest", "fb3fad1c0b", "open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h&limit=3"),
    _bybit("long_short_ratio", "c8ba2160ce", "account-ratio?category=linear&symbol=BTCUSDT&period=1h&limit=3"),
    _bybit("volatility_index", "d6edeaa71d", "historical-volatility?category=option&baseCoin=BTC&period=30"),
    _bybit("error", "04838f7544", "kline?category=linear&symbol=NOPE&interval=60"),
    _bybit("inverse_instruments", "40eff9789b", "instruments-info?category=inverse"),
    _bybit("inverse_klines", "8b4ed5c78f", "kline?category=inverse&symbol=BTCUSD&interval=60&limit=3"),
    _bybit("inverse_ticker", "a802899a48", "tickers?category=inverse&symbol=BTCUSD"),
    _bybit("inverse_open_interest", "fb3fad1c0b",
           "open-interest?category=inverse&symbol=BTCUSD&intervalTime=1h&limit=3"),
    _bybit("spot_depth", "7a278a19cc", "orderbook?category=spot&symbol=BTCUSDT&limit=50"),
    _bybit("spot_trades", "2ef257542c", "recent-trade?category=spot&symbol=BTCUSDT&limit=3"),
    _bybit_ws("ws_spot_depth", "a1d297a414 b7a666fd4d 04657e6ec0", "orderbook.50.BTCUSDT", '"snapshot"', "spot"),
    _bybit_ws("ws_spot_depth_delta", "04657e6ec0", "orderbook.50.BTCUSDT", '"delta"', "spot"),
    _bybit_ws("ws_inverse_trade", "d14506bb38", "publicTrade.BTCUSD", category="inverse"),
    _bybit_ws("ws_inverse_ticker", "0b5805b6f7", "tickers.BTCUSD", '"snapshot"', "inverse"),
    _bybit_ws("ws_inverse_kline", "7d868ad430", "kline.1.BTCUSD", category="inverse"),
    _bybit_ws("ws_depth", "f07d715a03 91c38945a1", "orderbook.50.BTCUSDT", '"snapshot"'),
    _bybit_ws("ws_depth_delta", "63099fbdef 91c38945a1", "orderbook.50.BTCUSDT", '"delta"'),
    _bybit_ws("ws_book_ticker", "ccdd1f1088", "orderbook.1.BTCUSDT"),
    _bybit_ws("ws_trade", "a33bed598c", "publicTrade.BTCUSDT"),
    _bybit_ws("ws_spot_trade", "90bd4f7394", "publicTrade.BTCUSDT", category="spot"),
    _bybit_ws("ws_ticker", "0b5805b6f7", "tickers.BTCUSDT", '"snapshot"'),
    _bybit_ws("ws_kline", "7d868ad430", "kline.1.BTCUSDT"),
    _bybit_ws("ws_control", "48eef98f68", "publicTrade.BTCUSDT", '"success":true'),
    _bybit_ws("ws_error", "024a4d2082", "nonsense.BTCUSDT", '"success":false'),
    _deribit("instruments", "ea840e8bde", "get_instruments?currency=BTC"),
    _deribit("option_instrument", "3950ea2f6c 6953929463", "get_instrument?instrument_name={option}"),
    _deribit("server_time", "260f67165e", "get_time"),
    _deribit("depth", "2fc8eefc73", "get_order_book?instrument_name=BTC-PERPETUAL"),
    _deribit("klines", "a07b264f54", f"{_CHART}&start_timestamp={{since}}&end_timestamp={{now}}"),
    _deribit("trades", "555e85933f", "get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL&count=3"),
    _deribit("ticker", "10d1b6d0b4", "ticker?instrument_name=BTC-PERPETUAL"),
    _deribit("funding_rate", "bf8230f9df", f"get_funding_rate_value?{_PERP}&{_SPAN}"),
    _deribit("funding_history", "64d6f082a9", f"get_funding_rate_history?{_PERP}&{_SPAN}"),
    _deribit("open_interest", "16cba781f1", "get_book_summary_by_instrument?instrument_name=BTC-PERPETUAL"),
    _deribit("option_chain", "64f70a9c6c 94c652f6dd", "get_book_summary_by_currency?currency=BTC&kind=option"),
    _deribit("volatility_index", "2d7e543791", _DVOL),
    _deribit("historical_volatility", "6359b301ea", "get_historical_volatility?currency=BTC"),
    _deribit_ws("ws_depth", "e0355b85d0", "book.BTC-PERPETUAL.100ms", '"snapshot"'),
    _deribit_ws("ws_depth_change", "0951edc4d2", "book.BTC-PERPETUAL.100ms", '"change"'),
    _deribit_ws("ws_depth_top", "76ed9d001c", "book.BTC-PERPETUAL.none.20.100ms"),
    _deribit_ws("ws_book_ticker", "1bce62ea5c", "quote.BTC-PERPETUAL"),
    _deribit_ws("ws_trade", "1fce2e8b2d", "trades.BTC-PERPETUAL.100ms"),
    _deribit_ws("ws_ticker", "a90f8ca43b", "ticker.BTC-PERPETUAL.100ms"),
    _deribit_ws("ws_option_ticker", "7736296827", "ticker.{option}.100ms"),
    _deribit_ws("ws_kline", "998801f2ea", "chart.trades.BTC-PERPETUAL.1"),
    _deribit_ws("ws_volatility_index", "2b7c3e8875", "deribit_volatility_index.btc_usd"),
    _deribit_ws("ws_control", "5b1ac7ba72", "trades.BTC-PERPETUAL.100ms", '"result"')._replace(file="deribit_rest"),
)  # fmt: skip

NEWER = "the venue has added it since the recording; its present documentation shows it"
_NOTIONAL = "the filter NOTIONAL stands where the recording of 2022 has MIN_NOTIONAL"
DEVIATIONS: dict[tuple[str, str, str], str] = {
    ("binance", "spot_instruments", "more: *.apply*ToMarket"): _NOTIONAL,
    ("binance", "spot_instruments", "more: *.maxNotional"): _NOTIONAL,
    ("okx", "*", "more: .data[[][]].seqId"): NEWER,
    ("okx", "ws_depth*", "more: .data[[][]].prevSeqId"): NEWER,
    ("okx", "*instruments", "more: .data[[][]].contTdSwTime"): NEWER,
    ("okx", "*instruments", "more: .data[[][]].futureSettlement"): NEWER,
    ("okx", "*instruments", "more: .data[[][]].groupId"): NEWER,
    ("okx", "*instruments", "more: .data[[][]].openType"): NEWER,
    ("okx", "*funding_*", "more: .data[[][]].formulaType"): NEWER,
    ("okx", "*funding_rate", "more: .data[[][]].impactValue"): NEWER,
    ("okx", "*funding_rate", "more: .data[[][]].interestRate"): NEWER,
    ("okx", "*funding_rate", "more: .data[[][]].prevFundingTime"): NEWER,
    (
        "okx",
        "funding_rate",
        "more: .data[[][]].nextFundingRate",
    ): "in other recordings of the same channel; empty now",
    ("okx", "*open_interest", "more: .data[[][]].oiUsd"): NEWER,
    ("okx", "ws_control", "more: .connId"): NEWER,
    ("okx", "ws_error", "more: .connId"): NEWER,
    ("bybit", "*instruments", "more: .result.list[[][]].copyTrading"): NEWER,
    ("bybit", "*instruments", "more: .result.list[[][]].displayName"): NEWER,
    ("bybit", "*instruments", "more: .result.list[[][]].isPreListing"): NEWER,
    ("bybit", "*instruments", "more: .result.list[[][]].preListingInfo"): NEWER,
    ("bybit", "*instruments", "more: .result.list[[][]].lotSizeFilter.maxMktOrderQty"): NEWER,
    (
        "bybit",
        "*instruments",
        "more: .result.list[[][]].*FundingRate",
    ): "in the other recordings of the same answer",
    ("bybit", "*", "more: .retExtInfo"): "in every other recorded answer",
    ("bybit", "*trade*", "more: *.seq"): NEWER,
    ("bybit", "*trades", "more: .result.list[[][]].isRPITrade"): NEWER,
    ("bybit", "*ticker", "more: .result.list[[][]].curPreListingPhase"): NEWER,
    ("bybit", "*ticker", "more: .result.list[[][]].preOpenPrice"): NEWER,
    ("bybit", "*ticker", "more: .result.list[[][]].preQty"): NEWER,
    ("bybit", "*ticker", "more: .result.list[[][]].fundingIntervalHour"): "recorded in the stream's ticker",
    ("bybit", "ws_book_ticker", "more: .cts"): "recorded for the other depths",
    ("bybit", "ws_spot_depth*", "more: .cts"): "recorded for the other depths",
    ("bybit", "ws_error", "more: .req_id"): "only where the request had one, as ours does",
    ("deribit", "*", "without .id"): "a GET request has no id to repeat; recorded answers to GET have none",
    ("deribit", "*", "more: .us*"): "the documentation shortens the envelope; recorded answers have it",
    ("deribit", "*", "more: .testnet"): "the documentation shortens the envelope; recorded answers have it",
    ("deribit", "*instrument*", "more: *.rfq"): NEWER,
    ("deribit", "instruments", "more: *.state"): NEWER,
    ("deribit", "*", "more: *.interest_value"): "documented for tickers; absent in older recordings",
    ("deribit", "*", "more: *.volume_notional"): NEWER,
    ("deribit", "trades", "without *.combo_id"): "only trades of combinations have it; there are none here",
    (
        "deribit",
        "trades",
        "without *.combo_trade_id",
    ): "only trades of combinations have it; there are none here",
    ("deribit", "option_chain", "more: *.mark_iv"): NEWER,
    ("deribit", "option_chain", "more: *.volume_usd"): NEWER,
    ("deribit", "ws_trade", "more: *.contracts"): NEWER,
    ("deribit", "ws_trade", "more: *.mark_price"): NEWER,
    ("deribit", "ws_option_ticker", "more: *.volume_usd"): NEWER,
}
"""(venue, kind, what) as patterns -> why. What is not here fails, and so does a line here that no longer holds."""
