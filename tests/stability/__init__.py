"""Shows that the suite gives the same verdicts whatever the order, the number at a time, and the load."""
