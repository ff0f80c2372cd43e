"""GARCH(1,1) with constant mean: recursion, likelihood, closed-form forecasts, and two ways to fit (METHODS section 3).

    r_t = mu + e_t,   h_t = omega + alpha e²_{t−1} + beta h_{t−1}

Returns are in percent (log returns × 100), and so are the parameters. ``fit`` is a light kernel: a quasi-Newton
search with exact gradients, a few hundredths of a second for a thousand bars. ``fit_with_arch`` asks the estimator of
record, which takes seconds to import and gives robust standard errors; tests hold the two equal. Which of them to
believe, and what to do when neither can be, is ``forecast``'s business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tradecli.quant.returns import Floats

SCALE = 100.0
BOUNDARY = 0.9995
"""Persistence from which there is no long-run variance to speak of (IGARCH)."""
NU_LOW, NU_HIGH = 2.05, 50.0
START = (0.08, 0.88)
"""alpha and beta that a search begins with; omega begins at the sample variance times what is left of 1."""


@dataclass(frozen=True, slots=True)
class Garch:
    """Parameters in percent terms; ``nu`` None means normal errors, otherwise standardised t with unit variance."""

    mu: float
    omega: float
    alpha: float
    beta: float
    nu: float | None = None

    @property
    def persistence(self) -> float:
        return self.alpha + self.beta

    @property
    def long_run_variance(self) -> float | None:
        """Return ω/(1−P), or None at the boundary."""
        return self.omega / (1.0 - self.persistence) if self.persistence < BOUNDARY else None

    @property
    def half_life_days(self) -> float | None:
        """Return ln ½ / ln P in periods, or None where shocks do not fade."""
        return math.log(0.5) / math.log(self.persistence) if 0.0 < self.persistence < BOUNDARY else None


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model, its log-likelihood, and the state after the last return."""

    model: Garch
    loglik: float
    n: int
    converged: bool
    next_variance: float
    """h_{T+1}, in percent squared."""
    std_errors: tuple[float, ...] | None = None
    """Robust errors of mu, omega, alpha, beta and nu, where the estimator gives them."""


def backcast(returns: Floats) -> float:
    """Return the variance before the first return as arch does: 75 demeaned squares, weights 0.94^i."""
    squares = (returns[:75] - np.mean(returns)) ** 2
    weights = 0.94 ** np.arange(len(squares))
    return float(weights @ squares / np.sum(weights))


def variances(model: Garch, returns: Floats, before: float) -> Floats:
    """Return h_1 … h_{T+1}; ``before`` stands for the square and the variance ahead of the first return."""
    squares = (returns - model.mu) ** 2
    inputs = model.omega + model.alpha * np.concatenate(([before], squares))
    return _recursion(inputs, model.beta, before)


def _recursion(inputs: Floats, beta: float, first: float) -> Floats:
    """Return x_t + β y_{t−1} for each t, with y before the first given."""
    steps = accumulate(inputs.tolist(), lambda y, x: beta * y + x, initial=first)
    return np.fromiter(steps, dtype=np.float64, count=len(inputs) + 1)[1:]


def log_likelihood(model: Garch, returns: Floats, before: float) -> float:
    """Return the full log-likelihood, constants included."""
    h = variances(model, returns, before)[:-1]
    return float(np.sum(_density(returns - model.mu, h, model.nu)))


def _density(e: Floats, h: Floats, nu: float | None) -> Floats:
    if nu is None:
        return np.asarray(-0.5 * (math.log(2.0 * math.pi) + np.log(h) + e**2 / h))
    return np.asarray(
        _t_constant(nu) - 0.5 * np.log(h) - 0.5 * (nu + 1.0) * np.log1p(e**2 / (h * (nu - 2.0)))
    )


def _t_constant(nu: float) -> float:
    return math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))


# -- forecasts ---------------------------------------------------------------------------------------------------------


def next_variance(model: Garch, h: float, e: float) -> float:
    """Return h_{T+1} from the last variance and residual."""
    return model.omega + model.alpha * e * e + model.beta * h


def variance_path(model: Garch, first: float, horizon: int) -> Floats:
    """Return h_{T+1} … h_{T+H}: V + P^k (h_{T+1} − V), or flat with the drift of ω at the boundary (H ≤ 30)."""
    steps = np.arange(horizon)
    level = model.long_run_variance
    if level is None:
        drift = model.omega if model.omega > 0.0 and horizon <= 30 else 0.0
        return np.asarray(first + steps * drift)
    return np.asarray(level + model.persistence**steps * (first - level))


def summed_variance(model: Garch, first: float, horizon: int) -> float:
    """Return the variance of the sum of the next ``horizon`` returns: H·V + (h_{T+1} − V)(1−P^H)/(1−P)."""
    level, p = model.long_run_variance, model.persistence
    if level is None:
        return float(np.sum(variance_path(model, first, horizon)))
    return horizon * level + (first - level) * (1.0 - p**horizon) / (1.0 - p)


def horizon_vol(model: Garch, first: float, horizon: int, ppy: float) -> float:
    """Return the annualised volatility over ``horizon`` periods, as a fraction."""
    return math.sqrt(summed_variance(model, first, horizon) * ppy / horizon) / SCALE


# -- the kernel --------------------------------------------------------------------------------------------------------


def fit(
    returns: Floats,
    *,
    student: bool = True,
    start: tuple[float, float] = START,
    before: float | None = None,
    target: float | None = None,
) -> Fit | None:
    """Fit by maximum likelihood; None when the search breaks down or the returns do not move.

    ``target`` fixes the long-run variance, so that only the dynamics are fitted (variance targeting).
    """
    spread = float(np.var(returns)) if len(returns) > 2 else 0.0
    if not math.isfinite(spread) or spread <= 0.0:
        return None
    before = backcast(returns) if before is None else before
    alpha, beta = start
    rest = 1.0 - alpha - beta
    guess = [float(np.mean(returns)) / math.sqrt(spread), math.log(alpha / rest), math.log(beta / rest)]
    if target is None:
        guess.append(math.log(spread * rest))
    if student:
        guess.append(_nu_to_free(6.0))
    search = _Search(returns, before, math.sqrt(spread), student, target)
    point, converged = minimise(search, np.array(guess))
    model = search.model(point)
    h = variances(model, returns, before)
    value = float(np.sum(_density(returns - model.mu, h[:-1], model.nu)))
    if not math.isfinite(value):
        return None
    return Fit(model, value, len(returns), converged, float(h[-1]))


def refilter(model: Garch, returns: Floats) -> Fit:
    """Return a fitted model at the end of other returns, its parameters unchanged."""
    before = backcast(returns)
    h = variances(model, returns, before)
    value = float(np.sum(_density(returns - model.mu, h[:-1], model.nu)))
    return Fit(model, value, len(returns), True, float(h[-1]))


def _nu_to_free(nu: float) -> float:
    share = (nu - NU_LOW) / (NU_HIGH - NU_LOW)
    return math.log(share / (1.0 - share))


class _Search:
    """The mean negative log-likelihood and its gradient over unbounded coordinates.

    They are mu in standard deviations, the logarithms of alpha and beta over 1−P, ln omega unless a long-run variance
    is given, and for t errors the logit of nu between its bounds.
    """

    def __init__(
        self, returns: Floats, before: float, scale: float, student: bool, target: float | None
    ) -> None:
        self.returns = returns
        self.before = before
        self.scale = scale
        self.student = student
        self.target = target

    def model(self, point: Floats) -> Garch:
        mu, a, b = float(point[0]) * self.scale, math.exp(point[1]), math.exp(point[2])
        whole = 1.0 + a + b
        omega = self.target / whole if self.target is not None else math.exp(point[3])
        nu = None
        if self.student:
            nu = NU_LOW + (NU_HIGH - NU_LOW) / (1.0 + math.exp(-float(point[-1])))
        return Garch(mu, omega, a / whole, b / whole, nu)

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        model = self.model(point)
        e = self.returns - model.mu
        lagged = np.concatenate(([self.before], e[:-1] ** 2))
        h = _recursion(model.omega + model.alpha * lagged, model.beta, self.before)
        value = -float(np.mean(_density(e, h, model.nu)))
        by_h, by_e, by_nu = _slopes(e, h, model.nu)
        h_before = np.concatenate(([self.before], h[:-1]))
        shock = -2.0 * model.alpha * np.concatenate(([0.0], e[:-1]))
        d_mu, d_omega, d_alpha, d_beta = (
            float(by_h @ _recursion(inputs, model.beta, 0.0))
            for inputs in (shock, np.ones_like(e), lagged, h_before)
        )
        d_mu -= float(np.sum(by_e))
        rest = 1.0 - model.persistence
        if self.target is not None:
            d_alpha, d_beta = d_alpha - self.target * d_omega, d_beta - self.target * d_omega
        free = [
            d_mu * self.scale,
            model.alpha * ((1.0 - model.alpha) * d_alpha - model.beta * d_beta),
            model.beta * ((1.0 - model.beta) * d_beta - model.alpha * d_alpha),
        ]
        if self.target is None:
            free.append(d_omega * model.omega)
        if model.nu is not None:
            share = (model.nu - NU_LOW) / (NU_HIGH - NU_LOW)
            free.append(by_nu * share * (1.0 - share) * (NU_HIGH - NU_LOW))
        return (value if rest > 0.0 else math.inf), -np.array(free) / len(e)


def _slopes(e: Floats, h: Floats, nu: float | None) -> tuple[Floats, Floats, float]:
    """Return the derivatives of the log density by h and by e, one each, and of their sum by nu."""
    squares = e * e
    if nu is None:
        return 0.5 * (squares / h - 1.0) / h, -e / h, 0.0
    tail = h * (nu - 2.0) + squares
    ratio = squares / h
    step = 1e-5
    constant = (_t_constant(nu + step) - _t_constant(nu - step)) / (2.0 * step)
    by_nu = constant * len(e) + float(
        np.sum(
            -0.5 * np.log1p(ratio / (nu - 2.0)) + 0.5 * (nu + 1.0) * ratio / ((nu - 2.0) * (nu - 2.0 + ratio))
        )
    )
    return 0.5 * ((nu + 1.0) * squares / tail - 1.0) / h, -(nu + 1.0) * e / tail, by_nu


def minimise(
    objective: Callable[[Floats], tuple[float, Floats]],
    point: Floats,
    *,
    tolerance: float = 1e-7,
    most: int = 200,
) -> tuple[Floats, bool]:
    """Return the point a BFGS search ends at, and whether the gradient has vanished there."""
    value, gradient = objective(point)
    size = len(point)
    inverse = np.eye(size)
    for _ in range(most):
        if float(np.max(np.abs(gradient))) < tolerance:
            return point, True
        direction = -inverse @ gradient
        slope = float(gradient @ direction)
        if slope >= 0.0:
            inverse, direction = np.eye(size), -gradient
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
            left = np.eye(size) - np.outer(step, change) / curvature
            inverse = left @ inverse @ left.T + np.outer(step, step) / curvature
        point, value, gradient = trial, new_value, new_gradient
    return point, False


# -- the estimator of record -------------------------------------------------------------------------------------------


def fit_with_arch(returns: Floats, *, student: bool = True, before: float | None = None) -> Fit | None:
    """Fit through ``arch`` with robust standard errors; None when it cannot fit these returns."""
    from arch import arch_model  # two and a half seconds to import

    model = arch_model(
        returns, mean="Constant", vol="GARCH", p=1, q=1, dist="t" if student else "normal", rescale=False
    )
    try:
        found = model.fit(disp="off", show_warning=False, backcast=before)
        errors = tuple(float(each) for each in found.std_err)
    except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError):
        return None
    values = [float(each) for each in found.params]
    mu, omega, alpha, beta = values[:4]
    fitted = Garch(mu, omega, alpha, beta, values[4] if student else None)
    if not all(map(math.isfinite, values)):
        return None
    h, e = float(found.conditional_volatility[-1]) ** 2, float(returns[-1]) - fitted.mu
    return Fit(
        fitted,
        float(found.loglikelihood),
        len(returns),
        found.convergence_flag == 0,
        next_variance(fitted, h, e),
        errors,
    )
