"""Our own fit of GARCH(1,1): maximum likelihood by a quasi-Newton search with exact gradients (METHODS section 3).

The likelihood is that of ``garch`` over unbounded coordinates: numpy as it is, or the compiled loop of ``kernels`` for
bulk work. Tests hold its optimum equal to arch's to a millionth of log-likelihood an observation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tradecli.quant import kernels
from tradecli.quant.garch import (
    NU_HIGH,
    NU_LOW,
    Fit,
    Garch,
    backcast,
    recursion,
    refilter,
    t_constant,
)
from tradecli.quant.returns import Floats, moves

START = (0.08, 0.88)
"""alpha and beta that a search begins with; omega begins at the sample variance times what is left of 1."""
LEAST_REST = 1e-3
"""Of 1 − P, at the start of a search: further on the likelihood is too flat to find back."""

Objective = Callable[[Floats], tuple[float, Floats]]


def fit(
    returns: Floats,
    *,
    student: bool = True,
    start: tuple[float, float] = START,
    known: Garch | None = None,
    before: float | None = None,
    target: float | None = None,
    compiled: bool = False,
) -> Fit | None:
    """Fit by maximum likelihood; None when the search breaks down or the returns do not move.

    ``known`` is an earlier optimum of the same errors to begin from, instead of ``start``. ``target`` fixes the
    long-run variance, so that only the dynamics are fitted (variance targeting). ``compiled`` uses the compiled loop.
    """
    spread = float(np.var(returns)) if len(returns) > 2 and moves(returns) else 0.0
    if not math.isfinite(spread) or spread <= 0.0:
        return None
    before = backcast(returns) if before is None else before
    search = _Search(returns, before, math.sqrt(spread), student, target, compiled)
    begin = known or Garch(float(np.mean(returns)), 0.0, *start, 6.0 if student else None)
    point, converged = minimise(search, search.point(begin, spread))
    found = refilter(search.model(point), returns, before)
    if not math.isfinite(found.loglik):
        return None
    return Fit(found.model, found.loglik, found.n, converged, found.next_variance)


class _Search:
    """The mean negative log-likelihood and its gradient over unbounded coordinates.

    They are mu in standard deviations, the logarithms of alpha and beta over 1−P, ln omega unless a long-run variance
    is given, and for t errors the logit of nu between its bounds.
    """

    def __init__(
        self,
        returns: Floats,
        before: float,
        scale: float,
        student: bool,
        target: float | None,
        compiled: bool = False,
    ) -> None:
        self.returns = returns
        self.before = before
        self.scale = scale
        self.student = student
        self.target = target
        self.likelihood: kernels.Likelihood = (
            kernels.compiled(kernels.garch_likelihood) if compiled else likelihood
        )

    def point(self, model: Garch, spread: float) -> Floats:
        """Return the coordinates of a model; its omega, where it has none, from the sample variance."""
        alpha, beta = max(model.alpha, 1e-4), max(model.beta, 1e-4)
        rest = max(1.0 - alpha - beta, LEAST_REST)
        found = [model.mu / self.scale, math.log(alpha / rest), math.log(beta / rest)]
        if self.target is None:
            found.append(math.log(model.omega if model.omega > 0.0 else spread * rest))
        if self.student:
            share = ((model.nu or 6.0) - NU_LOW) / (NU_HIGH - NU_LOW)
            share = min(max(share, 1e-3), 1.0 - 1e-3)
            found.append(math.log(share / (1.0 - share)))
        return np.array(found)

    def model(self, point: Floats) -> Garch:
        mu, a, b, *others = point.tolist()
        highest = max(a, b, 0.0)  # shares as a softmax that cannot overflow
        a, b, rest = math.exp(a - highest), math.exp(b - highest), math.exp(-highest)
        whole = a + b + rest
        omega = self.target * rest / whole if self.target is not None else math.exp(min(others[0], 700.0))
        nu = NU_LOW + (NU_HIGH - NU_LOW) * logistic(others[-1]) if self.student else None
        return Garch(mu * self.scale, omega, a / whole, b / whole, nu)

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        m = self.model(point)
        n, nu = len(self.returns), m.nu or 0.0
        value, d_mu, d_omega, d_alpha, d_beta, d_nu = self.likelihood(
            self.returns - m.mu, self.before, m.omega, m.alpha, m.beta, nu, 0.0
        )
        constant, by_nu = error_constant(m.nu)
        if self.target is not None:
            d_alpha, d_beta = d_alpha - self.target * d_omega, d_beta - self.target * d_omega
        free = [
            d_mu * self.scale,
            m.alpha * ((1.0 - m.alpha) * d_alpha - m.beta * d_beta),
            m.beta * ((1.0 - m.beta) * d_beta - m.alpha * d_alpha),
        ]
        if self.target is None:
            free.append(d_omega * m.omega)
        if m.nu is not None:
            share = (m.nu - NU_LOW) / (NU_HIGH - NU_LOW)
            free.append((d_nu + n * by_nu) * share * (1.0 - share) * (NU_HIGH - NU_LOW))
        return -(value / n + constant), -np.array(free) / n


def likelihood(
    e: Floats, before: float, omega: float, alpha: float, beta: float, nu: float, gap: float
) -> tuple[float, float, float, float, float, float]:
    """Return what ``kernels.garch_likelihood`` does, by whole arrays: one recursion forth and one back.

    The slopes by the parameters of h follow from the adjoint λ_t = ∂l/∂h_t + β λ_{t+1}.
    """
    squares = e * e
    lagged = np.concatenate(([before], squares[:-1]))
    h = recursion(omega + alpha * lagged, beta, before)
    if not float(np.min(h)) > gap:
        return -math.inf, 0.0, 0.0, 0.0, 0.0, 0.0
    ratio = squares / h
    if nu > 0.0:
        tail = ratio / (nu - 2.0)
        spread = np.log1p(tail)
        weight = (nu + 1.0) / (nu - 2.0) / (1.0 + tail)
        value = -0.5 * float(np.sum(np.log(h))) - 0.5 * (nu + 1.0) * float(np.sum(spread))
        d_nu = -0.5 * float(np.sum(spread)) + 0.5 * float(np.sum(weight * tail))
    else:
        weight = np.ones_like(e)
        value, d_nu = -0.5 * float(np.sum(np.log(h) + ratio)), 0.0
    adjoint = recursion((0.5 * (weight * ratio - 1.0) / h)[::-1], beta, 0.0)[::-1]
    h_before = np.concatenate(([before], h[:-1]))
    d_mu = float(np.sum(weight * e / h)) - 2.0 * alpha * float(np.sum(adjoint[1:] * e[:-1]))
    return (
        value,
        d_mu,
        float(np.sum(adjoint)),
        float(np.sum(adjoint * lagged)),
        float(np.sum(adjoint * h_before)),
        d_nu,
    )


def error_constant(nu: float | None) -> tuple[float, float]:
    """Return the log density's constant and its slope by nu."""
    if nu is None:
        return -0.5 * math.log(2.0 * math.pi), 0.0
    step = 1e-5
    return t_constant(nu), (t_constant(nu + step) - t_constant(nu - step)) / (2.0 * step)


def logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def minimise(
    objective: Objective, point: Floats, *, tolerance: float = 1e-7, most: int = 200
) -> tuple[Floats, bool]:
    """Return the point a BFGS search ends at, and whether the gradient has vanished there; Nocedal & Wright, ch. 6.

    It begins with the curvature of the place it starts from, so that a start near the optimum ends in a few steps.
    """
    value, gradient = objective(point)
    inverse = _inverse_curvature(objective, point, gradient)
    for _ in range(most):
        if float(np.max(np.abs(gradient))) < tolerance:
            return point, True
        direction = -inverse @ gradient
        slope = float(gradient @ direction)
        if slope >= 0.0:
            inverse, direction = np.eye(len(point)), -gradient
            slope = float(gradient @ direction)
        length = min(1.0, 2.0 / float(np.max(np.abs(direction))))
        for _ in range(40):
            trial = point + length * direction
            new_value, new_gradient = objective(trial)
            if math.isfinite(new_value) and new_value <= value + 1e-4 * length * slope:
                break
            length *= 0.5
        else:
            return point, float(np.max(np.abs(gradient))) < 1e3 * tolerance
        step, change = trial - point, new_gradient - gradient
        curvature = float(step @ change)
        if curvature > 1e-14:
            pulled = inverse @ change
            cross = np.outer(pulled, step) / curvature
            growth = (1.0 + float(change @ pulled) / curvature) / curvature
            inverse = inverse - cross - cross.T + growth * np.outer(step, step)
        point, value, gradient = trial, new_value, new_gradient
    return point, False


def _inverse_curvature(objective: Objective, point: Floats, gradient: Floats) -> Floats:
    """Return the inverse Hessian from differences of the gradient, made positive where it is not."""
    size, step = len(point), 1e-4
    hessian = np.empty((size, size))
    for index in range(size):
        moved = point.copy()
        moved[index] += step
        hessian[index] = (objective(moved)[1] - gradient) / step
    if not np.all(np.isfinite(hessian)):
        return np.eye(size)
    values, axes = np.linalg.eigh(0.5 * (hessian + hessian.T))
    sizes = np.maximum(np.abs(values), 1e-3 * float(np.max(np.abs(values))) + 1e-12)
    return np.asarray((axes / sizes) @ axes.T)
