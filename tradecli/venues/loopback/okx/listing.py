"""What OKX says about its instruments, its envelope, and its errors. Swaps are sized in contracts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradecli.venues.loopback.asking import Refusal, Reply
from tradecli.venues.loopback.spelling import trimmed
from tradecli.venues.simulated.listing import LINES, Line

BARS = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1H": 3_600_000,
    "2H": 7_200_000,
    "4H": 14_400_000,
    "6Hutc": 21_600_000,
    "12Hutc": 43_200_000,
    "1Dutc": 86_400_000,
}
"""Without 2D and longer, and without the bars that open by Hong Kong's day (6H, 12H, 1D)."""

PERIODS = {"5m": 300_000, "1H": 3_600_000, "1D": 86_400_000} | {
    name: ms for name, ms in BARS.items() if ms > 60_000
}
CONTRACTS = {"BTC": Decimal("0.01"), "ETH": Decimal("0.1"), "BNB": Decimal("0.01")}
"""ctVal: base units of one contract."""
_LISTED = {"BTC": "1573557408000", "ETH": "1574152217000", "BNB": "1635921027000"}
_HUGE = "100000000.0000000000000000"


def name_of(line: Line) -> str:
    instrument = line.instrument
    return f"{instrument.base}-{instrument.quote}" + ("-SWAP" if line.perp else "")


LISTED = {name_of(line): line for line in LINES if line.venue == "okx"}


def envelope(data: Any, code: str = "0", text: str = "") -> dict[str, Any]:
    return {"code": code, "msg": text, "data": data}


def error(code: str, text: str, status: int = 200) -> Reply:
    return Reply(body=envelope([], code, text), status=status)


def refuse(code: str, text: str, status: int = 200) -> Refusal:
    return Refusal(error(code, text, status))


def row(line: Line, halted: bool) -> dict[str, Any]:
    """Return one instrument as ``public/instruments`` has it; what does not apply is an empty string."""
    instrument = line.instrument
    contract = CONTRACTS[instrument.base]
    pair = f"{instrument.base}-{instrument.quote}"
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": "" if line.perp else instrument.base,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "1" if line.perp else "",
        "ctType": "linear" if line.perp else "",
        "ctVal": str(contract) if line.perp else "",
        "ctValCcy": instrument.base if line.perp else "",
        "expTime": "",
        "futureSettlement": False,
        "groupId": "1",
        "instFamily": pair if line.perp else "",
        "instId": name_of(line),
        "instType": "SWAP" if line.perp else "SPOT",
        "lever": "100" if line.perp else "10",
        "listTime": _LISTED[instrument.base],
        "lotSz": _size(instrument.lot, contract, line.perp),
        "maxIcebergSz": _HUGE,
        "maxLmtAmt": "20000000",
        "maxLmtSz": "100000000",
        "maxMktAmt": "" if line.perp else "1000000",
        "maxMktSz": "35000" if line.perp else "1000000",
        "maxStopSz": "35000" if line.perp else "1000000",
        "maxTriggerSz": _HUGE,
        "maxTwapSz": _HUGE,
        "minSz": _size(instrument.min_qty, contract, line.perp),
        "openType": "call_auction",
        "optType": "",
        "quoteCcy": "" if line.perp else instrument.quote,
        "ruleType": "normal",
        "settleCcy": instrument.settle if line.perp else "",
        "state": "suspend" if halted else "live",
        "stk": "",
        "tickSz": str(instrument.tick),
        "uly": pair if line.perp else "",
    }


def _size(amount: Decimal, contract: Decimal, perp: bool) -> str:
    return trimmed(f"{amount / contract if perp else amount:f}")
