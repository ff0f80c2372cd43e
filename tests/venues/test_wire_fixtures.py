"""Recorded messages of the venues parse into domain types, and every number in them is the venue's own.

The folder is ``data/wire`` of the shared folder, or the one that TRADECLI_WIRE_DIR names: so a user can hold a venue's
new messages against the decoders (``TRADECLI_WIRE_DIR=DIR python -m pytest -s tests/venues/test_wire_fixtures.py``).
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.venues import wire_fixtures as wire
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import BookDelta
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.ccxt.reading import Malformed

LEAST_SHARE = 0.98


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    given = os.environ.get("TRADECLI_WIRE_DIR")
    return Path(given) if given else Path(request.getfixturevalue("shared")) / "data" / "wire"


@pytest.fixture(scope="module")
def readings(folder: Path) -> list[wire.Reading]:
    return [
        wire.read(fixture) for fixture in wire.fixtures(folder) if fixture.kind not in ("error", "ws_error")
    ]


def test_at_least_98_of_100_used_messages_parse_and_no_error_is_without_a_type(
    readings: list[wire.Reading],
) -> None:
    print("\n" + matrix(readings))
    used = [each for each in readings if each.outcome != "unused"]
    untyped = [(each.fixture.id, each.reason) for each in used if each.outcome == "UNTYPED"]
    unknown = [
        (each.fixture.id, each.reason)
        for each in used
        if each.outcome == "refused" and each.fixture.id not in wire.REFUSED
    ]
    parsed = sum(each.outcome == "parsed" for each in used)
    print(f"parsed {parsed} of {len(used)} used; {len(readings) - len(used)} unused")
    assert not untyped
    assert not unknown
    assert parsed >= LEAST_SHARE * len(used)


def test_a_message_of_which_nothing_follows_is_one_that_is_known_to_say_nothing(
    readings: list[wire.Reading],
) -> None:
    silent = [each.fixture for each in readings if each.outcome == "parsed" and not each.events]
    unexplained = [
        (fixture.id, fixture.name)
        for fixture in silent
        if not any(re.search(pattern, f"{fixture.id} {fixture.name}") for pattern, _ in wire.SILENT)
    ]
    assert not unexplained


def test_every_number_of_an_event_is_written_in_the_message(readings: list[wire.Reading]) -> None:
    compared, wrong = 0, []
    for each in readings:
        if each.outcome != "parsed":
            continue
        written = set(numbers(each.fixture.body))
        for event in each.events:
            for name, value in figures(event):
                compared += 1
                if not is_written(value, written):
                    wrong.append((each.fixture.id, type(event).__name__, name, value))
    print(f"\n{compared} numbers compared with the text of their messages")
    assert not wrong
    assert compared > 1_000 or "TRADECLI_WIRE_DIR" in os.environ


def test_no_field_taken_away_or_replaced_ends_in_an_error_without_a_type(
    readings: list[wire.Reading],
) -> None:
    """D09: missing, null, renamed and wrongly typed fields are typed errors, whatever the message."""
    seen: Counter[str] = Counter()
    for each in readings:
        if each.outcome != "parsed" or seen[(key := f"{each.fixture.venue} {each.fixture.kind}")] >= 2:
            continue
        seen[key] += 1
        for damaged in damages(each.fixture.body):
            found = wire.read(each.fixture._replace(body=damaged))
            assert found.outcome != "UNTYPED", (each.fixture.id, found.reason)
            for event in found.events:
                for name, value in figures(event):
                    assert math.isfinite(value), (each.fixture.id, name)


@pytest.mark.parametrize(
    "data", ["", "null", "[]", "{", '{"e":"depthUpdate"', "\x00", "NaN", '{"a":1e999}', "true"]
)
@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "deribit"])
def test_what_is_no_message_at_all_is_malformed_or_says_nothing(venue: str, data: str) -> None:
    from tradecli.venues.ccxt import profile_of

    with contextlib.suppress(Malformed):
        assert profile_of(venue).decode(data, wire.anything) == []


def matrix(readings: list[wire.Reading]) -> str:
    """Return kind x venue x parsed/unused/refused."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in readings:
        counts[each.fixture.kind, each.fixture.venue, each.outcome] += 1
    venues = sorted({each.fixture.venue for each in readings})
    kinds = sorted({each.fixture.kind for each in readings if each.outcome != "unused"})
    lines = [f"{'kind':<22}" + "".join(f"{venue:>16}" for venue in venues) + "   (parsed/unused/refused)"]
    for kind in kinds:
        cells = [
            "/".join(str(counts[kind, venue, outcome]) for outcome in ("parsed", "unused", "refused"))
            for venue in venues
        ]
        lines.append(f"{kind:<22}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def numbers(body: Any) -> Iterator[float]:
    """Yield every number of a message, those written as text too, and what percent and minutes say as fractions."""
    if isinstance(body, dict):
        for value in body.values():
            yield from numbers(value)
    elif isinstance(body, list):
        for value in body:
            yield from numbers(value)
    elif isinstance(body, int | float | str) and not isinstance(body, bool):
        with contextlib.suppress(ValueError):
            yield float(body)


SCALES = (1.0, 0.01, 1e-6, 1 / 60)
"""As written; percent; nanoseconds as milliseconds; minutes as hours."""


def is_written(value: float, written: set[float]) -> bool:
    return any(
        math.isclose(value, number * scale, rel_tol=1e-9, abs_tol=0.51e-8)
        for number in written
        for scale in SCALES
    )


DERIVED = {
    "interval_ms",
    "interval_h",
    "tick",
    "sequence",
    "expiry_ts",
    "strike",
    "prev_id",
    "first_id",
    "last_id",
    "ts",
}


def figures(event: Any) -> Iterator[tuple[str, float]]:
    """Yield the numbers of an event that the venue must have written: prices, sizes, rates."""
    if isinstance(event, Listed):
        event = event.instrument
    if isinstance(event, Instrument):
        yield from (("tick", float(event.tick)),)
        return
    if isinstance(event, BookDelta):
        for side in (event.bids, event.asks):
            for ticks, size in side:
                yield from (("price", ticks * 1e-8), ("size", size))
        return
    if not isinstance(event, msgspec.Struct):
        return
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name == "value" and type(event).__name__ == "Sentiment":
            continue  # a ratio of two numbers on Bybit
        if isinstance(value, float) and name not in DERIVED:
            yield name, value
        if isinstance(value, tuple):
            for part in value:
                yield from figures(part)


def damages(body: Any, depth: int = 0) -> Iterator[Any]:
    """Yield a message with one field after another missing, null, renamed or of another type."""
    if depth > 4:
        return
    if isinstance(body, dict):
        for key in body:
            rest = {name: value for name, value in body.items() if name != key}
            yield rest
            yield {**rest, f"{key}_": body[key]}
            wrong: Any
            for wrong in (None, "", "abc", True, -1, "NaN", 1e308, [], {}, "١٢"):
                yield {**rest, key: wrong}
            for deeper in damages(body[key], depth + 1):
                yield {**rest, key: deeper}
    elif isinstance(body, list) and body:
        for wrong in (None, "", True, "Infinity", [], {}):
            yield [wrong, *body[1:]]
        for deeper in damages(body[0], depth + 1):
            yield [deeper, *body[1:]]
