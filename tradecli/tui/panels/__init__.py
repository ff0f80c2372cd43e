"""The panels: each draws one question from a look, and nothing else."""
