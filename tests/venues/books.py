"""Books of every kind of market under gaps, duplicates and snapshots: ``python -m tests.venues.books --diffs 100000``.

A server's book moves at random. Each difference is written in its venue's own JSON and read by its decoder; some are
lost, some come twice, sometimes a whole book comes again. After every message the client's book is either flagged, or
uncrossed and of the same number as the last difference that reached it; after every resync, and now and then, it is
compared with the server's level by level. A second book is heard as with a recorder, and what that keeps is packed and
read back as from the store: it is the difference that the venue's decoder reads, and a third book made of it agrees
with the first after every message.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any, NamedTuple

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.store.packing import Key, pack, unpack_blob
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.profile import Kind, Listed, Profile, Question
from tradecli.venues.sequence import BookBuilder, Status

TICK, START, DEPTH = 0.5, 120_000, 60


class Place(NamedTuple):
    """One kind of market of a venue: how its book is written, named and sized."""

    venue: str
    symbol: str
    name: str
    size: float = 1.0
    inverse: bool = False

    @property
    def listed(self) -> Listed:
        id = InstrumentId(f"{self.name}@{self.venue}")
        return Listed(id, self.symbol, TICK, self.size, inverse=self.inverse)

    @property
    def is_spot(self) -> bool:
        return self.name.endswith(".spot")


PLACES = {
    "binance": Place("binance", "BTCUSDT", "BTCUSDT"),
    "binance spot": Place("binance", "BTCUSDT", "BTCUSDT.spot"),
    "binance inverse": Place("binance", "BTCUSD_PERP", "BTCUSD.inverse", 100.0, True),
    "okx": Place("okx", "BTC-USDT-SWAP", "BTCUSDT", 0.01),
    "okx spot": Place("okx", "BTC-USDT", "BTCUSDT.spot"),
    "bybit": Place("bybit", "BTCUSDT", "BTCUSDT"),
    "bybit spot": Place("bybit", "BTCUSDT", "BTCUSDT.spot"),
    "bybit inverse": Place("bybit", "BTCUSD", "BTCUSD.inverse", 1.0, True),
    "deribit": Place("deribit", "BTC-PERPETUAL", "BTC-PERPETUAL"),
}
SYMBOLS = {venue: PLACES[venue].symbol for venue in PROFILES}
"""How each venue spells the perpetual that the other suites write books of."""


class Verdict(NamedTuple):
    """What a run saw. Everything but the counts of injected faults and resyncs must be zero."""

    place: str
    diffs: int
    lost: int
    repeated: int
    snapshots: int
    resyncs: int
    compared: int
    crossed: int
    unflagged: int
    unequal: int
    unlike: int
    us: float

    @property
    def is_sound(self) -> bool:
        return not (self.crossed or self.unflagged or self.unequal or self.unlike)


class Server:
    """The truth: sizes by tick on each side, and the number of the newest change."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.mid = START
        self.bids = {START - 1 - step: 1.0 + step for step in range(DEPTH)}
        self.asks = {START + 1 + step: 1.0 + step for step in range(DEPTH)}
        self.last = 1_000
        self.before = 999

    def change(self) -> tuple[dict[int, float], dict[int, float]]:
        """Move the book and return what changed on each side; a size of 0 took the level away."""
        chance = self.chance
        self.before, self.last = self.last, self.last + 1
        shift = chance.choice((-1, 0, 0, 0, 1))
        self.mid += shift
        bids: dict[int, float] = {}
        asks: dict[int, float] = {}
        for tick in [tick for tick in self.bids if tick >= self.mid]:
            bids[tick] = 0.0
        for tick in [tick for tick in self.asks if tick <= self.mid]:
            asks[tick] = 0.0
        for _ in range(chance.randint(1, 10)):
            size = chance.choice((0.0, chance.randint(1, 9_999) / 1000))
            if chance.random() < 0.5:
                bids[self.mid - chance.randint(1, DEPTH)] = size
            else:
                asks[self.mid + chance.randint(1, DEPTH)] = size
        bids.setdefault(self.mid - DEPTH - 1, 1.0)
        asks.setdefault(self.mid + DEPTH + 1, 1.0)
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            for tick, size in changes.items():
                if size:
                    side[tick] = size
                else:
                    side.pop(tick, None)
        return bids, asks


class Wire:
    """Writes a server's differences and snapshots as one venue does."""

    def __init__(self, place: str, server: Server) -> None:
        where = PLACES[place]
        self.venue = where.venue
        self.server = server
        self.symbol = where.symbol
        self.is_spot = where.is_spot

    def diff(self, bids: dict[int, float], asks: dict[int, float]) -> str:
        """Return a difference as the socket brings it."""
        s, now = self.server, 1_700_000_000_000 + self.server.last
        match self.venue:
            case "binance":
                body: Any = {
                    "e": "depthUpdate",
                    "E": now,
                    "T": now,
                    "s": self.symbol,
                    "U": s.before + 1,
                    "u": s.last,
                }
                if self.is_spot:
                    del body["T"]
                body |= {} if self.is_spot else {"pu": s.before}
                body |= {"b": _texts(bids), "a": _texts(asks)}
            case "okx":
                row = {
                    "asks": _four(asks),
                    "bids": _four(bids),
                    "ts": str(now),
                    "seqId": s.last,
                    "prevSeqId": s.before,
                }
                body = {"arg": {"channel": "books", "instId": self.symbol}, "action": "update", "data": [row]}
            case "bybit":
                row = {"s": self.symbol, "b": _texts(bids), "a": _texts(asks), "u": s.last, "seq": s.last}
                body = {
                    "topic": f"orderbook.50.{self.symbol}",
                    "type": "delta",
                    "ts": now,
                    "data": row,
                    "cts": now,
                }
            case _:
                body = self._deribit("change", _actions(bids), _actions(asks), now, s.before)
        return json.dumps(body, separators=(",", ":"))

    def snapshot(self) -> str:
        """Return the whole book: as the socket brings it, or for Binance as HTTP does."""
        s, now = self.server, 1_700_000_000_000 + self.server.last
        bids = dict(sorted(s.bids.items(), reverse=True))
        asks = dict(sorted(s.asks.items()))
        match self.venue:
            case "binance":
                body: Any = {
                    "lastUpdateId": s.last,
                    "E": now,
                    "T": now,
                    "bids": _texts(bids),
                    "asks": _texts(asks),
                }
                if self.is_spot:
                    body = {"lastUpdateId": s.last, "bids": body["bids"], "asks": body["asks"]}
            case "okx":
                row = {
                    "asks": _four(asks),
                    "bids": _four(bids),
                    "ts": str(now),
                    "seqId": s.last,
                    "prevSeqId": -1,
                }
                body = {
                    "arg": {"channel": "books", "instId": self.symbol},
                    "action": "snapshot",
                    "data": [row],
                }
            case "bybit":
                row = {"s": self.symbol, "b": _texts(bids), "a": _texts(asks), "u": s.last, "seq": s.last}
                body = {
                    "topic": f"orderbook.50.{self.symbol}",
                    "type": "snapshot",
                    "ts": now,
                    "data": row,
                    "cts": now,
                }
            case _:
                body = self._deribit("snapshot", _actions(bids), _actions(asks), now, None)
        return json.dumps(body, separators=(",", ":"))

    def _deribit(self, kind: str, bids: Any, asks: Any, now: int, before: int | None) -> Any:
        row = {"type": kind, "timestamp": now, "instrument_name": self.symbol, "change_id": self.server.last}
        row |= {"bids": bids, "asks": asks} | ({"prev_change_id": before} if before is not None else {})
        params = {"channel": f"book.{self.symbol}.100ms", "data": row}
        return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def _texts(side: dict[int, float]) -> list[list[str]]:
    return [[f"{tick * TICK:.1f}", f"{size:.3f}"] for tick, size in side.items()]


def _four(side: dict[int, float]) -> list[list[str]]:
    return [[*pair, "0", "1"] for pair in _texts(side)]


def _actions(side: dict[int, float]) -> list[list[Any]]:
    return [["change" if size else "delete", tick * TICK, size] for tick, size in side.items()]


def run(place: str, diffs: int, seed: int = 1) -> Verdict:
    """Drive the book of one place through ``diffs`` differences and say what was seen."""
    chance = random.Random(seed)
    server = Server(chance)
    listed = PLACES[place].listed
    wire, profile = Wire(place, server), profile_of(PLACES[place].venue)
    builder = BookBuilder(listed.id, TICK, profile.rule_of(listed.id), listed.scale)
    heard = BookBuilder(listed.id, TICK, profile.rule_of(listed.id), listed.scale)
    twin = BookBuilder(listed.id, TICK, profile.rule_of(listed.id))
    count = dict.fromkeys(
        (
            "lost", "repeated", "snapshots", "resyncs", "compared", "crossed", "unflagged", "unequal", "unlike",
        ),
        0,
    )  # fmt: skip
    reached, spent = 0, 0

    def take(message: str, *, whole: bool) -> None:
        nonlocal spent
        over_http = whole and profile.rest_snapshots
        deltas = read(profile, listed, message, whole=over_http)
        if over_http:
            for delta in deltas:
                builder.apply(delta)
                heard.apply(delta)
            kept = deltas
        else:
            began = time.perf_counter_ns()
            depth = profile.depth(message)
            assert depth is not None
            builder.take(depth)
            spent += time.perf_counter_ns() - began
            kept = [heard.take_kept(depth)[1]]
        stored = [unpack_blob(_KEY, pack(delta)[-1]) for delta in kept]
        for each in stored:
            assert isinstance(each, BookDelta)
            twin.apply(each)
        count["unlike"] += stored != deltas or not state(builder) == state(twin) == state(heard)

    def look(*, closely: bool) -> None:
        if builder.status is not Status.OK or builder.joining:
            return
        best = builder.best()
        assert best is not None
        count["crossed"] += best[0][0] >= best[1][0]
        count["unflagged"] += builder.last_id != reached
        if closely and builder.last_id == server.last:
            count["compared"] += 1
            count["unequal"] += levels(builder) != (
                in_base(listed, server.bids),
                in_base(listed, server.asks),
            )
            count["unlike"] += levels(builder) != levels(twin)

    take(wire.snapshot(), whole=True)
    reached = server.last
    broken = False
    for number in range(diffs):
        message = wire.diff(*server.change())
        fault = chance.random()
        if fault < 0.002:
            count["lost"] += 1
            continue
        take(message, whole=False)
        reached = server.last
        if fault < 0.004:
            count["repeated"] += 1
            take(message, whole=False)
        elif fault < 0.005:
            count["snapshots"] += 1
            take(wire.snapshot(), whole=True)
        look(closely=broken or number % 500 == 0)
        broken = builder.status is not Status.OK
        if broken:
            count["resyncs"] += 1
            take(wire.snapshot(), whole=True)
            if not builder.joining:
                look(closely=True)
    return Verdict(place, diffs, **count, us=spent / 1_000 / diffs)


_KEY = Key("BookDelta", "")


def read(profile: Profile, listed: Listed, message: str, *, whole: bool) -> list[BookDelta]:
    """Read a message as the client does: from the socket, or a whole book from HTTP."""
    if whole:
        heard = profile.answer(Question(kind=Kind.BOOK, listed=listed), json.loads(message), lambda _: listed)
    else:
        heard = profile.decode(message, lambda _: listed)
    return [each for each in heard if isinstance(each, BookDelta)]


def in_base(listed: Listed, side: dict[int, float]) -> dict[int, float]:
    """Return a side of the server's book in base units: what was written of it, made into coins."""
    return {ticks: listed.base(size, ticks * TICK) for ticks, size in side.items()}


def state(builder: BookBuilder) -> tuple[Any, ...]:
    """Return what a book says of itself."""
    counts = builder.gaps, builder.crossed, builder.bad, builder.ignored
    return builder.status, builder.joining, builder.last_id, builder.ts, builder.best(), counts


def levels(builder: BookBuilder) -> tuple[dict[int, float], dict[int, float]]:
    """Return every level of both sides."""
    book = builder.book(10_000)
    assert book is not None
    return dict(book.bids), dict(book.asks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--diffs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sound = True
    for place in PLACES:
        verdict = run(place, given.diffs, given.seed)
        sound = sound and verdict.is_sound
        print(
            " ".join(
                f"{name}={value:.1f}" if name == "us" else f"{name}={value}"
                for name, value in verdict._asdict().items()
            )
        )
    return 0 if sound else 1


if __name__ == "__main__":
    raise SystemExit(main())
