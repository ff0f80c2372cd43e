"""Deribit's resolutions of bars, and its errors."""

from __future__ import annotations

from typing import Any

RESOLUTIONS = {
    "1": 60_000,
    "3": 180_000,
    "5": 300_000,
    "10": 600_000,
    "15": 900_000,
    "30": 1_800_000,
    "60": 3_600_000,
    "120": 7_200_000,
    "180": 10_800_000,
    "360": 21_600_000,
    "720": 43_200_000,
    "1D": 86_400_000,
}


class Failure(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, text: str, reason: str = "", param: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.reason, self.param = code, text, reason, param

    def body(self) -> dict[str, Any]:
        if not self.param:
            return {"message": self.text, "code": self.code}
        data = {"reason": self.reason, "param": self.param}
        return {"message": self.text, "data": data, "code": self.code}


def bad(param: str, reason: str = "wrong format") -> Failure:
    return Failure(-32602, "Invalid params", reason, param)
