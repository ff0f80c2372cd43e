"""Hostile pieces of text and bytes, and ways to spoil what was good. All chance comes from the generator handed in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "1e308", "1e-30", "-0", "0", "1_000", "-1",
    "1,000", "0x10", "0b1", "１２", "١٢", "½", "+5", "05", "1.", ".5", "1e", "1e5", "1e99999999999999999999", "9" * 20,
    "9" * 400, "9" * 5_000, "0." + "0" * 400 + "1", "1e15", "1000000000000001", "99999999999999999999999", "true",
)  # fmt: skip
WORDS = (
    "", " ", "BTCUSDT", "BTCUSDT@binance", "BTC/USDT:USDT", "btcusdt", "../../etc/passwd", "~/x", "$(id)", "`id`",
    "'; DROP TABLE orders; --", '" OR 1=1', "%s%n", "{0.__class__}", "{{7*7}}", "=1+1", "@SUM(A1)", "-flag", "--", "*",
    "[red]x[/]", "[/", "[@click=app.quit]x[/]", "\x1b[31m", "\x1b]0;t\x07", "\x9b2J", "\x00", "a\nb", "a\r\nb", "\t",
    "\u202ert\u2066", "\ufeff", "\ud800", "ＢＴＣ", "é" * 50, "A" * 10_000, "env:HOME", "file:/etc/passwd",
    "http://a:b@c/", "null", "1969-01-01T00:00Z", "9999-12-31T23:59:59Z", "2023-02-30T00:00Z", "2023-08-10", "-2h",
    "-99999999d", "1h30m", "0s", "8%", "80bps", "risk.dd_pct>8", "not " * 100 + "x", "(" * 400, "a and (b or", "'open",
)  # fmt: skip
BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\n", b"\r", b'"', b"'", b"[", b"]", b"{", b"}", b",",
    b"=", b":", b"\\u0000", b"\\ud800", b"[" * 70, b'{"a":' * 70, b"#", b"\x1a", b"'''", b'"""', b"PK\x03\x04", b"PAR1",
    b"inf", b"nan", b"NaN", b"1_0", b"1e400", b"9" * 400, b"9" * 5_000, b"1979-05-27", b"1e9999999999999999999",
)  # fmt: skip


def text(random: Random) -> str:
    """Return one hostile text: a known one, a number, a mixture, or plain noise."""
    match random.randrange(6):
        case 0 | 1:
            return random.choice(WORDS)
        case 2 | 3:
            return random.choice(NUMBERS)
        case 4:
            return random.choice(WORDS)[:60] + random.choice(NUMBERS)[:60]
        case _:
            return noise(random, 40)


def noise(random: Random, longest: int) -> str:
    """Return up to ``longest`` characters, half of them from the first 128."""
    return "".join(
        chr(random.randrange(128) if random.random() < 0.5 else random.randrange(0x2100))
        for _ in range(random.randrange(longest))
    )


def spoiled(random: Random, good: bytes) -> bytes:
    """Return ``good`` after one to four changes: cut, flipped, doubled, or with something hostile put in."""
    raw = bytearray(good)
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(raw) + 1)
        match random.randrange(7):
            case 0:
                del raw[at : at + random.randrange(1, 12)]
            case 1:
                del raw[at:]
            case 2:
                raw[at:at] = random.choice(BYTES)
            case 3:
                raw[at : at + random.randrange(1, 6)] = random.choice(BYTES)
            case 4:
                raw[at:at] = raw[at : at + random.randrange(1, 40)]
            case 5 if at < len(raw):
                raw[at] ^= 1 << random.randrange(8)
            case _:
                raw[at:at] = text(random).encode("utf-8", "surrogatepass")
    return bytes(raw)


def respelled(random: Random, good: bytes, marks: bytes) -> bytes:
    """Return ``good`` with one of its fields, cut at any of ``marks``, replaced by something hostile."""
    cuts = [-1, *(at for at, byte in enumerate(good) if byte in marks), len(good)]
    if len(cuts) < 3:
        return spoiled(random, good)
    which = random.randrange(len(cuts) - 1)
    new = text(random).encode("utf-8", "surrogatepass")
    return good[: cuts[which] + 1] + new + good[cuts[which + 1] :]


def restructured(random: Random, tree: Any) -> Any:
    """Return a JSON value with one of its parts left out, renamed, or of another kind or worth."""
    if isinstance(tree, dict) and tree and random.random() < 0.9:
        key = random.choice(list(tree))
        rest = {name: value for name, value in tree.items() if name != key}
        match random.randrange(8):
            case 0:
                return rest
            case 1:
                return rest | {text(random): tree[key]}
            case _:
                return tree | {key: restructured(random, tree[key])}
    if isinstance(tree, list) and tree and random.random() < 0.9:
        at = random.randrange(len(tree))
        new = [restructured(random, tree[at])] * random.randrange(3)
        return tree[:at] + new + tree[at + 1 :]
    others = (
        None,
        True,
        0,
        -1,
        1e308,
        -0.0,
        2**53,
        10**30,
        [],
        {},
        [[[]]],
        {"": None},
        text(random),
        text(random),
    )
    return random.choice(others)


def some(random: Random, among: Sequence[str], most: int) -> list[str]:
    """Return up to ``most`` of ``among``, each as often as it falls."""
    return [random.choice(among) for _ in range(random.randrange(most + 1))]
