"""A configuration file as text and as TOML, with the line and column of every key.

Caps come before parsing; what cannot be read is refused with its reason (G01, G02, G05). Nothing here knows which keys
exist.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradecli.errors import ConfigError, NotFound

LARGEST = 256 * 1024
DEEPEST = 8
MOST_KEYS = 2_000
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*(?P<name>[^\]]+?)[ \t]*\]\]?[ \t]*(?:#.*)?\Z")
_WORD = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"[ \t]*(?P<key>{_WORD}(?:[ \t]*\.[ \t]*{_WORD})*)[ \t]*=")
_PLACE = re.compile(r"\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z")


class Source(msgspec.Struct, frozen=True):
    """A parsed file. ``places`` maps a dotted key to (line, column), both from 1."""

    path: Path
    table: dict[str, Any]
    places: dict[str, tuple[int, int]]

    def where(self, key: str) -> str:
        """Return ``file:line:column`` of ``key``, or of the nearest table that holds it."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        line, column = self.places.get(key, (1, 1))
        return f"{self.path}:{line}:{column}"


def read_source(path: Path) -> Source:
    """Read and parse ``path``; ``ConfigError`` says why it cannot be, ``NotFound`` that it is not there."""
    return parse_source(path, _text(path))


def parse_source(path: Path, text: str) -> Source:
    """Parse the text that stands in ``path``, or is about to."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, text, error) from error
    except RecursionError as error:
        raise _refused(path, f"nested more than {DEEPEST} deep", 115) from error
    except (
        ValueError,
        ArithmeticError,
    ) as error:  # a number of thousands of digits, or with such an exponent
        raise _refused(path, "holds a number that is too long to be one", 103) from error
    _check_size(path, table)
    return Source(path, table, key_places(text))


def key_places(text: str) -> dict[str, tuple[int, int]]:
    """Return where each key of a valid TOML text is written."""
    places: dict[str, tuple[int, int]] = {}
    table = ""
    inside: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if inside:
            if inside in line:
                inside = None
            continue
        header = _HEADER.match(line)
        if header:
            table = _dotted(header["name"])
            places.setdefault(table, (number, line.index("[") + 2))
            continue
        key = _KEY.match(line)
        if key:
            name = f"{table}.{_dotted(key['key'])}" if table else _dotted(key["key"])
            places.setdefault(name, (number, len(line) - len(line.lstrip()) + 1))
            value = line[key.end() :]
            inside = next((q for q in ('"""', "'''") if value.count(q) == 1), None)
    return places


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise _refused(path, "is a folder, not a file", 111)
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise NotFound(
            f"no such configuration file: {path}", number=110, hint="tradecli config init"
        ) from error
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", 112) from error
    if len(raw) > LARGEST:
        raise _refused(path, f"is larger than {LARGEST // 1024} KiB", 115)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _refused(path, "starts with a byte-order mark", 113, "save it as plain UTF-8")
    if b"\0" in raw:
        raise _refused(path, "is binary, not text", 113)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refused(path, f"is not UTF-8 at line {line}", 113) from error


def _syntax(path: Path, text: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    message = str(error)
    place = _PLACE.search(message)
    line, column = text.count("\n") + 1, 1
    if place:
        message = message[: place.start()].strip()
        if place["line"]:
            line, column = int(place["line"]), int(place["column"])
    if message.startswith(("Cannot overwrite", "Cannot declare")):
        message = f"the key is given twice ({message[0].lower()}{message[1:]})"
    return ConfigError(
        f"not valid TOML: {message[0].lower()}{message[1:]}", number=103, where=f"{path}:{line}:{column}"
    )


def _check_size(path: Path, table: dict[str, Any]) -> None:
    keys = 0
    stack: list[tuple[dict[str, Any] | list[Any], int]] = [(table, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > DEEPEST:
            raise _refused(path, f"is nested more than {DEEPEST} deep", 115)
        children = value.values() if isinstance(value, dict) else value
        keys += len(children)
        stack += [(child, depth + 1) for child in children if isinstance(child, dict | list)]
    if keys > MOST_KEYS:
        raise _refused(path, f"has more than {MOST_KEYS} keys", 115)


def _dotted(text: str) -> str:
    parts = re.findall(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)", text)
    return ".".join(next(p for p in part if p) for part in parts if any(part))


def _refused(path: Path, why: str, number: int, hint: str | None = None) -> ConfigError:
    return ConfigError(f"the file {why}", number=number, where=str(path), hint=hint)
