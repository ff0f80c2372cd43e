"""Asymmetric GARCH: GJR with t errors and EGARCH with normal ones, fitted by maximum likelihood (METHODS section 3).

    GJR:    h_t = omega + (alpha + gamma 1{e<0}) e²_{t−1} + beta h_{t−1}
    EGARCH: ln h_t = omega + alpha (|z_{t−1}| − √(2/π)) + gamma z_{t−1} + beta ln h_{t−1}

Returns are in percent. EGARCH has normal errors only: with t errors its forecast of a variance does not exist (Nelson,
Econometrica 1991). Sources: Glosten, Jagannathan & Runkle, JF (1993); Nelson (1991).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant import kernels
from tradecli.quant.garch import NU_HIGH, NU_LOW, Fit, Garch, backcast, recursion, refilter
from tradecli.quant.garch_fit import LEAST_REST, error_constant, logistic, minimise
from tradecli.quant.returns import Floats, moves

MEAN_ABSOLUTE = math.sqrt(2.0 / math.pi)
EGARCH_STARTS = ((0.15, 0.0, 0.95), (0.30, -0.05, 0.80), (0.10, 0.0, 0.985))
"""alpha, gamma and beta that a search begins with, the next one where it did not end in an optimum."""
LARGEST_LOG = 30.0
"""Logarithms of a variance beyond this are a search gone astray."""


# -- GJR ---------------------------------------------------------------------------------------------------------------


def fit_gjr(returns: Floats, *, before: float | None = None, known: Garch | None = None) -> Fit | None:
    """Fit GJR with t errors; None when the search breaks down or the returns do not move."""
    spread = _spread(returns)
    if spread is None:
        return None
    before = backcast(returns) if before is None else before
    search = _GjrSearch(returns, before, math.sqrt(spread))
    begin = known or Garch(float(np.mean(returns)), 0.0, 0.05, 0.88, 6.0, 0.06)
    point, converged = minimise(search, search.point(begin, spread))
    found = refilter(search.model(point), returns, before)
    if not math.isfinite(found.loglik):
        return None
    return Fit(found.model, found.loglik, found.n, converged, found.next_variance)


class _GjrSearch:
    """The mean negative log-likelihood over unbounded coordinates.

    Persistence is the sum of three shares, half the weight of an upward shock, half that of a downward one, and beta;
    a softmax over them and what is left of 1 keeps every constraint of METHODS.
    """

    def __init__(self, returns: Floats, before: float, scale: float) -> None:
        self.returns = returns
        self.before = before
        self.scale = scale

    def point(self, model: Garch, spread: float) -> Floats:
        up, down = 0.5 * max(model.alpha, 1e-4), 0.5 * max(model.alpha + model.gamma, 1e-4)
        rest = max(1.0 - up - down - model.beta, LEAST_REST)
        share = min(max(((model.nu or 6.0) - NU_LOW) / (NU_HIGH - NU_LOW), 1e-3), 1.0 - 1e-3)
        omega = model.omega if model.omega > 0.0 else spread * rest
        logs = [math.log(each / rest) for each in (up, down, max(model.beta, 1e-4))]
        return np.array([model.mu / self.scale, *logs, math.log(omega), math.log(share / (1.0 - share))])

    def model(self, point: Floats) -> Garch:
        mu, *logs, omega, nu = point.tolist()
        highest = max(*logs, 0.0)
        sizes = [math.exp(each - highest) for each in (*logs, 0.0)]
        up, down, beta = (each / math.fsum(sizes) for each in sizes[:3])
        tail = NU_LOW + (NU_HIGH - NU_LOW) * logistic(nu)
        return Garch(mu * self.scale, math.exp(min(omega, 700.0)), 2.0 * up, beta, tail, 2.0 * (down - up))

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        m = self.model(point)
        n, nu = len(self.returns), m.nu or NU_LOW
        value, d_mu, d_omega, d_up, d_down, d_beta, d_nu = _gjr_likelihood(
            self.returns - m.mu, self.before, m, nu
        )
        constant, by_nu = error_constant(nu)
        shares = (0.5 * m.alpha, 0.5 * (m.alpha + m.gamma), m.beta)
        slopes = (2.0 * d_up, 2.0 * d_down, d_beta)
        pull = math.fsum(share * slope for share, slope in zip(shares, slopes, strict=True))
        place = (nu - NU_LOW) / (NU_HIGH - NU_LOW)
        free = [
            d_mu * self.scale,
            *(share * (slope - pull) for share, slope in zip(shares, slopes, strict=True)),
            d_omega * m.omega,
            (d_nu + n * by_nu) * place * (1.0 - place) * (NU_HIGH - NU_LOW),
        ]
        return -(value / n + constant), -np.array(free) / n


def _gjr_likelihood(
    e: Floats, before: float, m: Garch, nu: float
) -> tuple[float, float, float, float, float, float, float]:
    """Return the log-likelihood less its constants and its slopes by mu, omega, the upward and downward weights of a
    shock, beta and nu, by the adjoint λ_t = ∂l/∂h_t + β λ_{t+1}.
    """
    squares = e * e
    falls = e < 0.0
    lagged_up = np.concatenate(([0.5 * before], np.where(falls, 0.0, squares)[:-1]))
    lagged_down = np.concatenate(([0.5 * before], np.where(falls, squares, 0.0)[:-1]))
    up, down = m.alpha, m.alpha + m.gamma
    h = recursion(m.omega + up * lagged_up + down * lagged_down, m.beta, before)
    if not float(np.min(h)) > 0.0:
        return -math.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    ratio = squares / h
    tail = ratio / (nu - 2.0)
    logs = np.log1p(tail)
    weight = (nu + 1.0) / (nu - 2.0) / (1.0 + tail)
    value = -0.5 * float(np.sum(np.log(h))) - 0.5 * (nu + 1.0) * float(np.sum(logs))
    d_nu = -0.5 * float(np.sum(logs)) + 0.5 * float(np.sum(weight * tail))
    adjoint = recursion((0.5 * (weight * ratio - 1.0) / h)[::-1], m.beta, 0.0)[::-1]
    by_shock = np.where(falls, down, up)[:-1] * e[:-1]
    return (
        value,
        float(np.sum(weight * e / h)) - 2.0 * float(adjoint[1:] @ by_shock),
        float(np.sum(adjoint)),
        float(adjoint @ lagged_up),
        float(adjoint @ lagged_down),
        float(adjoint @ np.concatenate(([before], h[:-1]))),
        d_nu,
    )


# -- EGARCH ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Egarch:
    """Parameters in percent terms; ``omega`` is of the logarithm of the variance."""

    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float

    @property
    def persistence(self) -> float:
        return self.beta

    @property
    def half_life_days(self) -> float | None:
        """Return ln ½ / ln β in periods, or None where shocks do not fade."""
        return math.log(0.5) / math.log(self.beta) if 0.0 < self.beta < 1.0 else None

    def variance_path(self, first: float, horizon: int) -> Floats:
        """Return E h_{T+1} … E h_{T+H}, in percent squared; Nelson (1991).

        ln h_{T+k} is β^{k−1} ln h_{T+1} plus ω and a function of one normal for each step between, so that the mean is
        a product of E exp(a|z| + bz) = Φ(a+b) e^{(a+b)²/2} + Φ(a−b) e^{(a−b)²/2}.
        """
        logs = [math.log(first)]
        bias, drift = 0.0, 0.0
        for k in range(1, horizon):
            weight = self.beta ** (k - 1)
            a, b = weight * self.alpha, weight * self.gamma
            bias += math.log(_exponential(a, b)) - a * MEAN_ABSOLUTE
            drift += self.omega * weight
            logs.append(self.beta**k * logs[0] + drift + bias)
        return np.asarray(np.exp(np.array(logs)))


@dataclass(frozen=True, slots=True)
class EgarchFit:
    """A fitted EGARCH and where it stands after the last return."""

    model: Egarch
    loglik: float
    n: int
    converged: bool
    next_variance: float


def fit_egarch(returns: Floats, *, before: float | None = None, compiled: bool = False) -> EgarchFit | None:
    """Fit EGARCH(1,1) with normal errors; None when the search breaks down or the returns do not move."""
    spread = _spread(returns)
    if spread is None:
        return None
    before = backcast(returns) if before is None else before
    kernel = kernels.compiled(kernels.egarch_likelihood) if compiled else kernels.egarch_likelihood
    scale, n = math.sqrt(spread), len(returns)
    e_all = np.ascontiguousarray(returns, dtype=np.float64)

    def objective(point: Floats) -> tuple[float, Floats]:
        """Coordinates: mu in deviations, the level ω/(1−β), α, γ, and the inverse hyperbolic tangent of β."""
        m = _egarch(point, scale)
        value, d_mu, d_omega, d_alpha, d_gamma, d_beta, _ = kernel(
            e_all - m.mu, math.log(before), m.omega, m.alpha, m.gamma, m.beta, LARGEST_LOG
        )
        level, stretch = float(point[1]), 1.0 - m.beta**2
        free = (
            d_mu * scale,
            d_omega * (1.0 - m.beta),
            d_alpha,
            d_gamma,
            (d_beta - d_omega * level) * stretch,
        )
        return -(value / n - 0.5 * math.log(2.0 * math.pi)), -np.array(free) / n

    for alpha, gamma, beta in EGARCH_STARTS:
        begin = [float(np.mean(returns)) / scale, math.log(spread), alpha, gamma, math.atanh(beta)]
        point, converged = minimise(objective, np.array(begin), most=60)
        if converged:
            break
    model = _egarch(point, scale)
    value, *_, last = kernel(
        e_all - model.mu, math.log(before), model.omega, model.alpha, model.gamma, model.beta, LARGEST_LOG
    )
    if not math.isfinite(value):
        return None
    return EgarchFit(model, float(value) - 0.5 * n * math.log(2.0 * math.pi), n, converged, math.exp(last))


def _egarch(point: Floats, scale: float) -> Egarch:
    mu, level, alpha, gamma, turned = point.tolist()
    beta = math.tanh(turned)
    return Egarch(mu * scale, level * (1.0 - beta), alpha, gamma, beta)


def egarch_variances(model: Egarch, returns: Floats, before: float | None = None) -> Floats:
    """Return h_1 … h_{T+1} of a model over returns in percent."""
    log_h = math.log(backcast(returns) if before is None else before)
    size, signed = MEAN_ABSOLUTE, 0.0
    found = np.empty(len(returns) + 1)
    for index, e in enumerate((returns - model.mu).tolist()):
        log_h = model.omega + model.alpha * (size - MEAN_ABSOLUTE) + model.gamma * signed + model.beta * log_h
        found[index] = log_h
        signed = e * math.exp(-0.5 * log_h)
        size = abs(signed)
    found[-1] = model.omega + model.alpha * (size - MEAN_ABSOLUTE) + model.gamma * signed + model.beta * log_h
    return np.exp(np.minimum(found, LARGEST_LOG))


def _exponential(a: float, b: float) -> float:
    """Return E exp(a|z| + bz) for a standard normal z."""
    up, down = a + b, a - b
    return _normal(up) * math.exp(0.5 * up * up) + _normal(down) * math.exp(0.5 * down * down)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _spread(returns: Floats) -> float | None:
    spread = float(np.var(returns)) if len(returns) > 10 and moves(returns) else 0.0
    return spread if math.isfinite(spread) and spread > 0.0 else None
