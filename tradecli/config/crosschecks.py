"""What no single key can get wrong alone: contradictory limits, weights that do not add up, percent meant as fraction.

Each check returns the key to point at and what is wrong with it. ``binding`` says which of two limits acts first.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tradecli.domain.feed import INTERVALS_MS
from tradecli.domain.instrument import instrument_id

if TYPE_CHECKING:
    from collections.abc import Mapping

Finding = tuple[int, str, str, str]
"""(number, dotted key, what is wrong, what to do)."""

_TOLERANCE = 1e-9
_ON_EXIT = ("leave", "cancel", "flatten")
_STRATEGY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?\Z")
_TINY_PCT = ("max_drawdown_pct", "max_symbol_pct", "max_venue_pct", "max_gross_pct", "max_net_pct")


def findings(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong between the valid sections in ``values`` (section name to settings)."""
    if "vol" in values:
        yield from _weights("vol.weights", values["vol"].weights)
        yield from _vol(values["vol"])
    if "signals" in values:
        yield from _weights("signals.weights", values["signals"].weights)
        yield from _weights("signals.timeframes", values["signals"].timeframes)
    if "run" in values:
        yield from _run(values["run"])
    if "risk" in values:
        yield from _ladder(values["risk"])
        yield from _exposure(values["risk"])


def binding(values: Mapping[str, Any]) -> list[str]:
    """Return, in words, which of the symbol limit and the inventory ratio acts first (PRODUCT 3.11)."""
    if not {"run", "risk", "inventory"} <= values.keys():
        return []
    count, each = len(values["run"].symbols), values["risk"].max_symbol_pct
    together, ratio = count * each, values["inventory"].max_inventory_ratio * 100
    symbols = f"{count} symbols × max_symbol_pct {each:g} % = {together:g} %"
    if abs(together - ratio) < _TOLERANCE:
        return [f"{symbols} equals max_inventory_ratio {ratio:g} %: both bind together"]
    if together < ratio:
        return [
            f"{symbols} is below max_inventory_ratio {ratio:g} %: the symbol limit binds, never the ratio"
        ]
    return [f"{symbols} is above max_inventory_ratio {ratio:g} %: the ratio binds first"]


def _weights(key: str, weights: Any) -> Iterator[Finding]:
    total = sum(getattr(weights, field.name) for field in dataclasses.fields(weights))
    if abs(total - 1) > _TOLERANCE:
        names = ", ".join(field.name for field in dataclasses.fields(weights))
        yield 140, key, f"the weights {names} add to {total:g}", "they must add to 1"


def _vol(vol: Any) -> Iterator[Finding]:
    if vol.interval not in INTERVALS_MS:
        yield (
            141,
            "vol.interval",
            f"no such interval: {vol.interval[:20]!a}",
            "one of " + ", ".join(INTERVALS_MS),
        )
    if vol.garch_min_bars > vol.garch_bars:
        yield 142, "vol.garch_min_bars", "is above vol.garch_bars: no fit would ever run", "lower it"


def _run(run: Any) -> Iterator[Finding]:
    if run.on_exit not in _ON_EXIT:
        yield 141, "run.on_exit", f"cannot be {run.on_exit[:20]!a}", "one of " + ", ".join(_ON_EXIT)
    for name in ("venues", "symbols", "strategies", "observe"):
        listed = getattr(run, name)
        if len(set(listed)) != len(listed):
            yield 143, f"run.{name}", "names something twice", "name each once"
    for key, least in (("venues", run.venues), ("symbols", run.symbols)):
        if not least:
            yield 143, f"run.{key}", "is empty: there is nothing to run", "name at least one"
    for venue in run.venues:
        yield from _named("run.venues", "BTCUSDT", venue)
    for symbol in run.symbols:
        yield from _named(
            "run.symbols", *(symbol.partition("@")[::2] if "@" in symbol else (symbol, "binance"))
        )
    for strategy in [*run.strategies, *run.observe]:
        if not _STRATEGY.match(strategy):
            hint = "strategies are named, never imported by path"
            yield 144, "run.strategies", f"not a strategy's name: {strategy[:40]!a}", hint
    both = sorted(set(run.strategies) & set(run.observe))
    if both:
        yield (
            143,
            "run.observe",
            f"{both[0]} is in run.strategies too",
            "a strategy is either active or observed",
        )


def _named(key: str, symbol: str, venue: str) -> Iterator[Finding]:
    try:
        instrument_id(symbol, venue)
    except ValueError as error:
        yield 144, key, str(error), "symbols as BTCUSDT, BTCUSDT.spot, BTCUSD.inverse; venues as binance"


def _ladder(risk: Any) -> Iterator[Finding]:
    steps = ("warn_drawdown_pct", "half_drawdown_pct", "reduce_drawdown_pct", "max_drawdown_pct")
    for lower, upper in itertools.pairwise(steps):
        low, high = getattr(risk, lower), getattr(risk, upper)
        if low > high:
            yield (
                145,
                f"risk.{lower}",
                f"{low:g} % comes after risk.{upper} of {high:g} %",
                "steps must not fall",
            )
    if risk.warn_daily_loss_pct > risk.max_daily_loss_pct:
        yield 145, "risk.warn_daily_loss_pct", "is above risk.max_daily_loss_pct", "it would never warn"
    if risk.max_daily_loss_pct > risk.max_drawdown_pct:
        yield 145, "risk.max_daily_loss_pct", "is above risk.max_drawdown_pct", "it could never act"


def _exposure(risk: Any) -> Iterator[Finding]:
    for key in _TINY_PCT:
        value = getattr(risk, key)
        if value < 0.5:
            meant = value * 100
            yield (
                146,
                f"risk.{key}",
                f"is {value:g} %, in percent",
                f"write {meant:g} if {meant:g} % is meant",
            )
    for key in ("max_symbol_pct", "max_net_pct"):
        if getattr(risk, key) > risk.max_gross_pct:
            yield (
                145,
                f"risk.{key}",
                f"is above risk.max_gross_pct of {risk.max_gross_pct:g} %",
                "it could never bind",
            )
