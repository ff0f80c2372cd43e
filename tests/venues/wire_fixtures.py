"""Recorded messages of the venues, and which question or socket each is read by.

A fixture is *used* when its kind is one that the console reads and it came over a request or channel that the console
makes; ``UNUSED`` says of the others why not, ``REFUSED`` which used ones are rightly refused. Both lists are reviewed
by hand: a fixture that they do not name must parse.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tradecli.domain.enums import InstrumentKind, OptionType
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.profile import Kind, Listed, Question
from tradecli.venues.ccxt.reading import Malformed

KINDS = {
    "server_time": Kind.TIME,
    "instruments": Kind.INSTRUMENTS,
    "klines": Kind.CANDLES,
    "trades": Kind.TRADES,
    "depth": Kind.BOOK,
    "ticker": Kind.QUOTE,
    "funding_rate": Kind.FUNDING_HISTORY,
    "open_interest": Kind.INTEREST,
    "mark_price": Kind.MARK,
    "long_short_ratio": Kind.RATIO,
    "volatility_index": Kind.VOL_INDEX,
    "option_summary": Kind.GREEKS,
}
"""Kind of a fixture over HTTP -> the question it answers, where its path says nothing else."""

PATHS = {
    "premiumIndex": Kind.MARK,
    "fundingRate": Kind.FUNDING_HISTORY,
    "fundingInfo": Kind.FUNDING_INTERVALS,
    "openInterestHist": Kind.INTEREST_HISTORY,
    "public/funding-rate": Kind.FUNDING,
    "v5/market/open-interest": Kind.INTEREST_HISTORY,
    "get_book_summary_by_currency": Kind.CHAIN,
}
STREAMED = tuple(
    f"ws_{name}"
    for name in (
        "depth",
        "trade",
        "kline",
        "ticker",
        "book_ticker",
        "mark_price",
        "funding_rate",
        "open_interest",
        "volatility_index",
        "instruments",
    )
)
CANARY = "BTCUSDT"
PUSHED = ("binance_depth_update",)
"""Messages of a socket that their source filed among answers."""
_PLACEHOLDER = re.compile(r"<[^<>]*>")


class Fixture(NamedTuple):
    """One recorded message."""

    id: str
    venue: str
    kind: str
    streamed: bool
    name: str
    path: str
    body: Any


class Reading(NamedTuple):
    """What became of a fixture: ``parsed``, ``unused`` or ``refused``, or the name of an error that has no type."""

    fixture: Fixture
    outcome: str
    reason: str
    events: tuple[Any, ...]


def fixtures(folder: Path) -> Iterator[Fixture]:
    """Yield every message of a folder of ``*.jsonl.gz`` or ``*.jsonl``, placeholders replaced by a symbol."""
    for path in sorted(folder.iterdir()):
        if path.suffixes[-2:] == [".jsonl", ".gz"]:
            lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        elif path.suffix == ".jsonl":
            lines = path.read_text().splitlines()
        else:
            continue
        for line in lines:
            row = json.loads(line)
            if "venue" not in row:
                continue
            name, where = row.get("name") or "", row.get("path") or ""
            streamed = row.get("transport") == "ws_stream" or name in PUSHED
            kind = ("ws_" if name in PUSHED else "") + (row.get("kind") or "?")
            yield Fixture(row.get("id", "?"), row["venue"], kind, streamed, name, where, _filled(row["body"]))


def _filled(body: Any) -> Any:
    """Replace what a source left to be filled in by a symbol: the message is of that shape with any symbol in it."""
    return json.loads(_PLACEHOLDER.sub(_meant, json.dumps(body)))


def _meant(found: re.Match[str]) -> str:
    """Return what a placeholder stands for: ``<f'tickers.{pair}'>`` is a text with a symbol in it."""
    inner = found[0].strip("<>")
    if inner.startswith("f'"):
        return re.sub(r"\{[^}]*\}", CANARY, inner.removeprefix("f'").rstrip("'"))
    return "1" if "latest_price" in inner else CANARY


def anything(symbol: str) -> Listed:
    """Take any symbol for an instrument of fine steps whose quantities are base units: numbers stay as they came."""
    parts = symbol.split("-")
    option = len(parts) >= 4 and parts[-1] in ("C", "P")
    coin = parts[0].partition("_")[0]
    instrument = Instrument(
        id=InstrumentId(f"{symbol}@test"),
        kind=InstrumentKind.OPTION if option else InstrumentKind.LINEAR,
        base=coin,
        quote="USD",
        settle=coin,
        tick=Decimal("1e-8"),
        lot=Decimal("1e-8"),
        expiry_ts=1_700_000_000_000 if option else None,
        strike=Decimal(1) if option else None,
        option_type=OptionType.CALL if option else None,
    )
    return Listed(instrument.id, symbol, 1e-8, instrument=instrument)


def read(fixture: Fixture) -> Reading:
    """Read one fixture as the console would."""
    why = unused(fixture)
    if why:
        return Reading(fixture, "unused", why, ())
    profile = profile_of(fixture.venue)
    try:
        if fixture.streamed:
            found = profile.decode(msgspec.json.encode(fixture.body), anything)
        else:
            found = profile.answer(question(fixture), fixture.body, anything)
    except Malformed as error:
        return Reading(fixture, "refused", str(error), ())
    except Exception as error:  # what the suite looks for: an error without a type
        return Reading(fixture, "UNTYPED", repr(error), ())
    return Reading(fixture, "parsed", "", tuple(found))


def question(fixture: Fixture) -> Question:
    """Return the question that a fixture answers."""
    kind = next(
        (kind for part, kind in PATHS.items() if fixture.path.endswith(part)), KINDS.get(fixture.kind)
    )
    assert kind is not None
    if fixture.name == "http_get_book_ticker":
        kind = Kind.QUOTE
    if fixture.id == "okx-unified-rest-832a0deb40":
        kind = Kind.FUNDING  # its answer is that of public/funding-rate
    symbol = _symbol_in(fixture.body) or CANARY
    currency = "ETH" if symbol.startswith("ETH") else "BTC"
    return Question(kind=kind, listed=anything(symbol), currency=currency, interval_ms=60_000)


def _symbol_in(body: Any) -> str | None:
    if isinstance(body, dict):
        for key in ("symbol", "instId", "instrument_name", "s"):
            if isinstance(body.get(key), str):
                return str(body[key])
        for value in body.values():
            found = _symbol_in(value)
            if found:
                return found
    if isinstance(body, list) and body:
        return _symbol_in(body[0])
    return None


def unused(fixture: Fixture) -> str:
    """Say why the console does not read such a message, or nothing where it does."""
    used = (fixture.streamed and fixture.kind in STREAMED) or (not fixture.streamed and fixture.kind in KINDS)
    if not used:
        return "a kind that the console does not read"
    for pattern, reason in UNUSED:
        if re.search(pattern, f"{fixture.id} {fixture.path} {fixture.name}"):
            return reason
    return ""


# fmt: off
UNUSED: tuple[tuple[str, str], ...] = (
    (
        "indexPriceKlines|index-price-kline|index-candles?|IndexKlines|index_price_klines",
        "bars of an index",
    ),
    (
        "premiumIndexKlines|mark-price-kline|MarkPriceKlines|mark-price-candle",
        "bars of marks and premiums",
    ),
    (
        "taker(longshortRatio|BuySellVol)|taker-volume|TakerVolume",
        "taker volume; the ratio is of accounts",
    ),
    (
        "onstituents|index_price_names|index-components|index-tickers|index_price|IndexTickers",
        "the parts of an index",
    ),
    (
        "mark_price_history|delivery-price|estimated-price|price-limit|PriceLimit",
        "limits and past marks are not read",
    ),
    ("open-interest-volume", "open interest by strike, expiry or side is not read"),
    (
        "ticker/(24hr|price|tradingDay)|[Rr]eference ?Price|avgPrice|GetAvgPrice",
        "a day's statistics, or a lone price",
    ),
    (
        "24hr ticker|Rolling ?[Ww]indow|Trading Day|Symbol price|ticker_price|binance.*GetTickers|GetPrices?$",
        "a day's statistics",
    ),
    (
        "binance-.*(MiniTicker|Ticker Streams|RollingWindow|@ticker|ticker::|ticker_24hr|TICKER_ALL)",
        "a day's statistics",
    ),
    (
        "/(sapi|asset|account)/|v5/account|v5/spot-margin|v5/asset|repay|account-rate-limit|FundingWallet",
        "an account's",
    ),
    ("v5/trade|PlaceTestOrder|create_(limit|market)_order|PreventedTrades|Analysis|mmp_status", "an order's"),
    ("subscribes_to|Subscribe Success", "what a client sends, or the answer to it"),
    ("SystemStatus|public/(hello|status)|trade_volumes|historical.volatility", "not asked for"),
    ("funding_rate_value", "one number without a time; the ticker says the same with it"),
    (
        "chart\\.trades|candlestick::.*deribit|^deribit.*candlestick",
        "bars of Deribit are asked for over HTTP",
    ),
    ("binance-options", "options of Binance are not connected"),
    ("latest_(single_)?price|last_traded_prices", "the last price alone is not read"),
    (
        "bybit.*(inverse_future|inverse_swap|linear_swap)|instrument_info",
        "Bybit before v5, now switched off",
    ),
    (
        "bybit.*(get_ws_snapshot_msg|get_funding_info_msg|trades_logs_exception)",
        "Bybit before v5, now switched off",
    ),
    ("rpi|RPI|orderbook-rpi", "a book of retail orders is another book"),
    ("full-ob|orderbook.full", "the unlimited book is not subscribed to"),
    ("contractInfo|SymbolUpdates", "listings are read over HTTP"),
    ("Partial Book Depth Streams", "names no instrument outside the envelope of combined streams"),
    (
        "602e021f21|124fc65de7|a3e67934d8|79bcc51237|91175dab09",
        "their source left the price steps out",
    ),
    ("51db86c543", "a client's own envelope"),
    ("[a-z]_combo(?!_tags)|CSR12|BTC-FS-", "a combination of instruments is no instrument here"),
    ("LiquidationWarning|liquidations?", "forced orders are not read"),
)
# fmt: on
"""(what its id, path or name matches, why the console does not read it)."""

SILENT: tuple[tuple[str, str], ...] = (
    ("kline|Klines?|candlestick|candle", "the bar is not closed yet"),
    ("trades$", "an acknowledgement"),
    ("ticker::option|okx.*l2_topk::option", "an option that nobody quotes on both sides"),
    ("Spot/Ticker", "a spot ticker of Bybit has neither best prices nor a mark"),
    ("empty_funding", "an answer without rows"),
    ("candlesticks|KlineHistory", "the bars are not confirmed yet"),
)
"""Messages of which nothing follows, and why."""

REFUSED: dict[str, str] = {
    "bybit-unified-rest-5008148dcc": "made wrong on purpose: no steps",
    "bybit-unified-rest-805f176c68": "made wrong on purpose: no steps",
    "okx-unified-rest-73ed540b72": "made wrong on purpose: an option without a contract value",
    "okx-unified-rest-9c459d4c6f": "made wrong on purpose: no contract value",
    "okx-unified-ws_stream-548acb0780": "made wrong on purpose: no data",
}
"""Used fixtures that are rightly refused: id -> why."""
