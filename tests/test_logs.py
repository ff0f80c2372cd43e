"""One filter masks secrets wherever text leaves the process (X01, X02)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.logs import open_log
from tradecli.redaction import MASK, redacted

CANARY = "c4n4ryS3cr3tV4lu3"


@pytest.mark.parametrize(
    "text",
    [
        f"api_key={CANARY}",
        f"apiKey: {CANARY}",
        f'{{"secret": "{CANARY}"}}',
        json.dumps({"error": json.dumps({"secret": CANARY})}),
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


@pytest.mark.parametrize(
    "text", ["A" * 60_000, "a=" + "A" * 60_000, "A" * 60_000 + "://u:" + CANARY + "@h", "a://" * 15_000]
)
def test_masking_takes_time_in_proportion_to_the_text(text: str) -> None:
    before = time.process_time()
    assert CANARY not in redacted(f"not known: {text}")
    assert time.process_time() - before < 1.0  # in the square of the length it would be nine


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    close = open_log(tmp_path)
    yield tmp_path / "tradecli.log"
    close()


def test_a_log_is_private_lines_of_json_without_secrets_or_control_characters(log: Path) -> None:
    logger = logging.getLogger("tradecli.venues.probe")
    logger.warning("GET /x?signature=%s", CANARY)
    try:
        raise ValueError(f"api_key={CANARY}\x1b[31m")
    except ValueError:
        logger.exception("it broke")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [
        ("warning", "tradecli.venues.probe"),
        ("error", "tradecli.venues.probe"),
    ]
    assert "ValueError" in lines[1]["exception"] and isinstance(lines[0]["at"], int)
    raw = log.read_text(encoding="utf-8")
    assert CANARY not in raw and "\x1b" not in raw
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_sink_that_fails_loses_its_line_and_nothing_else(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (sink,) = [
        handler for handler in logging.getLogger("tradecli").handlers if hasattr(handler, "baseFilename")
    ]

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(sink, "format", full)
        logging.getLogger("tradecli.engine").error("lost")
    logging.getLogger("tradecli.engine").error("kept")
    assert [json.loads(line)["event"] for line in log.read_text(encoding="utf-8").splitlines()] == ["kept"]
    assert capsys.readouterr().err == ""


def test_a_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "tradecli.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        open_log(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


WORDS = st.sampled_from(
    ["token=", "secret: ", "bearer ", "a://b", ":", "@", '"', "\\", ",", "x", CANARY, "{", "api_key"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.lists(WORDS, max_size=6).map("".join)
KEYS = st.sampled_from(["token", "secret", "x", "api_key"])
SHAPES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@given(SHAPES)
def test_json_stays_json_whatever_is_masked_in_it(value: object) -> None:
    for separators in ((", ", ": "), (",", ":")):
        masked = json.loads(redacted(json.dumps(value, separators=separators)))
        assert type(masked) is type(value) and _shape(masked) == _shape(value)


def _shape(value: object) -> object:
    """Return the lists, keys and kinds of leaves of a document, without its words."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value)


def test_a_named_secret_is_masked_in_json() -> None:
    assert CANARY not in redacted(json.dumps({"rows": [{"apiSecret": CANARY, "n": 3}]}))
