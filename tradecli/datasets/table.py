"""Columns of one file as arrays that have been looked at: every number by one grammar, every time in one unit.

Numbers in text follow the ASCII decimal grammar of ``domain.number``: no NaN, infinity, blanks, underscores, thousands
separators or other digits. What is not a number, or is missing where it may not be, raises ``BadRow`` with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradecli.datasets.faults import BadFile, BadRow

NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
INTEGER = r"^-?[0-9]{1,18}$"
LONGEST_NUMBER = 64
LARGEST = 1e15
"""No price, size or rate of a market is larger (RELIABILITY D05)."""

EARLIEST_MS = 1_230_940_800_000
"""2009-01-03: before any of these markets existed."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01."""
UNITS = {"s": 1_000, "ms": 1, "us": -1_000, "ns": -1_000_000}
"""Multiplier to milliseconds; negative: divisor."""
TIME_UNITS = (*UNITS, "iso")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one file or archive member. ``name`` is how messages call it."""

    name: str
    columns: dict[str, Any]
    rows: int
    has_header: bool = True

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __len__(self) -> int:
        return self.rows

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def renamed(self, names: dict[str, str]) -> Table:
        """Return the table with columns renamed, old name -> new name."""
        columns = {names.get(name, name): column for name, column in self.columns.items()}
        return Table(self.name, columns, self.rows, self.has_header)

    def fail(self, row: int, column: str, reason: str) -> BadRow:
        """Return the error of a row counted from 0."""
        return BadRow(self.name, row + 1, column, reason)

    def require(self, good: Flags, column: str, reason: Callable[[int], str]) -> None:
        """Raise ``BadRow`` for the first row that is not good."""
        if not good.all():
            row = int(np.argmin(good))
            raise self.fail(row, column, reason(row))

    # -- numbers ------------------------------------------------------------------------------------------------

    def numbers(self, column: str, *, may_miss: bool = False) -> Floats:
        """Return a column as float64; NaN marks what is missing, which is refused unless it may."""
        values = self._floats(column)
        self.require(~np.isinf(values), column, lambda row: "is infinite")
        if not may_miss:
            self.require(~np.isnan(values), column, lambda row: "is missing or NaN")
        self.require(
            ~(np.abs(values) > LARGEST), column, lambda row: f"is implausibly large: {values[row]:g}"
        )
        return values

    def positive(self, column: str, *, may_miss: bool = False) -> Floats:
        """Return a column of numbers above zero."""
        values = self.numbers(column, may_miss=may_miss)
        self.require(~(values <= 0), column, lambda row: f"must be above zero, not {values[row]:g}")
        return values

    def at_least_zero(self, column: str, *, may_miss: bool = False) -> Floats:
        """Return a column of numbers that are not negative."""
        values = self.numbers(column, may_miss=may_miss)
        self.require(~(values < 0), column, lambda row: f"must not be negative: {values[row]:g}")
        return values

    def integers(self, column: str, *, missing: int | None = None) -> Ints:
        """Return a column of whole numbers; ``missing`` stands for nulls, which are refused without it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self._plain(column)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values = self._matched(values, column, INTEGER, "a whole number")
        elif pa.types.is_floating(values.type):
            floats = self._floats(column)
            whole = np.isnan(floats) | ((floats == np.floor(floats)) & (np.abs(floats) < 2**53))
            self.require(whole, column, lambda row: f"must be a whole number, not {floats[row]!r}")
            values = pa.array(floats, mask=np.isnan(floats))
        elif not pa.types.is_integer(values.type):
            raise BadFile(self.name, f"column {column} holds {values.type}, not whole numbers")
        null = np.asarray(pc.is_null(values))
        if null.any():
            if missing is None:
                raise self.fail(int(np.argmax(null)), column, "is missing")
            values = pc.fill_null(values, missing)
        return np.asarray(values.cast(pa.int64()), dtype=np.int64)

    def flags(self, column: str) -> Flags:
        """Return a column of true and false."""
        import pyarrow as pa

        values = self._plain(column)
        if pa.types.is_boolean(values.type):
            if values.null_count:
                raise self.fail(int(np.argmax(np.asarray(values.is_null()))), column, "is missing")
            return np.asarray(values, dtype=np.bool_)
        words = self.words(column)
        known = {"true": True, "True": True, "TRUE": True, "1": True}
        known |= {"false": False, "False": False, "FALSE": False, "0": False}
        codes, names = words
        for code, name in enumerate(names):
            if name not in known:
                raise self.fail(
                    int(np.argmax(codes == code)), column, f"must be true or false, not {name[:40]!r}"
                )
        return np.array([known[name] for name in names], dtype=np.bool_)[codes]

    def words(self, column: str) -> tuple[Ints, list[str]]:
        """Return a column of text as codes and the distinct words they stand for; a missing word is refused."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self._plain(column)
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            values = values.cast(pa.string())
        blank = np.asarray(pc.fill_null(pc.equal(values, ""), True))
        if blank.any():
            raise self.fail(int(np.argmax(blank)), column, "is missing")
        encoded = pc.dictionary_encode(values).combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = (
                encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
            )
        return np.asarray(encoded.indices, dtype=np.int64), encoded.dictionary.to_pylist()

    # -- times --------------------------------------------------------------------------------------------------

    def times(self, column: str, unit: str | None = None, latest: int = LATEST_MS) -> Ints:
        """Return a column of moments as UTC ms. Without a ``unit`` the first value's magnitude tells it."""
        import pyarrow as pa

        values = self._plain(column)
        if pa.types.is_timestamp(values.type):
            ms = np.asarray(values.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()), dtype=np.int64)
            if values.null_count:
                raise self.fail(int(np.argmax(np.asarray(values.is_null()))), column, "is missing")
        elif unit == "iso" or (unit is None and self._is_spelled(values)):
            ms = self._spelled(values, column, zone_may_miss=unit == "iso")
        else:
            raw = self.integers(column)
            ms = _in_ms(raw, unit or _unit_of(raw))
        good = (ms >= EARLIEST_MS) & (ms <= latest)
        self.require(
            good, column, lambda row: _implausible(self._plain(column)[row].as_py(), int(ms[row]), latest)
        )
        return ms

    def times_or_none(
        self, column: str, unit: str | None = None, latest: int = LATEST_MS
    ) -> tuple[Ints, Flags]:
        """Return moments and where they are known; a column that is missing altogether is known nowhere."""
        import pyarrow.compute as pc

        if column not in self.columns:
            return np.zeros(self.rows, np.int64), np.zeros(self.rows, np.bool_)
        values = self._plain(column)
        if self.spelled(column):
            values = pc.if_else(pc.equal(values, ""), None, values)
        known = ~np.asarray(pc.is_null(values))
        if not known.any():
            return np.zeros(self.rows, np.int64), known
        first = values.drop_null()[0].as_py()
        filled = Table(self.name, {column: pc.fill_null(values, first)}, self.rows)
        return filled.times(column, unit, latest), known

    def spelled(self, column: str) -> bool:
        """Say whether a column is text."""
        import pyarrow as pa

        values = self._plain(column)
        return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))

    def all_whole(self, column: str) -> bool:
        """Say whether every cell of a column of text spells a whole number."""
        import pyarrow.compute as pc

        return bool(
            pc.all(pc.fill_null(pc.match_substring_regex(self._plain(column), INTEGER), False)).as_py()
        )

    def _is_spelled(self, values: Any) -> bool:
        import pyarrow as pa

        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)) or not len(values):
            return False
        first = values[0].as_py() or ""
        return first[4:5] == "-" and first[7:8] == "-"

    def _spelled(self, values: Any, column: str, *, zone_may_miss: bool) -> Ints:
        """Read ISO 8601 text; a time without a zone is refused unless it may be taken as UTC."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            raise BadFile(self.name, f"column {column} holds {values.type}, not ISO times")
        shape = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
        zone = r"(Z|[+]00:?00)"
        pattern = shape + zone + ("?$" if zone_may_miss else "$")
        good = np.asarray(pc.fill_null(pc.match_substring_regex(values, pattern), False))
        self.require(
            good,
            column,
            lambda row: f"{_quoted(values[row].as_py())} is no ISO time in UTC, such as 2024-01-31T00:00:00Z",
        )
        bare = pc.replace_substring(pc.replace_substring_regex(values, zone + "$", ""), " ", "T")
        try:
            stamps = np.array(bare.to_pylist(), dtype="datetime64[ms]")
        except ValueError as error:
            raise BadFile(self.name, f"column {column}: {error}") from error
        return np.asarray(pa.array(stamps).cast(pa.int64()), dtype=np.int64)

    # -- inside -------------------------------------------------------------------------------------------------

    def _plain(self, column: str) -> Any:
        """Return a column as a chunked array without dictionary encoding."""
        import pyarrow as pa

        if column not in self.columns:
            raise BadFile(self.name, f"has no column {column}, which files of its layout have")
        values = self.columns[column]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        return values

    def _floats(self, column: str) -> Floats:
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self._plain(column)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values = self._matched(values, column, NUMBER, "a plain number such as 0.05 or 1200")
        elif not (
            pa.types.is_floating(values.type)
            or pa.types.is_integer(values.type)
            or pa.types.is_decimal(values.type)
        ):
            raise BadFile(self.name, f"column {column} holds {values.type}, not numbers")
        return np.array(pc.fill_null(values.cast(pa.float64(), safe=False), float("nan")), dtype=np.float64)

    def _matched(self, values: Any, column: str, pattern: str, what: str) -> Any:
        """Return text with nulls for empty cells, after a look at the grammar of every other cell."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, values.type), values)
        short = pc.less_equal(pc.binary_length(values), LONGEST_NUMBER)
        good = np.asarray(pc.fill_null(pc.and_(pc.match_substring_regex(values, pattern), short), True))
        self.require(good, column, lambda row: f"{_quoted(values[row].as_py())} is not {what}")
        return values if pattern == NUMBER else values.cast(pa.int64())


def group_rows(keys: Sequence[Ints]) -> list[NDArray[np.intp]]:
    """Return the row numbers of each distinct combination of codes, rows in order, groups by their first row."""
    order = np.lexsort(tuple(reversed(keys)))
    changes = np.zeros(len(order), dtype=np.bool_)
    for key in keys:
        ordered = key[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
    groups = np.split(order, np.flatnonzero(changes))
    return sorted((group for group in groups if len(group)), key=lambda group: int(group[0]))


def _unit_of(raw: Ints) -> str:
    """Return the one unit in which the first value is a moment between 2009 and 2100; ms where there is none."""
    if len(raw):
        first = int(raw[0])
        for unit in UNITS:
            if EARLIEST_MS <= _in_ms(np.array([first]), unit)[0] <= LATEST_MS:
                return unit
    return "ms"


def _in_ms(raw: Ints, unit: str) -> Ints:
    factor = UNITS[unit]
    if factor < 0:
        return raw // -factor
    largest = np.iinfo(np.int64).max // factor
    return np.clip(raw, -largest, largest) * factor


def _implausible(raw: object, ms: int, latest: int) -> str:
    if latest < ms <= LATEST_MS:
        return f"lies in the future: {raw}"
    return f"is no plausible time: {raw}"


def _quoted(text: object) -> str:
    shown = str(text)
    return ascii(shown if len(shown) <= 40 else shown[:37] + "...")
