"""Takes the snapshots that the faces draw. Runs on the engine's side, between two events, and copies what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from tradecli.domain.enums import Mode, StrategyState
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.number import ZERO
from tradecli.domain.order import Order
from tradecli.engine.core import Engine
from tradecli.engine.keeping import Heard
from tradecli.engine.snapshot import FeedState, Reported, Snapshot, StrategyView, Told

_SHOWN = 200
_SPARK = 120
_CHAIN_LIMIT_MS = 5 * MINUTE_MS
"""Chains are asked for once a minute."""


class Pictures:
    """Remembers what a picture needs of the past: the strategies' value at midnight, prices of a day ago."""

    def __init__(
        self, engine: Engine, heard: Heard, mode: Mode, run_id: str, seed: int | None, note: str
    ) -> None:
        self.engine = engine
        self.heard = heard
        self.mode = mode
        self.run_id = run_id
        self.seed = seed
        self.note = note
        self._day = -1
        self._day_values: dict[str, Decimal] = {}

    def taken_up(self, run_id: str) -> None:
        """Count the strategies' day from here: the engine goes on with an account of before."""
        self.run_id = run_id
        self._day, self._day_values = -1, {}

    def take(self, at: int, *, running: bool, events_per_s: float | None) -> Snapshot:
        """Return everything there is to see, as of ``at``."""
        engine = self.engine
        state, curve = engine.state, engine.state.equity
        gross, net = self._exposure()
        # Of this moment, as the strategies' figures are; the curve is up to a second older.
        equity = state.equity_now() if curve.value is not None else None
        day_pnl = equity - curve.day_start if equity is not None and curve.day_start is not None else None
        return Snapshot(
            at=at,
            mode=self.mode,
            run_id=self.run_id,
            seed=self.seed,
            note=self.note,
            running=running,
            events=state.events,
            events_per_s=events_per_s,
            cycle=engine.cycle.number,
            state=state.trading_state(),
            latches=state.latches,
            equity=equity,
            start_equity=curve.start,
            pnl_day=day_pnl,
            drawdown_pct=100 * curve.drawdown(),
            max_drawdown_pct=100 * curve.max_drawdown,
            drawdown_limit_pct=engine.desk.limits.max_drawdown_pct,
            gross_pct=gross,
            net_pct=net,
            instruments=engine.desk.traded,
            quotes=dict(state.quotes),
            change_24h={each: self._change(each) for each in engine.desk.traded},
            closes={each: self._closes(each) for each in engine.desk.traded},
            equity_curve=tuple(curve.points.column(1)[-_SPARK:].tolist()),
            positions=tuple(position for _, position in sorted(state.account.positions.items())),
            orders=tuple(self._orders()),
            fills=tuple(islice(self.heard.fills, _SHOWN)),
            decisions=tuple(islice(self.heard.decisions, _SHOWN)),
            told=tuple(
                Told(
                    at=when,
                    severity=each.severity,
                    topic=each.topic,
                    text=each.text,
                    instrument=each.instrument,
                )
                for when, each in islice(self.heard.told, _SHOWN)
            ),
            strategies=tuple(self._strategies(at)),
            feeds=tuple(self._feeds(at)),
            reports={key: Reported(report, when) for key, (report, when) in state.reports.items()},
            price_limit_ms=self._limit_ms,
        )

    def _exposure(self) -> tuple[float | None, float | None]:
        state = self.engine.state
        gross = net = ZERO
        for position in state.account.positions.values():
            price = state.price(position.instrument)
            if price is None:
                if position.qty:
                    return None, None
                continue
            gross += abs(position.qty) * price
            net += position.qty * price
        equity = state.equity.value
        if not equity:
            return None, None
        return float(100 * gross / equity), float(100 * net / equity)

    def _change(self, instrument: InstrumentId) -> float | None:
        state = self.engine.state
        known = state.prices.get(instrument)
        hours = state.window(instrument).candle_series(HOUR_MS)
        if known is None or len(hours) < 24 or int(hours.ts[-24]) < known[1] - DAY_MS - 2 * HOUR_MS:
            return None
        before = float(hours.open[-24])
        return known[0] / before - 1 if before > 0 else None

    def _closes(self, instrument: InstrumentId) -> tuple[float, ...]:
        series = self.engine.state.window(instrument).candle_series(MINUTE_MS)
        return tuple(series.close[-_SPARK:].tolist())

    def _orders(self) -> Iterable[Order]:
        account = self.engine.state.account
        yield from islice(reversed(account.live.values()), _SHOWN)
        yield from islice(reversed(account.final.values()), _SHOWN)

    def _strategies(self, at: int) -> Iterable[StrategyView]:
        state = self.engine.state
        equity = state.equity.value
        last = self._last_words()
        values: dict[str, Decimal] = {}
        shares: dict[str, Decimal] = {}
        for (instrument, source), book in state.account.books.items():
            price = state.price(instrument) or ZERO
            value = book.realised + book.unrealised(price) - book.fees + book.funding
            values[source] = values.get(source, ZERO) + value
            shares[source] = shares.get(source, ZERO) + abs(book.qty) * price
        if at // DAY_MS != self._day:
            self._day, self._day_values = at // DAY_MS, dict(values)
        names = sorted(state.strategies.keys() | values.keys())
        for name in names:
            yield StrategyView(
                name=name,
                state=state.strategies.get(name, StrategyState.ACTIVE),
                share_pct=float(100 * shares.get(name, ZERO) / equity) if equity else None,
                pnl_day=values.get(name, ZERO) - self._day_values.get(name, ZERO),
                last=last.get(name, ""),
            )

    def _last_words(self) -> dict[str, str]:
        words: dict[str, str] = {}
        for decision in islice(self.heard.decisions, 20):
            for proposal in decision.proposals:
                words.setdefault(proposal.source, proposal.why or f"{proposal.wanted}: {proposal.reason}")
        return words

    @property
    def _limit_ms(self) -> int:
        return round(1_000 * self.engine.desk.limits.max_quote_age_s)

    def _feeds(self, at: int) -> Iterable[FeedState]:
        state = self.engine.state
        prices: dict[str, int] = {}
        for instrument, (_, when) in state.prices.items():
            venue = venue_of(instrument)
            prices[venue] = max(prices.get(venue, 0), when)
        chains: dict[str, int] = {}
        for chain in state.chains.values():
            chains[chain.venue] = max(chains.get(chain.venue, 0), chain.ts)
        told = {venue for venue, feed in state.links if not feed}
        for venue in sorted({*prices, *chains, *told}):
            link = state.links.get((venue, ""))
            has_prices = venue not in chains or venue in prices
            heard = prices.get(venue) if has_prices else chains[venue]
            yield FeedState(
                venue=venue,
                feed="market" if has_prices else "options",
                up=link is None or link.up,
                age_ms=None if heard is None else at - heard,
                reason=link.reason if link is not None else "",
                limit_ms=self._limit_ms if has_prices else _CHAIN_LIMIT_MS,
                has_prices=has_prices,
            )
