"""Hostile input in bulk: ``python -m tests.fuzz --count N`` draws inputs by seed and looks for what nobody caught.

Each input has a seed of its own, so one line of the report is enough to see it again. A target makes an input and
attempts it: it returns a word for what became of it, and anything it raises is a finding.
"""
