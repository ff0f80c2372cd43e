"""Bybit's protocol, version 5: linear and coin-margined perpetuals and spot; options are listed empty."""

from tradecli.venues.loopback.bybit.venue import Bybit

__all__ = ["Bybit"]
