"""The rows of each venue's listing, as far as a second look at it reads them. Pure.

Fields are optional where a kind of instrument lacks them: spot pairs and options are written like perpetuals, less
some of theirs.
"""

from __future__ import annotations

import msgspec

from tradecli.venues.ccxt.reading import Malformed
from tradecli.venues.ccxt.standing import Page, Rows, Standing, steps


class _Symbols(msgspec.Struct, gc=False):
    symbols: list[msgspec.Raw]


class _Filter(msgspec.Struct, gc=False, rename="camel"):
    filter_type: str = ""
    tick_size: str = ""
    step_size: str = ""


class _Symbol(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    filters: list[_Filter]
    status: str = ""
    contract_status: str = ""
    contract_size: float | str = ""

    def standing(self) -> Standing:
        by_type = {each.filter_type: each for each in self.filters}
        tick, lot = by_type["PRICE_FILTER"].tick_size, by_type["LOT_SIZE"].step_size
        status = self.status or self.contract_status or "TRADING"
        halted = "" if status == "TRADING" else status
        return Standing(self.symbol, halted, steps(tick, lot, self.contract_size))


def _binance(text: str) -> Page:
    return Page(msgspec.json.decode(text, type=_Symbols).symbols)


class _OkxAnswer(msgspec.Struct, gc=False):
    code: str
    data: list[msgspec.Raw]


class _OkxRow(msgspec.Struct, gc=False, rename="camel"):
    inst_id: str
    state: str
    tick_sz: str
    lot_sz: str
    ct_val: str = ""

    def standing(self) -> Standing:
        halted = "" if self.state == "live" else self.state
        return Standing(self.inst_id, halted, steps(self.tick_sz, self.lot_sz, self.ct_val))


def _okx(text: str) -> Page:
    found = msgspec.json.decode(text, type=_OkxAnswer)
    if found.code != "0":
        raise Malformed(f"code {found.code[:20]}")
    return Page(found.data)


class _BybitList(msgspec.Struct, gc=False, rename="camel"):
    rows: list[msgspec.Raw] = msgspec.field(name="list")
    next_page_cursor: str = ""


class _BybitAnswer(msgspec.Struct, gc=False, rename="camel"):
    ret_code: int
    result: _BybitList


class _Prices(msgspec.Struct, gc=False, rename="camel"):
    tick_size: str


class _Lots(msgspec.Struct, gc=False, rename="camel"):
    qty_step: str = ""
    base_precision: str = ""


class _BybitRow(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    status: str
    price_filter: _Prices
    lot_size_filter: _Lots

    def standing(self) -> Standing:
        lot = self.lot_size_filter.qty_step or self.lot_size_filter.base_precision
        halted = "" if self.status == "Trading" else self.status
        return Standing(self.symbol, halted, steps(self.price_filter.tick_size, lot))


def _bybit(text: str) -> Page:
    found = msgspec.json.decode(text, type=_BybitAnswer)
    if found.ret_code != 0:
        raise Malformed(f"retCode {found.ret_code}")
    return Page(found.result.rows, found.result.next_page_cursor)


class _DeribitAnswer(msgspec.Struct, gc=False):
    result: list[msgspec.Raw]


class _DeribitRow(msgspec.Struct, gc=False):
    instrument_name: str
    tick_size: float
    min_trade_amount: float
    contract_size: float = 1.0
    is_active: bool = True
    state: str = "open"

    def standing(self) -> Standing:
        trades = self.is_active and self.state == "open"
        halted = "" if trades else self.state if self.state != "open" else "inactive"
        size = steps(self.tick_size, self.min_trade_amount, self.contract_size)
        return Standing(self.instrument_name, halted, size)


def _deribit(text: str) -> Page:
    return Page(msgspec.json.decode(text, type=_DeribitAnswer).result)


BINANCE = Rows(_binance, _Symbol)
OKX = Rows(_okx, _OkxRow)
BYBIT = Rows(_bybit, _BybitRow)
DERIBIT = Rows(_deribit, _DeribitRow)
