"""What a venue's listing says of each instrument when it is looked at again: whether it trades, and by which steps.

A listing is large and changes seldom, and it is looked at for as long as a session runs. So no more of a row is read
than this; the whole row is read only where an instrument is new. Pure: who asks, and what follows, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from tradecli.venues.ccxt.reading import UNREADABLE, Malformed


class Standing(NamedTuple):
    """One row. ``halted`` is empty while the instrument trades; ``steps`` are its tick, lot and size as written."""

    symbol: str
    halted: str
    steps: str


class Page(NamedTuple):
    """One answer: its rows, unread, and where the next one begins; empty where there is no next one."""

    rows: Sequence[msgspec.Raw]
    cursor: str = ""


class Row(Protocol):
    """The fields of a row that are read."""

    def standing(self) -> Standing: ...


class Rows(msgspec.Struct, frozen=True):
    """How one venue writes a listing: ``page`` takes an answer apart, ``row`` is the type of its rows.

    ``page`` raises ``Malformed`` for an answer that is an error.
    """

    page: Callable[[str], Page]
    row: type[Row]

    def standing(self, row: msgspec.Raw | Mapping[str, Any]) -> Standing:
        """Read a row, as text or already taken apart; ``Malformed`` where it cannot be."""
        try:
            if isinstance(row, msgspec.Raw):
                return msgspec.json.decode(row, type=self.row).standing()
            return msgspec.convert(row, self.row).standing()
        except (msgspec.MsgspecError, *UNREADABLE) as error:
            raise Malformed(f"listing: {str(error)[:100]}") from None


def steps(tick: object, lot: object, size: object = "") -> str:
    """Return an instrument's steps as one text, by which a change is seen and told."""
    return f"tick {tick}, lot {lot}" + (f", contract {size}" if size != "" else "")


__all__ = ["Page", "Row", "Rows", "Standing", "steps"]
