"""Bybit's protocol, version 5: linear perpetuals and spot; inverse and options are listed empty."""

from tradecli.venues.loopback.bybit.venue import Bybit

__all__ = ["Bybit"]
