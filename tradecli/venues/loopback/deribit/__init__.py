"""Deribit's protocol, JSON-RPC over REST and WebSocket: inverse perpetuals, option chains, volatility indices."""

from tradecli.venues.loopback.deribit.venue import Deribit

__all__ = ["Deribit"]
