"""OKX's protocol, version 5: swaps and spot; futures and options are listed empty."""

from tradecli.venues.loopback.okx.venue import Okx

__all__ = ["Okx"]
