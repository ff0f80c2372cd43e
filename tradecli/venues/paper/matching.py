"""What books, quotes and trades do to our orders in a pit. Pure.

It decides, and changes nothing but queue positions: ``clearing`` books what is decided. Rules, all chosen so that what
is not known counts against us:

- A taker walks the levels that are shown, less what we already took from them; beyond them the price goes on worsening
  at the shown spacing and size. A book or quote that is crossed, locked, not finite or older than 5 s is no market.
- A resting order stands behind the size displayed at its price when it arrived. Trades at the price move the queue;
  displayed size that vanishes without a trade counts as cancels, pro rata, half of it ahead of us (METHODS 12.3). A
  level outside the visible book has an unknown queue, and only a trade through the price fills it. A touch is no fill.
- A print at least one tick through the price fills up to the size of the print, whatever the queue.
"""

from __future__ import annotations

from math import ceil, inf

from tradecli.domain.enums import Liquidity, Side
from tradecli.domain.market import Book, Quote, Trade
from tradecli.venues.paper.pit import Match, Pit, Shown, Working, levels_of, quote_is_sound, visible

CANCELS_AHEAD = 0.5
"""Share of the cancelled size at our level that stood before us, pro rata."""


def walk(order: Working, levels: list[Shown], lots: int, before: int | None) -> list[Match]:
    """Return the fills of a taker up to ``lots``, inside its limit and strictly better than the price ``before``.

    A market order goes on beyond the last level: the rest fills at one price, worse by the shown spacing for each mean
    level size that is missing, and never better than the last level.
    """
    buy, limit, fills = order.buy, order.ticks, []
    for ticks, left, _ in levels:
        if (
            lots == 0
            or _outside(buy, ticks, limit)
            or (before is not None and (ticks >= before if buy else ticks <= before))
        ):
            break
        if left:
            take = min(left, lots)
            fills.append(Match(order, ticks, take, Liquidity.TAKER))
            lots -= take
    if lots and limit is None and levels:
        ticks = _beyond(levels, lots, buy)
        if ticks > 0 and (before is None or (ticks < before if buy else ticks > before)):
            fills.append(Match(order, ticks, lots, Liquidity.TAKER))
    return fills


def _outside(buy: bool, ticks: int, limit: int | None) -> bool:
    return limit is not None and (ticks > limit if buy else ticks < limit)


def _beyond(levels: list[Shown], lots: int, buy: bool) -> int:
    first, last = levels[0].ticks, levels[-1].ticks
    spacing = max(1, round(abs(last - first) / (len(levels) - 1))) if len(levels) > 1 else 1
    mean = max(1, sum(level.size for level in levels) // len(levels))
    worse = spacing * ceil(lots / mean)
    return last + worse if buy else last - worse


def advance_by_quote(pit: Pit, quote: Quote) -> None:
    """Move the queues at the top: a quote shows what stands there, and nothing at better prices."""
    if not quote_is_sound(quote):
        return
    for buy, resting, price, size in (
        (True, pit.buys, quote.bid, quote.bid_qty),
        (False, pit.sells, quote.ask, quote.ask_qty),
    ):
        if resting:
            top = pit.ticks(price)
            for order in resting:
                ticks = order.ticks or 0
                if ticks < top if buy else ticks > top:
                    break
                _advance(order, size if ticks == top else 0.0)


def advance_by_book(pit: Pit, book: Book) -> None:
    """Move the queues inside the visible range by what the book displays at our prices."""
    if not pit.book_is_sound():
        return
    for buy, resting in ((True, pit.buys), (False, pit.sells)):
        if resting:
            levels = levels_of(pit, book, not buy)
            sizes, last = dict(levels), levels[-1][0]
            for order in resting:
                ticks = order.ticks or 0
                if ticks < last if buy else ticks > last:
                    break
                _advance(order, sizes.get(ticks, 0.0))


def _advance(order: Working, now: float) -> None:
    """Move one order's queue to the displayed size: what vanished without a trade was cancelled, half of it ahead."""
    if order.ahead is None:
        order.ahead = now
    elif order.ahead > 0.0:
        vanished = order.shown - order.traded - now
        if vanished > 0 and order.shown > 0:
            order.ahead -= CANCELS_AHEAD * vanished * order.ahead / order.shown
        order.ahead = max(min(order.ahead, now), 0.0)
    order.shown, order.traded = now, 0.0


def through_the_book(pit: Pit, at: int) -> list[Match]:
    """Return the fills of resting orders that the other side of the market now lies beyond by at least one tick."""
    top = pit.top()
    if top is None:
        return []
    fills: list[Match] = []
    for buy, resting, best in ((True, pit.buys, top[1]), (False, pit.sells, top[0])):
        if not resting or (best >= (resting[0].ticks or 0) if buy else best <= (resting[0].ticks or 0)):
            continue
        levels = visible(pit, buy, at) or []
        spent = 0
        for order in resting:
            ticks = order.ticks or 0
            if best >= ticks if buy else best <= ticks:
                break
            offered = sum(
                level.left for level in levels if (level.ticks < ticks if buy else level.ticks > ticks)
            )
            take = min(order.left, offered - spent)
            if take > 0:
                spent += take
                fills.append(Match(order, ticks, take, Liquidity.MAKER))
    return fills


def through_a_trade(pit: Pit, trade: Trade) -> list[Match]:
    """Return the fills of resting orders by one print, and move their queues."""
    if not (0 < trade.price < inf and 0 < trade.qty < inf):
        return []
    at = pit.ticks(trade.price)
    fills: list[Match] = []
    for buy, resting in ((True, pit.buys), (False, pit.sells)):
        given = 0
        for order in resting:
            ticks = order.ticks
            if ticks is None or (ticks < at if buy else ticks > at):
                break
            if trade.ts < order.arrived:
                continue
            size = trade.qty
            if ticks == at:
                if (trade.side is Side.BUY) == buy or order.ahead is None:
                    continue
                order.traded += size
                size -= order.ahead
                order.ahead = max(order.ahead - trade.qty, 0.0)
            take = min(order.left, pit.lots_of(size) - given) if size > 0 else 0
            if take > 0:
                given += take
                fills.append(Match(order, ticks, take, Liquidity.MAKER))
    return fills


def triggered(pit: Pit, price: float) -> list[Working]:
    """Return the stops that a print or mark sets off: buys at or above their trigger, sells at or below."""
    if not 0 < price < inf:
        return []
    at = pit.ticks(price)
    return [o for o in pit.stops if o.trigger is not None and (at >= o.trigger if o.buy else at <= o.trigger)]


def reaches(order: Working, own: int | None) -> bool:
    """Say whether a live order would meet our own resting order at ``own`` ticks."""
    if own is None:
        return False
    return order.ticks is None or (own <= order.ticks if order.buy else own >= order.ticks)
