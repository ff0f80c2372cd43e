"""The table of command words: which module answers, in which part of the help, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    """One first word. ``timeout_s`` None: it runs until it is done or stopped."""

    module: str
    summary: str
    part: str
    timeout_s: int | None = 120


_CLI = "tradecli.cli."

WORDS: Mapping[str, Word] = {
    "vol": Word(_CLI + "vol", "Volatility: indices, forecasts, composite, grid", "Core"),
    "signals": Word(_CLI + "topics", "Signals over timeframes, and what made them", "Core"),
    "hedge": Word(_CLI + "topics", "Delta, greeks and what a hedge costs", "Core"),
    "funding": Word(_CLI + "topics", "Funding rates and carry between venues", "Core"),
    "flow": Word(_CLI + "topics", "Order book, trades and execution", "Core"),
    "inventory": Word(_CLI + "topics", "Exposure, sizes and limits", "Core"),
    "orders": Word(_CLI + "orders", "Orders: send one, cancel, list", "Trade"),
    "positions": Word(_CLI + "positions", "Positions of the ledger", "Trade"),
    "fills": Word(_CLI + "fills", "Fills of the ledger", "Trade"),
    "kill": Word(_CLI + "kill", "Stop trading, by five levels; release needs a reason", "Trade"),
    "paper": Word(_CLI + "paper", "The paper account: begin a new one", "Trade"),
    "watch": Word(_CLI + "watch", "Watchlists", "Trade"),
    "demo": Word(_CLI + "demo", "A simulated market, traded by the real engine", "Run", None),
    "tui": Word(_CLI + "tui", "The full-screen console", "Run", None),
    "run": Word(_CLI + "run", "Run the engine without a screen", "Run", None),
    "rehearse": Word(_CLI + "rehearse", "The console against venues played by this machine", "Run", None),
    "status": Word(_CLI + "status", "State of the desk in one answer", "Run"),
    "replay": Word(_CLI + "replay", "Run recorded sessions again and compare", "Run", None),
    "backtest": Word(_CLI + "backtest", "Trade recorded markets through the same engine", "Research", None),
    "data": Word(_CLI + "data", "Recorded market data: pull, import, list, verify, export", "Research", None),
    "decisions": Word(_CLI + "decisions", "What each cycle decided, and why", "Research"),
    "audit": Word(_CLI + "audit", "The hash-chained journal", "Research"),
    "config": Word(_CLI + "config", "The configuration: make, show, check, explain", "Admin"),
    "venues": Word(_CLI + "venues", "Venues: what they offer, their budgets and clocks", "Admin"),
    "db": Word(_CLI + "db", "The stores: size, backup, migration", "Admin", None),
    "doctor": Word(_CLI + "doctor", "Check this installation", "Admin"),
    "logs": Word(_CLI + "logs", "Read the log", "Admin", None),
    "completion": Word(_CLI + "completion", "Shell completion script", "Admin"),
    "help": Word(_CLI + "help", "Pages about the console", "Admin"),
    "version": Word(_CLI + "version", "Version of the program and what it runs on", "Admin"),
}
PARTS = ("Core", "Trade", "Run", "Research", "Admin")


def root_help() -> str:
    """Return the text of ``tradecli --help``."""
    lines = [
        "Usage: tradecli [OPTIONS] COMMAND [ARGS]...",
        "",
        "  A trading console: research, risk and execution for perpetuals and options.",
        "",
        "  Without a command it opens the full-screen console; with no configuration",
        "  that is a simulated market: nothing leaves this machine.",
    ]
    for part in PARTS:
        lines += ["", f"{part}:"]
        lines += [f"  {name:<12} {word.summary}" for name, word in WORDS.items() if word.part == part]
    lines += [
        "",
        "Every command takes --help and the global options: tradecli help options",
        "Exit codes: tradecli help exit-codes. First steps: tradecli help getting-started",
    ]
    return "\n".join(lines) + "\n"
