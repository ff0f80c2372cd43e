"""One filter masks secrets wherever text leaves the process (X01, X02)."""

from __future__ import annotations

import pytest

from tradecli.logs import MASK, redacted

CANARY = "c4n4ryS3cr3tV4lu3"


@pytest.mark.parametrize(
    "text",
    [
        f"api_key={CANARY}",
        f"apiKey: {CANARY}",
        f'{{"secret": "{CANARY}"}}',
        f"'apiSecret': '{CANARY}'",
        f"passphrase = {CANARY}",
        f"https://api.example.com/order?symbol=BTCUSDT&signature={CANARY}&timestamp=1",
        f"GET /x?timestamp=1&sign={CANARY}",
        f"X-MBX-APIKEY: {CANARY}",
        f"OK-ACCESS-SIGN: {CANARY}",
        f"X-BAPI-API-KEY: {CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: {CANARY}",
        f"bearer {CANARY}",
        f"token={CANARY}",
        f"https://user:{CANARY}@proxy.example.com:8080/",
        f"client_secret={CANARY}&grant_type=client_credentials",
        f"Cookie: session={CANARY}",
    ],
)
def test_a_secret_is_masked_in_every_shape_it_is_written(text: str) -> None:
    assert CANARY not in redacted(text) and MASK in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "key = env:BINANCE_API_KEY",
        "secret: keyring:binance/main",
        "BTCUSDT 60412.5",
        "E-CONFIG-104 config.toml:14:3 unknown key",
    ],
)
def test_references_and_ordinary_text_stay_readable(text: str) -> None:
    assert redacted(text) == text
