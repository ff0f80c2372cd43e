"""How venues differ, as data and pure functions: questions and their answers, channels and their messages.

A ``Question`` is ours. A profile turns it into the one request of its venue (``request``) and reads what comes back
(``answer``); it names the channel of a stream (``channel``), the message that subscribes (``subscribe``) and reads what
the socket says (``decode``). No function here opens anything or knows what time it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import msgspec

from tradecli.domain.budget import Allowance
from tradecli.domain.enums import InstrumentKind
from tradecli.domain.feed import HOUR_MS
from tradecli.domain.instrument import Instrument, InstrumentId, symbol_of
from tradecli.domain.market import BookDelta, Candle, FundingRate, Level, MarketEvent, MarkPrice
from tradecli.venues import known
from tradecli.venues.ccxt.reading import Malformed, amount, positive
from tradecli.venues.ccxt.standing import Rows
from tradecli.venues.rows import AnyDepth, Scale
from tradecli.venues.sequence import Rule

INDEX_MS = 60_000


class Kind(StrEnum):
    """What can be asked of a venue, or listened to."""

    TIME = "time"
    INSTRUMENTS = "instruments"
    CANDLES = "candles"
    TRADES = "trades"
    BOOK = "book"
    QUOTE = "quote"
    FUNDING = "funding"
    FUNDING_HISTORY = "funding-history"
    FUNDING_INTERVALS = "funding-intervals"
    INTEREST = "open-interest"
    INTEREST_HISTORY = "open-interest-history"
    MARK = "mark"
    INDEX = "index"
    """The index of a mark, where it does not come with it."""
    RATIO = "long-short-ratio"
    CHAIN = "option-chain"
    GREEKS = "greeks"
    VOL_INDEX = "vol-index"

    __hash__ = str.__hash__
    """Every message looks its stream up by its kind, and an enumeration's own hash is ten times as slow."""


class Listed(NamedTuple):
    """An instrument as its venue writes it. ``size`` is what one unit of quantity is worth.

    In base units, or in quote units where ``inverse`` is true: there a quantity becomes base units by its price.
    """

    id: InstrumentId
    symbol: str
    tick: float
    size: float = 1.0
    inverse: bool = False
    interval_h: float | None = None
    instrument: Instrument | None = None
    halted: str = ""
    """Empty while it trades; otherwise the venue's own word for why it does not."""
    steps: str = ""
    """Tick, lot and size as the venue wrote them; empty where that was not read."""

    def base(self, qty: float, price: float) -> float:
        """Return a quantity of the venue in base units."""
        return qty * self.size / price if self.inverse else qty * self.size

    def candle(self, ts: int, interval_ms: int, prices: Sequence[float], volume: float) -> Candle:
        """Return a bar of this instrument from (open, high, low, close) and a volume in base units."""
        first, high, low, last = prices
        if not low <= min(first, last) <= max(first, last) <= high:
            raise Malformed("bar: the highest and lowest are not")
        return Candle(self.id, ts, interval_ms, first, high, low, last, volume)

    def levels(self, pairs: Iterable[Sequence[Any]]) -> tuple[Level, ...]:
        """Return levels given as (price, size, …) in ticks and base units."""
        return tuple([self._level(pair) for pair in pairs])

    def _level(self, pair: Sequence[Any]) -> Level:
        if not isinstance(pair, list | tuple) or len(pair) < 2:
            raise Malformed("level: not a price and a size")
        price = positive(pair[0], "price")
        return round(price / self.tick), self.base(amount(pair[1], "size"), price)

    @property
    def scale(self) -> Scale:
        """What the rows of a depth message mean."""
        return Scale(self.id, self.tick, self.size, inverse=self.inverse)


Names: TypeAlias = Callable[[str], Listed | None]
"""The venue's spelling -> what it is; None for what is not listed here, which is passed over."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a venue says beside its data: an acknowledgement, a refusal of a subscription, a farewell."""

    ok: bool
    text: str = ""
    id: str = ""


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """The venue's clock."""

    ts: int


class Greeks(msgspec.Struct, frozen=True, gc=False):
    """Sensitivities of one option as its venue publishes them, per one unit of base; volatilities are fractions."""

    instrument: InstrumentId
    ts: int
    delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    mark_iv: float | None
    bid_iv: float | None
    ask_iv: float | None
    underlying: float | None


def greeks_of(of: Listed, ts: int, values: Sequence[float | None]) -> Greeks:
    """Return sensitivities from the eight numbers in the order of the fields of ``Greeks``."""
    delta, gamma, vega, theta, mark_iv, bid_iv, ask_iv, underlying = values
    return Greeks(of.id, ts, delta, gamma, vega, theta, mark_iv, bid_iv, ask_iv, underlying)


class Unpriced(msgspec.Struct, frozen=True, gc=False):
    """Open interest in base units, where a venue does not value it: the adapter does, at its newest mark."""

    instrument: InstrumentId
    ts: int
    qty: float


class IndexPrice(msgspec.Struct, frozen=True, gc=False):
    """The index that an instrument follows, where it does not come with the mark: the adapter joins the two."""

    instrument: InstrumentId
    ts: int
    index: float


class Intervals(msgspec.Struct, frozen=True):
    """Hours between settlements, of the instruments that do not have the venue's usual ones."""

    hours: Mapping[str, float]


Heard: TypeAlias = (
    MarketEvent | BookDelta | Said | ServerTime | Greeks | Unpriced | IndexPrice | Intervals | Listed
)


def delta_of(depth: AnyDepth, names: Names) -> list[Heard]:
    """Return a depth message with its rows read; nothing where its instrument is not listed."""
    of = names(depth.symbol)
    return [] if of is None else [of.scale.delta(depth)]


def ratio_name(instrument: InstrumentId) -> str:
    """Return the name under which an instrument's long/short ratio of accounts is published as a series."""
    return f"long_short_{instrument.partition('@')[0].lower()}_{instrument.partition('@')[2]}"


def ratio_of(name: str) -> InstrumentId:
    """Return the instrument that a series of such a name is about, in lower case."""
    symbol, _, venue = name.removeprefix("long_short_").rpartition("_")
    return InstrumentId(f"{symbol}@{venue}")


def with_index(mark: MarkPrice, index: IndexPrice | None) -> MarkPrice:
    """Return a mark with its index, where that is known and of the same time: at most ``INDEX_MS`` apart."""
    if mark.index is not None or index is None or abs(mark.ts - index.ts) > INDEX_MS:
        return mark
    return msgspec.structs.replace(mark, index=index.index)


def spaced(rates: Sequence[Heard]) -> list[Heard]:
    """Return settled rates, newest first, each with the hours since the one before as its interval."""
    known = [each for each in rates if isinstance(each, FundingRate)]
    hours: float | None = None
    found: list[Heard] = []
    for place, rate in enumerate(known):
        older = next((each for each in known[place + 1 :] if each.instrument == rate.instrument), None)
        hours = (rate.ts - older.ts) / HOUR_MS if older is not None else hours
        usable = hours is not None and 0 < hours <= 24
        found.append(msgspec.structs.replace(rate, interval_h=hours if usable else rate.interval_h))
    return found


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a venue about [since, until), UTC ms. ``limit`` 0 is the venue's own."""

    kind: Kind
    listed: Listed | None = None
    currency: str = ""
    interval_ms: int = 0
    since: int | None = None
    until: int | None = None
    limit: int = 0
    product: str = ""
    """The product that is asked about where no instrument says it."""

    def of_product(self, profile: Profile) -> str:
        """Return the name of the product that it is about."""
        return self.product if self.listed is None else profile.product_of(self.listed.id)


def kind_of(instrument: InstrumentId) -> InstrumentKind | None:
    """Return the kind of market that an instrument's name says: spot or coin-margined; None where it says none."""
    kind = known.kind_of(symbol_of(instrument))
    return None if kind is InstrumentKind.LINEAR else kind


def is_missing(profile: Profile, instrument: InstrumentId) -> str:
    """Say that a venue lists no such instrument here, and why where the kind of market is not connected."""
    kind = kind_of(instrument)
    why = profile.unconnected.get(kind) if kind is not None else None
    return f"{instrument} is not listed" + (f": {why}" if why else "")


def last_of(question: Question) -> int | None:
    """Return the last millisecond that a question asks about, for venues that count it in."""
    return None if question.until is None else question.until - 1


def params(**values: Any) -> dict[str, Any]:
    """Return the parameters that have a value."""
    return {key: value for key, value in values.items() if value is not None and value != ""}


class Request(NamedTuple):
    """A call of ccxt's implicit interface: its method, its parameters, and what it weighs at the venue."""

    method: str
    params: Mapping[str, Any]
    weight: int = 1


class Channel(NamedTuple):
    """A stream: the socket it comes over, and its name in a subscription."""

    url: str
    name: str


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a venue that lists its instruments by itself; it is asked only where one of them is wanted."""

    rule: Rule
    start_paths: tuple[str, ...]
    looks: tuple[Request, ...]
    """The requests that bring its listing."""
    rows: Rows
    """How the answers to ``looks`` are written."""
    absent: Mapping[Kind, str]
    """Why each kind that is not offered of its instruments is not."""
    allowance: Allowance | None = None
    """Its own budget; None where it is counted with the venue's."""
    is_apart: bool = False
    """Its symbols are spelled like others of the venue: what a message is about is told by where it came from."""
    longest_ms: int | None = None
    """The longest time that one question about bars may span, where a page of them may be too long."""


SPOT_HAS_NONE: Mapping[Kind, str] = {
    Kind.FUNDING: "a spot pair pays no funding",
    Kind.FUNDING_HISTORY: "a spot pair pays no funding",
    Kind.FUNDING_INTERVALS: "a spot pair pays no funding",
    Kind.INTEREST: "a spot pair has no open interest",
    Kind.INTEREST_HISTORY: "a spot pair has no open interest",
    Kind.MARK: "a spot pair has no mark: it trades at its price",
    Kind.INDEX: "a spot pair follows no index",
    Kind.RATIO: "a spot pair has no long and short accounts",
}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One venue. ``absent`` says, for each kind it does not offer, why not."""

    name: str
    exchange: str
    """The class in ``ccxt.pro``."""
    hosts: tuple[str, ...]
    settings: Mapping[str, Any]
    rule: Rule
    allowance: Allowance
    kinds: tuple[InstrumentKind, ...]
    """The kinds of market in the venue's own listing."""
    start_paths: tuple[str, ...]
    """The requests that make the markets known: no other leaves before the first price."""
    page: Mapping[Kind, int]
    """Most rows an answer can hold."""
    listed: Callable[[Mapping[str, Any]], Listed | None]
    request: Callable[[Question], Request | None]
    answer: Callable[[Question, Any, Names], list[Heard]]
    channel: Callable[[Kind, Listed | None, str, int], Channel | None]
    subscribe: Callable[[Sequence[str], int, bool], Any]
    decode: Callable[[str | bytes, Names], list[Heard]]
    absent: Mapping[Kind, str]
    looks: tuple[Request, ...] = ()
    """The requests that bring the listing again; none where ccxt is to ask for it each time."""
    rows: Rows | None = None
    """How the answers to ``looks`` are written."""
    depth: Callable[[str | bytes], AnyDepth | None] = lambda _: None
    """Reads a depth message but not its rows; None for any other message, and for all where only ``decode`` reads."""
    rest_snapshots: bool = False
    """The socket sends differences only; the full book is asked for over HTTP."""
    settles_h: float | None = None
    """Hours between funding settlements where an instrument does not say."""
    newest_first: bool = False
    """Prints are paged from the newest backwards."""
    unconnected: Mapping[InstrumentKind, str] = {}
    """Kinds of instruments that the venue trades and this profile does not read, and why not."""
    products: Mapping[str, Product] = {}
    """What is listed beside the venue's own listing, by the kind of market that is listed there."""
    used_header: str = ""
    """The header of an answer in which the venue says how much weight it has counted."""

    def product_of(self, instrument: InstrumentId) -> str:
        """Return the product that lists an instrument; empty for the venue's own listing."""
        kind = kind_of(instrument)
        return kind.value if kind is not None and kind.value in self.products else ""

    def rule_of(self, instrument: InstrumentId) -> Rule:
        """Return how the books of an instrument are numbered."""
        product = self.products.get(self.product_of(instrument))
        return self.rule if product is None else product.rule

    def spelling(self, product: str) -> str:
        """Return among which names a product's symbols are known: its own, or those of the venue's own listing."""
        found = self.products.get(product)
        return product if found is not None and found.is_apart else ""

    def why_absent(self, kind: Kind, product: str) -> str | None:
        """Return why a kind is not offered of a product, or None where it is."""
        found = self.products.get(product)
        return (self.absent if found is None else found.absent).get(kind)

    def bars(self, page: int, interval_ms: int, product: str) -> int:
        """Return how many bars may be asked for at once: a page, or fewer where the time it spans is too long."""
        found = self.products.get(product)
        longest = found.longest_ms if found is not None else None
        return page if longest is None else min(page, max(longest // interval_ms, 1))

    def counted(self, product: str) -> tuple[str, Allowance]:
        """Return under which name, and within what, the requests about a product are counted."""
        found = self.products.get(product)
        if found is None or found.allowance is None:
            return self.name, self.allowance
        return f"{self.name}-{product}", found.allowance
