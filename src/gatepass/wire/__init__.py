"""What both ends must agree on: pure values and functions.

No I/O, no clock, no randomness, nothing outside the standard library.
"""
