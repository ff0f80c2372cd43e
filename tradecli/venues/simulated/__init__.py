"""A whole market in a box: the MarketData of ``tradecli demo``."""

from tradecli.venues.simulated.market import START_MS, SimulatedMarket
from tradecli.venues.simulated.tapes import TAPES, Tape, tape_named

__all__ = ["START_MS", "TAPES", "SimulatedMarket", "Tape", "tape_named"]
