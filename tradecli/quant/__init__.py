"""Numbers in, numbers out: numpy arrays and floats. Nothing here knows an instrument, a Decimal, a clock or a file.

Formulas are those of METHODS; a module names its section. What cannot be computed from too few or unusable numbers
is None, never 0 and never NaN.
"""
