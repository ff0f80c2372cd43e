"""The loops of the SVI fit: plain functions over arrays that run as they stand in Python, or compiled.

Quasi-explicit calibration (Zeliade 2009): with y = (k − m)/s, w = a + d y + c √(y² + 1) is linear in (a, d, c), so that
only m and ln s are searched, by Nelder and Mead's simplex. ``svi`` gives them meaning; ``kernels.compiled`` turns them
into machine code.
"""

from __future__ import annotations

import math

import numpy as np

from tradecli.quant.returns import Floats

NO_FIT = 1e300
PENALTY = 1e4
"""Of Durrleman's condition in a refit (METHODS section 7)."""
STEPS = 121
"""Places at which a refit looks at it."""
MARGIN = 0.005
"""What a refit keeps above zero, so that none is below it between those places."""
TIGHT = 1e-6
LEVEL = 1e-8
"""The search ends when its corners lie that close, in deviations, or their losses that close, relative."""
LOOSE = 100.0
"""By how much looser a search ends whose place is only where the next one begins."""
MOST = 120
GRID_REACH, ATM_REACH = 1.5, 8.0
"""Durrleman's condition is looked at on ±1.5, and at least this many deviations at the money."""
STARTS_M, STARTS_S = (-0.5, 0.0, 0.5), (0.3, 1.0, 3.0)
"""In deviations at the money: the nine places where the search may begin."""
HUBER = 1.345
PASSES = 2


def svi_inner(m: float, s: float, k: Floats, w: Floats, weight: Floats) -> tuple[float, float, float, float]:
    """Return (weighted squares, a, d, c) of the best linear part at (m, s), within |d| ≤ c and c + |d| ≤ 2 s."""
    n = w_ = y_ = z_ = yy = yz = zz = wy = wz = ww = 0.0
    for i in range(len(k)):
        y = (k[i] - m) / s
        z = math.sqrt(y * y + 1.0)
        g = weight[i]
        n += g
        w_ += g * w[i]
        y_ += g * y
        z_ += g * z
        yy += g * y * y
        yz += g * y * z
        zz += g * z * z
        wy += g * w[i] * y
        wz += g * w[i] * z
        ww += g * w[i] * w[i]
    cyy, cyz, czz = yy - y_ * y_ / n, yz - y_ * z_ / n, zz - z_ * z_ / n
    cwy, cwz, cww = wy - w_ * y_ / n, wz - w_ * z_ / n, ww - w_ * w_ / n
    best, best_d, best_c = cww, 0.0, 0.0  # a flat slice is always allowed
    for case in range(5):  # inside, then the edges d = c, d = -c, c + d = 2s, c - d = 2s
        if case == 0:
            whole = cyy * czz - cyz * cyz
            if whole <= 1e-14 * cyy * czz:
                continue
            d, c = (cwy * czz - cwz * cyz) / whole, (cwz * cyy - cwy * cyz) / whole
        elif case < 3:
            sign = 1.0 if case == 1 else -1.0
            spread = czz + 2.0 * sign * cyz + cyy
            if spread <= 0.0:
                continue
            c = (cwz + sign * cwy) / spread
            c = min(max(c, 0.0), s)
            d = sign * c
        else:
            sign = 1.0 if case == 3 else -1.0
            spread = cyy - 2.0 * sign * cyz + czz
            if spread <= 0.0:
                continue
            d = (cwy - sign * cwz - 2.0 * s * (cyz - sign * czz)) / spread
            d = sign * min(max(sign * d, 0.0), s)
            c = 2.0 * s - abs(d)
        if c < 0.0 or abs(d) > c or c + abs(d) > 2.0 * s * (1.0 + 1e-12):
            continue
        loss = cww - 2.0 * (d * cwy + c * cwz) + d * d * cyy + 2.0 * d * c * cyz + c * c * czz
        if loss < best:
            best, best_d, best_c = loss, d, c
    return max(best, 0.0), (w_ - best_d * y_ - best_c * z_) / n, best_d, best_c


def svi_durrleman(k: float, a: float, d: float, c: float, m: float, s: float) -> float:
    """Return g(k) of the slice in its linear form; a slice without variance there has −1."""
    flat = 1.0 / s
    y = (k - m) * flat
    z = math.sqrt(y * y + 1.0)
    w = a + d * y + c * z
    over, under = 1.0 / w if w > 0.0 else 0.0, 1.0 / z
    first = (d + c * y * under) * flat
    second = c * under * under * under * flat * flat
    part = 1.0 - 0.5 * k * first * over
    g = part * part - 0.25 * first * first * (over + 0.25) + 0.5 * second
    return g if w > 0.0 else -1.0


def svi_loss(
    m: float,
    log_s: float,
    k: Floats,
    w: Floats,
    weight: Floats,
    low: float,
    high: float,
    penalised: float,
    bound: float,
) -> float:
    """Return what the search makes small: weighted squares, and the penalty on [low, high] where it is asked for.

    From ``bound`` on it is of no use to the search, which need not know by how much.
    """
    if abs(log_s) > 12.0 or abs(m) > 20.0:
        return NO_FIT
    s = math.exp(log_s)
    loss, a, d, c = svi_inner(m, s, k, w, weight)
    if a + math.sqrt(max(c * c - d * d, 0.0)) < 0.0:  # less than no variance at the lowest point
        return NO_FIT
    if penalised > 0.0 and loss < bound:
        below = 0.0
        for i in range(STEPS):
            short = max(MARGIN - svi_durrleman(low + (high - low) / (STEPS - 1) * i, a, d, c, m, s), 0.0)
            below += short * short
        loss += penalised * below
    return loss


def svi_search(
    m: float,
    log_s: float,
    k: Floats,
    w: Floats,
    weight: Floats,
    low: float,
    high: float,
    penalised: float,
    loose: float,
) -> tuple[float, float, float, bool]:
    """Return (m, ln s, loss, converged) of the simplex search that begins at (m, log_s), and ends ``loose`` or at 1."""
    rest = k, w, weight, low, high, penalised
    tight, level = TIGHT * loose, LEVEL * loose
    x = [m, m + 0.1 * math.exp(log_s) + 0.005, m]
    y = [log_s, log_s, log_s + 0.3]
    f = [svi_loss(x[i], y[i], *rest, NO_FIT) for i in range(3)]
    for _ in range(MOST):
        for i, j in ((0, 1), (1, 2), (0, 1)):  # in order of loss
            if f[j] < f[i]:
                x[i], x[j], y[i], y[j], f[i], f[j] = x[j], x[i], y[j], y[i], f[j], f[i]
        wide = max(abs(x[2] - x[0]), abs(x[1] - x[0])) / math.exp(y[0]) + max(
            abs(y[2] - y[0]), abs(y[1] - y[0])
        )
        if wide < tight or f[2] - f[0] <= level * f[0]:
            return x[0], y[0], f[0], True
        cx, cy = 0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1])
        px, py = 2.0 * cx - x[2], 2.0 * cy - y[2]
        at = svi_loss(px, py, *rest, f[2])
        if at < f[0]:
            qx, qy = 3.0 * cx - 2.0 * x[2], 3.0 * cy - 2.0 * y[2]
            further = svi_loss(qx, qy, *rest, at)
            if further < at:
                px, py, at = qx, qy, further
        elif at >= f[1]:
            inside = -0.5 if at >= f[2] else 0.5
            px, py = cx + inside * (cx - x[2]), cy + inside * (cy - y[2])
            nearer = svi_loss(px, py, *rest, min(at, f[2]))
            if nearer >= min(at, f[2]):
                for i in (1, 2):
                    x[i], y[i] = 0.5 * (x[0] + x[i]), 0.5 * (y[0] + y[i])
                    f[i] = svi_loss(x[i], y[i], *rest, NO_FIT)
                continue
            at = nearer
        x[2], y[2], f[2] = px, py, at
    return x[0], y[0], f[0], False


def svi_at_zero(k: Floats, w: Floats) -> float:
    """Return the total variance at the money on the line between its neighbours; k ascends."""
    last = len(k) - 1
    after = 0
    while after < last and k[after] < 0.0:
        after += 1
    found: float = w[after]
    if after > 0 and k[after] > 0.0:
        found += (w[after - 1] - w[after]) * k[after] / (k[after] - k[after - 1])
    return found


def svi_begin(k: Floats, w: Floats, weight: Floats, at_zero: float) -> tuple[float, float, float, float]:
    """Return the better two of nine places to begin from, as (m, ln s, m, ln s)."""
    deviation, lowest = max(math.sqrt(at_zero), 0.01), 0
    for i in range(1, len(w)):
        if w[i] < w[lowest]:
            lowest = i
    best, second = NO_FIT, NO_FIT
    m1, y1, m2, y2 = 0.0, 0.0, 0.0, 0.0
    for step in STARTS_M:
        for share in STARTS_S:
            m, log_s = 0.5 * k[lowest] + step * deviation, math.log(share * deviation)
            loss = svi_inner(m, math.exp(log_s), k, w, weight)[0]
            if loss < best:
                best, second, m2, y2, m1, y1 = loss, best, m1, y1, m, log_s
            elif loss < second:
                second, m2, y2 = loss, m, log_s
    return m1, y1, m2, y2


def svi_missed(
    k: Floats, vol: Floats, years: float, a: float, d: float, c: float, m: float, s: float, missed: Floats
) -> None:
    """Write the volatility that a slice misses at each quote into ``missed``."""
    for i in range(len(k)):
        y = (k[i] - m) / s
        missed[i] = math.sqrt(max(a + d * y + c * math.sqrt(y * y + 1.0), 0.0) / years) - vol[i]


def svi_mean_error(missed: Floats, given: Floats) -> float:
    """Return the weighted root mean square of what is missed."""
    squares = whole = 0.0
    for i in range(len(missed)):
        squares += given[i] * missed[i] * missed[i]
        whole += given[i]
    return math.sqrt(squares / whole)


def svi_error(
    k: Floats,
    vol: Floats,
    given: Floats,
    years: float,
    a: float,
    d: float,
    c: float,
    m: float,
    s: float,
) -> float:
    """Return the weighted root mean square of the volatility that a slice misses."""
    missed = np.empty(len(k))
    svi_missed(k, vol, years, a, d, c, m, s, missed)
    return svi_mean_error(missed, given)


def svi_calibrate(
    k: Floats,
    vol: Floats,
    given: Floats,
    years: float,
    is_known: bool,
    m: float,
    log_s: float,
    penalised: bool,
    room: Floats,
) -> tuple[float, float, float, float, float, float, bool, float]:
    """Return (a, d, c, m, s, loss, converged, error) of the best slice, outliers weighted by Huber's rule.

    ``given`` weighs the squared volatility missed. The search begins at (m, log_s) where ``is_known``, else at the
    better two of nine places. ``room`` has four rows as long as the quotes.
    """
    w, scale, weight, missed = room[0], room[1], room[2], room[3]
    whole = 0.0
    for i in range(len(k)):  # from volatility to total variance: dw = 2 σ T dσ
        w[i] = vol[i] * vol[i] * years
        scale[i] = given[i] / (4.0 * vol[i] * vol[i] * years * years)
        whole += scale[i]
    size = 0.0
    for i in range(len(k)):
        scale[i] /= whole
        weight[i] = scale[i]
        size += scale[i] * w[i] * w[i]
    at_zero = svi_at_zero(k, w)
    high = max(GRID_REACH, ATM_REACH * math.sqrt(at_zero))
    penalty = PENALTY * size if penalised else 0.0
    if is_known:
        m, log_s, loss, done = svi_search(m, log_s, k, w, scale, -high, high, penalty, LOOSE)
    else:
        m1, y1, m2, y2 = svi_begin(k, w, scale, at_zero)
        m, log_s, loss, done = svi_search(m1, y1, k, w, scale, -high, high, penalty, LOOSE)
        other = svi_search(m2, y2, k, w, scale, -high, high, penalty, LOOSE)
        if other[2] < loss:
            m, log_s, loss, done = other
    for turn in range(PASSES):
        _, a, d, c = svi_inner(m, math.exp(log_s), k, w, weight)
        svi_missed(k, vol, years, a, d, c, m, math.exp(log_s), missed)
        for i in range(len(k)):
            missed[i] = abs(missed[i])
        limit = HUBER * 1.4826 * float(np.median(missed))
        last = limit < 1e-6 or turn == PASSES - 1
        if limit >= 1e-6:
            for i in range(len(k)):
                weight[i] = scale[i] * min(1.0, limit / max(missed[i], 1e-12))
        m, log_s, loss, done = svi_search(
            m, log_s, k, w, weight, -high, high, penalty, 1.0 if last else LOOSE
        )
        if last:
            break
    s = math.exp(log_s)
    _, a, d, c = svi_inner(m, s, k, w, weight)
    svi_missed(k, vol, years, a, d, c, m, s, missed)
    return a, d, c, m, s, loss, done, svi_mean_error(missed, given)


def svi_lowest(
    a: float, d: float, c: float, m: float, s: float, steps: int, step: float
) -> tuple[float, float]:
    """Return the least g at the multiples of ``step`` from −``steps`` to ``steps``, and the k it is at."""
    g = np.empty(2 * steps + 1)
    for i in range(2 * steps + 1):  # apart from the search for the least, so that it runs in vectors
        g[i] = svi_durrleman((i - steps) * step, a, d, c, m, s)
    lowest = 0
    for i in range(1, 2 * steps + 1):
        if g[i] < g[lowest]:
            lowest = i
    return g[lowest], (lowest - steps) * step


SEARCH = (svi_inner, svi_durrleman, svi_loss)
"""What ``svi_search`` calls."""
CALIBRATE = (*SEARCH, svi_search, svi_at_zero, svi_begin, svi_missed, svi_mean_error)
"""What ``svi_calibrate`` calls."""
