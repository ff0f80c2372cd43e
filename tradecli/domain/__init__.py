"""The vocabulary of the console: plain frozen values, no behaviour beyond their own rules.

Nothing here reads a clock, draws a random number, opens a file or knows a venue.
"""
