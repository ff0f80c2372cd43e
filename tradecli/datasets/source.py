"""What a reader knows about the file it reads: what was given on the command line, and what the name tells.

Columns come first. An option says what the columns do not, or picks series where they do. The name comes last, and what
is taken from it is written down in ``assumed``. What nobody says is an error that names the missing option.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tradecli.datasets.faults import BadFile, Contradiction, NotKnown
from tradecli.datasets.kinds import INTERVALS_MS, Kind, Market, interval_name
from tradecli.datasets.naming import Told
from tradecli.datasets.table import LATEST_MS, Ints, Table
from tradecli.domain.instrument import instrument_id

_SUFFIX = {Market.SPOT: ".spot", Market.INVERSE: ".inverse", Market.LINEAR: ""}


@dataclass(frozen=True, slots=True)
class Given:
    """The options of an import. ``latest`` (UTC ms) is the first moment that would lie in the future."""

    kind: Kind | None = None
    venue: str | None = None
    market: Market | None = None
    symbol: str | None = None
    interval_ms: int | None = None
    time_unit: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()
    latest: int = LATEST_MS


@dataclass(slots=True)
class Source:
    """One file being read. ``name`` is how messages call it."""

    name: str
    given: Given
    told: Told
    assumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def kind(self, choices: tuple[Kind, ...], what: str) -> Kind:
        """Return which of ``choices`` the rows are, where the columns fit more than one."""
        if self.given.kind is not None:
            if self.given.kind not in choices:
                words = " or ".join(choices)
                raise Contradiction(self.name, f"the columns fit {words}, not --kind {self.given.kind}")
            return self.given.kind
        if self.told.kind in choices:
            self._assume("kind", self.told.kind)
            return self.told.kind
        raise NotKnown(self.name, what, "--kind", f"--kind {choices[0]}")

    def check_kind(self, kind: Kind) -> None:
        """Refuse a ``--kind`` that is not what the columns show."""
        if self.given.kind is not None and self.given.kind is not kind:
            raise Contradiction(self.name, f"the columns are those of {kind}, not of {self.given.kind}")

    def instrument(
        self,
        symbol: str | None = None,
        venue: str | None = None,
        market: Market | None = None,
        *,
        is_derivative: bool = False,
    ) -> str | None:
        """Return the instrument of a series, or None where the options pick another one.

        ``symbol``, ``venue`` and ``market`` are what the columns say. A derivative whose symbol ends in plain USD is
        coin-margined, any other is linear.
        """
        venue = self._venue(venue)
        if venue is None:
            return None
        if symbol is None:
            symbol = self.given.symbol
            if symbol is None:
                if self.told.symbol is None:
                    raise NotKnown(self.name, "which symbol this is", "--symbol", "--symbol BTCUSDT")
                symbol = self._spelled(self.told.symbol, market, is_derivative)
                self._assume("symbol", symbol)
            return self._joined(symbol, venue)
        symbol = self._spelled(symbol.replace("/", "").removesuffix("_PERP"), market, is_derivative)
        wanted = self.given.symbol
        return self._joined(symbol, venue) if wanted is None or wanted == symbol else None

    def option_venue(self, table: Table) -> str:
        """Return the one venue of a file of options: Deribit where nothing says another."""
        if "venue" in table:
            codes, words = table.words("venue")
            if len(words) > 1:
                raise table.fail(
                    int(np.argmax(codes != codes[0])), "venue", "a second venue in one file of options"
                )
            return words[0]
        return self.given.venue or self.told.venue or "deribit"

    def index_name(self, default: str | None) -> str | None:
        """Return the name of an index or series; None where ``--symbol`` picks another one."""
        wanted = self.given.symbol
        if default is None:
            if wanted is None and self.told.symbol is None:
                raise NotKnown(self.name, "the name of this series", "--symbol", "--symbol DVOL-BTC")
            if wanted is None:
                self._assume("symbol", self.told.symbol)
            return wanted or self.told.symbol
        return default if wanted is None or wanted == default else None

    def interval(self, ts: Ints, table: Table, known: int | None = None) -> int:
        """Return the length of bars opened at the sorted times ``ts``: told by a column, their spacing or an option."""
        option = self.given.interval_ms
        found = known if known is not None else _spacing(ts)
        if (
            found is not None
            and option is not None
            and found not in INTERVALS_MS.values()
            and found % option == 0
        ):
            found = option  # rows so sparse that their distances show no bar length of their own
        if found is None:
            found = option if option is not None else self.told.interval_ms
            if found is None:
                raise NotKnown(self.name, "how long its bars are", "--interval", "--interval 1h")
            if option is None:
                self._assume("interval", interval_name(found))
        if found not in INTERVALS_MS.values():
            names = ", ".join(INTERVALS_MS)
            raise BadFile(self.name, f"bars are {interval_name(found)} apart, which is none of {names}")
        for said, what in ((option, "--interval"), (self.told.interval_ms, "its name")):
            if said is not None and said != found:
                raise Contradiction(
                    self.name, f"bars are {interval_name(found)} long, but {what} says {interval_name(said)}"
                )
        return found

    def _venue(self, column: str | None) -> str | None:
        given = self.given.venue
        if column is not None:
            return column if given in (None, column) else None
        if given is not None:
            return given
        if self.told.venue is None:
            raise NotKnown(self.name, "which venue this is from", "--venue", "--venue binance")
        self._assume("venue", self.told.venue)
        return self.told.venue

    def _spelled(self, symbol: str, market: Market | None, is_derivative: bool) -> str:
        """Return a symbol as we write it, with the suffix of its market."""
        if symbol.endswith((".spot", ".inverse")):
            return symbol
        if market is None:
            market = self.given.market
        if market is None and is_derivative:
            market = Market.INVERSE if symbol.endswith("USD") else Market.LINEAR
        if market is None and self.told.market is not None:
            market = self.told.market
            self._assume("market", market)
        if market is None:
            raise NotKnown(
                self.name,
                f"whether {symbol} is spot or a perpetual",
                "--market",
                f"--market spot or --symbol {symbol}.spot",
            )
        return symbol + _SUFFIX[market]

    def _joined(self, symbol: str, venue: str) -> str:
        try:
            return instrument_id(symbol, venue)
        except ValueError as error:
            raise BadFile(self.name, str(error)) from error

    def _assume(self, what: str, value: object) -> None:
        text = f"{what} {value}"
        if text not in self.assumed:
            self.assumed.append(text)


def _spacing(ts: Ints) -> int | None:
    """Return the smallest distance of neighbours, of which every other distance is a multiple; None: fewer than two."""
    steps = np.diff(ts)
    steps = steps[steps > 0]
    return int(np.gcd.reduce(steps)) if len(steps) else None
