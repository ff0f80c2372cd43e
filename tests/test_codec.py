"""JSON out and back: exact, equal bytes for equal values, closed to what is no document of ours (D04, D10, S10)."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.documents import SAMPLES
from tradecli import codec
from tradecli.domain.number import plain


class Paper(msgspec.Struct, kw_only=True):
    """One field of each kind that documents have."""

    amount: Decimal = Decimal(0)
    rate: float = 0.0
    name: str = ""
    parts: tuple[Decimal, ...] = ()
    by_name: dict[str, Decimal] = {}


decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=8)


@given(decimals)
def test_s10_a_decimal_comes_back_exactly_as_text_and_never_through_a_float(value: Decimal) -> None:
    raw = codec.encode(Paper(amount=value))
    assert json.loads(raw)["amount"] == str(value)
    assert codec.decode(raw, Paper).amount == codec.decode_outside(raw, Paper).amount == value
    assert Decimal(plain(value)) == value


@given(
    st.dictionaries(st.text("abcdé\u2028", max_size=8), decimals, max_size=6),
    st.randoms(use_true_random=False),
)
def test_inv_24_equal_values_have_equal_canonical_bytes_whatever_their_order(
    table: dict[str, Decimal], random: Any
) -> None:
    keys = list(table)
    random.shuffle(keys)
    again = {key: table[key] for key in keys}
    assert codec.encode_canonical(again) == codec.encode_canonical(table)
    assert codec.digest(again) == codec.digest(table)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_to_the_bit(value: float) -> None:
    assert math.copysign(1, codec.decode(codec.encode(Paper(rate=value)), Paper).rate) == math.copysign(
        1, value
    )
    assert codec.decode(codec.encode(Paper(rate=value)), Paper).rate == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_d04_a_float_that_is_not_finite_leaves_as_unknown_and_never_as_a_number(value: float) -> None:
    assert json.loads(codec.encode({"x": value})) == {"x": None}


@pytest.mark.parametrize(("kind", "raw"), SAMPLES, ids=lambda each: getattr(each, "__name__", None))
def test_every_kind_of_document_comes_back_equal(kind: Any, raw: bytes) -> None:
    assert codec.encode(codec.decode(raw, kind)) == codec.encode(codec.decode_outside(raw, kind)) == raw


@pytest.mark.parametrize(
    "number",
    [
        '"NaN"',
        '"Infinity"',
        '"-inf"',
        '"1_000"',
        '"١٢"',
        '"１"',
        '" 1"',
        '"1e999999999"',
        '"0x10"',
        "1e400",
        '"1,5"',
    ],
)
@pytest.mark.parametrize(
    "document", ['{"amount": %s}', '{"parts": [%s]}', '{"by_name": {"a": %s}}', '{"parts": ["1", %s]}']
)
def test_d04_i01_a_decimal_from_outside_is_held_to_the_one_grammar_wherever_it_stands(
    document: str, number: str
) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        codec.decode_outside((document % number).encode(), Paper)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"rate": NaN}',
        b'{"rate": 1e400}',
        b'{"rate": -1e400}',
        b'{"rate": 1, "rate": 2}',
        b'{"name": "\\ud800"}',
        b'{"name": "x", "other": "\\udfff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"amount": ' + b"9" * 5_000 + b"}",
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"\xff\xfe{}",
        b"",
        b" " * (codec.LARGEST_DOCUMENT + 1),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_d10_bombs_repeated_keys_and_what_is_no_number_or_text_are_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        codec.decode_outside(raw, Paper)


def test_what_is_deep_but_not_too_deep_and_brackets_in_texts_are_read() -> None:
    raw = b'{"name": "' + b"[" * 100 + b'\\"{", "parts": ["1.5"]}'
    assert codec.decode_outside(raw, Paper).name == "[" * 100 + '"{'
