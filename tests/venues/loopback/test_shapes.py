"""For each venue and kind: the loopback body has the keys and value types of a recorded message, or a listed reason.

``python -m pytest tests/venues/loopback/test_shapes.py -s`` prints the table.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.venues.loopback.conftest import wall_clock
from tests.venues.loopback.shapes import DEVIATIONS, ROWS, Row
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession

pytestmark = pytest.mark.asyncio(loop_scope="module")


def types_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, type) of everything in a body; the rows of a list share one path."""
    if isinstance(value, dict):
        yield path, "object"
        for name, each in value.items():
            yield from types_of(each, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, "array"
        columns = bool(value) and not isinstance(value[0], dict | list) and len(value) > 1
        for place, each in enumerate(value):
            mixed = columns and len({type(one) for one in value}) > 1
            yield from types_of(each, f"{path}[{place}]" if mixed else f"{path}[]")
    elif isinstance(value, bool):
        yield path, "bool"
    elif isinstance(value, int | float):
        yield path, "number"
    else:
        yield path, "null" if value is None else "text"


def kinds_by_path(body: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, kind in types_of(body):
        found.setdefault(path, set()).add(kind)
    return found


def differences(ours: Any, theirs: list[Any]) -> list[str]:
    """Return what no recorded body has, what all of them have and ours lacks, and what is of another type.

    Nothing is said of the inside of a list that is empty on either side.
    """
    have, recordings = kinds_by_path(ours), [kinds_by_path(body) for body in theirs]
    known = {path for each in recordings for path in each}
    always = set.intersection(*(set(each) for each in recordings))
    found = []
    for path in sorted(known):
        kinds = set().union(*(each.get(path, set()) for each in recordings))
        if path in have:
            if not have[path] <= kinds | {"null"} and kinds != {"null"}:
                found.append(f"{path} is {'/'.join(sorted(have[path]))}, recorded {'/'.join(sorted(kinds))}")
        elif path in always and not inside_empty(path, have):
            found.append(f"without {path}")
    more = (path for path in sorted(have) if path not in known and not inside_empty(path, *recordings))
    return found + [f"more: {path}" for path in more]


def inside_empty(path: str, *bodies: dict[str, set[str]]) -> bool:
    """Say whether ``path`` lies in a list that is there and empty in every body."""
    outer = path
    while "[" in outer:
        outer = outer.rpartition("[")[0]
        if all(outer in body and f"{outer}[]" not in body and f"{outer}[0]" not in body for body in bodies):
            return True
    return False


@pytest.fixture(scope="module")
def fixtures(shared: Path) -> dict[str, list[dict[str, Any]]]:
    names = {row.file for row in ROWS}
    found = {}
    for name in names:
        with gzip.open(shared / "data" / "wire" / f"{name}.jsonl.gz", "rt") as lines:
            found[name] = [json.loads(line) for line in lines]
    return found


async def said(session: LoopbackSession, server: Loopback, row: Row) -> Any:
    now = wall_clock()
    option = server.floor.chains["BTC"].quotes[0].instrument.partition("@")[0]
    url = (
        row.url.replace("{since}", str(now - 86_400_000))
        .replace("{now}", str(now))
        .replace("{option}", option)
    )
    if row.subscribe is None:
        async with session.get(url) as answer:
            return json.loads(await answer.text())
    async with session.ws_connect(url) as socket:
        await socket.send_str(json.dumps(row.subscribe).replace("{option}", option))
        while True:
            message = await socket.receive_str(timeout=10)
            if row.word in message:
                return json.loads(message)


def recorded(row: Row, fixtures: dict[str, list[dict[str, Any]]]) -> list[Any]:
    found = []
    for each in fixtures[row.file]:
        if each["id"].rpartition("-")[2] in row.ids:
            body = each["body"]
            found.append(body.get(row.inside, body) if row.inside else body)
    return found


async def test_each_body_has_the_keys_and_types_of_a_recorded_one(
    loopback: Loopback, session: LoopbackSession, fixtures: dict[str, list[dict[str, Any]]]
) -> None:
    used: set[tuple[str, str, str]] = set()
    unlisted, table = [], []
    for row in ROWS:
        theirs = recorded(row, fixtures)
        assert theirs, f"no fixture for {row.venue} {row.kind}"
        found = differences(await said(session, loopback, row), theirs)
        table.append(f"{row.venue:8} {row.kind:22} {f'{len(found)} listed deviations' if found else 'same'}")
        for what in found:
            fits = {key for key in DEVIATIONS if listed_as(key, row, what)}
            used |= fits
            unlisted += [] if fits else [(row.venue, row.kind, what)]
    print("\n" + "\n".join(table))
    assert not unlisted, "\n".join(map(str, unlisted))
    assert set(DEVIATIONS) == used, "some lines of the list no longer hold"


def listed_as(key: tuple[str, str, str], row: Row, what: str) -> bool:
    venue, kind, pattern = key
    return venue == row.venue and fnmatchcase(row.kind, kind) and fnmatchcase(what, pattern)
