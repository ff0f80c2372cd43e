"""``orders new`` and ``orders cancel``: one order or cancel of the paper account, without a console.

Everything that can be refused from the words alone is refused before a network, a lock or a store is touched (I03).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tradecli.cli import options, parse
from tradecli.config.loading import Config, load
from tradecli.config.place import Place, locate
from tradecli.domain.enums import Mode, OrderType, Side, TimeInForce
from tradecli.errors import UsageError

if TYPE_CHECKING:
    from tradecli.domain.order import Order
    from tradecli.wiring.ordering import Placed, Ticket

SIDES = tuple(Side)
TIFS = tuple(TimeInForce)
_WITHIN_MS = 15_000
_ACCOUNTS = (Mode.PAPER, Mode.REHEARSAL)


def ticket(
    symbol: str,
    side: str,
    qty: str,
    *,
    limit: str,
    market: bool,
    stop: str,
    tif: str,
    post_only: bool,
    reduce_only: bool,
    key: str,
    again: bool,
) -> Ticket:
    """Return what was typed as values; what can be no order is a usage error."""
    from tradecli.wiring.ordering import Ticket  # the engine: only now

    if sum((bool(limit), market, bool(stop))) != 1:
        raise UsageError("an order is one of --price PRICE, --market and --stop PRICE", number=103)
    if post_only and not limit:
        raise UsageError("--post-only goes with --price", number=103)
    if post_only and tif and tif != TimeInForce.GTC:
        raise UsageError(f"--post-only rests: it contradicts --tif {tif[:20]!a}", number=103)
    if stop and tif:
        raise UsageError("--stop takes no --tif", number=103)
    name, venue = parse.symbol(symbol, options.current().venue)
    kind = OrderType.LIMIT if limit else OrderType.STOP if stop else OrderType.MARKET
    return Ticket(
        symbol=name,
        venue=venue,
        side=Side(parse.one_of(side.lower(), SIDES, "SIDE")),
        qty=parse.decimal(qty, "QTY", positive=True),
        type=kind,
        price=parse.decimal(limit, "--price", positive=True) if limit else None,
        trigger=parse.decimal(stop, "--stop", positive=True) if stop else None,
        tif=TimeInForce(parse.one_of(tif.lower(), TIFS, "--tif")) if tif else TimeInForce.GTC,
        post_only=post_only,
        reduce_only=reduce_only,
        key=parse.name(key, "key") if key else "",
        again=again,
    )


def send(asked: Ticket, *, yes: bool) -> Placed:
    """Ask a person where there is one, send the order, and raise what became of it unless the venue has it."""
    from tradecli.engine.once import raise_unless_placed
    from tradecli.wiring.ordering import place

    config = account()
    confirm(_told(config, asked), yes=yes)
    placed = place(config, asked, within_ms())
    raise_unless_placed(placed.order)
    return placed


def withdraw(order_id: str, *, everything: bool, yes: bool) -> tuple[Order, ...]:
    """Cancel one working order, or all of them."""
    from tradecli.wiring.ordering import cancel

    if bool(order_id) == everything:
        raise UsageError("name one order, or say --all", number=103)
    config = account()
    what = "every working order" if everything else f"order {order_id[:40]!a}"
    confirm(f"{config.mode.upper()}: cancel {what}", yes=yes)
    return cancel(config, None if everything else order_id, "asked from the shell", within_ms())


def need_account(place: Place) -> None:
    """Refuse a profile that has no account which a command could trade on."""
    if place.mode is Mode.DEMO:
        raise UsageError(
            "the demo has no account to trade from the shell: it begins anew each time",
            number=115,
            hint="trade in its console, or use --profile paper",
        )
    if place.mode not in _ACCOUNTS:
        hint = "--profile paper; tradecli help coverage"
        raise UsageError(f"mode {place.mode} has no account that can be traded yet", number=113, hint=hint)


def confirm(what: str, *, yes: bool) -> None:
    """Ask on a terminal; without one, fail at once unless ``--yes`` was given (I08)."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"nobody is here to confirm: {what}", number=172, hint="--yes does it without asking"
        )
    sys.stderr.write(f"{what}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise KeyboardInterrupt


def account() -> Config:
    """Return the configuration of the profile's account; a usage error where a command may not trade on it."""
    given = options.current()
    need_account(locate(given.profile, given.config, given.db))
    if given.offline:
        raise UsageError("--offline: an order needs a price that is live", number=134)
    return load(given.profile, given.config, given.db)


def within_ms() -> int:
    """Return how long the outcome is waited for: most of ``--timeout``, so that it does not cut the answer off."""
    given = options.current().timeout_ms
    return _WITHIN_MS if given is None else max(min(_WITHIN_MS, given * 3 // 4), 1)


def _told(config: Config, asked: Ticket) -> str:
    where = asked.venue or f"the first of {', '.join(config.run.venues)} that lists it"
    price = "at market" if asked.type is OrderType.MARKET else f"{asked.type} {asked.price or asked.trigger}"
    notional = f", notional {asked.qty * asked.price}" if asked.price is not None else ""
    flags = "".join(
        f", {word}" for word, on in (("post-only", asked.post_only), ("reduce-only", asked.reduce_only)) if on
    )
    return (
        f"{config.mode.upper()}: {asked.side} {asked.qty} {asked.symbol} at {where}, {price}{notional}{flags}"
    )
