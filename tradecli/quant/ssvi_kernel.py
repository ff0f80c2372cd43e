"""The loops of the SSVI fit: plain functions over arrays that run as they stand in Python, or compiled.

Damped Gauss–Newton steps on (atanh ρ, ln η, logit γ) with slopes in closed form. ``ssvi`` gives them meaning.
"""

from __future__ import annotations

import math

from tradecli.quant.returns import Floats

STEPS = 40
SETTLED = 1e-3
"""A step that gains less than this share of the squares is the last."""
HOPELESS = 1e6
"""Damping from which no smaller step helps: this is the bottom."""
ROOM = 0.999
"""How near to its limits a fit may come."""
MOST = 8.0
"""Of ln η and logit γ, either way."""
SHRINK = 0.95


def ssvi_model(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return (ρ, η, γ) of the three numbers that are searched."""
    return (
        ROOM * math.tanh(x),
        math.exp(min(max(y, -MOST), MOST)),
        1.0 / (1.0 + math.exp(-min(max(z, -MOST), MOST))),
    )


def ssvi_phi(eta: float, gamma: float, theta: float) -> float:
    """Return φ(θ) = η θ^−γ (1 + θ)^(γ − 1)."""
    return eta * math.exp(-gamma * math.log(theta) + (gamma - 1.0) * math.log1p(theta))


def ssvi_squares(
    x: float,
    y: float,
    z: float,
    k: Floats,
    vol: Floats,
    years: Floats,
    theta: Floats,
    weight: Floats,
    normal: Floats,
) -> float:
    """Return the weighted squares of volatility missed; ``normal`` takes the normal equations.

    Its nine places: the slopes' products xx, xy, xz, yy, yz, zz, then x, y and z with what is missed.
    """
    rho, eta, gamma = ssvi_model(x, y, z)
    by_rho = ROOM * (1.0 - (rho / ROOM) * (rho / ROOM))
    by_eta = 1.0 if abs(y) < MOST else 0.0
    by_gamma = gamma * (1.0 - gamma) if abs(z) < MOST else 0.0
    phi = turn = 0.0
    squares = xx = xy = xz = yy = yz = zz = xr = yr = zr = 0.0
    for i in range(len(k)):
        if i == 0 or theta[i] != theta[i - 1]:
            phi = ssvi_phi(eta, gamma, theta[i])
            turn = math.log1p(theta[i]) - math.log(theta[i])
        u = phi * k[i]
        root = math.sqrt((u + rho) * (u + rho) + 1.0 - rho * rho)
        w = max(0.5 * theta[i] * (1.0 + rho * u + root), 1e-300)
        at = math.sqrt(w / years[i])
        missed = at - vol[i]
        slope = 0.25 * theta[i] / (at * years[i])  # of the volatility by 1 + ρ u + root
        to_x = slope * (u + u / root) * by_rho
        to_phi = slope * (rho * u + (u + rho) * u / root)  # by ln φ
        to_y, to_z = to_phi * by_eta, to_phi * turn * by_gamma
        g = weight[i]
        squares += g * missed * missed
        xx += g * to_x * to_x
        xy += g * to_x * to_y
        xz += g * to_x * to_z
        yy += g * to_y * to_y
        yz += g * to_y * to_z
        zz += g * to_z * to_z
        xr += g * to_x * missed
        yr += g * to_y * missed
        zr += g * to_z * missed
    normal[0], normal[1], normal[2], normal[3], normal[4] = xx, xy, xz, yy, yz
    normal[5], normal[6], normal[7], normal[8] = zz, xr, yr, zr
    return squares


def ssvi_step(normal: Floats, damping: float) -> tuple[float, float, float]:
    """Return the damped step, each part at most 1; nothing where the equations have no answer."""
    a = normal[0] + damping * (normal[0] + 1e-12)
    e = normal[3] + damping * (normal[3] + 1e-12)
    i = normal[5] + damping * (normal[5] + 1e-12)
    b, c, f = normal[1], normal[2], normal[4]
    ei, fb, be = e * i - f * f, c * f - b * i, b * f - c * e
    whole = a * ei + b * fb + c * be
    if not whole > 0.0:
        return 0.0, 0.0, 0.0
    x, y, z = normal[6], normal[7], normal[8]
    ai, ae, cb = a * i - c * c, a * e - b * b, b * c - a * f
    return (
        -min(max((ei * x + fb * y + be * z) / whole, -1.0), 1.0),
        -min(max((fb * x + ai * y + cb * z) / whole, -1.0), 1.0),
        -min(max((be * x + cb * y + ae * z) / whole, -1.0), 1.0),
    )


def ssvi_is_free(rho: float, eta: float, gamma: float, theta: float) -> bool:
    """Say whether θ φ (1 + |ρ|) < 4 and θ φ² (1 + |ρ|) ≤ 4: then a slice has no butterflies."""
    phi, lean = ssvi_phi(eta, gamma, theta), 1.0 + abs(rho)
    return theta * phi * lean < 4.0 and theta * phi * phi * lean <= 4.0


def ssvi_calibrate(
    k: Floats, vol: Floats, years: Floats, theta: Floats, weight: Floats, now: Floats, then: Floats
) -> tuple[float, float, float, float, bool]:
    """Return (ρ, η, γ, error, converged); ``weight`` sums to 1, ``now`` and ``then`` have nine places each.

    η is lowered by twentieths until no expiry has butterflies; the error is that of the model returned.
    """
    x, y, z = -0.2, 0.0, 0.0
    damping, converged = 1e-3, False
    squares = ssvi_squares(x, y, z, k, vol, years, theta, weight, now)
    for _ in range(STEPS):
        by_x, by_y, by_z = ssvi_step(now, damping)
        after = ssvi_squares(x + by_x, y + by_y, z + by_z, k, vol, years, theta, weight, then)
        if after < squares:
            converged = squares - after <= SETTLED * squares + 1e-18
            x, y, z, squares, damping = x + by_x, y + by_y, z + by_z, after, damping / 5.0
            for at in range(9):
                now[at] = then[at]
        else:
            damping *= 10.0
            converged = damping > HOPELESS
        if converged:
            break
    rho, eta, gamma = ssvi_model(x, y, z)
    for i in range(len(theta)):
        while not ssvi_is_free(rho, eta, gamma, theta[i]):
            eta *= SHRINK
    squares = 0.0
    for i in range(len(k)):
        u = ssvi_phi(eta, gamma, theta[i]) * k[i]
        w = 0.5 * theta[i] * (1.0 + rho * u + math.sqrt((u + rho) * (u + rho) + 1.0 - rho * rho))
        missed = math.sqrt(max(w, 0.0) / years[i]) - vol[i]
        squares += weight[i] * missed * missed
    return rho, eta, gamma, math.sqrt(squares), converged


CALIBRATE = (ssvi_model, ssvi_phi, ssvi_squares, ssvi_step, ssvi_is_free)
"""What ``ssvi_calibrate`` calls."""
