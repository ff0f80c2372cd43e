"""Seeded draws: independent streams by name, integer hashes, and tables of quantiles.

It owns every source of chance of the simulated market. A stream depends on the seed and its names only, so what one
instrument does never depends on whether another is listened to. Nothing here may use Python's ``hash``, a clock or
the order of a set. Uniforms and normals of PCG64 are the only draws taken; all else is made from them by tables,
because the other distributions of the generator may change between versions.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

T = TypeVar("T", np.float64, np.int64)

TABLE = 1024
"""Entries of a quantile table."""

_CHUNK = 32
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the generator of ``names`` under ``seed`` (a non-negative integer)."""
    key = tuple(zlib.crc32(name.encode()) for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))


def word(seed: int, *names: str) -> np.uint64:
    """Return 64 bits of ``names`` under ``seed``, to salt hashes with."""
    return np.uint64(stream(seed, *names).integers(0, 2**63, dtype=np.int64))


def mixed(values: Words) -> Words:
    """Return a hash of each value (the finaliser of SplitMix64): integers only, the same everywhere."""
    z = values + _GOLDEN
    z ^= z >> _30
    z *= _MIX_1
    z ^= z >> _27
    z *= _MIX_2
    z ^= z >> _31
    return z


def reverting(start: float, keep: float, shocks: Sequence[float]) -> list[float]:
    """Return the AR(1) path x' = keep x + shock from ``start``, without ``start`` itself."""
    return list(accumulate(shocks, lambda x, shock: keep * x + shock, initial=start))[1:]


def reverting_row(start: float, keep: float, shocks: Floats) -> Floats:
    """Return the same path as ``reverting`` for thousands of shocks, by chunks of array operations.

    Inside a chunk x_t = keep^t (x_0 + sum of shock_s / keep^s); chunks are short, so no digit that matters is lost.
    """
    count = len(shocks)
    padded = np.concatenate((shocks, np.zeros(-count % _CHUNK))).reshape(-1, _CHUNK)
    powers = np.cumprod(np.full(_CHUNK, keep))
    alone = np.cumsum(padded / powers, axis=1) * powers
    last = float(powers[-1])
    carried = list(accumulate(alone[:, -1].tolist(), lambda x, end: last * x + end, initial=start))[:-1]
    path: Floats = (alone + np.array(carried)[:, None] * powers).reshape(-1)[:count]
    return path


def keep_over(hours: float, half_life_h: float) -> float:
    """Return what is left of a deviation after ``hours``."""
    return round(math.exp(-math.log(2.0) * hours / half_life_h), 12)


def kick(keep: float, sd: float) -> float:
    """Return the deviation of the shock that keeps the stationary deviation at ``sd``."""
    return round(sd * math.sqrt(max(1.0 - keep * keep, 0.0)), 15)


def quantile_table(points: Sequence[tuple[float, float]], mean: float | None = None) -> Floats:
    """Return TABLE values of a positive distribution, interpolating its quantiles in logs; scaled to ``mean``."""
    at = (np.arange(TABLE) + 0.5) / TABLE
    table = np.exp(np.interp(at, [p for p, _ in points], [math.log(x) for _, x in points]))
    if mean is not None:
        table = table * (mean / float(table.mean()))
    rounded: Floats = np.round(table, 9).astype(np.float64)
    return rounded


def exponential_table() -> Floats:
    """Return TABLE values of the exponential distribution of mean 1."""
    rounded: Floats = np.round(-np.log1p(-(np.arange(TABLE) + 0.5) / TABLE), 6).astype(np.float64)
    return rounded


def log_normal_table(sd: float) -> Floats:
    """Return TABLE values of a log-normal distribution of mean 1, cut at three deviations."""
    z = np.linspace(-4.0, 4.0, 4001)
    below = np.cumsum(np.exp(-0.5 * z * z))
    at = (np.arange(TABLE) + 0.5) / TABLE
    normal = np.clip(np.interp(at, below / below[-1], z), -3.0, 3.0)
    table = np.exp(sd * normal)
    rounded: Floats = np.round(table / table.mean(), 9)
    return rounded


def pick(table: NDArray[T], uniforms: Floats) -> NDArray[T]:
    """Return the entries of ``table`` that ``uniforms`` in [0, 1) point at."""
    picked: NDArray[T] = table[(uniforms * TABLE).astype(np.int64)]
    return picked
