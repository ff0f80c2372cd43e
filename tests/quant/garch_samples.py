"""Returns drawn from a known GARCH model, for the tests of what fits one."""

from __future__ import annotations

import math

import numpy as np

from tradecli.quant import garch
from tradecli.quant.garch import Garch

TRUE = Garch(0.0, 0.4, 0.09, 0.87)


def simulated(n: int, model: Garch = TRUE, seed: int = 3) -> np.ndarray:
    """Return ``n`` returns in percent; with Student errors of unit variance where the model has ``nu``."""
    rng = np.random.default_rng(seed)
    nu = model.nu
    shocks = rng.standard_normal(n) if nu is None else rng.standard_t(nu, n) * math.sqrt((nu - 2.0) / nu)
    h, found = model.omega / (1 - model.persistence), []
    for z in shocks.tolist():
        e = math.sqrt(h) * z
        found.append(model.mu + e)
        h = garch.next_variance(model, h, e)
    return np.array(found)
