"""Closed lists of words. Values are what is stored and shown, so they never change."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a store, a header and a JSON envelope belong to for life."""

    DEMO = "demo"
    REPLAY = "replay"
    PAPER = "paper"
    REHEARSAL = "rehearsal"
    LIVE = "live"


class InstrumentKind(StrEnum):
    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"
    FUTURE = "future"
    OPTION = "option"


class OptionType(StrEnum):
    CALL = "call"
    PUT = "put"


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"


class TimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class Liquidity(StrEnum):
    MAKER = "maker"
    TAKER = "taker"


class OrderStatus(StrEnum):
    INTENT = "INTENT"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    DENIED = "DENIED"
    VOID = "VOID"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"
    RECONCILING = "RECONCILING"


class KillLevel(StrEnum):
    """Five levels, from the mildest to the strictest; each latched until released by hand."""

    PAUSE = "pause"
    REDUCE = "reduce"
    CANCEL = "cancel"
    FLATTEN = "flatten"
    HALT = "halt"


class ScopeKind(StrEnum):
    ALL = "all"
    VENUE = "venue"
    SYMBOL = "symbol"
    STRATEGY = "strategy"


class StrategyState(StrEnum):
    OFF = "OFF"
    OBSERVE = "OBSERVE"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    HALTED = "HALTED"


class Quality(StrEnum):
    """How far a number may be trusted (METHODS section 0)."""

    OK = "ok"
    DEGRADED = "degraded"
    FALLBACK = "fallback"
    UNAVAILABLE = "unavailable"


class FundingKind(StrEnum):
    SETTLED = "settled"
    ESTIMATED = "estimated"
    PREDICTED = "predicted"


class Severity(StrEnum):
    NOTE = "note"
    WARN = "warn"
    ALERT = "alert"
    CRITICAL = "critical"


class Verdict(StrEnum):
    PASS = "pass"
    WARN = "warn"
    REFUSE = "refuse"
