"""What a pair of perpetuals on two venues earns after its costs, and where a leg is liquidated (METHODS section 9.2).

Rates are fractions per settlement, costs fractions of one leg's notional; positive carry is income.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from tradecli.quant.returns import HOURS_PER_YEAR

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Carry:
    """A short leg where the rate is high, a long leg where it is low, both settling every ``hours``.

    ``breakeven_events`` is None where the pair earns nothing per settlement, and so is the time.
    """

    per_event: float
    cost: float
    hours: float

    @property
    def breakeven_events(self) -> int | None:
        return math.ceil(self.cost / self.per_event - _SLACK) if self.per_event > 0.0 else None

    @property
    def breakeven_hours(self) -> float | None:
        events = self.breakeven_events
        return None if events is None else events * self.hours

    @property
    def gross_apr(self) -> float:
        """A year of the differential on one leg's notional, before costs."""
        return self.per_event * HOURS_PER_YEAR / self.hours

    def net(self, events: int) -> float:
        """Return what is left after so many settlements and all costs, as a fraction of one leg's notional."""
        return events * self.per_event - self.cost

    def return_on_capital(self, events: int, leverage: float, buffer: float = 0.0) -> float:
        """Return the net over the capital of both legs: net / (2/leverage + ``buffer``)."""
        return self.net(events) / (2.0 / leverage + buffer)


def pair_carry(
    rate_short: float,
    rate_long: float,
    fees: float,
    slippage: float = 0.0,
    basis_charge: float = 0.0,
    other: float = 0.0,
    hours: float = 8.0,
) -> Carry:
    """Return the carry of rates that last. ``fees`` and ``slippage`` are the sums over all four fills."""
    return Carry(rate_short - rate_long, fees + slippage + basis_charge + other, hours)


def expected_rate_sum(rate: float, mean: float, phi: float, events: int) -> float:
    """Return the expected sum of the next settlements of a rate that reverts: Σ m + φ^k (f − m), k = 1 … n.

    ``rate`` is the newest one; the rate of now times the holding time overstates it by the reversion.
    """
    if phi >= 1.0:
        return events * rate
    return events * mean + (rate - mean) * phi * (1.0 - phi**events) / (1.0 - phi)


@dataclass(frozen=True, slots=True)
class Reversion:
    """An AR(1) of funding rates: long-run ``mean``, ``phi`` per settlement, ``half_life`` in settlements."""

    mean: float
    phi: float
    n: int

    @property
    def half_life(self) -> float | None:
        return math.log(0.5) / math.log(self.phi) if self.phi > 0.0 else None


def fit_reversion(rates: list[float], *, prior: float = 1e-4, weight: float = 20.0) -> Reversion | None:
    """Return the AR(1) of settled rates, oldest first: φ by least squares in [0, 0.98], the mean shrunk to ``prior``.

    ``weight`` is how many settlements the prior counts for. None below 10 rates or for one that is not finite.
    """
    n = len(rates)
    if n < 10 or not all(map(math.isfinite, rates)):
        return None
    mean = math.fsum(rates) / n
    centred = [each - mean for each in rates]
    power = math.fsum(each * each for each in centred[:-1])
    products = math.fsum(a * b for a, b in pairwise(centred))
    phi = min(max(products / power, 0.0), 0.98) if max(rates) > min(rates) else 0.0
    return Reversion((n * mean + weight * prior) / (n + weight), phi, n)


def liquidation_price(entry: float, qty: float, margin: float, maintenance: float) -> float | None:
    """Return the mark at which an isolated linear position is liquidated; None when no positive price does it.

    ``qty`` signed in base units, ``margin`` in quote currency, ``maintenance`` a fraction of notional: equity
    M + qty (P − E) equals mmr |qty| P.
    """
    if qty == 0.0:
        return None
    size, side = abs(qty), math.copysign(1.0, qty)
    price = (size * entry - side * margin) / (size * (1.0 - side * maintenance))
    return price if price > 0.0 else None


def liquidation_price_inverse(
    entry: float, contracts: float, margin: float, maintenance: float
) -> float | None:
    """Return that of an inverse position of ``contracts`` quote units, ``margin`` in coin; None when there is none.

    Long N (1+mmr)/(M + N/E), short N (1−mmr)/(N/E − M); a short with M ≥ N/E is never liquidated.
    """
    if contracts == 0.0:
        return None
    size, side = abs(contracts), math.copysign(1.0, contracts)
    below = size / entry + side * margin
    return size * (1.0 + side * maintenance) / below if below > 0.0 else None


def distance_in_sigmas(price: float, mark: float, volatility: float) -> float | None:
    """Return |ln(price/mark)| in daily standard deviations of an annual volatility; None without one."""
    daily = volatility / math.sqrt(365.0)
    return abs(math.log(price / mark)) / daily if daily > 0.0 else None
