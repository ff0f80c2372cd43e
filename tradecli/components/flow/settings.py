"""The ``[flow]`` section: how the book and the tape are read (METHODS section 10)."""

from __future__ import annotations

from tradecli.settings import setting, settings


@settings
class FlowSettings:
    """Depth, weights and windows of the order-flow measures."""

    levels: int = setting(default=10, help="Book levels of the weighted imbalance", ge=1, le=200)
    decay: float = setting(default=0.5, help="Exponential weight per level away from the touch", gt=0, le=5)
    depth: int = setting(default=20, help="Book levels asked from a venue", ge=5, le=1_000)
    max_book_age_s: float = setting(
        default=1.0, help="A book older than this is not measured", unit="s", gt=0, le=3_600
    )
    tape_minutes: int = setting(
        default=60, help="Trades kept for pressure and CVD", unit="min", ge=1, le=1_440
    )
    max_participation: float = setting(
        default=0.10, help="Largest share of a market's volume", unit="fraction", gt=0, le=1
    )
