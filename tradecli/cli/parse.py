"""What people type: symbols, times, durations and ratios, each with one grammar and one clear refusal.

A command takes text and calls these; nothing else in the command line turns text into values. Every refusal is a
``UsageError`` that names the option and shows what would have been right. Nothing here looks a symbol up: that a
well-formed symbol exists is for the market to say.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from tradecli.domain.number import parse_decimal
from tradecli.errors import UsageError

_S, _MIN, _H, _D, _W = 1_000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000
_UNITS = {"ms": 1, "s": _S, "m": _MIN, "h": _H, "d": _D, "w": _W}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d|w))+\Z")
_PIECE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d|w)")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})\Z"
)
_NO_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]*)?\Z")
_CCXT = re.compile(r"([A-Z0-9]{1,20})/([A-Z0-9]{1,12})(?::([A-Z0-9]{1,12}))?\Z")
_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,47}(?:\.spot|\.inverse)?\Z")
_VENUE = re.compile(r"[a-z][a-z0-9]{1,19}\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")

EARLIEST = 1_230_940_800_000
"""2009-01-03, before any of these markets existed."""
LATEST = 4_102_444_800_000
"""2100-01-01."""
LONGEST_MS = 3_660 * _D


def symbol(text: str, venue: str | None = None) -> tuple[str, str | None]:
    """Return (symbol, venue) of ``BTCUSDT``, ``BTCUSDT.spot``, ``BTCUSD.inverse@bybit`` or ccxt's ``BTC/USDT:USDT``.

    The venue after ``@`` and the one of ``--venue`` must agree where both are given.
    """
    name, at, own = text.partition("@")
    if at and not _VENUE.match(own):
        raise UsageError(f"not a venue: {_quoted(own)}", number=120, hint="for example BTCUSDT@binance")
    if own and venue and own != venue:
        raise UsageError(f"{_quoted(text)} contradicts --venue {venue}", number=121)
    unified = _CCXT.match(name)
    if unified:
        name = _from_ccxt(*unified.groups())
    if not _PLAIN.match(name):
        hint = "BTCUSDT, BTCUSDT.spot, BTCUSD.inverse or BTCUSDT@binance"
        if _PLAIN.match(name.upper()):
            hint = f"symbols are upper case: {name.upper()}"
        raise UsageError(f"not a symbol: {_quoted(text)}", number=122, hint=hint)
    return name, own or venue


def symbols(text: str, venue: str | None = None) -> tuple[tuple[str, str | None], ...]:
    """Return the symbols of a comma-separated list, in order; an empty or repeated one is refused."""
    parts = text.split(",")
    found = tuple(symbol(part.strip(" "), venue) for part in parts)
    if len(set(found)) != len(found):
        raise UsageError(f"a symbol is given twice in {_quoted(text)}", number=123)
    return found


def venue(text: str) -> str:
    """Return a venue's name, or refuse what could not be one."""
    if not _VENUE.match(text):
        raise UsageError(
            f"not a venue: {_quoted(text)}", number=120, hint="for example binance, okx, bybit, deribit"
        )
    return text


def venues(text: str) -> tuple[str, ...]:
    """Return the venues of a comma-separated list, in order; a repeated one is refused."""
    found = tuple(venue(part) for part in text.split(","))
    if len(set(found)) != len(found):
        raise UsageError(f"a venue is given twice in {_quoted(text)}", number=123)
    return found


def words(text: str, among: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list, each one of ``among``; a repeated one is refused."""
    found = tuple(one_of(part, among, what) for part in text.split(","))
    if len(set(found)) != len(found):
        raise UsageError(f"{what}: a word is given twice in {_quoted(text)}", number=123)
    return found


def name(text: str, what: str) -> str:
    """Return a name of ours (profile, watchlist, tape): letters, digits, ``_ . -``, at most 64."""
    if not _NAME.match(text) or ".." in text:
        raise UsageError(
            f"not a name for a {what}: {_quoted(text)}", number=124, hint="letters, digits, _ . -"
        )
    return text


def path(text: str, what: str) -> str:
    """Return a path that a file can have: not empty, not endless, without control characters."""
    if not text or len(text) > 4_096 or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise UsageError(f"{what} is not a usable path: {_quoted(text)}", number=145)
    return text


def moment(text: str, now: int, what: str = "time") -> int:
    """Return UTC ms of an ISO time with its zone, ``now``, ``today``, ``yesterday``, or ``-2h`` before now."""
    if text in ("now", "today", "yesterday"):
        midnight = now - now % _D
        return {"now": now, "today": midnight, "yesterday": midnight - _D}[text]
    if text.startswith("-") and _DURATION.match(text[1:]):
        return _in_range(now - duration(text[1:], what), text, what)
    if _NO_ZONE.match(text):
        whole = text if len(text) > len("2023-08-10T") else f"{text[:10]}T00:00"
        raise UsageError(
            f"{what} has no time zone: {_quoted(text)}", number=131, hint=f"write {whole}Z for UTC"
        )
    if not _ISO.match(text):
        hint = "ISO with its zone such as 2023-08-10T00:00Z, or -2h, today, yesterday"
        raise UsageError(f"{what} is not a time: {_quoted(text)}", number=130, hint=hint)
    try:
        parsed = datetime.fromisoformat(text)
        ms = int(parsed.astimezone(UTC).timestamp() * 1_000)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{what} is no day of the calendar: {_quoted(text)}", number=132) from error
    return _in_range(ms, text, what)


def duration(text: str, what: str = "duration", *, least_ms: int = 1) -> int:
    """Return milliseconds of ``90s``, ``10m``, ``8h``, ``7d`` or ``1h30m``; a bare number is refused."""
    if not _DURATION.match(text):
        raise UsageError(
            f"{what} is not a duration: {_quoted(text)}", number=133, hint="90s, 10m, 8h, 7d or 1h30m"
        )
    ms = sum(int(Decimal(amount) * _UNITS[unit]) for amount, unit in _PIECE.findall(text))
    if ms < least_ms:
        raise UsageError(f"{what} must be at least {least_ms} ms, not {_quoted(text)}", number=134)
    if ms > LONGEST_MS:
        raise UsageError(f"{what} is longer than ten years: {_quoted(text)}", number=134)
    return ms


def ratio(text: str, what: str = "ratio") -> Decimal:
    """Return the fraction that ``8%``, ``80bps`` or ``0.08`` spells; a bare number above 1 is refused."""
    scale = Decimal(1)
    body = text
    if text.endswith("%"):
        body, scale = text[:-1], Decimal("0.01")
    elif text.endswith("bps"):
        body, scale = text[:-3].removesuffix(" "), Decimal("0.0001")
    value = _decimal(body, what, text) * scale
    if scale == 1 and abs(value) > 1:
        raise UsageError(
            f"{what} {_quoted(text)} has no unit",
            number=141,
            hint=f"{text}% or {text}bps, or a fraction up to 1",
        )
    return value


def decimal(text: str, what: str = "number", *, positive: bool = False) -> Decimal:
    """Return a plain ASCII decimal number."""
    return _decimal(text, what, text, positive=positive)


def whole(text: str, what: str = "number", *, least: int = 1, most: int = 1_000_000) -> int:
    """Return a whole number between ``least`` and ``most``."""
    if not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
        raise UsageError(
            f"{what} must be a whole number from {least} to {most}, not {_quoted(text)}", number=142
        )
    return int(text)


def one_of(text: str, choices: tuple[str, ...], what: str) -> str:
    """Return ``text`` if it is one of ``choices``."""
    if text not in choices:
        from difflib import get_close_matches

        near = get_close_matches(text[:40], choices, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(choices)}"
        raise UsageError(f"{what} cannot be {_quoted(text)}", number=143, hint=hint)
    return text


def _decimal(body: str, what: str, text: str, *, positive: bool = False) -> Decimal:
    try:
        return parse_decimal(body, name=what, positive=positive)
    except ValueError as error:
        message = str(error) if body == text else f"{what} is not a ratio: {_quoted(text)}"
        raise UsageError(message, number=140) from error


def _in_range(ms: int, text: str, what: str) -> int:
    if not EARLIEST <= ms <= LATEST:
        raise UsageError(
            f"{what} must lie between 2009-01-03 and 2100-01-01 UTC: {_quoted(text)}", number=132
        )
    return ms


def _from_ccxt(base: str, quote: str, settle: str | None) -> str:
    if settle is None:
        return f"{base}{quote}.spot"
    return f"{base}{quote}.inverse" if settle == base else f"{base}{quote}"


def _quoted(text: str) -> str:
    """Return outside text as a short, printable, quoted word."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")
