"""JSON of every kind of document the program reads back: what decodes must be finite, and encode to the same again."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from tests.fakes.desk import linear
from tests.fuzz import hostile
from tradecli import codec
from tradecli.cli.watch import _Kept
from tradecli.domain import events as e
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Liquidity, OrderStatus, OrderType, ScopeKind, Side
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Candle, Quote
from tradecli.domain.order import Order, OrderRequest
from tradecli.store.killswitch import Flag

_BTC = InstrumentId("BTCUSDT@binance")
_REQUEST = OrderRequest(
    instrument=_BTC,
    side=Side.BUY,
    qty=Decimal("0.5"),
    type=OrderType.LIMIT,
    price=Decimal(100),
    source="grid",
)
_ORDER = Order(client_id="c1", request=_REQUEST, status=OrderStatus.OPEN, created_at=1, updated_at=2)
_FILL = e.Fill(
    instrument=_BTC,
    trade_id="7",
    client_id="c1",
    side=Side.SELL,
    qty=Decimal("0.25"),
    price=Decimal("60000.5"),
    fee=Decimal("0.01"),
    fee_coin="USDT",
    liquidity=Liquidity.MAKER,
    ts=1_700_000_000_000,
)
_LATCH = Latch(
    level=KillLevel.HALT, scope=Scope(ScopeKind.VENUE, "binance"), reason="why", by="operator", at=1
)
_EVENTS: tuple[Any, ...] = (
    _FILL,
    e.OrderAccepted(client_id="c1", ts=1, venue_id="v"),
    e.OrderCanceled(client_id="c1", ts=1, cum_filled=Decimal("0.1")),
    e.Transferred(venue="binance", coin="USDT", amount=Decimal("-5.5"), ts=1, ref="r"),
    e.LatchSet(latch=_LATCH, ts=1),
    Candle(_BTC, 1_700_000_040_000, 60_000, 1.0, 2.0, 0.5, 1.5, 10.0),
    Quote(_BTC, 1_700_000_040_000, 1.0, 2.0, 3.0, 4.0),
)

SAMPLES: tuple[tuple[type[Any], bytes], ...] = (
    (Flag, codec.encode(Flag((_LATCH,)))),
    (_Kept, codec.encode(_Kept(lists={"own": ("BTCUSDT", "ETHUSDT@okx")}, in_use="own"))),
    (Order, codec.encode(_ORDER)),
    (e.Fill, codec.encode(_FILL)),
    (Instrument, codec.encode(linear())),
    *((e.Event, codec.encode(event)) for event in _EVENTS),  # type: ignore[misc]
)


class Documents:
    """``decode`` for what we wrote ourselves, ``decode_outside`` for what anybody may have written."""

    name = "codec"
    share = 40

    def attempt(self, random: Random) -> str:
        kind, good = random.choice(SAMPLES)
        match random.randrange(4):
            case 0:
                raw = hostile.spoiled(random, good)
            case 1:
                raw = hostile.respelled(random, good, b",:{}[]")
            case _:
                raw = json.dumps(hostile.restructured(random, json.loads(good))).encode()
        is_outside = random.random() < 0.7
        try:
            value = codec.decode_outside(raw, kind) if is_outside else codec.decode(raw, kind)
        except (ValueError, msgspec.MsgspecError) as error:
            return type(error).__name__
        if is_outside:
            _check_finite(value)
        again = codec.decode(codec.encode(value), kind)
        assert codec.encode_canonical(again) == codec.encode_canonical(value)
        return "taken"


def _check_finite(value: Any) -> None:
    if isinstance(value, float | Decimal):
        assert math.isfinite(value), f"{value} was decoded"
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _check_finite(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            _check_finite(item)
    elif isinstance(value, dict):
        for item in value.values():
            _check_finite(item)
