"""Live market data of Binance, OKX, Bybit and Deribit. ccxt is the transport; what its messages mean is read here.

``profile`` says how venues differ, one module for each venue holds its ``PROFILE`` with pure decoders, ``client`` asks
over HTTP within the rate budget, ``streams`` keeps the sockets fed and the books proven, ``market`` is the port.
Nothing above this package knows a key of a venue's message.
"""

from __future__ import annotations

from importlib import import_module

from tradecli.venues.ccxt.profile import Profile

PROFILES = ("binance", "okx", "bybit", "deribit")
"""The venues with a profile, by the name they have everywhere."""


def profile_of(name: str) -> Profile:
    """Return the profile of a venue; ``KeyError`` for a name that has none."""
    if name not in PROFILES:
        raise KeyError(name)
    profile: Profile = import_module(f"tradecli.venues.ccxt.{name}").PROFILE
    return profile
