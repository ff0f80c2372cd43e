"""The configuration: spoiled files, spoiled values, hostile environment; what is accepted must be sane."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import hostile
from tradecli.config import sections
from tradecli.config.loading import Config, load
from tradecli.errors import ConfigError, NotFound

GOOD = """\
[run]
symbols = ["BTCUSDT", "ETHUSDT@okx"]
venues = ["binance"]
strategies = ["grid"]
on_exit = "cancel"
[risk]
max_order_notional_usd = 5000
max_symbol_pct = 10
max_venue_pct = 40
max_gross_pct = 300
max_net_pct = 30
max_open_orders = 100
max_orders_per_min = 60
max_drawdown_pct = 15
max_daily_loss_pct = 4
[vol]
window_days = 10
[vol.weights]
bitvol = 0.30
[inventory]
total_capital = 100000
kelly_multiplier = 0.25
[venues.binance]
key = "env:BINANCE_KEY"
[profiles.own]
mode = "paper"
account_id = "12345678"
[profiles.own.vol]
interval = "1h"
"""


class Configuration:
    """``load`` over a file in ``folder`` and variables of its own."""

    name = "config"
    share = 10

    def __init__(self, folder: Path) -> None:
        self._file = folder / "config.toml"
        self._keys = list(sections.all_keys())
        self._good = GOOD.encode()

    def attempt(self, random: Random) -> str:
        environment: dict[str, str] = {}
        match random.randrange(4):
            case 0:
                raw = hostile.spoiled(random, self._good)
            case 1:
                raw = hostile.respelled(random, self._good, b"=\n")
            case 2:
                raw = self._valued(random)
            case _:
                raw = self._good
                key = random.choice(self._keys).upper()
                section, _, rest = key.partition(".")
                variable = f"TRADECLI_{section}__{rest.replace('.', '__')}"
                environment[variable] = hostile.text(random)
        self._file.write_bytes(raw)
        profile = random.choice(("paper", "demo", "own", "live", hostile.text(random)))
        try:
            config = load(profile, str(self._file), environment=environment)
        except (ConfigError, NotFound) as error:
            return _refusal(error)
        _check(config)
        return "taken"

    def _valued(self, random: Random) -> bytes:
        """Return the good file with one known key set to a hostile value of any TOML type."""
        key = random.choice(self._keys)
        table, _, name = key.rpartition(".")
        value = random.choice(
            (
                random.choice(hostile.NUMBERS),
                '"' + hostile.text(random).replace('"', "").replace("\\", "") + '"',
                "[" + ", ".join(hostile.some(random, hostile.NUMBERS, 3)) + "]",
                "{a = 1}",
                "1979-05-27T07:32:00Z",
                "10" * random.randrange(1, 200),
                f"{random.uniform(-10, 10):.12f}",
                str(random.randrange(-5, 10**6)),
            )
        )
        line = f"\n[{table}]\n{name} = {value}\n"
        base = GOOD if random.random() < 0.5 else GOOD.split("[vol]")[0]
        return (base + line).encode("utf-8", "surrogatepass")


def _refusal(error: ConfigError | NotFound) -> str:
    lines = error.line().split("\n")
    assert all(line.startswith("E-") for line in lines), lines[:2]
    assert all(len(line) < 2_000 for line in lines), len(max(lines, key=len))
    return error.code


def _check(config: Config) -> None:
    """Every accepted number is finite and inside the bounds that its key declares."""
    for name, key in sections.all_keys().items():
        value = config.value(name)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            continue
        assert math.isfinite(value), f"{name} = {value}"
        _check_bounds(name, value, key.bounds)


def _check_bounds(name: str, value: Any, bounds: Any) -> None:
    inside = (
        (bounds["ge"] is None or value >= bounds["ge"])
        and (bounds["gt"] is None or value > bounds["gt"])
        and (bounds["le"] is None or value <= bounds["le"])
        and (bounds["lt"] is None or value < bounds["lt"])
    )
    assert inside, f"{name} = {value} is outside {dict(bounds)}"
