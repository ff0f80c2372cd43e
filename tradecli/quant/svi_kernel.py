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
MOST = 120
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
    y = (k - m) / s
    z = math.sqrt(y * y + 1.0)
    w = a + d * y + c * z
    if w <= 0.0:
        return -1.0
    first = (d + c * y / z) / s
    second = c / (z * z * z) / (s * s)
    part = 1.0 - 0.5 * k * first / w
    return part * part - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second


def svi_loss(
    m: float, log_s: float, k: Floats, w: Floats, weight: Floats, low: float, high: float, penalised: float
) -> float:
    """Return what the search makes small: weighted squares, and the penalty on [low, high] where it is asked for."""
    if abs(log_s) > 12.0 or abs(m) > 20.0:
        return NO_FIT
    s = math.exp(log_s)
    loss, a, d, c = svi_inner(m, s, k, w, weight)
    if a + math.sqrt(max(c * c - d * d, 0.0)) < 0.0:  # less than no variance at the lowest point
        return NO_FIT
    if penalised > 0.0:
        for i in range(STEPS):
            g = svi_durrleman(low + (high - low) * i / (STEPS - 1), a, d, c, m, s)
            if g < MARGIN:
                loss += penalised * (MARGIN - g) * (MARGIN - g)
    return loss


def svi_search(
    m: float, log_s: float, k: Floats, w: Floats, weight: Floats, low: float, high: float, penalised: float
) -> tuple[float, float, float, bool]:
    """Return (m, ln s, loss, converged) of the simplex search that begins at (m, log_s)."""
    x = [m, m + 0.1 * math.exp(log_s) + 0.005, m]
    y = [log_s, log_s, log_s + 0.3]
    f = [svi_loss(x[i], y[i], k, w, weight, low, high, penalised) for i in range(3)]
    for _ in range(MOST):
        for i, j in ((0, 1), (1, 2), (0, 1)):  # in order of loss
            if f[j] < f[i]:
                x[i], x[j], y[i], y[j], f[i], f[j] = x[j], x[i], y[j], y[i], f[j], f[i]
        wide = max(abs(x[2] - x[0]), abs(x[1] - x[0])) / math.exp(y[0]) + max(
            abs(y[2] - y[0]), abs(y[1] - y[0])
        )
        if wide < TIGHT or f[2] - f[0] <= LEVEL * f[0]:
            return x[0], y[0], f[0], True
        cx, cy = 0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1])
        px, py = 2.0 * cx - x[2], 2.0 * cy - y[2]
        at = svi_loss(px, py, k, w, weight, low, high, penalised)
        if at < f[0]:
            qx, qy = 3.0 * cx - 2.0 * x[2], 3.0 * cy - 2.0 * y[2]
            further = svi_loss(qx, qy, k, w, weight, low, high, penalised)
            if further < at:
                px, py, at = qx, qy, further
        elif at >= f[1]:
            inside = -0.5 if at >= f[2] else 0.5
            px, py = cx + inside * (cx - x[2]), cy + inside * (cy - y[2])
            nearer = svi_loss(px, py, k, w, weight, low, high, penalised)
            if nearer >= min(at, f[2]):
                for i in (1, 2):
                    x[i], y[i] = 0.5 * (x[0] + x[i]), 0.5 * (y[0] + y[i])
                    f[i] = svi_loss(x[i], y[i], k, w, weight, low, high, penalised)
                continue
            at = nearer
        x[2], y[2], f[2] = px, py, at
    return x[0], y[0], f[0], False


def svi_calibrate(
    k: Floats,
    w: Floats,
    years: float,
    scale: Floats,
    starts: Floats,
    low: float,
    high: float,
    penalised: float,
) -> tuple[float, float, float, float, float, float, bool]:
    """Return (a, d, c, m, s, loss, converged) of the best slice, outliers weighted by Huber's rule.

    ``starts`` has one row (m, ln s) a place to begin from; the search goes on from the better two.
    """
    losses = np.empty(len(starts))
    for i in range(len(starts)):
        losses[i] = svi_inner(starts[i][0], math.exp(starts[i][1]), k, w, scale)[0]
    order = np.argsort(losses)
    first = order[0]
    m, log_s, loss, done = svi_search(starts[first][0], starts[first][1], k, w, scale, low, high, penalised)
    if len(starts) > 1:
        second = order[1]
        x, y, f, ended = svi_search(starts[second][0], starts[second][1], k, w, scale, low, high, penalised)
        if f < loss:
            m, log_s, loss, done = x, y, f, ended
    weight = scale.copy()
    miss = np.empty(len(k))
    for _ in range(PASSES):
        _, a, d, c = svi_inner(m, math.exp(log_s), k, w, weight)
        for i in range(len(k)):
            y = (k[i] - m) / math.exp(log_s)
            model = a + d * y + c * math.sqrt(y * y + 1.0)
            miss[i] = abs(math.sqrt(max(model, 0.0) / years) - math.sqrt(w[i] / years))
        limit = HUBER * 1.4826 * float(np.median(miss))
        if limit < 1e-6:
            break
        for i in range(len(k)):
            weight[i] = scale[i] * min(1.0, limit / max(miss[i], 1e-12))
        m, log_s, loss, done = svi_search(m, log_s, k, w, weight, low, high, penalised)
    _, a, d, c = svi_inner(m, math.exp(log_s), k, w, weight)
    return a, d, c, m, math.exp(log_s), loss, done


def svi_lowest(
    a: float, d: float, c: float, m: float, s: float, steps: int, step: float
) -> tuple[float, float]:
    """Return the least g at the multiples of ``step`` from −``steps`` to ``steps``, and the k it is at."""
    lowest, at = NO_FIT, 0.0
    for i in range(-steps, steps + 1):
        g = svi_durrleman(i * step, a, d, c, m, s)
        if g < lowest:
            lowest, at = g, i * step
    return lowest, at


SEARCH = (svi_inner, svi_durrleman, svi_loss)
"""What ``svi_search`` calls."""
CALIBRATE = (*SEARCH, svi_search)
"""What ``svi_calibrate`` calls."""
