"""What ``vol index`` finds: a value with its grade, and what it is made of. Volatilities are annualised fractions."""

from __future__ import annotations

import msgspec

from tradecli.components.vol.basket import BasketFound
from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId


class ExpiryUsed(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry of the index: its model-free variance and the strikes that it comes from."""

    expiry_ts: int
    days: float
    forward: float
    parity_forward: float | None
    variance: float
    vol: float
    k0: float
    puts: int
    calls: int
    lowest: float
    highest: float


class StrikeUsed(msgspec.Struct, frozen=True, kw_only=True):
    """One strike of the strip: undiscounted price in quote currency, and its share of the expiry's sum."""

    expiry_ts: int
    strike: float
    side: str
    price: float
    share: float


class IndexReport(msgspec.Struct, frozen=True, kw_only=True):
    """An index at ``at``. ``asked`` is the method asked for, ``method`` the one that answered.

    ``full`` and ``five_delta`` are both constructions of BVX and ``wing_share`` their difference; ``smooth`` integrates
    the fitted smiles; ``left_out`` lies beyond the last quotes, ``coarse`` is what the distance of strikes adds.
    """

    instrument: InstrumentId
    at: int
    coin: str
    asked: str
    value: float | None
    method: str
    source: str
    quality: Quality
    reason: str
    as_of: int | None
    wings: str | None = None
    full: float | None = None
    five_delta: float | None = None
    wing_share: float | None = None
    smooth: float | None = None
    left_out: float | None = None
    coarse: float | None = None
    truncated: bool = False
    dvol: float | None = None
    dvol_as_of: int | None = None
    dvol_difference: float | None = None
    expiries: tuple[ExpiryUsed, ...] = ()
    strip: tuple[StrikeUsed, ...] = ()
    basket: BasketFound | None = None
    notices: tuple[str, ...] = ()
