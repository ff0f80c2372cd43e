"""How long an order takes: a log-normal drawn from a stream keyed by the order itself. Pure.

Because the draw depends on the seed and the key only, the order in which calls are made changes nothing, and one order
more or less never shifts the latency of the others.
"""

from __future__ import annotations

import hashlib
import math


def legs(seed: int, key: str, median_ms: float, sigma: float) -> tuple[int, int]:
    """Return (way out, way back) in ms; their sum is log-normal, and the way back is half the way out.

    Decision to acknowledgement is the sum of both (METHODS 12.3, "Latency"). The normal draw is Box-Muller over two
    64-bit fractions of a keyed hash.
    """
    if median_ms <= 0:
        return 0, 0
    digest = hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=16).digest()
    first = (int.from_bytes(digest[:8], "big") + 1) / 2**64
    second = int.from_bytes(digest[8:], "big") / 2**64
    normal = math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)
    total = round(median_ms * math.exp(sigma * normal))
    out = round(total * 2 / 3)
    return out, total - out
