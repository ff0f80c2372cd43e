"""What ``vol grid`` reports. Log distances and rates are plain fractions; prices and sizes are exact."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.components.vol.lattice import Lattice
from tradecli.domain.enums import Quality, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The volatility behind the spacing, where it is from, and the regime it stands in."""

    value: float | None
    source: str
    as_of: int | None
    quality: Quality
    regime: str | None
    reason: str = ""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One resting order, or where one would rest when there is nothing to size it from."""

    side: Side
    price: Decimal
    qty: Decimal | None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a driftless diffusion does to the grid. Costs are fractions, the loss is in quote currency and positive.

    Each step is one fill; about half of the steps are reversals, which complete a round trip.
    """

    hours_between_steps: float
    steps_per_day: float
    fills_per_day: float
    round_trips_per_day: float
    touch_probability_1h: float
    round_trip_cost: float
    worst_qty: float
    worst_price: float
    worst_loss: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the grid has earned on its own fills, in quote currency: ``total`` is net of fees, with funding.

    Realised profit alone says nothing: what round trips bring is what the inventory of the others lost.
    """

    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    funding: Decimal
    total: Decimal
    turnover: Decimal
    fills: int


class Quoting(msgspec.Struct, frozen=True, kw_only=True):
    """Where the nearest order of each side stands by Guéant, Lehalle & Fernandez-Tapia. Prices in quote currency.

    Offsets are None where the side is not quoted, or where ``is_calibrated`` is not and the lines of the grid stand.
    """

    is_calibrated: bool
    reason: str
    """What the offsets rest on, or why the rule of the grid is used instead."""
    reached: int = 0
    """Waits in which the tape reached the nearest distance measured."""
    inventory: float | None = None
    """Signed, in units of one order."""
    bid_offset: float | None = None
    ask_offset: float | None = None
    reservation: float | None = None
    skew: float | None = None
    """Reservation price less the mid."""
    fill_rate: float | None = None
    """Fills an hour of an order at the mid: A."""
    decay: float | None = None
    """k: by what the rate falls per unit of price."""
    aversion: float | None = None
    """Gamma, per unit of price and order."""
    volatility: float | None = None
    """In units of price per square root of an hour."""


class GridReport(msgspec.Struct, frozen=True, kw_only=True):
    """The grid of one instrument. ``spacing, density, regime, stress`` first, then what they rest on.

    ``quoting``: orders may rest; otherwise ``reason`` says why not. ``lattice`` is what the next report carries on
    from; ``laid_out`` says why it was laid out anew, if it was.
    """

    instrument: InstrumentId
    at: int
    spacing: float | None = None
    density: float | None = None
    regime: str | None = None
    stress: float | None = None
    stress_band: str | None = None
    stress_reason: str = ""
    size_factor: Decimal = Decimal(1)
    """What stress scales the capital by."""
    quoting: bool = False
    reason: str = ""
    age_s: float | None = None
    """How old the volatility behind the spacing is."""
    volatility: Source
    mid: float | None = None
    mid_at: int | None = None
    spread: float | None = None
    maker_fee: float | None = None
    spacing_raw: float | None = None
    spacing_floor: float | None = None
    half_range: float | None = None
    capital: Decimal | None = None
    inventory: Decimal = ZERO
    inventory_share: float | None = None
    levels: tuple[Level, ...] = ()
    expectation: Expectation | None = None
    variance_ratio: float | None = None
    variance_ratio_p: float | None = None
    """One-sided p of the ratio being 1: above 0.1 there is no evidence that prices revert."""
    result: Result | None = None
    quotes: Quoting | None = None
    """Only with ``vol.grid.quotes = "glft"``."""
    lattice: Lattice | None = None
    laid_out: str = ""
