"""The estimator of record for GARCH: ``arch``, with the settings of METHODS section 3.

Takes and gives percent returns like ``garch_fit``. Importing arch takes 2.5 s and 200 MiB, so it is imported by the
first fit and by nothing else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tradecli.quant.garch import NU_HIGH, NU_LOW, Fit, Garch, backcast, next_variance
from tradecli.quant.garch_asymmetric import Egarch, EgarchFit, egarch_variances
from tradecli.quant.returns import Floats, moves

LOW_VARIANCE, HIGH_VARIANCE = 0.1, 1e4
"""Where arch's optimiser is well scaled; other returns are fitted times a power of ten and read back."""


def fit_with_arch(
    returns: Floats,
    *,
    student: bool = True,
    asymmetric: bool = False,
    before: float | None = None,
    start: tuple[float, float] | None = None,
) -> Fit | None:
    """Fit through ``arch`` with robust (QMLE) standard errors; None when it cannot fit these returns.

    ``before`` is the variance ahead of the first return, by default arch's own. ``asymmetric`` fits GJR.
    ``start`` are the alpha and beta that the search begins with, by default those that arch finds on a grid.
    """
    spread = float(np.var(returns)) if len(returns) > 10 and moves(returns) else 0.0
    if not math.isfinite(spread) or spread <= 0.0:
        return None
    sound = LOW_VARIANCE <= spread < HIGH_VARIANCE
    lift = 1.0 if sound else 10.0 ** round(-0.5 * math.log10(spread))
    before = backcast(returns) if before is None else before
    try:
        found = _model(lift * returns, student, asymmetric).fit(
            disp="off",
            show_warning=False,
            backcast=before * lift**2,
            starting_values=None if start is None else _starting(lift * returns, start, student, asymmetric),
        )
    except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError):
        return None
    names = ["mu", "omega", "alpha", *(["gamma"] if asymmetric else []), "beta", *(["nu"] if student else [])]
    values = _unlifted(names, found.params, lift)
    if not all(map(math.isfinite, values.values())):
        return None
    model = Garch(**values)
    h, e = (float(found.conditional_volatility[-1]) / lift) ** 2, float(returns[-1]) - model.mu
    return Fit(
        model,
        float(found.loglikelihood) + len(returns) * math.log(lift),
        len(returns),
        found.convergence_flag == 0,
        next_variance(model, h, e),
        _std_errors(found, names, lift),
    )


def _starting(scaled: Floats, start: tuple[float, float], student: bool, asymmetric: bool) -> Floats:
    alpha, beta = start
    omega = float(np.var(scaled)) * max(1.0 - alpha - beta, 1e-3)
    values = [
        float(np.mean(scaled)),
        omega,
        alpha,
        *([0.0] if asymmetric else []),
        beta,
        *([6.0] if student else []),
    ]
    return np.array(values)


def egarch_with_arch(returns: Floats, *, before: float | None = None) -> EgarchFit | None:
    """Fit EGARCH(1,1) with normal errors through ``arch``; None when it cannot fit these returns."""
    spread = float(np.var(returns)) if len(returns) > 10 and moves(returns) else 0.0
    if not math.isfinite(spread) or spread <= 0.0:
        return None
    from arch.univariate import EGARCH, ConstantMean, Normal  # two and a half seconds to import

    model = ConstantMean(returns, volatility=EGARCH(1, 1, 1), distribution=Normal(), rescale=False)
    try:
        start = backcast(returns) if before is None else before
        found = model.fit(disp="off", show_warning=False, backcast=start)
    except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError):
        return None
    mu, omega, alpha, gamma, beta = np.asarray(found.params, dtype=np.float64).tolist()
    fitted = Egarch(mu, omega, alpha, gamma, beta)
    ahead = float(egarch_variances(fitted, returns, start)[-1])
    return EgarchFit(fitted, float(found.loglikelihood), len(returns), found.convergence_flag == 0, ahead)


def _model(scaled: Floats, student: bool, asymmetric: bool) -> Any:
    from arch.univariate import GARCH, ConstantMean, Normal, StudentsT  # two and a half seconds to import

    class BoundedT(StudentsT):
        """Student's t with the bounds of METHODS instead of arch's 2.05 to 500."""

        def bounds(self, resids: Any) -> list[tuple[float, float]]:
            return [(NU_LOW, NU_HIGH)]

        def constraints(self) -> tuple[Floats, Floats]:
            return np.array([[1.0], [-1.0]]), np.array([NU_LOW, -NU_HIGH])

    law = BoundedT() if student else Normal()
    return ConstantMean(scaled, volatility=GARCH(1, int(asymmetric), 1), distribution=law, rescale=False)


def _std_errors(found: Any, names: list[str], lift: float) -> tuple[float, ...] | None:
    try:
        with np.errstate(all="ignore"):
            errors = _unlifted(names, found.std_err, lift)
    except (ValueError, np.linalg.LinAlgError):  # a boundary has no curvature
        return None
    ordered = [name for name in ("mu", "omega", "alpha", "beta", "nu", "gamma") if name in errors]
    return tuple(errors[name] for name in ordered)


def _unlifted(names: list[str], values: Any, lift: float) -> dict[str, float]:
    units = {"mu": lift, "omega": lift**2}
    pairs = zip(names, np.asarray(values, dtype=np.float64).tolist(), strict=True)
    return {name: value / units.get(name, 1.0) for name, value in pairs}
