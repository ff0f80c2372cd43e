"""Tests of the simulated market; ``python -m tests.venues.simulated.long`` runs them at length."""

LONG_VARIABLE = "TRADECLI_LONG_SIMULATED"
"""Environment variable that lengthens the checks; read once, when ``scene`` is imported."""
