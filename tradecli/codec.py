"""Structs to JSON and back, and their JSON Schema.

Decimals travel as strings, enums as their values, unions by their tag. ``encode_canonical`` sorts keys, so equal values
give equal bytes: it is what hashes are made of. A float that is not finite leaves as null: unknown. JSON from outside
is size-capped, depth-capped, may not repeat a key, and spells its numbers by the grammar of ``domain.number``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from tradecli.domain.number import parse_decimal

T = TypeVar("T")

LARGEST_DOCUMENT = 16 * 1024 * 1024
DEEPEST = 64

_plain = msgspec.json.Encoder(decimal_format="string")
_canonical = msgspec.json.Encoder(decimal_format="string", order="sorted")


def encode(value: Any) -> bytes:
    """Return compact JSON of ``value`` in field order."""
    return _plain.encode(value)


def encode_canonical(value: Any) -> bytes:
    """Return JSON with sorted keys: equal values give equal bytes."""
    return _canonical.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``, in hexadecimal."""
    return hashlib.sha256(encode_canonical(value)).hexdigest()


def decode(data: bytes | str, type: type[T]) -> T:
    """Return the ``type`` that ``data`` spells; ``msgspec.ValidationError`` names the field that is wrong."""
    decoder: msgspec.json.Decoder[T] = _decoder(cast(Hashable, type))
    return decoder.decode(data)


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type: to make one for a union of events costs hundreds of times what it decodes."""
    return msgspec.json.Decoder(type, strict=True)


def decode_outside(data: bytes, type: type[T]) -> T:
    """Decode JSON from outside the process: capped in size and depth, no repeated keys, no NaN (``ValueError``)."""
    if len(data) > LARGEST_DOCUMENT:
        raise ValueError(f"document of {len(data)} bytes is over the cap of {LARGEST_DOCUMENT}")
    _check_depth(data)
    text = data.decode("utf-8")  # json itself would let halves of surrogate pairs through
    raw = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_number)
    value = msgspec.convert(raw, type=type, strict=True)
    _check_decimals(value, raw)
    if b"\\u" in data:
        _plain.encode(raw)  # half of a surrogate pair is no text: UnicodeEncodeError, which is a ValueError
    return value


def to_builtins(value: Any) -> Any:
    """Return ``value`` as dicts, lists, strings and numbers, as JSON would show it."""
    return msgspec.to_builtins(value, str_keys=True, enc_hook=None)


def schema(type: Any) -> dict[str, Any]:
    """Return the JSON Schema of a Struct."""
    return msgspec.json.schema(type)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"key {key[:40]!r} is given twice")
        result[key] = value
    return result


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not a number")


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


def _check_decimals(value: Any, raw: Any) -> None:
    """Hold every Decimal to the one grammar: a converter takes ``1_000``, NaN and digits of other scripts as well."""
    pairs: Iterable[tuple[Any, Any]] = ()
    match value:
        case Decimal():
            parse_decimal(raw if isinstance(raw, str) else repr(raw))
        case msgspec.Struct() if isinstance(raw, Mapping):
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            pairs = [(getattr(value, name), raw[written]) for name, written in names if written in raw]
        case Mapping():
            pairs = [(each, raw.get(str(key))) for key, each in value.items()]
        case list() | tuple():
            pairs = zip(value, raw, strict=False)
    for inner, written in pairs:
        _check_decimals(inner, written)


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return  # not that many even when each one opens within the one before
    depth = deepest = 0
    in_string = escaped = False
    for byte in data:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (0x5D, 0x7D):
            depth -= 1
    if deepest > DEEPEST:
        raise ValueError(f"document is nested {deepest} deep, over the cap of {DEEPEST}")
