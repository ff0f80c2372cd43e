"""What is on its way between us and the venue: requests going out, outcomes coming back. Pure bookkeeping of times.

Requests are taken in the order of their arrival, ties by client id, so the order of the calls changes nothing. A cancel
never overtakes its order. ``next_at`` knows the outcome of a request before the request has arrived, because each
request is answered at a time that is fixed when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from tradecli.domain.events import AccountEvent
from tradecli.domain.order import Approved
from tradecli.venues.paper.latency import legs


class Arrival(NamedTuple):
    """A request at the venue's door. ``approved`` None: a cancel. ``back`` is the way back in ms."""

    at: int
    is_cancel: bool
    client_id: str
    seq: int
    back: int
    approved: Approved | None


class Wire:
    """Requests and outcomes in flight."""

    def __init__(self, seed: int, median_ms: float, sigma: float) -> None:
        self._seed = seed
        self._median_ms = median_ms
        self._sigma = sigma
        self._seq = 0
        self._inbound: list[Arrival] = []
        self._promised: list[tuple[int, int]] = []
        self._travelling: set[int] = set()
        self._orders: dict[str, int] = {}
        self._outcomes: list[tuple[int, int, AccountEvent]] = []
        self.first_arrival: float = float("inf")
        """Time of the earliest arrival still to come; infinite when nothing travels."""

    def send(self, client_id: str, approved: Approved | None, at: int) -> None:
        """Send an order, or its cancel when ``approved`` is None."""
        key = client_id if approved is not None else f"{client_id}:cancel"
        out, back = legs(self._seed, key, self._median_ms, self._sigma)
        arrival = max(at + out, self._orders.get(client_id, 0))
        if approved is not None:
            self._orders[client_id] = arrival
        self._seq += 1
        self._travelling.add(self._seq)
        heappush(self._inbound, Arrival(arrival, approved is None, client_id, self._seq, back, approved))
        heappush(self._promised, (arrival + back, self._seq))
        self.first_arrival = self._inbound[0].at

    def arrivals(self, until: int) -> Iterator[Arrival]:
        """Yield what arrives at the venue until then, in order, once."""
        while self._inbound and self._inbound[0].at <= until:
            arrival = heappop(self._inbound)
            self._travelling.discard(arrival.seq)
            if not arrival.is_cancel:
                self._orders.pop(arrival.client_id, None)
            yield arrival
        self.first_arrival = self._inbound[0].at if self._inbound else float("inf")

    def tell(self, event: AccountEvent, at: int) -> None:
        """Schedule an outcome for ``at``."""
        self._seq += 1
        heappush(self._outcomes, (at, self._seq, event))

    def next_at(self) -> int | None:
        promised = self._promised
        while promised and promised[0][1] not in self._travelling:
            heappop(promised)
        first = promised[0][0] if promised else None
        if self._outcomes and (first is None or self._outcomes[0][0] < first):
            return self._outcomes[0][0]
        return first

    def outcomes(self, until: int) -> list[AccountEvent]:
        """Return, once, what is reported until then, in order."""
        waiting, result = self._outcomes, []
        while waiting and waiting[0][0] <= until:
            result.append(heappop(waiting)[2])
        return result
