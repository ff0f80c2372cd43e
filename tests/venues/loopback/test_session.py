"""The session stand-in: known hosts come to this machine, every other is refused."""

from __future__ import annotations

import pytest
from yarl import URL

from tradecli.venues.loopback.session import ForeignHost, LoopbackSession


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("https://fapi.binance.com/fapi/v1/time", "http://127.0.0.1:9/fapi.binance.com/fapi/v1/time"),
        ("wss://ws.okx.com:443/ws/v5/public", "ws://127.0.0.1:9/ws.okx.com/ws/v5/public"),
        ("wss://stream.binance.com:9443/ws/0", "ws://127.0.0.1:9/stream.binance.com/ws/0"),
        (
            "https://www.deribit.com/api/v2/public/ticker?x=%2B1%20a&y=a+b",
            "http://127.0.0.1:9/www.deribit.com/api/v2/public/ticker?x=%2B1%20a&y=a+b",
        ),
        ("https://api.bybit.com", "http://127.0.0.1:9/api.bybit.com/"),
        ("https://api.bybit.com?a=1", "http://127.0.0.1:9/api.bybit.com/?a=1"),
    ],
)
def test_a_known_host_is_reached_on_this_machine_with_path_and_query_untouched(url: str, local: str) -> None:
    assert str(LoopbackSession(9).local(URL(url, encoded=True))) == local


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/fapi/v1/time",
        "http://fapi.binance.com/fapi/v1/time",
        "https://fapi.binance.com.example.com/",
        "https://fapi.binance.com@example.com/",
        "ftp://fapi.binance.com/",
        "https://testnet.binancefuture.com/fapi/v1/time",
        "fapi.binance.com/fapi/v1/time",
    ],
)
def test_x09_any_other_host_is_refused_before_anything_is_sent(url: str) -> None:
    session = LoopbackSession(9)
    for call in (session.get, session.post, session.put, session.delete, session.ws_connect):
        with pytest.raises(ForeignHost):
            call(url)
