"""Binance's protocol: USD-M futures (``fapi``, ``fstream``) and spot (``api``, ``stream``)."""

from tradecli.venues.loopback.binance.venue import Binance

__all__ = ["Binance"]
