"""A chain of options as arrays, sorted into expiries and cleaned by the rules of METHODS section 1.1.

It takes whatever a venue may say: rows in any order, twice, crossed, without a side, not numbers. What cannot be used
is left out and counted under a name; nothing raises, and no quote is made up. Prices of inverse chains are in the
coin, of others in the quote currency; there is no interest rate (venue convention).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tradecli.quant import slices_kernel as kernel
from tradecli.quant.kernels import compiled as machine_code
from tradecli.quant.kernels import over_lists
from tradecli.quant.mfiv import Quotes
from tradecli.quant.returns import Floats

FEWEST_YEARS = 2.0 / 8_760.0
"""Options that expire sooner are in no fit and no index."""
LONGEST_YEARS = 20.0
_FORWARD = {
    kernel.UNCHECKED: "parity cannot be checked: no strike is quoted on all sides",
    kernel.UNPUBLISHED: "no published forward: parity of the three strikes nearest the money",
    kernel.REPLACED: "published forward {:.2f} % from parity: parity of three strikes used",
}


@dataclass(frozen=True, slots=True)
class ChainArrays:
    """One row an option: ``years`` to expiry, ``cp`` +1 for a call and −1 for a put; NaN where nothing is quoted."""

    years: Floats
    strike: Floats
    cp: Floats
    bid: Floats
    ask: Floats
    underlying: Floats
    inverse: bool

    def __len__(self) -> int:
        return len(self.years)


@dataclass(frozen=True, slots=True)
class Slice:
    """One expiry: its usable quotes by ascending strike, its forward, and what was wrong with it.

    ``parity`` is the forward that the quotes nearest the money imply, ``flags`` say by name what was left out or
    replaced; ``forward_replaced`` is true where the published forward was not believed.
    """

    years: float
    forward: float
    parity: float | None
    forward_replaced: bool
    inverse: bool
    quotes: Quotes
    flags: tuple[str, ...] = ()

    @property
    def factor(self) -> float:
        """What turns a price of this chain into an undiscounted one in quote currency."""
        return self.forward if self.inverse else 1.0


def slices(chain: ChainArrays, *, compiled: bool = False) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    """Return the usable expiries, nearest first, and what was wrong with the chain as a whole.

    ``compiled`` cleans with machine code, for live work.
    """
    sound = (
        (np.abs(chain.years) <= LONGEST_YEARS)
        & (chain.strike >= kernel.SMALLEST)
        & (chain.strike <= kernel.LARGEST)
        & (np.abs(chain.cp) == 1.0)
    )  # false for NaN
    flags = []
    if not sound.all():
        flags.append(f"{int(np.sum(~sound))} rows without an expiry, a strike or a side")
    late = sound & (chain.years < FEWEST_YEARS)
    if late.any():
        flags.append(f"{int(np.sum(late))} rows of expiries within two hours or past")
    rows = np.flatnonzero(sound & ~late)
    rows = rows[np.lexsort((chain.cp[rows], chain.strike[rows], chain.years[rows]))]
    years = chain.years[rows]
    columns = [each[rows] for each in (chain.strike, chain.cp, chain.bid, chain.ask, chain.underlying)]
    edges = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist(), len(rows)]
    found = []
    for start, end in pairwise(edges):
        if start < end:
            part = [each[start:end] for each in columns]
            made = _slice(float(years[start]), part, chain.inverse, compiled)
            if isinstance(made, str):
                flags.append(made)
            else:
                found.append(made)
    if not found:
        flags.append("no usable expiry")
    return tuple(found), tuple(flags)


def _slice(years: float, columns: Sequence[Floats], inverse: bool, compiled: bool) -> Slice | str:
    rows = len(columns[0])
    if compiled:
        room = np.empty((6, rows))
        clean = machine_code(kernel.clean_expiry, *kernel.CLEAN)
        answer = clean(*columns, inverse, room[:5], room[5])
    else:
        lists = [[math.nan] * rows for _ in range(6)]
        answer = over_lists(kernel.clean_expiry)(*columns, inverse, lists[:5], lists[5])
        room = np.array(lists)
    n, forward, parity, fate, apart, repeated, contradicting, crossed, unfit = answer
    if math.isnan(forward):
        return f"{years * 365.0:.1f} d: no forward, neither published nor by parity"
    flags = []
    if repeated:
        flags.append(f"{repeated} options listed twice, {contradicting} left out as contradicting")
    if crossed:
        flags.append(f"{crossed} quotes crossed or locked")
    if fate != kernel.BELIEVED:
        flags.append(_FORWARD[fate].format(100.0 * apart))
    if unfit:
        flags.append(f"{unfit} out-of-the-money quotes too wide or below intrinsic value")
    return Slice(
        years,
        forward,
        None if math.isnan(parity) else parity,
        fate in (kernel.UNPUBLISHED, kernel.REPLACED),
        inverse,
        Quotes(*room[:5, :n]),
        tuple(flags),
    )
