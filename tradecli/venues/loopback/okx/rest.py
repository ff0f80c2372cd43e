"""OKX's public REST: paths, parameters and bodies, rows newest first, paged by ``before`` and ``after``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tradecli.venues.loopback.asking import Ask, Reply
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed, interest_at, window
from tradecli.venues.loopback.okx.listing import BARS, CONTRACTS, PERIODS, envelope, refuse, row
from tradecli.venues.loopback.okx.streams import Streams
from tradecli.venues.loopback.spelling import trimmed
from tradecli.venues.loopback.stand import Bar
from tradecli.venues.loopback.wire import Wire

Query = Mapping[str, str]
RECENT = 1_440
"""How many bars ``candles`` goes back; older ones are at ``history-candles``."""
_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")


class Rest:
    """Answers OKX's public requests."""

    def __init__(self, floor: Floor, wire: Wire, streams: Streams) -> None:
        self._floor, self._wire, self._streams = floor, wire, streams
        self._paths: dict[str, Callable[[Query], list[Any]]] = {
            "public/time": lambda query: [{"ts": str(self.now())}],
            "public/instruments": self._instruments,
            "public/funding-rate": self._funding,
            "public/funding-rate-history": self._funding_past,
            "public/open-interest": self._interest,
            "public/mark-price": self._marks,
            "public/opt-summary": lambda query: [],
            "market/books": self._book,
            "market/books-full": self._book,
            "market/candles": lambda query: self._candles(query, 300, recent=True),
            "market/history-candles": lambda query: self._candles(query, 300),
            "market/mark-price-candles": lambda query: self._prices(query, recent=True),
            "market/history-mark-price-candles": self._prices,
            "market/index-candles": lambda query: self._prices(query, recent=True),
            "market/history-index-candles": self._prices,
            "market/trades": self._trades,
            "market/history-trades": self._trades,
            "market/ticker": self._ticker,
            "market/tickers": self._tickers,
            "market/index-tickers": self._index,
            "rubik/stat/contracts/open-interest-history": self._interest_past,
            "rubik/stat/contracts/long-short-account-ratio-contract": self._ratio,
            "rubik/stat/contracts/long-short-account-ratio": self._ratio,
        }

    def now(self) -> int:
        return self._wire.skewed(self._floor.now())

    def answer(self, ask: Ask) -> Reply:
        """Answer one request, or raise ``Refusal`` in the venue's words."""
        answer = self._paths.get(ask.path.removeprefix("/api/v5/"))
        if answer is None or not ask.path.startswith("/api/v5/"):
            if ask.signed:
                raise refuse("50111", "Invalid OK-ACCESS-KEY", 401)
            raise refuse("404", "Not Found", 404)
        return Reply(body=envelope(answer(ask.query)))

    # -- the parameters --------------------------------------------------------------------------------------------

    def _market(self, query: Query) -> Listed:
        name = query.get("instId", "")
        if not name:
            raise refuse("50014", "Parameter instId can not be empty", 400)
        market = self._streams.listed.get(name)
        if market is None:
            raise refuse("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return market

    def _swap(self, query: Query) -> Listed:
        market = self._market(query)
        if not market.perp:
            raise refuse("51000", "Parameter instId error")
        return market

    @staticmethod
    def _number(query: Query, name: str) -> int | None:
        text = query.get(name, "")
        if not text:
            return None
        if not text.isdigit():
            raise refuse("51000", f"Parameter {name} error")
        return int(text)

    def _limit(self, query: Query, usual: int, most: int) -> int:
        limit = self._number(query, "limit") or usual
        return min(limit, most)

    def _of_type(self, query: Query) -> list[Listed]:
        kind = query.get("instType", "")
        if kind not in _TYPES:
            raise refuse("51000", "Parameter instType error", 400)
        found = [each for each in self._streams.listed.values() if each.perp == (kind == "SWAP")]
        if kind not in ("SPOT", "SWAP"):
            found = []
        name = query.get("instId")
        return [each for each in found if each.symbol == name] if name else found

    def _instruments(self, query: Query) -> list[Any]:
        if query.get("instType") == "OPTION" and not (query.get("uly") or query.get("instFamily")):
            raise refuse("50015", "Either parameter uly or instFamily is required", 400)
        return [row(each.stand.line, each.is_halted(self._wire)) for each in self._of_type(query)]

    # -- books, prints, bars ---------------------------------------------------------------------------------------

    def _book(self, query: Query) -> list[Any]:
        market = self._market(query)
        depth = self._number(query, "sz") or 1
        if depth > 400:
            raise refuse("51000", "Parameter sz error")
        self._streams.depth(market, self._floor.now())
        bids, asks = market.display.snapshot(depth)
        levels = self._streams.levels
        at = self._wire.skewed(market.display.ts)
        return [
            {"asks": levels(market, asks), "bids": levels(market, bids), "ts": str(at),
             "seqId": market.display.last}
        ]  # fmt: skip

    def _trades(self, query: Query) -> list[Any]:
        market = self._market(query)
        after, before = self._number(query, "after"), self._number(query, "before")
        by_time = query.get("type") == "2"
        rows = []
        for each in market.stand.prints:
            key = each.ts if by_time else int(each.trade_id)
            if (after is None or key < after) and (before is None or key > before):
                rows.append(self._streams.trade(market, each))
        return rows[-self._limit(query, 100, 500) :][::-1]

    def _bars(self, query: Query, limit: int, *, recent: bool) -> tuple[Listed, Sequence[Bar], int]:
        market = self._market(query)
        step = BARS.get(query.get("bar", "1m"))
        if step is None:
            raise refuse("51000", "Parameter bar error")
        rows: Sequence[Bar] = market.stand.bars(step, self._floor.now())
        if recent:
            rows = rows[-RECENT:]
        before, after = self._number(query, "before"), self._number(query, "after")
        rows = window(rows, None if before is None else before + 1, None if after is None else after - 1)
        return market, rows[-self._limit(query, 100, limit) :][::-1], step

    def _candles(self, query: Query, limit: int, *, recent: bool = False) -> list[Any]:
        market, rows, step = self._bars(query, limit, recent=recent)
        now = self._floor.now()
        return [self._streams.bar(market, bar, closed=bar.ts + step <= now) for bar in rows]

    def _prices(self, query: Query, *, recent: bool = False) -> list[Any]:
        known = dict(query)
        if known.get("instId", "") + "-SWAP" in self._streams.listed:
            known["instId"] += "-SWAP"
        return [[*bar[:5], bar[8]] for bar in self._candles(known, 100, recent=recent)]

    # -- tickers ---------------------------------------------------------------------------------------------------

    def _ticker(self, query: Query) -> list[Any]:
        return [self._streams.ticker(self._market(query), self._floor.now())]

    def _tickers(self, query: Query) -> list[Any]:
        return [self._streams.ticker(each, self._floor.now()) for each in self._of_type(query)]

    def _index(self, query: Query) -> list[Any]:
        name, quote = query.get("instId"), query.get("quoteCcy")
        swaps = [each for each in self._streams.listed.values() if each.perp]
        if name:
            swaps = [each for each in swaps if each.symbol == f"{name}-SWAP"]
        elif quote not in ("USDT", "USD", "BTC", "USDC"):
            raise refuse("50015", "Either parameter quoteCcy or instId is required", 400)
        elif quote != "USDT":
            swaps = []
        return [self._streams.index_ticker(each, self._floor.now()) for each in swaps]

    def _marks(self, query: Query) -> list[Any]:
        found = [each for each in self._of_type(query) if each.perp]
        return [self._streams.mark(each, self._floor.now()) for each in found]

    # -- perpetuals ------------------------------------------------------------------------------------------------

    def _funding(self, query: Query) -> list[Any]:
        now = self._floor.now()
        if query.get("instId") == "ANY":
            return [self._streams.funding(each, now) for each in self._streams.listed.values() if each.perp]
        return [self._streams.funding(self._swap(query), now)]

    def _funding_past(self, query: Query) -> list[Any]:
        market = self._swap(query)
        before, after = self._number(query, "before"), self._number(query, "after")
        known = [
            each
            for each in self._floor.funding(market.stand.line)
            if (before is None or each.ts > before) and (after is None or each.ts < after)
        ]
        return [
            {"formulaType": "withRate", "fundingRate": f"{each.rate:.16f}", "fundingTime": str(each.ts),
             "instId": market.symbol, "instType": "SWAP", "method": "current_period",
             "realizedRate": f"{each.rate:.16f}"}
            for each in reversed(known[-self._limit(query, 400, 400) :])
        ]  # fmt: skip

    def _interest(self, query: Query) -> list[Any]:
        found = [each for each in self._of_type(query) if each.perp]
        return [self._streams.interest(each, self._floor.now()) for each in found]

    def _moments(self, query: Query) -> tuple[list[int], int]:
        step = PERIODS.get(query.get("period", "5m"))
        if step is None:
            raise refuse("51000", "Parameter period error")
        now, limit = self._floor.now(), self._limit(query, 100, 100)
        begin, end = self._number(query, "begin"), self._number(query, "end")
        last = min(now, end if end is not None else now) // step * step
        first = last - (limit - 1) * step
        return [ts for ts in range(last, first - 1, -step) if begin is None or ts >= begin], step

    def _interest_past(self, query: Query) -> list[Any]:
        market = self._swap(query)
        moments, _ = self._moments(query)
        now, contract = self._floor.now(), float(CONTRACTS[market.stand.line.base])
        rows = []
        for ts, usd in zip(moments, interest_at(self._floor, market, moments), strict=True):
            coins = usd / market.close_at(ts, now)
            rows.append(
                [str(ts), trimmed(f"{coins / contract:.2f}"), trimmed(f"{coins:.8f}"), trimmed(f"{usd:.4f}")]
            )
        return rows

    def _ratio(self, query: Query) -> list[Any]:
        name = query.get("instId") or f"{query.get('ccy', '')}-USDT-SWAP"
        market = self._swap({"instId": name})
        moments, step = self._moments(query)
        shares = ((ts, market.long_share(ts, step)) for ts in moments)
        return [[str(ts), f"{share / (1 - share):.4f}"] for ts, share in shares]
