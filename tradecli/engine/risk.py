"""The limits. ``check`` turns a request into ``Approved`` or ``Denied``, and every check into a recorded row.

Exposure is counted at its worst: the position plus every unresolved order, as if all of them filled. An order that
can only bring a position closer to zero passes the exposure limits; nothing passes a latch. What cannot be computed
counts as breached. The order of CHECKS is the order of refusal, and the numbers are those of ``E-RISK-…``.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from tradecli.domain.decision import Check
from tradecli.domain.enums import InstrumentKind, OrderStatus, OrderType, Side, Verdict
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import ZERO, plain
from tradecli.domain.order import Approved, Denied, OrderRequest
from tradecli.engine.account import exposure
from tradecli.engine.freshness import Freshness
from tradecli.engine.latching import refusal
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State

HUNDRED = Decimal(100)
_TRADED = (InstrumentKind.SPOT, InstrumentKind.LINEAR)


class Question(msgspec.Struct, frozen=True):
    """One request with everything the checks read. ``closing``: made by the flatten level itself."""

    request: OrderRequest
    spec: Instrument
    state: State
    freshness: Freshness
    limits: RiskSettings
    at: int
    price: Decimal | None
    """The price the order is valued at: the dearer of its limit and the market."""
    equity: Decimal | None
    reducing: bool
    closing: bool = False

    @property
    def signed_qty(self) -> Decimal:
        return self.request.qty * self.request.side.sign


class Ruling(msgspec.Struct, frozen=True):
    """The answer, and the rows behind it."""

    outcome: Approved | Denied
    checks: tuple[Check, ...]


def _row(question: Question, name: str, value: object, threshold: object, ok: bool) -> Check:
    verdict = Verdict.PASS if ok else Verdict.REFUSE
    return Check(
        name=name, value=str(value), threshold=str(threshold), verdict=verdict, scope=question.spec.id
    )


def _pct(value: Decimal) -> str:
    return f"{value:.2f}%"


def check_latch(q: Question) -> Check:
    told = q.state.unreconciled(q.spec.id) or refusal(
        q.state.latches, q.spec.id, q.request.source, reducing=q.reducing, closing=q.closing
    )
    return _row(q, "latch", told or "none", "none", told is None)


def check_form(q: Question) -> Check:
    wrong = malformed(q.request, q.spec)
    return _row(q, "form", wrong or "well formed", "venue steps", wrong is None)


def malformed(request: OrderRequest, spec: Instrument) -> str | None:
    """Say what makes a request impossible at its venue, whatever the limits: steps, minima, missing or extra
    prices.
    """
    if spec.kind not in _TRADED:
        return f"{spec.kind} instruments are shown, not traded"
    if request.qty <= 0 or spec.round_qty(request.qty) != request.qty:
        return f"quantity {plain(request.qty)} is not a positive multiple of {plain(spec.lot)}"
    if request.qty < spec.min_qty:
        return f"quantity {plain(request.qty)} is below the least {plain(spec.min_qty)}"
    if spec.max_qty is not None and request.qty > spec.max_qty:
        return f"quantity {plain(request.qty)} is above the most {plain(spec.max_qty)}"
    if request.type is OrderType.LIMIT and request.price is None:
        return "a limit order needs a price"
    if request.type is OrderType.MARKET and request.price is not None:
        return "a market order takes no price"
    if request.type is OrderType.STOP and request.trigger is None:
        return "a stop order needs a trigger price"
    for price in (request.price, request.trigger):
        if price is not None and (price <= 0 or price % spec.tick != 0):
            return f"price {plain(price)} is not a positive multiple of {plain(spec.tick)}"
    return None


def check_reduce_only(q: Question) -> Check:
    qty = q.state.account.position(q.spec.id).qty
    ok = not q.request.reduce_only or q.reducing
    return _row(q, "reduce_only", f"{q.request.side} {plain(q.request.qty)}", f"position {plain(qty)}", ok)


def check_min_notional(q: Question) -> Check:
    value = q.spec.notional(q.request.qty, q.price) if q.price is not None else None
    ok = value is not None and (value >= q.spec.min_notional or q.request.reduce_only)
    return _row(q, "min_notional", _money(value), _money(q.spec.min_notional), ok)


def check_fresh(q: Question) -> Check:
    why = q.freshness.why_closed(q.state, q.spec.id, q.at)
    return _row(q, "data", why or "fresh", f"{q.limits.max_quote_age_s:g} s", why is None or q.reducing)


def check_unknown(q: Question) -> Check:
    """While a strategy has an order of unknown outcome here, it adds no risk here (RELIABILITY section 3)."""
    unknown = [
        order.client_id
        for order in q.state.account.orders_on(q.spec.id)
        if order.status is OrderStatus.UNKNOWN and order.request.source == q.request.source
    ]
    return _row(q, "unknown_orders", ", ".join(unknown) or 0, 0, not unknown or q.reducing)


def check_collar(q: Question) -> Check:
    """A limit far through the market is a fat finger; one far away on the passive side is a resting order."""
    market = q.state.mid(q.spec.id)
    price = q.request.price
    limit = Decimal(str(q.limits.price_collar_pct))
    if market is None:
        return _row(q, "collar", "no market price", _pct(limit), False)
    if price is None:
        return _row(q, "collar", "at market", _pct(limit), True)
    away = (price - market) / market * HUNDRED * q.request.side.sign
    return _row(q, "collar", _pct(away), _pct(limit), away <= limit)


def check_order_notional(q: Question) -> Check:
    value = q.spec.notional(q.request.qty, q.price) if q.price is not None else None
    limit = q.limits.max_order_notional_usd
    return _row(
        q,
        "order_notional",
        _money(value),
        _money(limit),
        value is not None and (value <= limit or q.reducing),
    )


def check_symbol(q: Question) -> Check:
    return _share(q, "symbol", q.limits.max_symbol_pct, symbol_share(q))


def check_venue(q: Question) -> Check:
    return _share(q, "venue", q.limits.max_venue_pct, _gross(q, q.spec.venue))


def check_gross(q: Question) -> Check:
    return _share(q, "gross", q.limits.max_gross_pct, _gross(q, None))


def check_net(q: Question) -> Check:
    """Net exposure over all instruments, worst side, in percent of equity."""
    long = short = ZERO
    for instrument in _touched(q):
        price = q.price if instrument == q.spec.id else q.state.price(instrument)
        if price is None:
            return _share(q, "net", q.limits.max_net_pct, None)
        now = exposure(q.state.account, instrument, q.signed_qty if instrument == q.spec.id else ZERO)
        long += now.longest * price
        short += now.shortest * price
    worst = long if q.request.side is Side.BUY else -short
    return _share(q, "net", q.limits.max_net_pct, max(worst, ZERO))


def symbol_share(q: Question) -> Decimal | None:
    """Return the worst absolute exposure to this instrument after the order, on the order's own side, in quote."""
    if q.price is None:
        return None
    now = exposure(q.state.account, q.spec.id, q.signed_qty)
    worst = now.longest if q.request.side is Side.BUY else -now.shortest
    return max(worst, ZERO) * q.price


def _gross(q: Question, venue: str | None) -> Decimal | None:
    total = ZERO
    for instrument in _touched(q):
        if venue is not None and q.state.instruments[instrument].venue != venue:
            continue
        price = q.price if instrument == q.spec.id else q.state.price(instrument)
        if price is None:
            return None
        extra = q.signed_qty if instrument == q.spec.id else ZERO
        total += exposure(q.state.account, instrument, extra).worst * price
    return total


def _touched(q: Question) -> set[InstrumentId]:
    """Return the instruments that hold a position or an unresolved order, and the one asked about."""
    account = q.state.account
    held = {each for each, position in account.positions.items() if position.qty}
    return held | {each for each, orders in account.live_by_instrument.items() if orders} | {q.spec.id}


def _share(q: Question, name: str, limit_pct: float, amount: Decimal | None) -> Check:
    limit = Decimal(str(limit_pct))
    if amount is None or q.equity is None or q.equity <= 0:
        return _row(q, name, "unknown", _pct(limit), q.reducing)
    share = amount / q.equity * HUNDRED
    return _row(q, name, _pct(share), _pct(limit), share <= limit or q.reducing)


def check_open_orders(q: Question) -> Check:
    count = len(q.state.account.live) + 1
    return _row(
        q, "open_orders", count, q.limits.max_open_orders, count <= q.limits.max_open_orders or q.closing
    )


def check_rate(q: Question) -> Check:
    """New orders in the last minute, with those approved but not yet sent."""
    times = q.state.order_times
    while times and times[0] <= q.at - 60_000:
        times.popleft()
    waiting = sum(order.status is OrderStatus.INTENT for order in q.state.account.live.values())
    count = len(times) + waiting + 1
    limit = q.limits.max_orders_per_min
    return _row(q, "order_rate", f"{count}/min", f"{limit}/min", count <= limit or q.reducing)


def check_self_cross(q: Question) -> Check:
    """Our own resting orders must never meet (INV-16)."""
    hit = crosses_own(q.state, q.request)
    return _row(q, "self_cross", hit or "none", "none", hit is None)


def crosses_own(state: State, request: OrderRequest) -> str | None:
    """Return the client id of our own order that ``request`` would trade with, or None."""
    for order in state.account.orders_on(request.instrument):
        other = order.request
        if other.side is request.side or other.price is None:
            continue
        if request.price is None or (request.price - other.price) * request.side.sign >= 0:
            return order.client_id
    return None


CHECKS: tuple[tuple[int, Callable[[Question], Check]], ...] = (
    (101, check_latch),
    (102, check_form),
    (114, check_reduce_only),
    (115, check_min_notional),
    (105, check_fresh),
    (113, check_unknown),
    (106, check_collar),
    (104, check_order_notional),
    (103, check_symbol),
    (107, check_venue),
    (108, check_gross),
    (109, check_net),
    (110, check_open_orders),
    (111, check_rate),
    (112, check_self_cross),
)


def is_reducing(state: State, request: OrderRequest, besides: str = "") -> bool:
    """Say whether the order, with every unresolved one on its side, can only shrink the position.

    ``besides`` names an order that is left out: the request itself, once it has been entered.
    """
    account = state.account
    qty = account.position(request.instrument).qty
    if qty == 0 or (qty > 0) == (request.side is Side.BUY):
        return False
    same_side = (
        order for order in account.orders_on(request.instrument) if order.request.side is request.side
    )
    ahead = sum((order.remaining for order in same_side if order.client_id != besides), ZERO)
    return ahead + request.qty <= abs(qty)


def ask(
    request: OrderRequest,
    state: State,
    freshness: Freshness,
    limits: RiskSettings,
    at: int,
    *,
    closing: bool = False,
) -> Question | None:
    """Assemble what the checks read; None for an instrument that is not known here."""
    spec = state.instruments.get(request.instrument)
    if spec is None:
        return None
    market = state.price(request.instrument)
    offered = request.price if request.price is not None else request.trigger
    known = [price for price in (market, offered) if price is not None]
    return Question(
        request,
        spec,
        state,
        freshness,
        limits,
        at,
        max(known, default=None),
        state.equity.value,
        is_reducing(state, request),
        closing,
    )


def check(question: Question, client_id: str, *, all_rows: bool = False) -> Ruling:
    """Run the checks in order, up to the first refusal or, for a preview, through all of them."""
    request, rows = question.request, []
    denied: Denied | None = None
    for number, verify in CHECKS:
        row = verify(question)
        rows.append(row)
        if row.verdict is Verdict.REFUSE and denied is None:
            denied = Denied(
                client_id=client_id,
                request=request,
                check=row.name,
                reason=f"{row.name}: {row.value} against {row.threshold}",
                number=number,
                at=question.at,
            )
            if not all_rows:
                break
    if denied is not None:
        return Ruling(denied, tuple(rows))
    reserved = question.spec.notional(request.qty, question.price or ZERO)
    return Ruling(
        Approved(client_id=client_id, request=request, reserved=reserved, at=question.at), tuple(rows)
    )


def largest_allowed(question: Question) -> Decimal:
    """Return the largest quantity, in lots, that every check would allow at this price (zero: none)."""
    spec = question.spec
    low, high = 0, int(question.request.qty / spec.lot) if spec.lot else 0
    while low < high:
        middle = (low + high + 1) // 2
        smaller = msgspec.structs.replace(question.request, qty=spec.lot * middle)
        asked = ask(
            smaller,
            question.state,
            question.freshness,
            question.limits,
            question.at,
            closing=question.closing,
        )
        passes = asked is not None and isinstance(check(asked, "preview").outcome, Approved)
        low, high = (middle, high) if passes else (low, middle - 1)
    return spec.lot * low


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
