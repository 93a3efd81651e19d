"""Faults survived: a load of real clients, a fault of the machine or of an engine, and a check of what is kept.

`nox -s faults` runs them. Each fault says what it promises, and its table is written to `reports/survival/`.
"""
