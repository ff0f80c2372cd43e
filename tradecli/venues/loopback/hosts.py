"""Which venue answers for which host: the table of the server, and the only hosts that the session stand-in lets by."""

from __future__ import annotations

HOSTS: dict[str, str] = {
    "fapi.binance.com": "binance",
    "fstream.binance.com": "binance",
    "dapi.binance.com": "binance",
    "dstream.binance.com": "binance",
    "api.binance.com": "binance",
    "stream.binance.com": "binance",
    "www.okx.com": "okx",
    "ws.okx.com": "okx",
    "api.bybit.com": "bybit",
    "stream.bybit.com": "bybit",
    "www.deribit.com": "deribit",
}
"""Host -> venue. A host not in this table is refused on both sides."""
